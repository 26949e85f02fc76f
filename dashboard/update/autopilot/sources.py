"""Where new rows come from: the watched folder, a query to a database, and a dataset of the Hub; and how to try the query."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from core.base.config import Setting
from core.base.errors import CoreError
from core.base.messages import Message
from core.evolve.changing import folder_problem
from core.evolve.roles import roles_of
from core.evolve.sources.trying import SECONDS, Tried, try_query
from core.workflows.versions.folder import VersionFolder
from dashboard.parts import tables
from dashboard.parts.forms.forms import settings_form
from dashboard.parts.tables import plain
from dashboard.shell import state
from dashboard.shell.i18n import setting_help, setting_label, t, t_message

if TYPE_CHECKING:
    from core.registry import VersionInfo

HUB = ("hub", "hub_config", "hub_split")
NAMES = ("folder", "database", "query", *HUB)  # lines of text: spaces around them mean nothing


def draw(settings: Mapping[str, Setting], champion: VersionInfo, key: str, *, active: bool) -> None:
    """All sources, those beside the folder folded away until they are used."""
    settings_form([settings["folder"]], key=key)
    values = on_screen(key)
    _tell_of_folder(values, active=active)
    used = bool(values["database"] or values["query"])
    with st.expander(t("autopilot.database"), icon=":material/database:", expanded=used):
        settings_form([settings["database"]], key=key)
        st.text_area(
            setting_label(settings["query"]),
            key=f"{key}.query",
            help=setting_help(settings["query"]),
            height=110,
            persist_state="session",
        )
        _try(values["database"], values["query"], champion, key)
    with st.expander(t("upload.hub"), icon=":material/cloud_download:", expanded=bool(values["hub"])):
        settings_form([settings[name] for name in HUB], key=key)
    if used or values["hub"]:
        settings_form([settings["query_hours"]], key=key)


def on_screen(key: str) -> dict[str, str]:
    """The sources as they stand in the form."""
    return {name: str(st.session_state[f"{key}.{name}"] or "").strip() for name in NAMES}


def _tell_of_folder(values: Mapping[str, str], *, active: bool) -> None:
    problem = folder_problem(values["folder"])
    if problem is not None:
        st.warning(plain(t_message(problem)), icon=":material/folder_off:")
    elif active and not any(values[name] for name in ("folder", "database", "hub")):
        st.caption(t("autopilot.no_folder"))


def _try(database: str, query: str, champion: VersionInfo, key: str) -> None:
    """The button, and what the query as it stands gave when it was last pressed."""
    if st.button(t("autopilot.try_query"), key=f"{key}.try", icon=":material/play_arrow:", disabled=not database):
        with st.spinner(t("autopilot.trying", seconds=round(SECONDS))):
            st.session_state[f"{key}.tried"] = (database, query, _tried(database, query, champion))
    tried: tuple[str, str, Tried | Message] | None = st.session_state.get(f"{key}.tried")
    if tried is None or tried[:2] != (database, query):
        return
    outcome = tried[2]
    if isinstance(outcome, Message):
        st.error(plain(t_message(outcome)), icon=":material/error:")
        return
    if outcome.problem is not None:
        st.warning(plain(t_message(outcome.problem)), icon=":material/view_column:")
    else:
        st.caption(f":primary[:material/check_circle:] {plain(t('autopilot.columns_fit', columns=_pairs(outcome)))}")
    if not outcome.rows:
        st.caption(t("autopilot.tried_nothing"))
        return
    shown = pd.DataFrame([list(row) for row in outcome.rows], columns=list(outcome.columns))
    shown = shown[sorted(shown.columns, key=lambda name: shown[name].astype(str).str.len().mean())]  # texts last
    st.dataframe(shown, hide_index=True, alt=t("autopilot.tried_alt"), key=f"{key}.tried_rows")


def _tried(database: str, query: str, champion: VersionInfo) -> Tried | Message:
    try:
        roles = roles_of(VersionFolder(state.version_folder(champion)), state.workspace())
        return try_query(database, query, roles)
    except CoreError as error:
        return error.message


def _pairs(outcome: Tried) -> list[str]:
    """The columns that the model learns from, each with the query's where that is written otherwise."""
    return [name if name == column else f"{name} ← {column}" for name, column in outcome.meant.items()]


def tell_of_looks(sources: Mapping[str, Mapping[str, Any]]) -> None:
    """When each source beside the folder was asked, and what it gave."""
    for name, looked in sources.items():
        if "rows" in looked:
            facts = {fact: tables.thousands(int(looked[fact])) for fact in ("rows", "met", "twice")}
            st.caption(t(f"autopilot.looked_{name}", when=tables.moment(str(looked["at"])), **facts))
