"""What a version's test figures say beside the baseline's, in one plain sentence; Train and Results show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from core.base.messages import Message
from core.registry.records.reports import baseline_name, measured_again
from core.statistics.intervals import Estimate, unpaired_difference
from dashboard.parts import tables
from dashboard.shell.i18n import t, t_message

Kind = Literal["better", "perhaps_better", "level", "perhaps_worse", "worse"]


@dataclass(frozen=True)
class Verdict:
    """How a version's accuracy compares with the baseline's on the same rows; ``points`` is the size of the gap.

    ``method`` says what the baseline is.
    """

    kind: Kind
    accuracy: dict[str, float]
    baseline: dict[str, float]
    rows: int
    method: Message

    @property
    def lost(self) -> bool:
        """Whether the version's own figure is below the baseline's."""
        return self.kind in ("perhaps_worse", "worse")


def judge(report: dict[str, Any]) -> Verdict:
    """Compare over all frozen tests of a version's report."""
    accuracy = report["overall"]["accuracy"]
    baseline = report["baseline"]["report"]["accuracy"]
    # Both answered the same rows, but which ones the baseline got right is not kept.
    gap = unpaired_difference(Estimate.from_dict(accuracy), Estimate.from_dict(baseline))
    chance = tables.may_be_chance(gap.low, gap.high)
    kind: Kind = "level"
    if gap.value > 0:
        kind = "perhaps_better" if chance else "better"
    elif gap.value < 0:
        kind = "perhaps_worse" if chance else "worse"
    return Verdict(kind, accuracy, baseline, int(report["overall"]["rows"]), baseline_name(report))


def sentences(verdict: Verdict, version: int) -> str:
    """The figures with their intervals, and what they mean."""
    figures = t(
        "results.verdict_figures",
        version=version,
        accuracy=tables.score(**verdict.accuracy),
        rows=tables.thousands(verdict.rows),
        method=t_message(verdict.method),
        baseline=tables.score(**verdict.baseline),
    )
    gap = abs(verdict.accuracy["value"] - verdict.baseline["value"])
    meaning = t(f"results.verdict_{verdict.kind}", points=tables.size_in_points(gap))
    return joined([figures, meaning])


def joined(sentences: Sequence[str]) -> str:
    """Sentences one after the other, with the gap that the language puts between them."""
    return t("results.gap").join(sentences)


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
        st.warning(text, icon=":material/trending_down:", title=t("results.verdict_lost_title"))
    elif verdict.kind == "better":
        st.success(text, icon=":material/check_circle:")
    else:
        st.info(text, icon=":material/balance:")
