"""The Groups tab: which groups have settings of their own, why, and what they are worth on frozen tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from core.fairness.personal import EQUAL_FALSE_POSITIVES, LAW
from core.statistics.intervals import Estimate
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.personal import GroupOnTests, groups_on_tests
from dashboard.evaluate.page import Shown, message_of
from dashboard.parts import tables
from dashboard.shell import layout, state
from dashboard.shell.i18n import t, t_message, tn

KEY = "evaluate.personal"


def draw(shown: Shown) -> None:
    """What was decided on validation rows, then the figures on the frozen tests."""
    stored = shown.report["personal"]
    kept = [group for group in stored["groups"] if group["kept"]]
    if kept:
        st.warning(tables.plain(t_message(LAW)), icon=":material/gavel:")
    rates = stored["aim"] == EQUAL_FALSE_POSITIVES
    layout.section(t("grouped.decided_title"), help=t(f"grouped.decided_help{'_rates' if rates else ''}"))
    if stored.get("note"):
        st.info(tables.plain(t_message(message_of(stored["note"]))), icon=":material/hourglass_empty:")
        return
    if rates:
        st.caption(t("grouped.label", label=tables.plain(stored["label"])))
    _decided(stored["groups"], rates)
    few = stored["few"]
    if few["groups"]:
        st.caption(tn("grouped.few", few["groups"], least=stored["least"], rows=tables.thousands(few["rows"])))
    if stored["missing"]:
        st.caption(tn("grouped.missing", stored["missing"]))
    layout.section(t("grouped.tested_title"), help=t("grouped.tested_help"))
    if not kept:
        st.markdown(f":material/group: {t('grouped.none_kept')}")
        return
    groups = _tested(state.files_of(shown.version), shown.tests)
    if groups:
        _table(groups)
    else:
        st.info(t("grouped.no_rows"), icon=":material/hourglass_empty:")


def _decided(groups: list[dict[str, Any]], rates: bool) -> None:
    columns: dict[str, list[Any]] = {
        "group": [group["name"] for group in groups],
        "kept": [t("grouped.own") if group["kept"] else t("grouped.shared") for group in groups],
        "negatives" if rates else "rows": [group["rows"] for group in groups],
        **{
            name: [tables.estimate(Estimate.from_dict(group[name])) for group in groups]
            for name in ("shared", "personal")
        },
        **{
            name: [_points(Estimate.from_dict(group[name])) for group in groups]
            for name in ("difference", *(["accuracy"] if rates else []))
        },
        "p": [group["p_value"] for group in groups],
        "why": [t_message(message_of(group["why"])) for group in groups],
    }
    table = pd.DataFrame({t(f"grouped.column_{name}"): values for name, values in columns.items()})
    config = {
        t("grouped.column_p"): st.column_config.NumberColumn(format="%.2g", help=t("grouped.column_p_help"), width=80)
    }
    st.dataframe(table, hide_index=True, column_config=tables.counts(table) | config, key=f"{KEY}.decided")


@st.cache_data(show_spinner=False, max_entries=8)
def _tested(files: state.Files, numbers: tuple[int, ...]) -> list[GroupOnTests]:
    return groups_on_tests(VersionFolder(Path(files.folder)), numbers)


def _table(groups: list[GroupOnTests]) -> None:
    columns: dict[str, list[Any]] = {
        "group": [group.name for group in groups],
        "rows": [group.rows for group in groups],
        "shared": [tables.estimate(group.shared) for group in groups],
        "personal": [tables.estimate(group.personal) for group in groups],
        "difference": [_points(group.difference) for group in groups],
    }
    rates = [group.false_positives for group in groups if group.false_positives is not None]
    if rates:
        columns["rates_shared"] = [tables.estimate(before) for before, _, _ in rates]
        columns["rates_personal"] = [tables.estimate(after) for _, after, _ in rates]
    table = pd.DataFrame({t(f"grouped.column_{name}"): values for name, values in columns.items()})
    st.dataframe(table, hide_index=True, column_config=tables.counts(table), key=f"{KEY}.tested")


def _points(difference: Estimate) -> str:
    """A difference in percentage points with its interval."""
    return f"{tables.points(difference.value)} ({tables.points_interval(difference.low, difference.high)})"
