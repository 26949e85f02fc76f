"""What a version's test figures say beside the baseline's, in one plain sentence; Train and Evaluate show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from core.base.messages import Message
from core.registry.records.reports import baseline_name, measured_again
from core.statistics.intervals import Estimate
from dashboard.parts import scores, tables
from dashboard.shell.i18n import t, t_message

Kind = Literal["better", "perhaps_better", "level", "perhaps_worse", "worse"]


@dataclass(frozen=True)
class Verdict:
    """How a version compares with the baseline on the same rows, by the score that decides.

    Parameters
    ----------
    gain
        What it gains over the baseline, in shares.
    """

    kind: Kind
    score: str
    value: dict[str, float]
    baseline: dict[str, float]
    gain: float
    rows: int
    method: Message

    @property
    def lost(self) -> bool:
        """Whether the baseline is better beyond chance."""
        return self.kind == "worse"


def judge(report: dict[str, Any]) -> Verdict:
    """Compare over all frozen tests of a version's report."""
    score = scores.task_of_report(report).score
    value, baseline = report["overall"][score.name], report["baseline"]["report"][score.name]
    # Both answered the same rows, but which ones the baseline got right is not kept.
    gap = scores.gain_over(score, Estimate.from_dict(value), Estimate.from_dict(baseline))
    chance = tables.may_be_chance(gap.low, gap.high)
    kind: Kind = "level"
    if gap.value > 0:
        kind = "perhaps_better" if chance else "better"
    elif gap.value < 0:
        kind = "perhaps_worse" if chance else "worse"
    rows = int(report["overall"]["rows"])
    return Verdict(kind, score.name, value, baseline, gap.value, rows, baseline_name(report))


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
    meaning = t(f"evaluate.verdict_{verdict.kind}", points=tables.size_in_points(verdict.gain))
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
