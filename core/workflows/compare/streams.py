"""A stream: experiences in order, each with its training, validation and frozen test rows.

Unlike an update, which can only know what came before, a comparison sees the whole stream at once: a text that stands
in any test of it is trained on nowhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.base.errors import DataError
from core.base.messages import Message, message
from core.data.dataset.label_spelling import suggested_merges
from core.data.dataset.language import language_of
from core.data.dataset.row_targets import Rows
from core.data.dataset.rows import TextDataset
from core.data.dataset.same_text import body_key
from core.data.dataset.splitting import Split, split_rows
from core.data.loading.label_notes import matched_note, spellings_note
from core.statistics.intervals import MINIMUM_ROWS
from core.tasks import DEFAULT, TASKS, Task
from core.workflows.compare.request import CompareRequest
from core.workflows.compare.stream_cuts import Piece, cut, task_asked
from core.workflows.requests import DataConfig
from core.workflows.versions.label_matching import in_own_words
from core.workflows.versions.past import Labelled, together
from core.workflows.workspace import Workspace


@dataclass(frozen=True)
class StreamExperience:
    """What arrives together.

    Parameters
    ----------
    train, validation, test
        Texts, and the target of each: the name of its label, or its entities.
    classes
        All outputs known once it is learned, of a classifier its labels: those of earlier experiences first, then the new ones.
    labels
        What its targets name, labels or types of entities, in the order of ``classes``.
    """

    name: str
    train: Labelled
    validation: Labelled
    test: Labelled
    classes: tuple[str, ...]
    labels: list[str]


@dataclass(frozen=True)
class ComparisonStream:
    """Experiences in order, what their targets mean, and what a person should know about how their rows were divided."""

    task: Task
    experiences: tuple[StreamExperience, ...]
    language: str
    findings: tuple[Message, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        """The models' outputs at the end of the stream, of classifiers all labels."""
        return self.experiences[-1].classes

    def past(self, number: int) -> tuple[Labelled, Labelled]:
        """All training and all validation rows before experience ``number``, counted from 1."""
        earlier = self.experiences[: number - 1]
        return together([experience.train for experience in earlier]), together(
            [experience.validation for experience in earlier]
        )


def read_stream(request: CompareRequest, data: DataConfig, workspace: Workspace) -> ComparisonStream:
    """Cut the request's datasets into experiences and divide each.

    Raises
    ------
    DataError
        When there are fewer than two experiences, or one has too few rows.
    """
    task, pieces = task_asked(request, workspace), cut(request, workspace)
    stream = make_stream(pieces, data, task)
    if request.experience == "labels" and task.leaves_open:
        stream = replace(stream, findings=(_marks_remark(len(pieces)), *stream.findings))
    total = sum(workspace.datasets.info(identity).rows for identity in request.datasets)
    outside = total - sum(len(piece) for _, piece in pieces)
    if not outside:
        return stream
    remark = message(
        "compare.outside",
        "Rows that are in no experience, since they say of none: {count:,} of {total:,}.",
        count=outside,
        total=total,
    )
    return replace(stream, findings=(remark, *stream.findings))


def make_stream(pieces: Sequence[Piece], data: DataConfig, task: Task = TASKS[DEFAULT]) -> ComparisonStream:
    """Divide each experience as an update would; a division that came with the data is respected.

    Labels that are the same beyond doubt as those of an earlier experience are written as there.
    """
    pieces, matched = _in_the_same_words(pieces) if task.distribution else (list(pieces), {})
    splits: list[Split] = []
    known_groups: dict[str, str] = {}
    for _, piece in pieces:
        split = split_rows(
            task.stratified(piece),
            fractions=data.fractions,
            seed=data.split_seed,
            batch=bool(splits),
            known_groups=known_groups,
        )
        known_groups = split.groups_met(piece.groups, known_groups)
        splits.append(split)
    keys = [np.array([body_key(text) for text in piece.texts], dtype=object) for _, piece in pieces]
    tested = {key for split, own in zip(splits, keys, strict=True) for key in own[split.test]}
    experiences: list[StreamExperience] = []
    counts: Counter[str] = Counter()
    for (name, piece), split, own in zip(pieces, splits, keys, strict=True):
        leaked = np.array([key in tested for key in own], dtype=bool)
        parts = [split.train[~leaked[split.train]], split.validation[~leaked[split.validation]], split.test]
        if not all(map(len, parts)):
            raise _too_few(name, len(piece))
        counts["leaked"] += int(leaked.sum()) - len(split.test)
        counts["doubled"] += int((~leaked[split.set_aside]).sum())
        known = experiences[-1].classes if experiences else piece.classes if task.distribution else ()
        classes = task.outputs(piece.label_names(), known)
        train, validation, test = (_labelled(piece, rows) for rows in parts)
        occurring = _names([train, validation, test], task)
        labels = [label for label in task.named(classes) if label in occurring]
        experiences.append(StreamExperience(name, train, validation, test, classes, labels))
    if not task.distribution:
        task.check([target for _, piece in pieces for target in piece.label_names()])
    elif len(experiences[-1].classes) < 2:
        raise DataError(
            "compare.one_label",
            "These datasets have no labels, or the same for all rows, so there is nothing to compare. Choose others.",
        )
    sample = [text for experience in experiences for text in experience.train[0]]
    shared = [finding for split in splits for finding in split.findings if finding.key == "data.groups_shared"]
    spelled = _label_notes(pieces, matched) if task.distribution else []
    notes = [*spelled, *_findings(experiences, counts, task), *shared[:1]]
    return ComparisonStream(task, tuple(experiences), language_of(sample), tuple(notes))


def _names(parts: Sequence[Labelled], task: Task) -> set[str]:
    """What the targets of these rows name."""
    return set(task.named(task.outputs([target for _, targets in parts for target in targets])))


def _marks_remark(count: int) -> Message:
    return message(
        "compare.marks",
        "The texts were divided by chance into {count:,} batches. In each, and in its frozen test, only its new types are "
        "marked, as if nobody had looked for the others; a test counts nothing but the types that are marked in it.",
        count=count,
    )


def _in_the_same_words(pieces: Sequence[Piece]) -> tuple[list[Piece], dict[str, str]]:
    """The pieces with each label spelled as where it came first, and which were spelled otherwise."""
    respelled: list[Piece] = []
    known: tuple[str, ...] = ()
    matched: dict[str, str] = {}
    for name, piece in pieces:
        own, match, _ = in_own_words(piece, known)
        matched |= match.same
        known = (*known, *sorted(set(own.label_names()) - set(known)))
        respelled.append((name, own))
    return respelled, matched


def _label_notes(pieces: Sequence[Piece], matched: dict[str, str]) -> list[Message]:
    counts: Counter[str] = Counter()
    for _, piece in pieces:
        counts.update(piece.label_names())
    merges = suggested_merges(counts)
    notes = [matched_note(matched)] if matched else []
    return [*notes, spellings_note(merges)] if merges else notes


def _labelled(piece: TextDataset, rows: Rows) -> Labelled:
    part = piece.take(rows)
    return part.texts, part.label_names()


def _findings(experiences: Sequence[StreamExperience], counts: Counter[str], task: Task) -> list[Message]:
    findings = []
    if counts["leaked"]:
        findings.append(
            message(
                "compare.leaked",
                "Rows that are not learned from, because their text is also in a frozen test of the stream: {count:,}.",
                count=counts["leaked"],
            )
        )
    if counts["doubled"]:
        findings.append(
            message(
                "compare.doubled",
                "Validation rows set aside, because their text is also in the training part: {count:,}.",
                count=counts["doubled"],
            )
        )
    small = [experience.name for experience in experiences if len(experience.test[0]) < MINIMUM_ROWS]
    if small:
        findings.append(
            message(
                "compare.few_test_rows",
                "Fewer than {needed} test rows, so that their own figures say little: {names}.",
                needed=MINIMUM_ROWS,
                names=small,
            )
        )
    tested = _names([experience.test for experience in experiences], task)
    untested = [label for label in task.named(experiences[-1].classes) if label not in tested]
    if untested and not task.distribution:
        findings.append(
            message(
                "compare.untested_types",
                "Types that no test text has an entity of, so nothing is known of them: {types}.",
                types=untested,
            )
        )
    elif untested:
        findings.append(
            message(
                "compare.untested",
                "Labels that no test row has, so nothing is known of them: {labels}.",
                labels=untested,
            )
        )
    return findings


def _too_few(name: str, rows: int) -> DataError:
    return DataError(
        "compare.too_few",
        "Experience '{name}' has too few rows ({rows:,}): some of them must be kept for validation and for a frozen "
        "test. Leave it out, join it with another, or cut the stream into fewer parts.",
        name=name,
        rows=rows,
    )
