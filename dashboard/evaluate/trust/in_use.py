"""Below the threshold slider: which threshold the classifier works with, and the buttons that set it or take it away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.tasks.text_classification.decisions import Costs, judge_threshold
from dashboard.evaluate.page import Shown
from dashboard.evaluate.trust.rows import validation_of
from dashboard.parts import tables
from dashboard.parts.versions.serving import registry
from dashboard.shell import state
from dashboard.shell.i18n import t

if TYPE_CHECKING:
    from core.registry import Threshold


def draw(shown: Shown, threshold: float) -> None:
    """Say what is in use, and offer the threshold on the slider."""
    used = state.threshold(shown.version.classifier)
    if used is None:
        st.caption(t("decide.none_used"), help=t("decide.used_help"))
    else:
        facts = {"percent": tables.percent(used.value), "version": used.version}
        st.caption(f":material/rule: {t('decide.used', **facts)}", help=t("decide.used_help"))
        _check_again(shown, used)
    with st.container(horizontal=True):
        st.button(
            t("decide.use", percent=tables.percent(threshold)),
            key="evaluate.decide.use",
            icon=":material/rule:",
            on_click=_use,
            args=(shown, threshold),
            disabled=threshold == 0 or (used is not None and used.value == threshold),
        )
        if used is not None:
            st.button(t("decide.clear"), key="evaluate.decide.clear", type="tertiary", on_click=_clear, args=(shown,))


def _check_again(shown: Shown, used: Threshold) -> None:
    """Another version serves than the one it was chosen with: what it comes to there."""
    champion = state.champion(shown.version.classifier)
    if champion is None or champion.number == used.version:
        return
    rows = validation_of(state.version_folder(champion))
    if rows is None:
        st.warning(t("decide.moved_unknown", version=champion.number), icon=":material/published_with_changes:")
        return
    decision = judge_threshold(rows.truth, rows.stated, used.value, Costs.even(rows.stated.shape[1]))
    told = t(
        "decide.moved",
        version=champion.number,
        rows=tables.thousands(decision.rows),
        coverage=tables.percent(decision.coverage.value),
        accuracy=f"{decision.accuracy.value:.1%}" if decision.answered else "–",
        low=f"{decision.accuracy.low:.1%}",
        high=f"{decision.accuracy.high:.1%}",
    )
    st.warning(told, icon=":material/published_with_changes:")


def _use(shown: Shown, threshold: float) -> None:
    registry().set_threshold(shown.version.classifier, threshold, version=shown.version.number)


def _clear(shown: Shown) -> None:
    registry().clear_threshold(shown.version.classifier)
