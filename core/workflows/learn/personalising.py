"""What groups of texts get of their own when a version is made: fitted on validation rows, kept where it helps beyond chance.

An update fits them again, on the validation rows of all experiences as the version's summary has them, so they follow the
model whatever strategy taught it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.base.messages import Message, message
from core.data.dataset.inputs import category, parse
from core.fairness.personal import EQUAL_FALSE_POSITIVES, LAW, PersonalConfig
from core.fairness.personal_fit import Fitted, Labelled, fit_accuracy, fit_false_positives
from core.networks.standalone.personal import FILE, SMALLEST, group_key
from core.networks.text.examples import encode_examples
from core.serving.onnx import Scaling, export_onnx, set_scaling
from core.serving.onnx.personal_features import expose_features
from core.statistics.intervals import Floats
from core.workflows.precision.measure import LabelledRows
from core.workflows.versions.folder import Learner, VersionFolder

PARTS = 5  # a head that all share is fitted without each fifth of the training rows to answer these
DIGITS = 7  # that a weight is stored with


@dataclass(frozen=True, eq=False)
class Personalised:
    """What became of the groups.

    Parameters
    ----------
    report
        For ``report.json``.
    held_out
        Probabilities of the validation rows, each answered by settings that were not fitted on it, (rows, outputs).
    findings
        What has to be said about it.
    """

    report: dict[str, Any]
    held_out: Floats
    findings: list[Message] = field(default_factory=list)


def personalise(
    folder: VersionFolder, learner: Learner, rows: LabelledRows, shared: Floats, learned: tuple[list[str], list[str]]
) -> Personalised | None:
    """Fit what groups have of their own and write ``personal.json`` where a group keeps anything; None where nobody asked for it.

    Parameters
    ----------
    shared
        What the exact file answers to the validation rows, calibrated as it is, (rows, outputs).
    learned
        Texts and labels of training rows, for heads on an encoder that did not learn from them.
    """
    config = learner.settings.personal
    if not config.wanted:
        return None
    keys = [group_key(text, config.personal_by) for text in rows.texts]
    counts = Counter(key for key in keys if key)
    large = sorted(key for key, count in counts.items() if count >= config.personal_rows)
    report: dict[str, Any] = {
        "column": config.personal_by,
        "kind": config.personal_kind,
        "aim": config.personal_aim,
        "label": None,
        "rows": len(rows),
        "missing": keys.count(""),
        "few": {
            "groups": len(counts) - len(large),
            "rows": sum(count for key, count in counts.items() if key not in large),
        },
        "least": config.personal_rows,
        "groups": [],
    }
    if not large or not np.isfinite(shared).all():
        note = _none_large(config, len(counts))
        return Personalised({**report, "note": note.to_dict()}, shared, [note])
    number = {key: position for position, key in enumerate(large)}
    group = np.array([number.get(key, -1) for key in keys], dtype=np.int64)
    features = _Features.of(learner, rows.texts) if config.personal_kind == "head" else None
    labelled = Labelled(_logits(shared), rows.truth, group, len(large), _design(features, rows.texts))
    if config.personal_aim == EQUAL_FALSE_POSITIVES:
        label = _harmful(config, rows.truth, learner.outputs)
        report["label"] = learner.outputs[label]
        fitted = fit_false_positives(labelled, label)
    else:
        fitted = fit_accuracy(labelled, _further(learner, features, learned, number))
    names = _names(rows.texts, config.personal_by)
    kept = _stored(fitted, large, names, features)
    if kept and features is not None and not _exposed(folder, learner, features.width):
        kept = {}  # nothing that the file holds could be read by a head
    if kept:
        stored = {
            "column": config.personal_by,
            "kind": config.personal_kind,
            "output": report["label"],
            "groups": kept,
        }
        (folder.path / FILE).write_text(json.dumps(stored, ensure_ascii=False), encoding="utf-8")
    report["strength"] = fitted.strength
    report["groups"] = [
        {"name": names[key], "key": key, **result.to_dict(), "kept": key in kept, "why": why.to_dict()}
        for key, result in zip(large, fitted.results, strict=True)
        for why in [_why(result.kept, key in kept, config)]
    ]
    return Personalised(
        report,
        fitted.held_out if kept else shared,
        _findings(report, len(kept), private=learner.settings.privacy.private),
    )


@dataclass(frozen=True, eq=False)
class _Features:
    """What a frozen network says of texts, brought to a length of about 1 for the penalty's sake.

    Parameters
    ----------
    mean, scale
        What is subtracted and divided by, (width,).
    """

    learner: Learner
    mean: Floats
    scale: Floats

    @staticmethod
    def of(learner: Learner, texts: Sequence[str]) -> _Features:
        values = _encoded(learner, texts)
        deviation = values.std(axis=0)
        return _Features(
            learner, values.mean(axis=0), np.where(deviation > 1e-6, deviation, 1.0) * values.shape[1] ** 0.5
        )

    @property
    def width(self) -> int:
        return len(self.mean)

    def read(self, texts: Sequence[str]) -> Floats:
        """Features of these texts, (texts, width)."""
        return np.asarray((_encoded(self.learner, texts) - self.mean) / self.scale, dtype=np.float64)


def _encoded(learner: Learner, texts: Sequence[str]) -> Floats:
    import torch

    from core.networks.encoders.batches import predict_features

    values = predict_features(learner.model, encode_examples(learner.pipeline, texts), torch.device("cpu"))
    return np.asarray(values.numpy(), dtype=np.float64)


def _design(features: _Features | None, texts: Sequence[str]) -> Floats:
    ones = np.ones((len(texts), 1))
    return ones if features is None else np.hstack([ones, features.read(texts)])


def _further(
    learner: Learner, features: _Features | None, learned: tuple[list[str], list[str]], number: dict[str, int]
) -> Labelled | None:
    """Training rows that heads may be fitted on, too: only on an encoder that did not learn from them, with logits of heads that
    did not either.
    """
    private = learner.settings.privacy.private  # nothing may read training rows without noise
    if features is None or private or not learner.model.encodes_once:
        return None
    from sklearn.linear_model import LogisticRegression

    texts, names = learned
    truth = learner.settings.task.encode(names, learner.outputs)
    design = _design(features, texts)
    logits = np.zeros((len(texts), len(learner.outputs)))
    part = np.random.default_rng(0).permutation(len(texts)) % PARTS
    for out in range(PARTS):
        inside, asked = part != out, part == out
        if len(np.unique(truth[inside])) < len(learner.outputs) or not asked.any():
            return None  # labels too rare to be learned without a part of their rows
        head = LogisticRegression(C=10.0, max_iter=300).fit(design[inside], truth[inside])
        logits[asked] = head.predict_log_proba(design[asked])
    keys = [group_key(text, learner.settings.personal.personal_by) for text in texts]
    group = np.array([number.get(key, -1) for key in keys], dtype=np.int64)
    own = group >= 0
    return Labelled(logits[own], truth[own], group[own], len(number), design[own])


def _logits(probabilities: Floats) -> Floats:
    return np.asarray(np.log(np.maximum(probabilities.astype(np.float64), SMALLEST)))


def _harmful(config: PersonalConfig, truth: np.ndarray, outputs: Sequence[str]) -> int:
    if config.personal_label:
        return list(outputs).index(config.personal_label)
    return int(np.bincount(truth, minlength=len(outputs)).argmin())


def _names(texts: Sequence[str], column: str) -> dict[str, str]:
    """How the value of each group is mostly written, by the group's key."""
    spellings: dict[str, Counter[str]] = {}
    for text in texts:
        for each in parse(text)[1]:
            if each.name == column:
                spellings.setdefault(category(each.value), Counter())[each.value.strip()] += 1
    return {key: counted.most_common(1)[0][0] for key, counted in spellings.items()}


def _stored(fitted: Fitted, keys: Sequence[str], names: dict[str, str], features: _Features | None) -> dict[str, Any]:
    """The settings of the groups that keep theirs, as ``personal.json`` has them: for features as the file computes them."""
    kept: dict[str, Any] = {}
    for key, parameters, result in zip(keys, fitted.parameters, fitted.results, strict=True):
        if not result.kept:
            continue
        offsets, own = parameters[:, 0], {"name": names[key]}
        if features is not None:
            weights = parameters[:, 1:] / features.scale
            offsets = offsets - weights @ features.mean
            own["weights"] = weights.round(DIGITS).tolist()
        kept[key] = {**own, "offsets": offsets.round(DIGITS).tolist()}
    return kept


def _exposed(folder: VersionFolder, learner: Learner, width: int) -> bool:
    """Let the version's file answer with its features, too; its head is written apart from a table of words for that."""
    file = folder.path / "model.onnx"
    if learner.model_name == "ngrams":
        export_onnx(learner.model, file, folder.task, apart=True)
        set_scaling(file, Scaling(*folder.scaling))
    return expose_features(file, width)


def _none_large(config: PersonalConfig, groups: int) -> Message:
    return message(
        "personal.none_large",
        "No group of '{column}' has {least} validation rows, so what all share answers everything. The column has {groups:,} "
        "values there: choose a coarser one, or set a larger share of the rows aside for validation.",
        column=config.personal_by,
        least=config.personal_rows,
        groups=groups,
    )


def _why(gains: bool, kept: bool, config: PersonalConfig) -> Message:
    if gains and not kept:
        return message(
            "personal.no_output",
            "It gains beyond chance, but the exported file has no features that a head could read: what all share answers it.",
        )
    if config.personal_aim == EQUAL_FALSE_POSITIVES:
        if kept:
            return message(
                "personal.fp_kept",
                "Its rate differed from the others' beyond chance, and comes closer to that of all on rows its settings were not "
                "fitted on.",
            )
        return message("personal.fp_alike", "No difference beyond chance that settings of its own would make smaller.")
    if kept:
        return message("personal.kept", "It gains beyond chance on rows that its settings were not fitted on.")
    return message("personal.no_gain", "No gain beyond chance, so it is answered by what all share.")


def _findings(report: dict[str, Any], kept: int, *, private: bool) -> list[Message]:
    findings = [
        message(
            "personal.summary",
            "Groups of '{column}': {kept} of {tested} keep settings of their own, tested on validation rows with a correction "
            "for the number of groups (Holm).",
            column=report["column"],
            kept=kept,
            tested=len(report["groups"]),
        )
    ]
    if report["few"]["groups"]:
        findings.append(
            message(
                "personal.few",
                "{groups:,} groups of '{column}' have fewer than {least} validation rows each, {rows:,} together: what all share "
                "answers them.",
                groups=report["few"]["groups"],
                column=report["column"],
                least=report["least"],
                rows=report["few"]["rows"],
            )
        )
    if kept:
        findings.append(LAW)
    if kept and private:
        findings.append(
            message(
                "personal.not_private",
                "The settings of the groups were fitted on validation rows without noise: the promise of differential privacy "
                "does not cover these rows.",
            )
        )
    return findings
