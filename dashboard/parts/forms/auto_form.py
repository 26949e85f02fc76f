"""What *Auto* is asked: how long it may take, and what matters more. All else it finds out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from core.base.config import settings_of
from core.workflows.requests import DataConfig
from core.workflows.train.ladder import AutoConfig
from dashboard.parts.choices import segmented
from dashboard.parts.forms.forms import settings_form
from dashboard.shell.i18n import choice_label, setting_help, setting_label, t

MINUTES = (0.5, 2.0, 10.0, 30.0)
KEY = "train.auto"
CUSTOMISED = "train.customised"  # in the session: something beyond the three tiles was chosen


def draw() -> dict[str, Any]:
    """Draw the two questions, and the rarer ones folded; returns the values by setting name."""
    declared = {setting.name: setting for setting in settings_of(AutoConfig)}
    if st.session_state.get(f"{KEY}.minutes") not in MINUTES:
        st.session_state[f"{KEY}.minutes"] = declared["minutes"].default
    minutes = st.select_slider(
        setting_label(declared["minutes"]),
        MINUTES,
        format_func=time_name,
        key=f"{KEY}.minutes",
        help=setting_help(declared["minutes"]),
        persist_state="session",
    )
    prefer = segmented(
        setting_label(declared["prefer"]),
        {choice: choice_label("prefer", choice) for choice in declared["prefer"].choices},
        key=f"{KEY}.prefer",
        help=setting_help(declared["prefer"]),
    )
    rare = [declared["encoder"], *(replace(setting, advanced=True) for setting in settings_of(DataConfig))]
    values = settings_form(rare, key=KEY, open_choices={"encoder": t("encoder.best_at_hand")})
    return {"minutes": float(minutes), "prefer": prefer, **values}


def time_name(minutes: float) -> str:
    """Minutes in words."""
    return t("train.auto_seconds") if minutes < 1 else t("train.auto_minutes", count=f"{minutes:g}")
