"""The settings of an update: the method's own, what is kept in memory, and, folded away, how long and how fast to learn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from core.base.config import Setting, settings_of
from core.continual.methods import STRATEGIES
from core.training import TrainingConfig
from core.workflows.requests import DataConfig
from dashboard.parts.forms.forms import settings_form
from dashboard.shell import state
from dashboard.shell.i18n import t, tn
from dashboard.update.compare import Changes
from dashboard.update.page import Situation
from dashboard.update.strategy import COLUMNS

FORM = "update.learn"
MEMORY = ("memory_size", "memory_selection")
FOLDED = ("epochs", "learning_rate")


def settings(situation: Situation, strategy: str, changes: Changes) -> dict[str, Any]:
    """Draw all fields; returns the values by setting name."""
    parent = state.report(situation.champion)["settings"]
    kind = STRATEGIES[strategy]
    # another version brings other defaults, so each has fields of its own
    key = f"{FORM}.{situation.classifier}.{situation.champion.number}"
    wide, narrow = _by_width(settings_of(kind.config_class))
    with st.container(key="update-settings"):
        own = settings_form(wide, key=FORM)
        left, right = st.columns(COLUMNS, gap="large")
        with right:
            values = _memory(key, parent, situation, changes) | own
        with left:
            if narrow:
                values |= settings_form(narrow, key=FORM)
            elif not wide:
                st.caption(t("update.no_own_settings"))
        if not kind.freezes_encoder:  # the closed form has no epochs
            with st.expander(t("update.how_long")):
                folded = [setting for setting in settings_of(TrainingConfig) if setting.name in FOLDED]
                for column, setting in zip(st.columns(2, gap="large"), folded, strict=True):
                    with column:
                        values |= settings_form([setting], key=key, defaults=parent)
    return values


def _by_width(own: list[Setting]) -> tuple[list[Setting], list[Setting]]:
    """The settings that take a whole row, since several named choices stand side by side, and the others."""
    wide = [setting for setting in own if setting.kind == "choice" and not setting.advanced]
    return wide, [setting for setting in own if setting not in wide]


def _memory(key: str, parent: dict[str, Any], situation: Situation, changes: Changes) -> dict[str, Any]:
    """How many rows go with the new version and which; or none at all, as a plain switch."""
    switch = f"{key}.no_text"
    if switch not in st.session_state:
        st.session_state[switch] = parent.get("memory_size") == 0
    none = st.toggle(t("update.no_text"), key=switch, help=t("update.no_text_help"), persist_state="session")
    if none:
        st.caption(t("update.no_text_means", version=situation.champion.number))
        return {"memory_size": 0}
    defaults = {**parent, "memory_size": parent.get("memory_size") or _default("memory_size")}
    values = settings_form(_memory_settings(), key=key, defaults=defaults)
    st.caption(tn("update.remembers", changes.remembered, version=situation.champion.number))
    return values


def _memory_settings() -> list[Setting]:
    # folded away on the Train page, but here the one thing that a method that rehearses depends on
    return [replace(setting, advanced=False) for setting in settings_of(DataConfig) if setting.name in MEMORY]


def _default(name: str) -> Any:
    return next(setting.default for setting in _memory_settings() if setting.name == name)
