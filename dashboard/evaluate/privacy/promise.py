"""What a version promises of privacy, what was spent by version beside the score, each batch's share, and what lies outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from core.base.errors import CoreError
from core.training.private.budget import Spend
from core.workflows.learn.outside import outside_promise
from core.workflows.report.privacy import promise
from dashboard.evaluate.page import Shown
from dashboard.parts import tables
from dashboard.parts.plots import charts
from dashboard.parts.privacy.spending import bar, everyday
from dashboard.parts.versions import same_tests, timeline
from dashboard.shell import layout, state
from dashboard.shell.i18n import t, t_message
from dashboard.shell.palette import palette

if TYPE_CHECKING:
    from core.registry import VersionInfo


def draw(shown: Shown) -> None:
    """The promise in words, and all that bears on it; of a version that promises nothing, a sentence."""
    told = promise(shown.report)
    if told is None:
        st.markdown(t("privacy.none", version=shown.version.number))
        return
    privacy = shown.report["privacy"]
    layout.section(t("privacy.covered"), help=t("privacy.means_help"))
    st.markdown(tables.plain(t_message(told)))
    st.caption(everyday(privacy["spent"], privacy["unit"]))
    bar(privacy["spent"], privacy["spent"], privacy["budget"])
    if len(_promising(shown.version)) > 1:
        left, right = st.columns(2, gap="medium")
        with left:
            _spent_by_version(shown.version, privacy["budget"])
        with right:
            timeline.draw(shown.version.classifier, same_tests.of_today(shown.version.classifier))
    _spends(privacy)
    _outside(shown.report)


def _promising(version: VersionInfo) -> dict[int, dict[str, Any]]:
    """What each version of the model that promises something has spent, by its number."""
    known = {}
    for other in state.versions(version.classifier):
        try:
            privacy = state.report(other).get("privacy")
        except CoreError:  # its files are gone
            continue
        if privacy:
            known[other.number] = privacy
    return known


def _spent_by_version(version: VersionInfo, budget: float) -> None:
    """A bar a version, under the line of the budget."""
    layout.section(t("privacy.spent_title"))
    colors, known = palette(), _promising(version)
    numbers, spent = list(known), [privacy["spent"] for privacy in known.values()]
    names = [t("overview.version_name", number=number) for number in numbers]
    written = [f"{value:.2f}" for value in spent]
    chart = charts.figure(height=260)
    shades = [colors.categorical[0] if number == version.number else colors.muted for number in numbers]
    chart.add_bar(
        x=names, y=spent, text=written, textposition="outside", marker={"color": shades}, width=0.5, showlegend=False
    )
    chart.add_hline(y=budget, line={"color": colors.muted, "dash": "dot", "width": 1.5})
    chart.update_yaxes(title_text=t("privacy.spent_series"), range=[0, 1.15 * max(budget, *spent)])
    charts.draw(chart, key="privacy.spent", alt=t("privacy.spent_alt", spent=written, budget=f"{budget:g}"))


def _spends(privacy: dict[str, Any]) -> None:
    """What each batch spent, and of which it is added up."""
    layout.section(t("privacy.spends"), help=t("privacy.spends_help"))
    spends = [Spend.from_dict(stored) for stored in privacy["spends"]]
    rows = [
        {
            t("privacy.spends_batch"): str(spend.experience),
            t("privacy.spends_how"): _how(spend),
            t("privacy.spends_noise"): f"{spend.mechanism.noise_multiplier:.2f}",
            t("privacy.spends_units"): tables.thousands(spend.units),
            t("privacy.spends_epsilon"): f"{spend.epsilon:.2f}",
            t("privacy.spends_apart"): t(f"privacy.spends_{'no' if spend.apart else 'yes'}"),
        }
        for spend in spends
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, key="privacy.spends")


def _how(spend: Spend) -> str:
    if spend.mechanism.kind == "gaussian":
        return t("privacy.spends_gaussian")
    return t("privacy.spends_steps", steps=tables.thousands(spend.mechanism.steps))


def _outside(report: dict[str, Any]) -> None:
    """What the promise does not cover, folded: it is long."""
    with st.expander(t("privacy.outside"), icon=":material/shield_question:"):
        st.caption(t("privacy.outside_help"))
        left, right = t("privacy.outside_what"), t("privacy.outside_means")
        rows = [{left: t_message(what), right: t_message(means)} for what, means in outside_promise(report)]
        st.table(pd.DataFrame(rows).set_index(left))
