"""What a version's test figures say beside the baseline's, in one plain sentence; Train and Evaluate show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from core.base.messages import Message
from core.registry.records.reports import baseline_name, measured_again
from core.statistics.intervals import Estimate
from dashboard.parts import scores, tables
from dashboard.shell import state
from dashboard.shell.i18n import t, t_message

if TYPE_CHECKING:
    from core.registry import VersionInfo
    from core.workflows.standings import SameTests

Kind = Literal["better", "perhaps_better", "level", "perhaps_worse", "worse"]


@dataclass(frozen=True)
class Verdict:
    """How a version compares with the baseline on the same rows, by the score that decides.

    Parameters
    ----------
    gain
        What it gains over the baseline, in shares.
    private
        Whether it was learned with noise, which then is the likely reason for a loss.
    """

    kind: Kind
    score: str
    value: dict[str, float]
    baseline: dict[str, float]
    gain: float
    rows: int
    method: Message
    private: bool = False

    @property
    def lost(self) -> bool:
        """Whether the baseline is better beyond chance."""
        return self.kind == "worse"


def judge(report: dict[str, Any]) -> Verdict:
    """Compare over all frozen tests of a version's report."""
    score = scores.task_of_report(report).score
    return _compared(report, report["overall"][score.name], int(report["overall"]["rows"]))


def judge_today(version: VersionInfo, same: SameTests | None) -> Verdict:
    """Compare a version on today's tests, which its scores are shown on, with the baseline that was measured on them; on its own
    tests where it has not answered today's.
    """
    answered = same.report(version.number) if same is not None and same.reference != version.number else None
    if same is None or answered is None:
        return judge(state.report(version))
    reference = next(known for known in state.versions(version.classifier) if known.number == same.reference)
    if state.damaged_files(reference):  # its baseline cannot be read; what serves must not fail for that
        return judge(state.report(version))
    return _compared(state.report(reference), answered.scores[same.task.score.name].to_dict(), answered.rows)


def _compared(report: dict[str, Any], value: dict[str, float], rows: int) -> Verdict:
    """Compare a score with that of the baseline in a report on whose tests it was measured."""
    score = scores.task_of_report(report).score
    baseline = report["baseline"]["report"][score.name]
    # Both answered the same rows, but which ones the baseline got right is not kept.
    gap = scores.gain_over(score, Estimate.from_dict(value), Estimate.from_dict(baseline))
    chance = tables.may_be_chance(gap.low, gap.high)
    kind: Kind = "level"
    if gap.value > 0:
        kind = "perhaps_better" if chance else "better"
    elif gap.value < 0:
        kind = "perhaps_worse" if chance else "worse"
    return Verdict(
        kind, score.name, value, baseline, gap.value, rows, baseline_name(report), bool(report.get("privacy"))
    )


def sentences(verdict: Verdict, version: int) -> str:
    """The figures with their intervals, and what they mean."""
    figures = t(
        "evaluate.verdict_figures",
        version=version,
        score=scores.score_name(verdict.score),
        value=tables.score(**verdict.value),
        rows=tables.thousands(verdict.rows),
        method=t_message(verdict.method),
        baseline=tables.score(**verdict.baseline),
    )
    key = f"evaluate.verdict_{verdict.kind}{'_private' if verdict.lost and verdict.private else ''}"
    meaning = t(key, points=tables.size_in_points(verdict.gain))
    return joined([figures, meaning])


def joined(sentences: Sequence[str]) -> str:
    """Sentences one after the other, with the gap that the language puts between them."""
    return t("evaluate.gap").join(sentences)


def measured_since(report: dict[str, Any]) -> list[str]:
    """A sentence where rows of the tests were forgotten since the version was made; none where not."""
    since = measured_again(report)
    return [] if since is None else [t_message(since)]


def tell_since(report: dict[str, Any]) -> None:
    """The same, drawn."""
    for sentence in measured_since(report):
        st.info(sentence, icon=":material/person_remove:")


def show(report: dict[str, Any], version: int) -> None:
    """The sentence in a box of the fitting tone."""
    verdict = judge(report)
    text = tables.plain(joined([sentences(verdict, version), *measured_since(report)]))
    if verdict.lost:
        st.warning(text, icon=":material/trending_down:", title=t("evaluate.verdict_lost_title"))
    elif verdict.kind == "better":
        st.success(text, icon=":material/check_circle:")
    else:
        st.info(text, icon=":material/balance:")
