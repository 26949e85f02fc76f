"""The switch that lets every update be judged by these groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.base.config import home
from core.registry.records import FairnessStore
from dashboard.evaluate.fairness.groups import KEY
from dashboard.parts import tables
from dashboard.shell.i18n import t


def draw(classifier: str, record: Mapping[str, Any]) -> None:
    """On where the classifier is watched for just these groups and this label."""
    store, choice = FairnessStore(home()), dict(record["choice"])
    watched = store.watched(classifier)
    key = f"{KEY}.watch.{classifier}.{record['id']}"
    st.session_state[key] = watched == choice

    def change() -> None:
        if st.session_state[key]:
            store.watch(classifier, choice)
        else:
            store.unwatch(classifier)

    st.toggle(t("fairness.watch"), key=key, help=t("fairness.watch_help"), on_change=change)
    if watched is not None and watched != choice:
        st.caption(t("fairness.watched_other", positive=tables.plain(str(watched["positive"]))))
