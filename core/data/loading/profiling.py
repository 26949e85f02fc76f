"""Looks a dataset over before anything is learned from it: each finding with its rows and what it means.

Knows nothing of models or screens.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from core.base.messages import Message, message
from core.data.dataset.columns import Targets
from core.data.dataset.input_columns import telling_inputs
from core.data.dataset.inputs import body_of
from core.data.dataset.label_sets import counts_of, labels_of
from core.data.dataset.label_spelling import looks_missing
from core.data.dataset.language import language_of
from core.data.dataset.row_targets import Rows, SetAside
from core.data.dataset.rows import TextDataset
from core.data.dataset.same_text import groups_of, key_numbers, text_key
from core.data.loading.entity_doubts import doubts
from core.data.loading.entity_survey import Survey, TypeFigures, survey
from core.data.loading.label_notes import label_counts, merges_of, missing_note, read_note, spellings_note
from core.data.recipe import RenameLabels, Step
from core.data.spans.targets import counts_of as entities_of

Severity = Literal["info", "warning", "error"]

FINDING_ROWS = 1000  # rows listed with a finding
_FEW = 10  # rows of a label below which neither learning nor measuring it means much
_IMBALANCE = 10  # largest label against smallest
_LONG = 5000  # characters
_LANGUAGE_SAMPLE = 5000  # texts whose language is looked at
_QUANTILES = {"minimum": 0.0, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95, "maximum": 1.0}


@dataclass(frozen=True)
class ProfileFinding:
    """Something worth knowing before training.

    Parameters
    ----------
    count
        How many texts, rows or labels it concerns, as the message says.
    rows
        The rows behind it, at most 1000: numbers of the uploaded table where `profile` was given what was set aside,
        of the dataset otherwise; for ``"ragged"``, of the file below its header.
    fix
        The step that puts it right, where there is one.
    advice
        What to do, where the message does not say it.
    notes
        What is to be said of each of the rows, or none.
    """

    kind: str
    severity: Severity
    message: Message
    count: int
    rows: tuple[int, ...]
    fix: Step | None = None
    advice: Message | None = None
    notes: tuple[Message, ...] = ()


@dataclass(frozen=True, eq=False)
class Profile:
    """A dataset at a glance.

    Parameters
    ----------
    label_counts
        Label → rows, in the order of the dataset's classes; of entities type → their number.
    lengths
        int64 array (rows,): characters of each text.
    length_quantiles
        Characters at ``minimum``, ``p25``, ``median``, ``p75``, ``p95`` and ``maximum``.
    languages
        Share of the texts, 0 to 1, in ``zh``, ``en``, ``mixed`` and ``other``, largest first.
    entities
        Figures of each type of entities, where texts have them.
    """

    rows: int
    label_counts: dict[str, int]
    lengths: Rows
    length_quantiles: dict[str, int]
    languages: dict[str, float]
    findings: tuple[ProfileFinding, ...]
    entities: tuple[TypeFigures, ...] = ()


def profile(
    dataset: TextDataset,
    set_aside: SetAside | None = None,
    skipped: Sequence[Mapping[str, Any]] = (),
    *,
    kind: Targets = "label",
) -> Profile:
    """Look a dataset over.

    Parameters
    ----------
    set_aside
        What `build_dataset` set aside.
    skipped
        Rows that the reader left out, ``table.attrs["skipped"]`` of `read_table`.
    kind
        What is known of each row. Of several labels each is counted by itself, of entities each type; spellings of these are not
        looked for.
    """
    lengths = np.array([len(body_of(text)) for text in dataset.texts], dtype=np.int64)
    spans = kind == "spans"
    surveyed = survey(dataset.texts, dataset.label_names()) if spans else None
    counted = {"labels": counts_of, "spans": entities_of}.get(kind)
    counts = counted(dataset.label_names()) if counted is not None else label_counts(dataset)
    kept = set_aside.kept if set_aside is not None else range(len(dataset))

    def finding(kind: str, severity: Severity, sentence: Message, rows: Iterable[int]) -> ProfileFinding:
        listed = tuple(int(kept[row]) for _, row in zip(range(FINDING_ROWS), rows, strict=False))
        return ProfileFinding(kind, severity, sentence, int(sentence.facts["count"]), listed)

    findings = [
        *_missing(set_aside, skipped, spans=spans),
        *(_spellings(dataset, set_aside, counts, finding) if dataset.labelled and counted is None else ()),
        *_repeated(dataset, finding, spans=spans),
        *(_labels(dataset, counts, finding) if dataset.labelled and not spans else ()),
        *(_entities(surveyed, dataset, kept) if surveyed is not None else ()),
        *_long(lengths, finding),
        *(finding("input_tells", "warning", sentence, []) for sentence in telling_inputs(dataset)),
    ]
    return Profile(
        rows=len(dataset),
        label_counts=counts,
        lengths=lengths,
        length_quantiles={name: int(np.quantile(lengths, share)) for name, share in _QUANTILES.items()}
        if len(dataset)
        else {},
        languages=_languages(dataset.texts),
        findings=tuple(findings),
        entities=surveyed.types if surveyed is not None else (),
    )


_MakeFinding = Callable[[str, Severity, Message, Iterable[int]], ProfileFinding]


def _missing(
    set_aside: SetAside | None, skipped: Sequence[Mapping[str, Any]], *, spans: bool
) -> Iterable[ProfileFinding]:
    skipped = [skip for skip in skipped if "reason" not in skip]  # the reader's own notes tell of the others
    if skipped:
        sentence = message(
            "data.found_ragged",
            "Rows with too few or too many fields: {count:,}. They are set aside; the first is line {line:,}, with "
            "{found} fields "
            "instead of {expected}. Usually a text holds the delimiter and is not in quotation marks.",
            count=len(skipped),
            line=skipped[0].get("line", skipped[0]["row"] + 1),
            found=skipped[0]["found"],
            expected=skipped[0]["expected"],
        )
        rows = tuple(skip["row"] for skip in skipped[:FINDING_ROWS])
        yield ProfileFinding("ragged", "warning", sentence, len(skipped), rows)
    if set_aside is not None and set_aside.empty_text:
        sentence = message(
            "data.found_empty_text",
            "Rows without text: {count:,}. They are set aside, since there is nothing to learn from.",
            count=len(set_aside.empty_text),
        )
        yield ProfileFinding(
            "empty_text", "warning", sentence, len(set_aside.empty_text), set_aside.empty_text[:FINDING_ROWS]
        )
    if set_aside is not None and set_aside.empty_label:
        count = len(set_aside.empty_label)
        sentence = message(
            "data.found_empty_label",
            "Rows without label: {count:,}. They are set aside; label them and upload them again to use them.",
            count=count,
        )
        if spans:
            sentence = message(
                "data.found_empty_entities",
                "Rows without anything in the column of entities: {count:,}. They are set aside; where a text has none, "
                "write [].",
                count=count,
            )
        yield ProfileFinding(
            "empty_label", "warning", sentence, len(set_aside.empty_label), set_aside.empty_label[:FINDING_ROWS]
        )


def _spellings(
    dataset: TextDataset, set_aside: SetAside | None, counts: dict[str, int], finding: _MakeFinding
) -> Iterable[ProfileFinding]:
    """Labels that were read as others, that are probably spellings of others, or that look like missing values."""
    if set_aside is not None and set_aside.respelled:
        yield finding("respelled", "info", read_note(set_aside.respelled), [])
    merges = merges_of(dataset)
    if merges:
        rows = _rows_of(dataset, set(merges))
        yield replace(
            finding("label_spellings", "warning", spellings_note(merges), rows), fix=RenameLabels(names=merges)
        )
    missing = [label for label, rows in counts.items() if rows and looks_missing(label)]
    if missing:
        sentence = missing_note(missing, sum(counts[label] for label in missing))
        yield finding("missing_labels", "warning", sentence, _rows_of(dataset, set(missing)))


def _rows_of(dataset: TextDataset, labels: set[str]) -> Iterable[int]:
    numbers = {
        number for number, label in enumerate(dataset.classes) if label in labels or labels & {*labels_of(label)}
    }
    return (row for row, label in enumerate(dataset.labels) if int(label) in numbers)


def _entities(found: Survey, dataset: TextDataset, kept: Sequence[int]) -> Iterable[ProfileFinding]:
    """What may be wrong with what is marked."""
    for doubt in doubts(found, dataset.label_names()):
        rows = tuple(int(kept[row]) for row in doubt.rows)
        known = ProfileFinding(doubt.kind, doubt.severity, doubt.sentence, doubt.count, rows)
        yield replace(known, advice=doubt.advice, notes=doubt.notes)


def _repeated(dataset: TextDataset, finding: _MakeFinding, *, spans: bool) -> Iterable[ProfileFinding]:
    """Texts that come again: with the same label, with another (of entities `_entities` says it), or in training and test."""
    repeated = [rows.tolist() for rows in groups_of(key_numbers(dataset.texts, text_key))]
    merges = merges_of(dataset)
    meant = [merges.get(label, label) for label in dataset.classes]  # "Good" beside "good" is no contradiction
    contradictory = [rows for rows in repeated if len({meant[int(dataset.labels[row])] for row in rows}) > 1]
    if contradictory and not spans:
        sentence = message(
            "data.found_contradictory",
            "Texts that carry more than one label: {count:,}, in {rows:,} rows. A classifier cannot be right on all "
            "of them; "
            "look at them first.",
            count=len(contradictory),
            rows=sum(map(len, contradictory)),
        )
        yield finding("contradictory", "warning", sentence, (row for rows in contradictory for row in rows))
    if dataset.splits is not None:
        yield from _leaked(dataset.splits, repeated, finding)
    if repeated:
        sentence = message(
            "data.found_duplicates",
            "Rows that repeat the text of an earlier row: {count:,}, of {texts:,} texts. Equal texts are kept on one "
            "side of the "
            "split, so that they do not flatter the test; in training they count for more.",
            count=sum(len(rows) - 1 for rows in repeated),
            texts=len(repeated),
        )
        yield finding("duplicates", "info", sentence, (row for rows in repeated for row in rows))


def _leaked(splits: Sequence[str], repeated: list[list[int]], finding: _MakeFinding) -> Iterable[ProfileFinding]:
    leaked = [rows for rows in repeated if len({splits[row] for row in rows}) > 1]
    tested = [rows for rows in leaked if any(splits[row] == "test" for row in rows)]
    if tested:
        outside = [row for rows in tested for row in rows if splits[row] != "test"]
        sentence = message(
            "data.found_leakage",
            "Texts of the given test part that are also in training or validation: {count:,}. The {rows:,} rows "
            "outside the test "
            "are set aside before training; otherwise the test would measure memory instead of understanding.",
            count=len(tested),
            rows=len(outside),
        )
        yield finding("leakage", "warning", sentence, (row for rows in tested for row in rows))
    others = [rows for rows in leaked if {splits[row] for row in rows} == {"train", "validation"}]
    if others:
        sentence = message(
            "data.found_validation_leakage",
            "Texts of the given validation part that are also in training: {count:,}. They are set aside from the "
            "validation.",
            count=len(others),
        )
        yield finding("validation_leakage", "info", sentence, (row for rows in others for row in rows))


def _labels(dataset: TextDataset, label_counts: dict[str, int], finding: _MakeFinding) -> Iterable[ProfileFinding]:
    present = {label: count for label, count in label_counts.items() if count}
    if len(present) == 1:
        sentence = message(
            "data.found_one_label",
            "All {count:,} rows carry the same label, '{label}'. A classifier trained on them always answers it: an "
            "accuracy of 1 that means nothing, until a later batch brings another label.",
            count=len(dataset),
            label=next(iter(present)),
        )
        yield finding("one_label", "warning", sentence, [])
    rare = [label for label, count in present.items() if count < _FEW]
    if rare:
        sentence = message(
            "data.found_rare_labels",
            "Labels with fewer than {few} rows: {count:,} ({labels}). They can hardly be learned, and their scores "
            "mean little; "
            "add rows, or merge them with another label.",
            few=_FEW,
            count=len(rare),
            labels=rare,
        )
        yield finding("rare_labels", "warning", sentence, _rows_of(dataset, set(rare)))
    if len(present) < 2:
        return
    most, least = max(present, key=present.__getitem__), min(present, key=present.__getitem__)
    if present[most] >= _IMBALANCE * present[least]:
        sentence = message(
            "data.found_imbalance",
            "Labels are unevenly frequent: '{most}' has {count:,} rows, '{least}' {fewest:,}. Accuracy alone "
            "flatters here: "
            "look at macro-F1, and consider class weights.",
            most=most,
            count=present[most],
            least=least,
            fewest=present[least],
        )
        yield finding("imbalance", "info", sentence, _rows_of(dataset, {least}))


def _long(lengths: Rows, finding: _MakeFinding) -> Iterable[ProfileFinding]:
    rows = np.flatnonzero(lengths > _LONG)
    if len(rows):
        sentence = message(
            "data.found_long",
            "Texts longer than {limit:,} characters: {count:,}; the longest has {longest:,}. "
            "A very long text is read up to the length chosen for training; where that is not its end, every answer says so.",
            limit=_LONG,
            count=len(rows),
            longest=int(lengths.max()),
        )
        yield finding("very_long", "info", sentence, rows.tolist())


def _languages(texts: Sequence[str]) -> dict[str, float]:
    sample = texts[:: max(1, len(texts) // _LANGUAGE_SAMPLE)]
    counts: Counter[Any] = Counter(language_of((text,)) for text in sample)
    return {language: count / len(sample) for language, count in counts.most_common()}
