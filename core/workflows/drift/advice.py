"""What to do about a batch: one sentence from the evidence, by rules in a fixed order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from core.base.messages import Message, message
from core.continual.drift.tests import FEWEST_ROWS, DriftTest
from core.tasks.text_classification.label_doubt import Contradictions, Doubt

AdviceKind = Literal["corrections", "labels", "new_labels", "too_few", "update", "optional", "no_change"]

# With 100 rows a side, a change of a quarter of the rows is found four times out of five although six questions share
# the false alarms; with fewer, "nothing found" would reassure without reason.
REASSURING_ROWS = 100
FEWEST_OF_A_LABEL = 10  # rows; fewer can hardly be learned, and may be a slip of the pen
NAMED_LABELS = 8  # in a sentence
LOSS = 0.03  # of accuracy; more is worth an update even where it may be chance
_TEXT_TESTS = ("words", "texts", "likeness")


@dataclass(frozen=True)
class DriftEvidence:
    """Everything that the advice rests on.

    Parameters
    ----------
    tests
        Tests as `core.continual.drift.tests.together` leaves them.
    rows
        Rows that could be compared: held-out, and of the batch.
    picked
        Whether the rows were picked because the answer was wrong (corrections).
    new_labels
        Labels that the classifier does not know → rows of the batch.
    """

    tests: tuple[DriftTest, ...]
    batch_rows: int
    rows: tuple[int, int]
    picked: bool
    new_labels: Mapping[str, int]
    contradictions: Contradictions
    doubt: Doubt | None

    @property
    def changed(self) -> tuple[str, ...]:
        return tuple(test.name for test in self.tests if test.verdict == "changed")

    @property
    def texts_changed(self) -> bool:
        return any(name in _TEXT_TESTS for name in self.changed)

    def test(self, name: str) -> DriftTest | None:
        return next((test for test in self.tests if test.name == name and test.judged), None)


@dataclass(frozen=True)
class Advice:
    """One sentence, and which rule it comes from."""

    kind: AdviceKind
    message: Message

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "message": self.message.to_dict()}


def advise(evidence: DriftEvidence) -> Advice:
    """The first of these that applies:

    1. The rows are corrections: they were picked, and say nothing about texts in general.
    2. Labels contradict each other, or contradict the classifier where it is surest although the texts look as before
       (or no more than chance connects the two): look at the labels first.
    3. There are labels that the classifier does not know: update, or look at their spelling where they have few rows.
    4. Fewer than 30 rows on either side; or nothing was found, with fewer than 100: too few to say.
    5. Something changed: update with replay; optional where the classifier is as right as on its own tests.
    6. No evidence of change; where the classifier is right more often than on its own tests, that is said instead.
    """
    if evidence.picked:
        text = message(
            "drift.corrections",
            "An update is advised: these rows are corrections. They were picked because the answer was wrong, so they "
            "cannot show whether texts in general have changed.",
        )
        return Advice("corrections", text)
    doubtful = _labels(evidence)
    if doubtful is not None:
        return Advice("labels", doubtful)
    if evidence.new_labels:
        return Advice("new_labels", _new_labels(evidence.new_labels))
    needed = REASSURING_ROWS if not evidence.changed else FEWEST_ROWS
    if min(evidence.rows) < needed:
        return Advice("too_few", _too_few(evidence, needed))
    return _changed(evidence) if evidence.changed else Advice("no_change", _no_change(evidence))


def _labels(evidence: DriftEvidence) -> Message | None:
    copies, doubt = evidence.contradictions, evidence.doubt
    if copies.noticeable:
        return message(
            "drift.contradictory",
            "Labels look inconsistent, look first: {contradictory:,} of the {repeated:,} texts that occurred before, or "
            "occur more than once, carry different labels.",
            contradictory=copies.contradictory,
            repeated=copies.repeated,
        )
    if doubt is None or (evidence.texts_changed and not doubt.by_chance):
        return None  # that a classifier errs on new kinds of texts is no fault of the labels
    facts = {"after": _percent(doubt.after), "before": _percent(doubt.before)}
    if evidence.texts_changed:
        return message(
            "drift.labels_by_chance",
            "Labels look inconsistent, look first: where the classifier is surest, {after} of the labels contradict it "
            "({before} on its own tests), about as many as chance would. Either labels were mixed up, or these texts have "
            "little in common with what it learned.",
            **facts,
        )
    if doubt.label is None:
        return message(
            "drift.labels_contradict",
            "Labels look inconsistent, look first: where the classifier is surest, {after} of the labels contradict it "
            "({before} on its own tests), although the texts look as before.",
            **facts,
        )
    return message(
        "drift.label_contradicts",
        "Labels look inconsistent, look first: of the rows labelled '{label}' that the classifier is surest of, it "
        "answers {after} differently ({before} on its own tests), although the texts look as before.",
        label=doubt.label,
        **facts,
    )


def _new_labels(counts: Mapping[str, int]) -> Message:
    names = sorted(counts, key=lambda name: (-counts[name], name))
    listed = names if len(names) <= NAMED_LABELS else [*names[:NAMED_LABELS], "…"]
    if all(count < FEWEST_OF_A_LABEL for count in counts.values()):
        return message(
            "drift.rare_labels",
            "New labels with few rows: {labels}. Check their spelling, or collect at least {needed} rows of each before "
            "you update.",
            labels=listed,
            needed=FEWEST_OF_A_LABEL,
        )
    return message(
        "drift.new_labels",
        "New labels: {labels} ({rows:,} rows). The classifier cannot answer with them yet: update with replay, which "
        "also keeps the old labels in mind.",
        labels=listed,
        rows=sum(counts.values()),
    )


def _too_few(evidence: DriftEvidence, needed: int) -> Message:
    held_out, rows = evidence.rows
    if rows < min(needed, evidence.batch_rows):
        return message(
            "drift.few_new",
            "Too few rows to say: of the {total:,} rows, {rows:,} have a text that was not learned or tested before and "
            "occurs once; at least {needed} are needed.",
            total=evidence.batch_rows,
            rows=rows,
            needed=needed,
        )
    return message(
        "drift.too_few",
        "Too few rows to say: {rows:,} rows of the batch can be compared with {held_out:,} held-out rows; at least "
        "{needed} of each are needed.",
        rows=rows,
        held_out=held_out,
        needed=needed,
    )


def _changed(evidence: DriftEvidence) -> Advice:
    differing, asked = len(evidence.changed), sum(test.judged for test in evidence.tests)
    accuracy = evidence.test("accuracy")
    if accuracy is None or accuracy.effect is None:
        text = message(
            "drift.update_unmeasured",
            "An update is advised: the batch differs in {found} of {asked} comparisons.",
            found=differing,
            asked=asked,
        )
        return Advice("update", text)
    scores = _scores(accuracy)
    if evidence.changed == ("accuracy",):
        text = message(
            "drift.update_meaning",
            "Update with replay: the texts look as before, but the classifier gets {after} of the batch right, {before} "
            "of its own tests. What the labels mean may have shifted.",
            **scores,
        )
        return Advice("update", text)
    if accuracy.verdict == "same" and accuracy.effect > -LOSS:
        text = message(
            "drift.update_optional",
            "An update is optional: the batch differs in {found} of {asked} comparisons, but the classifier copes: it "
            "gets {after} of the batch right, {before} of its own tests.",
            found=differing,
            asked=asked,
            **scores,
        )
        return Advice("optional", text)
    text = message(
        "drift.update",
        "Update with replay: the batch differs in {found} of {asked} comparisons, and the classifier gets {after} of it "
        "right, {before} of its own tests.",
        found=differing,
        asked=asked,
        **scores,
    )
    return Advice("update", text)


def _no_change(evidence: DriftEvidence) -> Message:
    accuracy = evidence.test("accuracy")
    if accuracy is None:
        return message(
            "drift.no_change_unmeasured",
            "No evidence of change: an update is unlikely to help beyond what more rows of the same kind bring.",
        )
    if accuracy.rose and accuracy.interval is not None:
        gain, low, high = (
            100 * value for value in (accuracy.effect or 0.0, accuracy.interval.low, accuracy.interval.high)
        )
        return message(
            "drift.better",
            "The classifier does better here: it gets {after} of the batch right, {before} of its own tests ({gain} points "
            "more, {low} to {high}), and the texts look as before. An update is unlikely to help beyond what more rows "
            "bring; make sure that the labels were not taken over from its own answers.",
            gain=f"{gain:.1f}",
            low=f"{low:.1f}",
            high=f"{high:.1f}",
            **_scores(accuracy),
        )
    return message(
        "drift.no_change",
        "No evidence of change: an update is unlikely to help beyond what more rows of the same kind bring. The "
        "classifier gets {after} of the batch right, {before} of its own tests.",
        **_scores(accuracy),
    )


def _scores(accuracy: DriftTest) -> dict[str, str]:
    return {"before": _percent(accuracy.before or 0.0), "after": _percent(accuracy.after or 0.0)}


def _percent(share: float) -> str:
    return f"{share:.1%}"
