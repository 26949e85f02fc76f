"""One text, one label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.base.config import setting
from core.base.errors import DataError
from core.data.dataset.rows import TextDataset
from core.networks.standalone.pipeline import TextPipeline
from core.statistics.additive import Statistics
from core.statistics.intervals import Estimate
from core.tasks.answering import Baseline, Forecaster, Pairs
from core.tasks.base import Criterion, Task, TaskConfig
from core.tasks.text_classification.pairs import paired_difference
from core.tasks.text_classification.row_statistics import ACCURACY, MACRO_F1, answered, statistics
from core.tasks.text_classification.scores import Report, evaluate_predictions, macro_f1
from core.tasks.text_classification.tree import as_known, is_tree, members, split_labels

if TYPE_CHECKING:
    from torch import Tensor

Integers = NDArray[np.int64]


class ClassificationConfig(TaskConfig):
    """What counts as a mistake while learning."""

    class_weights: Literal["none", "balanced"] = setting(
        "none",
        label="Class weights",
        help="Balanced makes rare labels count more, so that they are found more often, at some cost in accuracy.",
        group="optimisation",
    )
    label_smoothing: float = setting(
        0.05,
        label="Label smoothing",
        help="Asks for slightly less than full certainty; softens the effect of wrong labels.",
        bounds=(0.0, 0.3),
        step=0.01,
        group="optimisation",
        advanced=True,
    )


MOST_LABELS = 1000  # with more, solving and the baseline take minutes even for a few thousand rows


class TextClassification(Task):
    """Texts are sorted under labels; a new label widens the model."""

    name = "text_classification"
    label = "Label of a text"
    help = "The column of targets holds one label for each text."
    scores = (ACCURACY, MACRO_F1)
    averages = ("accuracy", "macro_f1", "macro_precision", "macro_recall", "weighted_f1")
    activation = "softmax"
    comparable = True
    baseline_grows = True
    config_class = ClassificationConfig

    def check(self, targets: Sequence[str]) -> None:
        if not any(targets):
            raise DataError(
                "data.no_labels",
                "These texts have no labels, so no classifier can be trained on them. They can teach a language model "
                "to continue texts; for a classifier, choose a dataset with a column of labels.",
            )
        if (found := len(set(targets))) > MOST_LABELS:
            raise DataError(
                "data.too_many_labels",
                "These texts have {found:,} different labels, and a classifier can have {most:,} at most. Check that the column "
                "holds labels and not names, numbers or texts; if it does, put rare labels together.",
                found=found,
                most=MOST_LABELS,
            )

    def stratum(self, target: str) -> str:
        return target

    def stratified(self, dataset: TextDataset) -> TextDataset:
        return dataset

    def outputs(self, targets: Sequence[str], known: tuple[str, ...] = ()) -> tuple[str, ...]:
        """The known labels, followed by those of these targets that are new, in alphabetical order."""
        return known + tuple(sorted(set(targets) - set(known)))

    def encode(self, targets: Sequence[str], outputs: Sequence[str]) -> Integers:
        """The number of each label, int64 ``(rows,)``."""
        return numbers_of(outputs, targets)[0]

    def criterion(self, config: ClassificationConfig, targets: NDArray[Any], outputs: Sequence[str]) -> Criterion:
        """Cross-entropy, with weights that make labels count by how rare they are where the settings ask for it.

        A label with others below it stands for any of them: what counts is how probable they are together. Rows may have weights
        of their own besides, ``(batch,)``, as a third argument.
        """
        import torch

        weight = None
        if config.class_weights == "balanced":
            weight = torch.from_numpy(rarity_weights(targets, len(outputs)))
        possible = torch.from_numpy(members(outputs)) if is_tree(outputs) else None

        def loss(logits: Tensor, labels: Tensor, rows: Tensor | None = None) -> Tensor:
            own = None if weight is None else weight.to(logits.device)
            if possible is None and rows is not None:  # (batch,), how much each row counts
                losses = torch.nn.functional.cross_entropy(
                    logits, labels, own, label_smoothing=config.label_smoothing, reduction="none"
                )
                return (losses * rows).sum() / (rows if own is None else rows * own[labels]).sum()
            if possible is None:
                return torch.nn.functional.cross_entropy(logits, labels, own, label_smoothing=config.label_smoothing)
            stated = logits.log_softmax(dim=1)
            together = stated.masked_fill(~possible.to(logits.device)[labels], -torch.inf).logsumexp(dim=1)
            share = config.label_smoothing
            losses = -(1 - share) * together - share * stated.mean(dim=1)
            counts = torch.ones_like(losses) if own is None else own[labels]
            counts = counts if rows is None else counts * rows
            return (losses * counts).sum() / counts.sum()

        return loss

    def parents(self, outputs: Sequence[str], known: int) -> Mapping[int, int]:
        """Labels that a known one is split into begin as that one."""
        return split_labels(outputs, known)

    def measure(self, outputs: NDArray[Any], targets: NDArray[Any], names: Sequence[str]) -> dict[str, float]:
        answers = outputs.argmax(axis=1)
        if is_tree(names):  # of a row that is labelled from further up no more is known
            answers = np.where(members(names)[targets, answers], targets, answers)
        return {  # macro-F1 sees rare labels too
            "macro_f1": macro_f1(targets, answers, outputs.shape[1]),
            "accuracy": float((answers == targets).mean()),
        }

    def answers(self, values: NDArray[Any], outputs: Sequence[str]) -> list[str]:
        """The most probable label of each row, the first of equals."""
        return [outputs[column] for column in values.argmax(axis=1)]

    def judged(self, answers: Sequence[str], truth: Sequence[str]) -> list[str]:
        """Answers that stand below the true label count as that label: of such a row no more is known."""
        return as_known(answers, truth)

    def statistics(self, truth: Sequence[str], answers: Sequence[str]) -> Statistics:
        names = tuple(dict.fromkeys([*truth, *answers]))
        true, given = numbers_of(names, truth, answers)
        return statistics(true, given, len(names))

    def counted(self, truth: Sequence[str], answers: Sequence[str], outputs: Sequence[str]) -> Statistics:
        true, given = numbers_of(outputs, truth, answers)
        return statistics(true, given, len(outputs))

    def scored(self, truth: Sequence[str], answers: Sequence[str], outputs: Sequence[str]) -> dict[str, float]:
        true, given = numbers_of(outputs, truth, answers)
        return {"accuracy": float((given == true).mean()), "macro_f1": macro_f1(true, given, len(outputs))}

    def pairs(self, truth: Sequence[str], *answers: Sequence[str]) -> Pairs:
        names = tuple(dict.fromkeys(name for column in (truth, *answers) for name in column))
        return Pairs(answered(*numbers_of(names, truth, *answers), classes=max(len(names), 1)), names)

    def report(
        self,
        truth: Sequence[str],
        answers: Sequence[str],
        outputs: Sequence[str],
        values: NDArray[Any] | None = None,
    ) -> Report:
        true, given = numbers_of(outputs, truth, answers)
        return evaluate_predictions(true, given, tuple(outputs))

    def stored_report(self, stored: Mapping[str, Any]) -> Report:
        return Report.from_dict(stored)

    def difference(self, score: str, truth: Sequence[str], before: Sequence[str], after: Sequence[str]) -> Estimate:
        names = tuple(dict.fromkeys([*truth, *before, *after]))
        metric: Literal["accuracy", "macro_f1"] = "macro_f1" if score == MACRO_F1.name else "accuracy"
        return paired_difference(*numbers_of(names, truth, before, after), metric=metric)

    def names_of(self, answer: str) -> tuple[str, ...]:
        return (answer,)

    def forecaster(self, values: NDArray[Any], truth: Sequence[str], outputs: Sequence[str]) -> Forecaster | None:
        """Of accuracy and macro-F1, and the share of each label; none of a tree, where a label may stand for those below it."""
        if is_tree(outputs) or len(outputs) < 2:
            return None
        from core.tasks.text_classification.forecasting import LabelForecaster  # loads SciPy's solvers

        (true,) = numbers_of(outputs, truth)
        return LabelForecaster(np.asarray(values, dtype=np.float64), true, outputs, self.scores)

    def worth(self, truth: Sequence[str], answers: Sequence[str]) -> NDArray[Any]:
        """Whether each row is answered rightly, bool ``(rows,)``."""
        return np.array([given == target for given, target in zip(answers, truth, strict=True)], dtype=np.bool_)

    def found(self, truth: Sequence[str], worth: NDArray[Any]) -> tuple[Sequence[str], NDArray[Any], NDArray[Any]]:
        """For each label how many rows have it, and how many of these each model answered rightly."""
        names = tuple(sorted(set(truth)))
        (true,) = numbers_of(names, truth)
        hits = [np.bincount(true, weights=right, minlength=len(names)) for right in worth]
        return names, np.bincount(true, minlength=len(names)), np.array(hits)

    def baseline(
        self,
        texts: Sequence[str],
        targets: Sequence[str],
        outputs: Sequence[str],
        *,
        language: str,
        pipeline: TextPipeline,
    ) -> Baseline:
        """TF-IDF with logistic regression."""
        # Fitting it loads scikit-learn, for which nobody should wait who fits none.
        from core.tasks.text_classification.baseline import fit_baseline

        fitted = fit_baseline(texts, self.encode(targets, outputs), tuple(outputs), language=language, seed=0)
        return Baseline("tfidf", lambda texts: self.answers(fitted.predict_proba(texts), outputs))


def rarity_weights(labels: NDArray[Any], classes: int) -> NDArray[np.float32]:
    """The weight of each class, ``(classes,)``: rows of all classes weigh the same together; 1 for a class without rows."""
    counts = np.bincount(labels, minlength=classes)
    present = counts > 0
    weights = np.ones(classes, dtype=np.float32)
    weights[present] = (len(labels) / (present.sum() * counts[present])).astype(np.float32)
    return weights


def numbers_of(names: Sequence[str], *columns: Sequence[str]) -> list[Integers]:
    """The positions of labels among these names, int64 ``(rows,)`` for each column; `KeyError` for one that is not there."""
    number = {name: position for position, name in enumerate(names)}
    return [np.array([number[name] for name in column], dtype=np.int64) for column in columns]
