"""A model in use, from what was counted of its answers and the sample that was kept of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.base.errors import StorageError
from core.base.messages import Message, message
from core.registry import VersionInfo
from core.serving.monitor.keeping import Keeping
from core.serving.monitor.recorder import SECONDS
from core.serving.monitor.records import Day, Sampled
from core.serving.monitor.store import MonitorStore
from core.statistics.additive import estimates
from core.statistics.intervals import MINIMUM_ROWS, Estimate
from core.statistics.sequential import FALSE_ALARMS, Watched, watch
from core.tasks import Task
from core.tasks.answering import Foreseen
from core.workflows.versions.folder import VersionFolder

DAYS, MOST_DAYS = 30, 36_500
FEWEST_TRUE = 10  # known answers of a day from which on it has a true score
MOST_FORESEEN = 2000  # rows of all days together: beyond, the interval hangs on the tests alone
WATCHED = 64  # answers of a day that are watched for a change


@dataclass(frozen=True)
class DayLook:
    """One day of one version.

    Parameters
    ----------
    cut, unsure
        Answers to texts whose end was not read, and below the threshold.
    median, slow
        Seconds in which half of the requests were answered, and 95 of 100; as the end of a class of durations, None beyond
        the last.
    sure
        Mean probability of the answers; None where there are none.
    foreseen
        What its answers are worth, told without knowing any.
    true
        The scores of those answers of the sample whose truth somebody said, with their number.
    """

    day: date
    version: int
    texts: int
    requests: int
    cut: int
    unsure: int
    answers: Mapping[str, int]
    median: float | None
    slow: float | None
    sure: float | None
    foreseen: Foreseen | None
    true: Mapping[str, Estimate]
    known: int


@dataclass(frozen=True)
class Monitored:
    """A model in use.

    Parameters
    ----------
    days
        Of all versions, the oldest first.
    whole
        What the answers of the version that serves are worth, over all of these days.
    measured
        What it scored on its frozen tests when it was made.
    watched
        Evidence that something has changed since it began to serve, by day; None where answers have no probability.
    alarm
        What has to be looked at.
    record
        Days on which a truth was known and a score foreseen; and on how many of these it lay in the interval.
    """

    model: str
    version: int
    since: date
    days: tuple[DayLook, ...]
    sources: Mapping[str, int]
    languages: Mapping[str, int]
    whole: Foreseen | None
    measured: Mapping[str, Estimate]
    true: Mapping[str, Estimate]
    known: int
    watched: Watched | None
    watched_days: tuple[date, ...]
    alarm: Message | None
    record: tuple[int, int]
    keeping: Keeping
    kept: int = field(default=0)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for ``--json``."""
        return {
            "model": self.model,
            "version": self.version,
            "since": self.since.isoformat(),
            "days": [
                {**asdict(day), "day": day.day.isoformat(), "foreseen": _plain(day.foreseen), "true": _dicts(day.true)}
                for day in self.days
            ],
            "sources": dict(self.sources),
            "languages": dict(self.languages),
            "foreseen": _plain(self.whole),
            "measured": _dicts(self.measured),
            "true": _dicts(self.true),
            "known": self.known,
            "alarm": None if self.alarm is None else self.alarm.to_dict(),
            "false_alarms_a_year": FALSE_ALARMS,
            "record": {"days": self.record[1], "inside": self.record[0]},
            "keeping": self.keeping.model_dump(),
            "texts_kept": self.kept,
        }


def monitored(
    version: VersionInfo, home: Path, folder: VersionFolder, *, days: int = DAYS, today: date | None = None
) -> Monitored:
    """Look at a model by the version that serves.

    Parameters
    ----------
    home
        The workspace.
    folder
        The version's files.
    days
        How far back, today included.
    """
    now = today or date.today()
    since = now - timedelta(days=min(days, MOST_DAYS) - 1)
    store, model, task = MonitorStore(home), version.classifier, folder.task
    known = held_out(folder)
    tell = task.forecaster(*known, folder.outputs) if known is not None else None
    counted = store.days(model, since)
    samples = {run: store.sample(model, run, since) for run in {day.run for day in counted}}
    looks = tuple(
        _day(
            day,
            [row for row in samples[day.run] if row.day == day.day],
            task,
            tell if day.run == version.run_id else None,
        )
        for day in counted
    )
    own = samples.get(version.run_id, [])
    watched, watched_days = _watched(store, version, known, task)
    _note(store, version, watched, watched_days)
    true, truths = _true(own, task)
    sources: Counter[str] = Counter()
    for day in counted:
        sources.update(day.counts.get("texts", {}))
    return Monitored(
        model=model,
        version=version.number,
        since=since,
        days=looks,
        sources=sources,
        languages=Counter(sampled.row.language for rows in samples.values() for sampled in rows),
        whole=tell(_values(_some(own))) if tell is not None and own else None,
        measured=_measured(folder),
        true=true,
        known=truths,
        watched=watched,
        watched_days=watched_days,
        alarm=_alarm(watched, watched_days),
        record=_record(looks, task),
        keeping=store.keeping(model),
        kept=len(store.texts(model, since)),
    )


def held_out(folder: VersionFolder) -> tuple[NDArray[Any], list[str]] | None:
    """What a version computes of its frozen tests and its validation rows, ``(rows, outputs)``, and their targets.

    None where it computes no numbers.
    """
    task, outputs = folder.task, folder.outputs
    if not task.numeric:
        return None
    columns = [f"p_{number}" for number in range(len(outputs))]
    values, truth = [], []
    for record in folder.experiences():
        table = folder.predictions(record.number)
        if set(columns) <= set(table.columns):
            values.append(table[columns].to_numpy(dtype=np.float64))
            truth += [str(target) for target in table["truth"]]
    validation = folder.validation()
    if validation is not None and task.distribution and set(columns) <= set(validation.columns):
        values.append(validation[columns].to_numpy(dtype=np.float64))
        truth += [outputs[number] for number in validation["truth"]]
    if not values:
        return None
    rows = np.concatenate(values)
    kept = [place for place, target in enumerate(truth) if not task.distribution or target in outputs]
    return rows[kept], [truth[place] for place in kept]


def _day(day: Day, rows: Sequence[Sampled], task: Task, tell: Any) -> DayLook:
    true, known = _true(rows, task)
    probable = task.distribution and rows
    return DayLook(
        day=day.day,
        version=day.version,
        texts=day.total("texts"),
        requests=day.total("requests"),
        cut=day.total("cut"),
        unsure=day.total("unsure"),
        answers=dict(sorted(day.counts.get("answers", {}).items(), key=lambda pair: -pair[1])),
        median=_seconds(day, 0.5),
        slow=_seconds(day, 0.95),
        sure=float(np.mean(_values(rows).max(axis=1))) if probable else None,
        foreseen=tell(_values(rows)) if tell is not None and rows else None,
        true=true,
        known=known,
    )


def _values(rows: Sequence[Sampled]) -> NDArray[Any]:
    return np.array([sampled.row.numbers for sampled in rows])


def _some(rows: Sequence[Sampled]) -> list[Sampled]:
    """So many rows of all days as tell a score well enough, those with the smallest keys."""
    return sorted(rows, key=lambda sampled: sampled.row.key)[:MOST_FORESEEN]


def _seconds(day: Day, share: float) -> float | None:
    """The end of the class of durations below which this share of the requests lies; None beyond the last, and without any."""
    counts = day.counts.get("seconds", {})
    reached, needed = 0, share * sum(counts.values())
    for place, end in enumerate(SECONDS):
        reached += counts.get(str(place), 0)
        if counts and reached >= needed:
            return end
    return None


def _true(rows: Sequence[Sampled], task: Task) -> tuple[dict[str, Estimate], int]:
    """The scores of answers whose truth is known, and how many these are."""
    known = [(sampled.truth, sampled.row.answer) for sampled in rows if sampled.truth is not None]
    if len(known) < FEWEST_TRUE:
        return {}, len(known)
    truth, answers = map(list, zip(*known, strict=True))
    judged = task.judged(answers, truth)
    measured = estimates(task.pairs(truth, judged).rows, task.scores)
    return dict(zip((score.name for score in task.scores), measured, strict=True)), len(known)


def _measured(folder: VersionFolder) -> dict[str, Estimate]:
    """The scores on all frozen tests together, from the stored answers."""
    task = folder.task
    tables = [folder.predictions(record.number) for record in folder.experiences()]
    truth = [str(target) for table in tables for target in table["truth"]]
    answers = [str(answer) for table in tables for answer in table["predicted"]]
    if not truth or not task.reads_targets:
        return {}
    measured = estimates(task.pairs(truth, answers).rows, task.scores)
    return dict(zip((score.name for score in task.scores), measured, strict=True))


def _watched(
    store: MonitorStore, version: VersionInfo, known: tuple[NDArray[Any], list[str]] | None, task: Task
) -> tuple[Watched | None, tuple[date, ...]]:
    """How unsure the version is, day after day since it began to answer, against rows that it has not learned."""
    if known is None or not task.distribution:
        return None, ()
    by_day: dict[date, list[float]] = {}
    for sampled in store.sample(version.classifier, version.run_id, date.min, WATCHED):
        by_day.setdefault(sampled.day, []).append(1 - float(sampled.row.numbers.max()))
    if not by_day:
        return None, ()
    return watch(1 - known[0].max(axis=1), list(by_day.values())), tuple(by_day)


def _note(store: MonitorStore, version: VersionInfo, watched: Watched | None, days: Sequence[date]) -> None:
    """Let others know of an alarm without looking themselves; where nothing can be written, they have to."""
    since = None if watched is None or watched.alarm is None else days[watched.alarm]
    with suppress(StorageError):
        store.note_alarm(version.classifier, version.run_id, since)


def _alarm(watched: Watched | None, days: Sequence[date]) -> Message | None:
    if watched is None or watched.alarm is None:
        return None
    return message(
        "monitor.changed",
        "Since {day} the answers are no longer as sure as those to rows that the version has not learned: the texts have "
        "changed, or other answers have become frequent. Without a change such an alarm comes once in {years} years at most.",
        day=days[watched.alarm].isoformat(),
        years=round(1 / FALSE_ALARMS),
    )


def _record(looks: Sequence[DayLook], task: Task) -> tuple[int, int]:
    """Of the days with a truth and a foreseen score on how many the truth lay inside, and how many these days are."""
    name = task.score.name
    inside = [
        day.foreseen.scores[name].low <= day.true[name].value <= day.foreseen.scores[name].high
        for day in looks
        if day.known >= MINIMUM_ROWS and day.foreseen is not None and name in day.foreseen.scores
    ]
    return sum(inside), len(inside)


def _plain(foreseen: Foreseen | None) -> dict[str, Any] | None:
    if foreseen is None:
        return None
    unknown = None if foreseen.unknown is None else foreseen.unknown.to_dict()
    return {
        "rows": foreseen.rows,
        "scores": _dicts(foreseen.scores),
        "shares": _dicts(foreseen.shares),
        "unknown": unknown,
    }


def _dicts(values: Mapping[str, Estimate]) -> dict[str, dict[str, float]]:
    return {name: value.to_dict() for name, value in values.items()}
