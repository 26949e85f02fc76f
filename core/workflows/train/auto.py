"""*Auto*: climb from the cheapest model to the costliest that the time allows, and let the best of them serve.

Each rung becomes a version, so that any can be used in place of the winner. They are compared on the validation rows, which
are the same for all; no test row chooses anything.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core.base.errors import CoreError, ModelError
from core.base.events import Advanced, CheckpointDue, PartDone, RunStarted, StageStarted, StepDone
from core.base.messages import Message, message
from core.base.wording import points
from core.networks.architectures.blend import BLEND
from core.networks.architectures.encoder import ENCODER
from core.networks.architectures.linear import LINEAR
from core.networks.pretrained.known import at_hand, usual_encoder
from core.registry import HOW
from core.statistics.intervals import Estimate
from core.workflows.learn.candidate import Completed
from core.workflows.learn.learning import ShouldStop
from core.workflows.requests import AUTO, TrainRequest, resolve_settings
from core.workflows.train.encoders import Advice, recommend
from core.workflows.train.estimate import WITHOUT_LEARNING, Prepared, estimate, fewest_rows, least_seconds, prepare
from core.workflows.train.ladder import (
    AFTERWARDS,
    OPENING,
    TRIED_FROM,
    Rung,
    auto_settings,
    request_of,
    rungs_for,
    untried,
)
from core.workflows.train.run import check_task, train_classifier
from core.workflows.train.validation import Validation
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace

WORTH_IT = 0.02  # what a costlier model has to gain where speed and size matter more
TUNED_FROM = 0.3  # of all rows, from which on an encoder is fine-tuned on some of them
LATE = 1.1  # of the time: then learning is stopped, and the best epoch kept


@dataclass(frozen=True)
class RungDone(PartDone):
    """A rung of the ladder is over, or was left out.

    Parameters
    ----------
    version
        The version that it became; None where it was left out.
    left_out
        Why it was left out.
    score, gain
        The deciding score on the validation rows, and what it gains on the best rung before: with 95 % intervals.
    serves
        Whether it is better than the best before, and serves until a better one comes.
    learned_rows
        Training rows that it learned from, where there was no time for all.
    seconds, megabytes, answers_per_second
        What it cost to learn and measure it (of one that was left out, to find that out), how large the file that serves is,
        and how fast it answered the validation rows.
    """

    rung: str
    model: str
    version: int | None = None
    left_out: dict[str, Any] | None = None
    score: dict[str, float] | None = None
    gain: dict[str, float] | None = None
    serves: bool = False
    learned_rows: int | None = None
    seconds: float = 0.0
    megabytes: float = 0.0
    answers_per_second: float = 0.0


@dataclass(frozen=True)
class Climbed(Completed):
    """The best rung has become the version; ``ladder`` tells of all."""

    ladder: tuple[RungDone, ...] = ()


def train(
    request: TrainRequest,
    workspace: Workspace,
    *,
    should_stop: ShouldStop = lambda: False,
    resume: dict[str, Any] | None = None,
) -> Iterator[Any]:
    """Train what is asked for: one model, or *Auto*'s ladder."""
    work = climb if request.model == AUTO else train_classifier
    yield from work(request, workspace, should_stop=should_stop, resume=resume)


def climb(
    request: TrainRequest,
    workspace: Workspace,
    *,
    should_stop: ShouldStop = lambda: False,
    resume: dict[str, Any] | None = None,
) -> Iterator[Any]:
    """Climb the ladder, yielding events; the last one is `Completed` with the best version.

    Parameters
    ----------
    resume
        What an earlier run of the same request left, as for `train_classifier`.
    """
    left = dict(resume or {})
    earlier = left.pop("auto", {})
    if left.get("run_id") == earlier.get("run_id"):  # the last run told of is that of a rung which is over
        left = {}
    ladder = _Ladder(request, workspace, should_stop, earlier)
    run_id = left.get("run_id") or earlier.get("run_id")
    for rung in ladder.rungs():
        started, begun, completed = time.monotonic(), None, None
        refused = message("auto.stopped", "It was stopped before it was done.")
        yield StageStarted(ladder.weighing(rung), ladder.fraction)
        try:
            if rung.model == ENCODER.name:
                for event in ladder.choose_encoder():
                    yield Advanced(event.message, ladder.fraction)
            asked = ladder.within_time(rung)
            yield ladder.checkpoint(left)
            training = train_classifier(asked, workspace, should_stop=ladder.should_stop, resume=left or None)
            for event in training:
                if ladder.gives_up and not isinstance(event, Completed):
                    training.close()
                    if begun is not None:
                        workspace.registry.finish_run(begun, "stopped")
                    break
                match event:
                    case Completed():
                        completed = event
                        yield Advanced(_comparing(event.version), ladder.fraction)
                    case CheckpointDue():
                        yield ladder.checkpoint(event.state)
                    case StageStarted() | Advanced():
                        yield Advanced(event.message, ladder.fraction)
                    case StepDone():
                        yield Advanced(_learning(event, ladder.solves(rung)), ladder.fraction)
                    case RunStarted():
                        run_id = begun = event.run_id
                        yield event
        except CoreError as error:
            if ladder.best is None:  # not even the cheapest model can be learned from this
                raise
            refused = refused if ladder.gives_up else error.message
        yield ladder.over(rung, completed, refused, time.monotonic() - started)
        ladder.run_id, left = run_id, {}
        yield ladder.checkpoint({})
        if should_stop():
            break
    if ladder.best is not None:
        version = ladder.best[1]
        report = VersionFolder(workspace.registry.folder(request.classifier, version)).report()
        yield Climbed(version, report, ladder=tuple(ladder.done))


def _learning(event: StepDone, solved: bool) -> Message:
    if solved and event.epochs > 1:
        facts = {"number": event.epoch, "choices": event.epochs}
        return message("auto.solving", "Solving: strength {number} of {choices} to hold weights back.", **facts)
    return message("auto.learning", "Learning: round {epoch} of {epochs}.", epoch=event.epoch, epochs=event.epochs)


def _comparing(version: int) -> Message:
    return message(
        "auto.comparing", "Version {version} is stored; now it answers the validation rows.", version=version
    )


class _Ladder:
    """What was tried so far, what is best, and how much time is left.

    Attributes
    ----------
    done
        Rungs that were tried or left out, in order.
    best
        Name of the best rung, and its version.
    run_id
        The last run of a rung that is over.
    """

    def __init__(
        self, request: TrainRequest, workspace: Workspace, asked_to_stop: ShouldStop, earlier: dict[str, Any]
    ) -> None:
        self._request, self._workspace, self._asked_to_stop = request, workspace, asked_to_stop
        self._task = check_task(request, workspace)
        self._auto, self._shared = auto_settings(request, self._task)
        self._began = time.monotonic() - earlier.get("seconds", 0.0)
        self.done = [RungDone(**rung) for rung in earlier.get("done", ())]
        self.run_id: str | None = earlier.get("run_id")
        self._at_work: dict[str, Any] | None = earlier.get(
            "at_work"
        )  # what differs in the request of the rung that has begun
        first = request_of(rungs_for(self._task)[0], request, self._task, self._auto, self._shared)
        data = resolve_settings(first.model, first.settings, self._task).data  # a model may have shares of its own
        self._validation = Validation(request, self._task, data, workspace)
        self._data = data
        self._solving = first.model == LINEAR.name  # which can be stopped at any time, and has weights then
        self._prepared: dict[str, Prepared] = {}
        self._auto = self._auto.model_copy(update={"encoder": self._auto.encoder or earlier.get("encoder", "")})
        self.best: tuple[str, int] | None = None
        for rung in self.done:
            if rung.serves and rung.version is not None:
                self.best = rung.rung, rung.version

    @property
    def _seconds(self) -> float:
        return time.monotonic() - float(self._began)

    @property
    def fraction(self) -> float:
        """Share of the time that is used up, 0 to 1."""
        return min(0.99, self._seconds / (self._auto.minutes * 60))

    def solves(self, rung: Rung) -> bool:
        """Whether the model of a rung is solved rather than learned step by step."""
        return self._task.all_networks()[rung.model].solved

    def rungs(self) -> tuple[Rung, ...]:
        """Those that are still to be tried."""
        return untried(self._task, (rung.rung for rung in self.done))

    def should_stop(self) -> bool:
        """Whether learning shall end: somebody asks for it, or time is up and there is something to keep."""
        late = self._seconds > self._auto.minutes * 60 * LATE
        return self._asked_to_stop() or (late and (self.best is not None or self._solving))

    @property
    def gives_up(self) -> bool:
        """Whether the rung at work is let go of, since somebody asks for an end and there is something to keep."""
        return self.best is not None and self._asked_to_stop()

    def checkpoint(self, state: dict[str, Any]) -> CheckpointDue:
        """What the rung at work has saved, with what was tried before it."""
        done = [rung.to_dict() for rung in self.done]
        own = {"done": done, "seconds": self._seconds, "run_id": self.run_id, "at_work": self._at_work}
        own["encoder"] = self._auto.encoder
        return CheckpointDue({**state, "auto": own})

    def weighing(self, rung: Rung) -> Message:
        """What is done before a rung begins."""
        if self.best is None or self._at_work is not None:
            return message("auto.reading", "Reading the texts.")
        if rung.model == BLEND.name:
            return message("auto.blending", "Trying on the validation rows whether two models are better as one.")
        if rung.model == ENCODER.name and rung.model not in self._prepared:
            return message("auto.opening", "Loading the encoder, reading the texts with it and timing a few steps.")
        return message("auto.weighing", "Timing a few steps of the next model.")

    def choose_encoder(self) -> Iterator[Advanced]:
        """Find the encoder where none was named: by language alone, or where there is time, by trying those at hand."""
        if self._auto.encoder:
            return
        info, encoders = self._workspace.datasets.info(self._request.dataset), self._workspace.sources.encoders.list()
        best = usual_encoder(encoders, info.language)
        minutes = self._auto.minutes - self._seconds / 60
        several = len(at_hand(encoders, info.language)) > 1
        if several and self._auto.minutes >= TRIED_FROM and minutes > TRIED_FROM / 2:
            dataset = self._workspace.datasets.load(self._request.dataset)
            sources = self._workspace.sources
            for event in recommend(dataset, info.language, self._task, self._data, minutes, sources):
                if isinstance(event, Advice):
                    best = event.best or best
                else:
                    yield event
        self._auto = self._auto.model_copy(update={"encoder": best})

    def within_time(self, rung: Rung) -> TrainRequest:
        """What trains a rung; a `ModelError` where it would take longer than there is time. The first one always runs.

        A rung that had begun goes on as it was asked for then.
        """
        asked = request_of(rung, self._request, self._task, self._auto, self._shared)
        if self._at_work is not None:
            return asked.model_copy(update=self._at_work)
        if self.best is not None:
            left = self._auto.minutes * 60 - self._seconds
            if left <= AFTERWARDS:
                raise ModelError("auto.time_up", "Time was up before it could begin.")
            within = self._blended if rung.model == BLEND.name else self._within
            asked = within(asked, rung, left)
        self._at_work = asked.model_dump(include={"settings", "most_rows"})
        return asked

    def _within(self, asked: TrainRequest, rung: Rung, seconds: float) -> TrainRequest:
        """The request, with as many epochs as the time allows; a `ModelError` where it allows none."""
        if rung.model == ENCODER.name and seconds < OPENING + AFTERWARDS:  # too little to find out more
            raise _no_time(OPENING + AFTERWARDS, seconds)
        began = time.monotonic()
        if rung.model not in self._prepared:  # rungs of one model read texts alike
            self._prepared = {rung.model: prepare(asked, self._workspace)}
        prepared = self._prepared[rung.model]
        expected = estimate(asked, self._workspace, prepared)
        seconds = max(0.0, seconds - (time.monotonic() - began))  # weighing takes time, too
        once, large = rung.settings.get("tuning") == "frozen", rung.model == ENCODER.name
        least, after = least_seconds(rung, expected, prepared)
        needed = least + after
        if needed > seconds and not large:
            raise _no_time(needed, seconds)
        if not large or (once and needed <= seconds):
            return asked
        if not once:  # it leaves a blend its time
            answered = self._validation.answered(prepared.train / expected.seconds_per_epoch)
            after += AFTERWARDS + WITHOUT_LEARNING * answered
        changed: dict[str, Any] = {}
        if needed > seconds:  # what it learns of some texts may still be more than others learn of all
            some = int(prepared.train * (seconds - after) / least)
            if some < fewest_rows(prepared) or (not once and some < TUNED_FROM * prepared.train):
                raise _no_time(needed, seconds)
            changed["most_rows"] = some
        if not once:
            fitting = max(1, int((seconds - after) / expected.seconds_per_epoch))
            changed["settings"] = {**asked.settings, "epochs": min(expected.epochs, fitting)}
        return asked.model_copy(update=changed)

    def _blended(self, asked: TrainRequest, rung: Rung, seconds: float) -> TrainRequest:
        """A request for the best two as one; a `ModelError` where that is not better beyond chance, or takes too long.

        The best rung is blended with the one that leaves the truth the least surprising, each validation row under weights
        that were fitted on other rows. It is worth a version where that surprise is smaller beyond chance and no more answers
        are wrong.
        """
        # One that learned from some of the rows stays by itself: a blend could not tell which rows it has to forget.
        same_rows = (rung for rung in self.done if rung.learned_rows == self._request.most_rows)
        done = {rung.version: rung for rung in same_rows if rung.version is not None}
        if self.best is None or self.best[1] not in done or len(done) < 2:
            raise ModelError("auto.nothing_to_blend", "It takes two models that learned from the same rows.")
        began, best = time.monotonic(), self.best[1]
        tried = {number: self._validation.try_blend(best, number) for number in done if number != best}
        other = min(tried, key=lambda number: tried[number][0].surprise)
        trial, gain = tried[other]
        kept = {rung.name for rung in rungs_for(self._task) if rung.settings.get("tuning") == "frozen"}
        needed = AFTERWARDS + sum(
            self._validation.answered(done[number].answers_per_second, kept=done[number].rung in kept)
            for number in (best, other)
        )
        if trial.gain.low <= 0 or gain.value < 0 or (self._auto.prefer == "speed" and not self._is_better(gain)):
            raise ModelError(
                "auto.blend_no_gain",
                "Blended with version {other}, the best one would not be better beyond chance: {gain} points on the validation "
                "rows.",
                other=other,
                gain=points(gain.value),
            )
        seconds = max(0.0, seconds - (time.monotonic() - began))
        if needed > seconds:
            raise _no_time(needed, seconds)
        members = dict(zip(("first_version", "second_version"), sorted((best, other)), strict=True))
        return asked.model_copy(update={"settings": {**asked.settings, **members}})

    def over(self, rung: Rung, completed: Completed | None, refused: Message, seconds: float) -> RungDone:
        """Note what came of a rung, and let it serve where it is better than the best before."""
        learned_rows = (self._at_work or {}).get("most_rows")
        seconds, self._at_work = round(seconds, 1), None
        if completed is None:
            self.done.append(RungDone(rung.name, rung.model, left_out=refused.to_dict(), seconds=seconds))
            return self.done[-1]
        # As everywhere where the time of a version is told: from its first learning step until it was measured.
        seconds = round(float(completed.report["seconds"]), 1)
        measured = self._validation.compare(completed.version, self.best[1] if self.best else None, completed.engine)
        better = measured.gain is None or self._is_better(measured.gain, measured.surer)
        if rung.model == BLEND.name and measured.gain is not None and self._auto.prefer == "accuracy":
            better = measured.gain.value >= 0  # that it is better beyond chance was found before it was made
        self.done.append(
            RungDone(
                rung.name,
                rung.model,
                version=completed.version,
                score=measured.score.to_dict(),
                gain=measured.gain.to_dict() if measured.gain else None,
                serves=better,
                learned_rows=learned_rows,
                seconds=seconds,
                megabytes=round(measured.megabytes, 2),
                answers_per_second=round(measured.answers_per_second, 1),
            )
        )
        if better:
            self._serve(completed.version)
            self.best = rung.name, completed.version
        return self.done[-1]

    def _is_better(self, gain: Estimate, surer: Estimate | None = None) -> bool:
        """Beyond chance: in the score, or in how little the truth surprises it while fewer answers are wrong; that tells of
        every row how sure the model is, and so tells a difference sooner than counts do. Where speed and size matter more,
        the score has to gain enough.
        """
        if self._auto.prefer == "speed":
            return gain.low > 0 and gain.value >= WORTH_IT
        return gain.low > 0 or (surer is not None and surer.low > 0 and gain.value > 0)

    def _serve(self, version: int) -> None:
        """The better rung takes the place of the one before it; never that of a version which was not made here."""
        registry, classifier = self._workspace.registry, self._request.classifier
        champion = registry.champion(classifier)
        if self.best is not None and champion is not None and champion.number == self.best[1]:
            registry.promote(classifier, version, HOW["auto"])


def _no_time(needed: float, left: float) -> ModelError:
    return ModelError(
        "auto.no_time",
        "It would need about {needed} seconds, and {left} are left.",
        needed=round(needed),
        left=round(left),
    )
