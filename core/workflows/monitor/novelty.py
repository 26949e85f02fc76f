"""Texts in use that resemble nothing their version learned: how many, by day, beside how many usual texts are marked so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from core.base.messages import Message, message
from core.registry import VersionInfo
from core.serving.monitor.records import Sampled
from core.serving.monitor.references import RATE, Reference
from core.serving.monitor.store import MonitorStore
from core.statistics.conformal import most_marked
from core.statistics.intervals import MINIMUM_ROWS, Estimate, rate_estimate
from core.workflows.monitor.look import DAYS, MOST_DAYS
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.novelty import reference_of
from core.workflows.workspace import Workspace

MANY = 100_000  # texts that say what is usual, where nobody knows how many did
Verdict = Literal["unknown", "waiting", "few", "usual", "more"]


@dataclass(frozen=True)
class NovelDay:
    """The sampled texts of one day and version that were compared with what the version learned.

    Parameters
    ----------
    share
        Of them that are marked.
    usual
        The share that as many usual texts reach at most, in 97.5 of 100 cases.
    """

    day: date
    version: int
    rows: int
    marked: int
    share: Estimate
    usual: float


@dataclass(frozen=True)
class NoveltyLook:
    """What came of comparing.

    Parameters
    ----------
    rows, marked
        Of the version that serves, over all of these days.
    by
        What texts are compared by: what an encoder says of them, or their spelling; None where nothing can be told.
    known
        How many texts that it has not learned say what is usual.
    told
        All of it in a sentence.
    """

    version: int
    days: tuple[NovelDay, ...]
    rows: int
    marked: int
    share: Estimate | None
    usual: float
    by: Literal["encoder", "spelling"] | None
    known: int
    verdict: Verdict
    told: Message

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for ``--json``."""
        return {
            "days": [
                {
                    "day": day.day.isoformat(),
                    "version": day.version,
                    "rows": day.rows,
                    "marked": day.marked,
                    "share": day.share.to_dict(),
                    "usual_at_most": day.usual,
                }
                for day in self.days
            ],
            "rows": self.rows,
            "marked": self.marked,
            "share": None if self.share is None else self.share.to_dict(),
            "expected": RATE,
            "usual_at_most": self.usual,
            "by": self.by,
            "known": self.known,
            "verdict": self.verdict,
            "told": self.told.to_dict(),
        }


def novelty(
    version: VersionInfo, workspace: Workspace, folder: VersionFolder, *, days: int = DAYS, today: date | None = None
) -> NoveltyLook:
    """How many texts of these days resemble nothing that their version learned.

    The first time, what tells it is made from the texts that the version learned; answers from before cannot be judged.
    """
    since = (today or date.today()) - timedelta(days=min(days, MOST_DAYS) - 1)
    store, model = MonitorStore(workspace.home), version.classifier
    versions = {day.run: day.version for day in store.days(model, since)}
    reference = reference_of(folder, workspace)
    shown: list[NovelDay] = []
    for run, number in versions.items():
        usual = reference if run == version.run_id else _kept(workspace, run)
        shown += _by_day(store.sample(model, run, since), number, usual)
    own = [day for day in shown if day.version == version.number]
    rows, marked = sum(day.rows for day in own), sum(day.marked for day in own)
    known = 0 if reference is None else len(reference.usual)
    most = most_marked(rows, known, RATE) if known else 0
    verdict = _verdict(reference, rows, marked, most)
    share = rate_estimate(marked, rows) if rows else None
    by: Literal["encoder", "spelling"] | None = None
    if reference is not None:
        by = "spelling" if reference.neighbours is None else "encoder"
    return NoveltyLook(
        version=version.number,
        days=tuple(sorted(shown, key=lambda day: (day.day, day.version))),
        rows=rows,
        marked=marked,
        share=share,
        usual=most / rows if rows else 0.0,
        by=by,
        known=known,
        verdict=verdict,
        told=_told(verdict, version.number, rows, share),
    )


def _kept(workspace: Workspace, run: str) -> Reference | None:
    files = workspace.registry.files
    return Reference.load(files.reference_of(files.place_of(run)))


def _by_day(rows: Iterable[Sampled], version: int, reference: Reference | None) -> list[NovelDay]:
    """Of the rows that are compared, which come by their keys: others were among them only while there were fewer."""
    counts: dict[date, list[int]] = {}
    most = MANY if reference is None else reference.most
    for sampled in rows:
        own = counts.setdefault(sampled.day, [0, 0])
        if sampled.row.novelty is not None and own[0] < most:
            own[0] += 1
            own[1] += sampled.row.novelty <= RATE
    known = MANY if reference is None else len(reference.usual)
    return [
        NovelDay(day, version, count, marked, rate_estimate(marked, count), most_marked(count, known, RATE) / count)
        for day, (count, marked) in counts.items()
        if count
    ]


def _verdict(reference: Reference | None, rows: int, marked: int, most: int) -> Verdict:
    if reference is None:
        return "unknown"
    if not rows:
        return "waiting"
    if rows < MINIMUM_ROWS:
        return "few"
    return "more" if marked > most else "usual"


def _told(verdict: Verdict, version: int, rows: int, share: Estimate | None) -> Message:
    if verdict == "unknown":
        return message(
            "monitor.novelty_unknown",
            "Whether texts resemble what version {version} learned cannot be known: the tables that it learned from were "
            "deleted, or held too few texts.",
            version=version,
        )
    if verdict == "waiting" or share is None:
        return message(
            "monitor.novelty_waiting",
            "None of these texts was compared with what version {version} learned. Those that come from now on are.",
            version=version,
        )
    if verdict == "few":
        return message(
            "monitor.novelty_few",
            "{rows} texts are too few to say whether more of them than usual resemble nothing that version {version} "
            "learned; at least {needed} are needed.",
            rows=rows,
            version=version,
            needed=MINIMUM_ROWS,
        )
    facts = {"share": _percent(share.value), "low": _percent(share.low), "high": _percent(share.high)}
    facts |= {"expected": f"{RATE:.0%}"}
    if verdict == "more":
        return message(
            "monitor.novelty_more",
            "{share} of the texts ({low}–{high}) resemble nothing that version {version} learned; of usual texts {expected} "
            "are marked so.",
            version=version,
            **facts,
        )
    return message(
        "monitor.novelty_usual",
        "{share} of the texts ({low}–{high}) seem to resemble nothing that version {version} learned: no more than can be, "
        "since of usual texts {expected} are marked so.",
        version=version,
        **facts,
    )


def _percent(share: float) -> str:
    return f"{share:.1%}"
