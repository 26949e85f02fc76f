"""All versions of a classifier by their score on the same tests; Overview and Update show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard.parts import scores, tables
from dashboard.parts.names import name_of
from dashboard.parts.plots import charts
from dashboard.parts.versions import same_tests
from dashboard.shell import layout, state
from dashboard.shell.errors import guarded_fragment
from dashboard.shell.i18n import t, tn

if TYPE_CHECKING:
    from core.registry import VersionInfo
    from core.workflows.standings import SameTests

SECONDS_BETWEEN_LOOKS = 1.0


def draw(classifier: str, same: SameTests | None, *, tells_rows: bool = True) -> None:
    """The chart under its heading; looked at again while a version is being asked.

    Parameters
    ----------
    tells_rows
        Whether it says which rows these are; not where the page says so elsewhere.
    """
    layout.section(t("overview.timeline"))
    asked = same is not None and bool(same_tests.waiting(same))
    guarded_fragment(run_every=SECONDS_BETWEEN_LOOKS if asked else None)(_draw)(classifier, same, asked, tells_rows)


def _draw(classifier: str, same: SameTests | None, drawn_waiting: bool, tells_rows: bool) -> None:
    if drawn_waiting:
        same = same_tests.of_today(classifier)
    if same is None:
        st.caption(t("overview.timeline_gone"))
        return
    if drawn_waiting and not same_tests.waiting(same):
        st.rerun()
    versions, serving = state.versions(classifier), state.champion(classifier)
    champion = serving.number if serving else None
    stones, score = [], scores.headline(same.task)
    for version in versions:
        report = same.report(version.number)
        if report is None:
            continue
        measured = report.scores[score.name]
        stones.append(
            charts.Milestone(
                number=version.number,
                parent=version.parent,
                name=t("overview.version_name", number=version.number),
                score=measured.value,
                note=_note(version, same, version.number == champion),
                champion=version.number == champion,
                low=measured.low,
                high=measured.high,
            )
        )
    alt = tn("overview.timeline_alt", len(stones), version=champion or tables.NOTHING, rows=tables.thousands(same.rows))
    axis = t("overview.timeline_axis", score=scores.score_name(score.name), rows=tables.thousands(same.rows))
    charts.timeline(stones, title="", key="overview.timeline", axis=axis, alt=alt)
    if tells_rows and len(versions) > 1:
        for sentence in same_tests.sentences(same):
            st.caption(sentence)


def _note(version: VersionInfo, same: SameTests, serves: bool) -> str:
    strategy = str(version.summary.get("strategy") or "train")
    facts = {"strategy": name_of("strategy", strategy), "created": tables.moment(version.created)}
    notes = [t("overview.timeline_note", **facts)]
    score = scores.headline(same.task)
    change, before = same.difference(version.parent or 0, version.number, score.name), same.report(version.parent or 0)
    if change is not None and before is not None:
        change = score.gain(change, before.scores[score.name].value)
        against = t("overview.against", version=version.parent)
        notes.append(f"{tables.change(change.value, change.low, change.high)} {against}")
    return "<br>".join([*notes, t("overview.timeline_champion")] if serves else notes)
