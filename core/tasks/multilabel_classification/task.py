"""One text, any number of labels, none among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from core.base.config import setting
from core.base.errors import DataError
from core.data.dataset.label_sets import NO_LABEL, counts_of, labels_of, target_of
from core.networks.standalone.pipeline import TextPipeline
from core.networks.standalone.predict import chosen
from core.statistics.additive import RATE, Patterns, Score, Statistics, estimates, hit_rows
from core.tasks.answering import Baseline, Pairs
from core.tasks.base import Criterion, Task, TaskConfig
from core.tasks.multilabel_classification.report import (
    FURTHER,
    SCORES,
    MultilabelReport,
    label_scores,
    pairs_of,
    ranking_estimate,
)
from core.tasks.multilabel_classification.row_statistics import (
    MACRO_F1,
    MICRO_F1,
    RANKING,
    multi_hot,
    names_of,
    parts_of,
    ranking_rows,
    statistics,
)
from core.tasks.multilabel_classification.thresholds import best_thresholds, tuned

if TYPE_CHECKING:
    from torch import Tensor

MOST_LABELS = (
    1000  # a head, statistics of every row and a threshold for each: with more, texts are rather searched than sorted
)


class MultilabelConfig(TaskConfig):
    """What counts as a mistake while learning."""

    class_weights: Literal["none", "balanced"] = setting(
        "none",
        label="Class weights",
        help="Balanced makes rare labels count more, so that they are found more often, at some cost in accuracy.",
        group="optimisation",
    )


class MultilabelClassification(Task):
    """Texts are given every label whose probability reaches its threshold; a new label widens the model."""

    name = "multilabel_classification"
    label = "Several labels of a text"
    help = "The column of targets holds any number of labels for each text; or there is a column of yes and no for each label."
    scores = SCORES
    averages = tuple(score.name for score in (*SCORES, *FURTHER))
    activation = "sigmoid"
    reads = "labels"
    config_class = MultilabelConfig

    # -- rows

    def check(self, targets: Sequence[str]) -> None:
        labels = counts_of(targets)
        if not labels:
            raise DataError(
                "multilabel.no_labels",
                "No row of these texts has a label, so there is nothing to learn. Choose a dataset with labels.",
            )
        if len(labels) > MOST_LABELS:
            raise DataError(
                "multilabel.too_many",
                "These rows have {labels:,} different labels, and a model of this kind gives {most:,} at most. Choose another "
                "column, or keep the most frequent labels.",
                labels=len(labels),
                most=MOST_LABELS,
            )

    def strata(self, targets: Sequence[str]) -> list[str]:
        """The rarest label of each row, so that a split and a memory have some of every label."""
        rows = counts_of(targets)
        known = {
            target: min(labels_of(target), key=lambda label: (rows[label], label), default=NO_LABEL)
            for target in set(targets)
        }
        return [known[target] for target in targets]

    def names_of(self, answer: str) -> tuple[str, ...]:
        return tuple(labels_of(answer))

    # -- learning

    def outputs(self, targets: Sequence[str], known: tuple[str, ...] = ()) -> tuple[str, ...]:
        """The known labels, followed by those of these targets that are new, in alphabetical order."""
        return known + tuple(sorted(set(names_of(targets)) - set(known)))

    def encode(self, targets: Sequence[str], outputs: Sequence[str]) -> NDArray[np.float32]:
        """Which labels each row has, float32 ``(rows, labels)``."""
        return multi_hot(targets, outputs)

    def first_bias(self, targets: NDArray[Any]) -> NDArray[np.float32]:
        """The log-odds of each label: most are rare, and from even odds the first epochs would only learn that."""
        rows = targets.sum(axis=0)
        return np.asarray(np.log((rows + 1) / (len(targets) - rows + 1)), dtype=np.float32)

    def criterion(self, config: MultilabelConfig, targets: NDArray[Any], outputs: Sequence[str]) -> Criterion:
        """Binary cross-entropy summed over labels: as of a logistic regression for each."""
        import torch

        weight = None
        if config.class_weights == "balanced":
            weight = torch.from_numpy(rarity_weights(targets))

        def loss(logits: Tensor, truth: Tensor) -> Tensor:
            own = None if weight is None else weight.to(logits.device)
            each = torch.nn.functional.binary_cross_entropy_with_logits(logits, truth, reduction="none", pos_weight=own)
            return each.sum(dim=1).mean()

        return loss

    def measure(self, outputs: NDArray[Any], targets: NDArray[Any], names: Sequence[str]) -> dict[str, float]:
        """Under the thresholds that are best for these very rows, so that epochs are compared alike."""
        given = tuned(expit(outputs.astype(np.float64)), targets)
        sums = statistics(targets, given, (targets == given).all(axis=1)).sum(axis=0)
        return {score.name: float(score.of(sums)) for score in (MACRO_F1, MICRO_F1)}

    def thresholds(self, probabilities: NDArray[Any], targets: NDArray[Any]) -> NDArray[Any]:
        return best_thresholds(probabilities, targets)

    # -- answers

    def answers(self, values: NDArray[Any], outputs: Sequence[str]) -> list[str]:
        """The labels that are rather right than wrong: what a version says for which no threshold was chosen."""
        return _targets(values >= 0.5, outputs)

    def read(self, engine: Any, values: NDArray[Any]) -> list[str]:
        """The labels whose probability reaches their threshold."""
        return _targets(chosen(values, engine.thresholds), engine.labels)

    def told(self, answer: str) -> str:
        return ", ".join(labels_of(answer)) or "–"

    def statistics(self, truth: Sequence[str], answers: Sequence[str]) -> Statistics:
        return _statistics(truth, answers, names_of(truth, answers))

    def aligned(self, truth: Sequence[str], *answers: Sequence[str]) -> list[Statistics]:
        names = names_of(truth, *answers)
        return [_statistics(truth, given, names) for given in answers]

    def changes(self, truth: Sequence[str], *answers: Sequence[str]) -> tuple[Pairs, Score]:
        """For each label the rows that have it, and whether it was given: its recall. A row counts for each of its labels."""
        names = names_of(truth)
        has = multi_hot(truth, names) > 0
        stratum, rows = np.nonzero(has.T)
        given = [multi_hot(each, names)[rows, stratum] for each in answers]
        return Pairs(Patterns.of(*map(hit_rows, given), stratum=stratum), names), RATE

    def report(
        self,
        truth: Sequence[str],
        answers: Sequence[str],
        outputs: Sequence[str],
        values: NDArray[Any] | None = None,
    ) -> MultilabelReport:
        labels = tuple(dict.fromkeys([*outputs, *names_of(truth, answers)]))
        rows = _statistics(truth, answers, labels)
        scores = (*SCORES, *FURTHER)
        own = self.strata(truth)
        numbers = {name: number for number, name in enumerate(sorted(set(own)))}
        patterns = Patterns.of(rows, stratum=[numbers[name] for name in own])
        measured = {score.name: figure for score, figure in zip(scores, estimates(patterns, scores), strict=True)}
        if values is not None:
            ranked = ranking_rows(multi_hot(truth, outputs), values)
            measured[RANKING.name] = ranking_estimate(ranked)
        return MultilabelReport(len(truth), labels, measured, label_scores(patterns, labels), *pairs_of(truth, answers))

    def stored_report(self, stored: Mapping[str, Any]) -> MultilabelReport:
        return MultilabelReport.from_dict(stored)

    def worth(self, truth: Sequence[str], answers: Sequence[str]) -> NDArray[Any]:
        """Statistics over the labels of the truth alone, so that those of all versions have the same columns; macro-F1 looks at
        no other.
        """
        return np.asarray(_statistics(truth, answers, names_of(truth)))

    def found(self, truth: Sequence[str], worth: NDArray[Any]) -> tuple[Sequence[str], NDArray[Any], NDArray[Any]]:
        """For each label how many rows have it, and in how many each model gave it."""
        support, hits, _ = parts_of(worth.sum(axis=1))
        return names_of(truth), support[-1], hits

    # -- the simple method

    def baseline(
        self,
        texts: Sequence[str],
        targets: Sequence[str],
        outputs: Sequence[str],
        *,
        language: str,
        pipeline: TextPipeline,
    ) -> Baseline:
        """A logistic regression on TF-IDF for each label, with a threshold for each."""
        # Fitting it loads scikit-learn, for which nobody should wait who fits none.
        from core.tasks.multilabel_classification.baseline import fit_one_vs_rest

        fitted = fit_one_vs_rest(texts, self.encode(targets, outputs), language=language)
        return Baseline("one_vs_rest", lambda texts: _targets(fitted.given(texts), outputs))


def rarity_weights(targets: NDArray[Any]) -> NDArray[np.float32]:
    """What a missed label counts, ``(labels,)``: the root of how many rows lack it for each that has it, 1 for one without rows.

    The root: with the full ratio, a label of one row in a thousand would drown all others.
    """
    rows = targets.sum(axis=0)
    weights = np.ones(len(rows), dtype=np.float32)
    weights[rows > 0] = np.sqrt(np.maximum((len(targets) - rows[rows > 0]) / rows[rows > 0], 1.0))
    return weights


def _targets(given: NDArray[Any], outputs: Sequence[str]) -> list[str]:
    """The targets of rows that are given these labels, bool ``(rows, outputs)``."""
    return [target_of(outputs[column] for column in np.flatnonzero(row).tolist()) for row in given]


def _statistics(truth: Sequence[str], answers: Sequence[str], names: Sequence[str]) -> Statistics:
    exact = np.array([set(labels_of(has)) == set(labels_of(given)) for has, given in zip(truth, answers, strict=True)])
    return statistics(multi_hot(truth, names), multi_hot(answers, names), exact)
