"""Whether a process follows the rules, looked at every few seconds."""

from __future__ import annotations

import streamlit as st

from core.base.config import home
from core.evolve.following import is_followed
from core.evolve.keeper import is_kept_off
from dashboard.shell.errors import guarded_fragment
from dashboard.shell.i18n import t

SECONDS_BETWEEN_LOOKS = 5.0


@guarded_fragment(run_every=SECONDS_BETWEEN_LOOKS)
def draw() -> None:
    """That one does, that one is on its way, or what is to be done."""
    if is_followed(home()):
        st.markdown(f":primary[:material/check_circle:] {t('autopilot.followed')}")
    elif is_kept_off():
        st.markdown(f":orange[:material/error:] {t('autopilot.nobody_follows')}")
    else:
        st.markdown(f":gray[:material/hourglass_top:] {t('autopilot.is_started')}")
