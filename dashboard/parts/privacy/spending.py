"""What a run would spend of a privacy budget, said before its start; and what is left, as a bar."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.base.errors import CoreError
from dashboard.parts import tables
from dashboard.parts.privacy.planner import planner
from dashboard.shell.errors import guarded_fragment, show_error
from dashboard.shell.i18n import t

if TYPE_CHECKING:
    from core.registry import VersionInfo
    from core.workflows.learn.private import Plan
    from core.workflows.requests import TrainRequest, UpdateRequest

SECONDS_BETWEEN_LOOKS = 0.5
MOST_TIMES = 1_000_000  # from here on a factor is told in words
TENTHS_BELOW = 10
ON = (True, "true", "yes")


def is_private(settings: Mapping[str, Any]) -> bool:
    """Whether these settings ask for differential privacy."""
    return settings.get("private") in ON


def before_start(request: TrainRequest | UpdateRequest) -> bool:
    """What the run would spend, or why it cannot start, computed beside the page; returns whether it is known to be refused."""
    asked = planner().ask(request)
    waiting = not asked.done()
    guarded_fragment(run_every=SECONDS_BETWEEN_LOOKS if waiting else None)(_told)(request, waiting)
    return not waiting and asked.exception() is not None


def _told(request: TrainRequest | UpdateRequest, waiting: bool) -> None:
    asked = planner().ask(request)
    if waiting and asked.done():
        st.rerun()  # so that the looking ends
    if not asked.done():
        st.caption(f":material/shield: {t('privacy.pending')}")
    elif (problem := asked.exception()) is not None:
        if not isinstance(problem, CoreError):
            raise problem
        show_error(problem)
    elif (plan := asked.result()) is not None:
        _spends(plan)


def _spends(plan: Plan) -> None:
    facts = {
        "epsilon": f"{plan.epsilon:.2f}",
        "delta": scientific(plan.delta),
        "noise": f"{plan.noise:.2f}",
        "units": tables.thousands(plan.spend.units),
    }
    unit = plan.spend.unit
    st.markdown(f":material/shield: {t(f'privacy.means_{unit}', **facts)}", help=t("privacy.means_help"))
    st.caption(everyday(plan.epsilon, unit))
    bar(plan.spent_before, plan.spent_after, plan.budget)
    if not plan.spend.apart:
        st.caption(t(f"privacy.together_{unit}"))
    elif len(plan.spends) > 1:
        st.caption(t(f"privacy.apart_{unit}"))


def everyday(epsilon: float, unit: str) -> str:
    """What an ε means for a protected row or group, as a factor between likelihoods (e^ε)."""
    if epsilon > math.log(MOST_TIMES):
        return t("privacy.everyday_beyond", epsilon=f"{epsilon:.2f}")
    times = math.exp(epsilon)
    written = f"{times:.1f}" if times < TENTHS_BELOW else tables.thousands(float(f"{times:.2g}"))
    return t(f"privacy.everyday_{unit}", epsilon=f"{epsilon:.2f}", times=written)


def bar(spent: float, after: float, budget: float) -> None:
    """How much of the budget is spent, and how much would be afterwards."""
    key = "privacy.bar" if after <= spent + 0.005 else "privacy.bar_after"
    facts = {
        "spent": f"{spent:.2f}",
        "after": f"{after:.2f}",
        "budget": f"{budget:g}",
        "left": f"{max(0.0, budget - after):.2f}",
    }
    st.progress(min(1.0, after / budget), text=t(key, **facts))


def overview(report: Mapping[str, Any]) -> None:
    """What is left of a private model's budget; nothing for any other."""
    privacy = report.get("privacy")
    if not privacy:
        return
    with st.container(key="privacy-budget"):
        bar(privacy["spent"], privacy["spent"], privacy["budget"])


def badge(version: VersionInfo) -> None:
    """That a version was learned with differential privacy, and its ε; nothing for any other."""
    epsilon = version.summary.get("epsilon")
    if epsilon is not None:
        st.badge(t("privacy.badge", epsilon=f"{float(epsilon):.2g}"), icon=":material/shield:", color="gray")


def scientific(value: float) -> str:
    """A small number as people write it: 0.00001 as 1 × 10⁻⁵."""
    digits, exponent = f"{value:.1e}".split("e")
    superscript = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{digits.removesuffix('.0')} × 10{superscript}"
