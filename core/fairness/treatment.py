"""What is done, while learning, against differences between groups; strategies and loops are handed it and do not look inside.

Everything is found out from the rows themselves, so it holds for new, remembered and earlier rows alike.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.base.errors import DataError
from core.base.messages import Message, message
from core.fairness.config import BY_LOSS, FairnessConfig
from core.fairness.rows import NOBODY, Assigner, Swapper, hidden_words, terms_of
from core.networks.standalone.pipeline import TextPipeline
from core.networks.standalone.words import HiddenWords
from core.networks.text.examples import Examples
from core.statistics.intervals import MINIMUM_ROWS
from core.tasks.base import Criterion

FEWEST_OF_CELL = 5  # rows of a group with one target: below, their weight would be chance
LARGEST_WEIGHT = 20.0
STEP = 8.0  # by which a logarithm of a weight moves for a difference of probabilities of 1
FEWEST_IN_BATCH = 2  # rows of a group with one target whose mean is compared in a step
SEPARATOR = "\u001f"


@dataclass
class Treatment:
    """Weights, a further cost or further rows, as the settings of a version ask for them.

    Parameters
    ----------
    config
        Settings; ``drop_words`` is none of its affairs, since the tokenizer sees to that.
    assigner
        What gives each row its group; None where rows are only copied.
    swapper
        What makes copies about somebody else; None where rows only count differently.
    pipeline
        What reads the copies.
    """

    config: FairnessConfig
    assigner: Assigner | None
    swapper: Swapper | None
    pipeline: TextPipeline
    _copies: dict[str, list[tuple[str, list[int]]]] = field(default_factory=dict, repr=False)

    def marked(self, examples: Examples) -> Examples:
        """The same rows with their groups, where the loss asks for these."""
        if self.assigner is None or self.config.mitigation not in BY_LOSS:
            return examples
        return replace(examples, groups=self.assigner.cells(examples.texts))

    def rows(self, examples: Examples) -> Examples:
        """What is learned in place of these rows: they, and after them their copies, which keep the target."""
        if self.swapper is None or self.config.mitigation != "counterfactual":
            return examples
        self._read([text for text in dict.fromkeys(examples.texts) if text not in self._copies])
        further = [(row, *copy) for row, text in enumerate(examples.texts) for copy in self._copies[text]]
        if not further:
            return examples
        rows, texts, ids = zip(*further, strict=True)
        return examples.joined(Examples(texts, examples.targets[list(rows)], ids))

    def criterion(self, criterion: Criterion, examples: Examples) -> Criterion:
        """The loss of rows that are learned together with these: weighted, or with the cost of unequal errors."""
        if examples.groups is None:
            return criterion
        if self.config.mitigation == "reweight":
            table = torch.from_numpy(weights_of(examples.groups, examples.targets, self.config.mitigation_strength))
            return _weighted(criterion, table)
        large = np.flatnonzero(np.bincount(examples.groups) >= MINIMUM_ROWS)
        return Equalised(criterion, torch.from_numpy(large[large != NOBODY]), self.config.mitigation_strength)

    def strata(self, texts: Sequence[str], strata: Sequence[str]) -> list[str]:
        """The strata of a memory, divided by group where that is asked for."""
        if self.assigner is None or not self.config.memory_by_group:
            return list(strata)
        names = ("", *self.assigner.names)
        cells = self.assigner.cells(texts)
        return [
            f"{own}{SEPARATOR}{names[cell]}" if cell else own for own, cell in zip(strata, cells.tolist(), strict=True)
        ]

    def _read(self, texts: Sequence[str]) -> None:
        assert self.swapper is not None
        count = max(1, round(self.config.mitigation_strength))
        copies = [copies_of(self.swapper, text, count) for text in texts]
        read = iter(self.pipeline.encode([copy for own in copies for copy in own]))
        self._copies |= {text: [(copy, next(read)) for copy in own] for text, own in zip(texts, copies, strict=True)}


def copies_of(swapper: Swapper, text: str, count: int) -> list[str]:
    """Up to so many different copies of a text, each about somebody else."""
    copies = (swapper.swapped(text, copy) for copy in range(count))
    return [copy for copy in dict.fromkeys(copies) if copy is not None and copy != text]


def treatment_of(config: FairnessConfig, texts: Sequence[str], pipeline: TextPipeline, seed: int) -> Treatment | None:
    """What these settings ask for; None where that is nothing, or rows have no groups.

    Parameters
    ----------
    texts
        All rows that are learned from, by which groups are known.
    """
    if config.mitigation in ("none", "drop_words") and not config.memory_by_group:
        return None
    terms = terms_of(config, texts)
    assigner = None
    if config.mitigation in BY_LOSS or config.memory_by_group:
        try:
            assigner = Assigner(config, texts, terms)
        except DataError:  # which a first training is told beforehand; a batch may well hold one group alone
            if config.mitigation != "counterfactual":
                return None
    return Treatment(config, assigner, Swapper(terms, seed), pipeline)


def weights_of(groups: NDArray[Any], targets: NDArray[Any], strength: float = 1.0) -> NDArray[np.float32]:
    """How much a row of each group and target counts, float32 (groups, targets): P(group) P(target) / P(group, target).

    With these weights, group and target are independent of each other in the rows. Cells with fewer than 5 rows count 1.

    Parameters
    ----------
    groups, targets
        The group and the target of each row, int64 (rows).
    strength
        Power that weights are raised to; none counts more than 20.

    References
    ----------
    Kamiran & Calders 2012, "Data preprocessing techniques for classification without discrimination", section 5.3.
    """
    counts = np.zeros((int(groups.max(initial=0)) + 1, int(targets.max(initial=0)) + 1))
    np.add.at(counts, (groups, targets), 1)
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / max(counts.sum(), 1)
    weights = np.divide(expected, counts, out=np.ones_like(counts), where=counts >= FEWEST_OF_CELL)
    return np.asarray((weights**strength).clip(1 / LARGEST_WEIGHT, LARGEST_WEIGHT), dtype=np.float32)


def unequal(probabilities: Tensor, targets: Tensor, groups: Tensor, compared: Tensor) -> Tensor:
    """How differently rows of one target are answered in different groups; 0 where all groups are answered alike.

    Mean over targets y and groups g of Σ_k (mean of p_k over rows of y and g − mean of p_k over other rows of y)²: the
    difference that equalised odds ask to be 0, of probabilities in place of decisions.

    Parameters
    ----------
    probabilities
        (rows, outputs).
    targets, groups
        int64 (rows).
    compared
        Groups that are compared, int64.

    References
    ----------
    Hardt, Price & Srebro 2016, "Equality of Opportunity in Supervised Learning".
    """
    outputs = probabilities.shape[1]
    of_target = torch.nn.functional.one_hot(targets, outputs).to(probabilities)  # (rows, targets)
    of_group = (groups[:, None] == compared[None, :]).to(probabilities)  # (rows, groups)
    cells = torch.einsum("rt,rg->rtg", of_target, of_group)
    inside = cells.sum(dim=0)  # rows of each target and group
    all_rows = of_target.sum(dim=0)[:, None]
    outside = all_rows - inside
    sums = torch.einsum("rtg,rk->tgk", cells, probabilities)
    whole = torch.einsum("rt,rk->tk", of_target, probabilities)[:, None, :]
    gaps = sums / inside.clamp(min=1)[..., None] - (whole - sums) / outside.clamp(min=1)[..., None]
    counted = (inside >= FEWEST_IN_BATCH) & (outside >= FEWEST_IN_BATCH)
    if not bool(counted.any()):
        return probabilities.sum() * 0
    return gaps.square().sum(dim=2)[counted].mean()


def _weighted(criterion: Criterion, table: Tensor) -> Criterion:
    def loss(outputs: Tensor, targets: Tensor, groups: Tensor | None = None) -> Tensor:
        if groups is None:
            return criterion(outputs, targets)
        known = (groups < table.shape[0]) & (targets < table.shape[1])
        weights = table.to(outputs.device)[groups * known, targets * known]
        return criterion(outputs, targets, torch.where(known, weights, 1.0))

    return loss


class Equalised:
    """A loss with the cost of unequal errors.

    Learned in steps, the cost is that of each batch (`unequal`). Where weights are solved, the rows that are learned are answered
    nearly alike whatever is done; there, rows of a group and target count more as long as validation rows of theirs are answered
    worse than others of that target (`adjust`): the last classifier of a reduction, not a random one of them all.

    References
    ----------
    Agarwal et al. 2018, "A Reductions Approach to Fair Classification"; Jiang & Nachum 2020, "Identifying and Correcting Label
    Bias in Machine Learning".
    """

    def __init__(self, criterion: Criterion, compared: Tensor, strength: float) -> None:
        self._criterion, self._compared, self._strength = criterion, compared, strength
        self._exponents: Tensor | None = None  # (groups, targets)

    def __call__(self, outputs: Tensor, targets: Tensor, groups: Tensor | None = None) -> Tensor:
        if groups is None or not len(self._compared):
            plain: Tensor = self._criterion(outputs, targets)
            return plain
        if self._exponents is None:
            cost = unequal(outputs.softmax(dim=1), targets, groups, self._compared.to(outputs.device))
            return self._criterion(outputs, targets) + self._strength * cost
        inside = groups < len(self._exponents)
        weights = self._exponents[groups * inside, targets].exp()
        weighted: Tensor = self._criterion(outputs, targets, torch.where(inside, weights, 1.0))
        return weighted

    def cost(self, outputs: Tensor, targets: Tensor, groups: Tensor | None = None) -> float:
        """The loss without weights, and the cost."""
        plain = float(self._criterion(outputs, targets))
        if groups is None or not len(self._compared):
            return plain
        return plain + self._strength * float(unequal(outputs.softmax(dim=1), targets, groups, self._compared))

    def adjust(self, outputs: Tensor, targets: Tensor, groups: Tensor | None = None) -> None:
        """Let rows count more whose like were answered worse than other rows of their target, and less in the other case."""
        if groups is None or not len(self._compared):
            return
        probabilities = outputs.detach().softmax(dim=1)
        right = probabilities.gather(1, targets[:, None])[:, 0]
        if self._exponents is None:
            self._exponents = torch.zeros(int(self._compared.max()) + 1, probabilities.shape[1])
        for group in self._compared.tolist():
            for target in range(probabilities.shape[1]):
                inside, outside = (groups == group) & (targets == target), (groups != group) & (targets == target)
                if int(inside.sum()) >= FEWEST_OF_CELL and int(outside.sum()) >= FEWEST_OF_CELL:
                    self._exponents[group, target] += STEP * float(right[outside].mean() - right[inside].mean())
        self._exponents.clamp_(-math.log(LARGEST_WEIGHT), math.log(LARGEST_WEIGHT))


# -- what is hidden, and what is told


def hidden_options(config: FairnessConfig, texts: Sequence[str], options: dict[str, Any]) -> dict[str, Any]:
    """The options of a pipeline, with the words that it hides; without any where nothing is to be hidden."""
    plain = {name: value for name, value in options.items() if name not in ("hidden", "shown")}
    if config.mitigation != "drop_words":
        return plain
    added = hidden_words(terms_of(config, texts))
    before = {name: options.get(name, []) for name in added}  # of a batch in another language, both lists
    return {**plain, **{name: sorted({*before[name], *words}) for name, words in added.items()}}


def hidden_in(options: dict[str, Any], texts: Sequence[str]) -> list[str]:
    """The texts without the words that a pipeline with these options hides."""
    words = HiddenWords(options.get("hidden", ()), options.get("shown", ()))
    return list(map(words.hide, texts)) if words else list(texts)


def described(
    config: FairnessConfig, texts: Sequence[str], targets: Sequence[str], seed: int, *, first: bool
) -> tuple[dict[str, Any] | None, list[Message]]:
    """What a mitigation does to these training rows: for the report, and in sentences; None where there is none.

    Parameters
    ----------
    first
        Whether this is a first training, which is pointless where no row has a group; an update goes on without.

    Raises
    ------
    DataError
        Where a first training's rows have no groups.
    """
    if config.mitigation == "none":
        return None, []
    record: dict[str, Any] = {"method": config.mitigation, "groups_by": config.fairness_groups, "rows": len(texts)}
    try:
        assigner = Assigner(config, texts, terms_of(config, texts))
    except DataError as error:
        if first:
            raise
        return {**record, "grouped": 0, "groups": []}, [
            message(
                "mitigation.nothing_in_batch",
                "Nothing was done against unequal treatment in this batch: {reason}",
                reason=str(error),
            )
        ]
    cells = assigner.cells(texts)
    counts = np.bincount(cells, minlength=len(assigner.names) + 1)[1:]
    grouped = int((cells != NOBODY).sum())
    sizes = {name: int(count) for name, count in zip(assigner.names, counts, strict=True) if count}
    record |= {"grouped": grouped, "groups": [{"name": name, "rows": rows} for name, rows in sizes.items()]}
    remarks = [
        message(
            "mitigation.grouped",
            "{grouped:,} of {rows:,} training rows are in a group; against unequal treatment: {mitigation}.",
            grouped=grouped,
            rows=len(texts),
            mitigation=config.mitigation,
        )
    ]
    if config.mitigation == "counterfactual":
        swapper, count = Swapper(terms_of(config, texts), seed), max(1, round(config.mitigation_strength))
        record["added"] = sum(len(copies_of(swapper, text, count)) for text in texts)
        remarks.append(
            message(
                "mitigation.added",
                "{added:,} copies were learned in which identity words stand for another group.",
                added=record["added"],
            )
        )
    if config.mitigation == "reweight":
        names = sorted(set(targets))
        numbers = np.array([names.index(target) for target in targets], dtype=np.int64)
        weights = weights_of(cells, numbers, config.mitigation_strength)[cells, numbers]
        record["weighted"] = int((weights != 1).sum())
        record["weights"] = [float(weights.min()), float(weights.max())]
        remarks.append(
            message(
                "mitigation.weighted",
                "Rows count between {low} and {high} times, so that each label is as frequent in every group.",
                low=f"{weights.min():.2f}",
                high=f"{weights.max():.2f}",
            )
        )
    small = [name for name, rows in sizes.items() if rows < MINIMUM_ROWS]
    if small and config.mitigation in BY_LOSS:
        record["small"] = small
        remarks.append(
            message(
                "mitigation.small",
                "Groups with fewer than {least} training rows, for which little can be done: {groups}.",
                least=MINIMUM_ROWS,
                groups=small,
            )
        )
    return record, remarks
