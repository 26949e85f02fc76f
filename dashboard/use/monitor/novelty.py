"""Texts unlike what was learned: how many, by day, and the groups that may want a label of their own."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import streamlit as st

from core.base.config import home
from core.base.errors import CoreError
from core.data.dataset.inputs import body_of
from core.serving.monitor.references import RATE
from core.workflows.monitor.novelty import NoveltyLook, novelty
from core.workflows.versions.folder import VersionFolder
from dashboard.parts import correcting, tables
from dashboard.parts.plots import charts
from dashboard.shell import layout, state
from dashboard.shell.errors import show_error
from dashboard.shell.i18n import t, t_message, tn
from dashboard.shell.navigation import go
from dashboard.shell.palette import palette
from dashboard.use.monitor import figures

if TYPE_CHECKING:
    from core.registry import VersionInfo
    from core.workflows.monitor.groups import NovelGroup, NovelGroups

KEY = "use.monitor.novelty"
MORE = "more"  # the verdict that something should be done about
SHOWN = 120  # characters of an example


def draw(version: VersionInfo, look: NoveltyLook, groups: NovelGroups | None) -> None:
    """The section: a sentence, its chart, and what can be labelled."""
    layout.section(t("monitor.novelty"), help=t("monitor.novelty_help", expected=tables.percent(RATE)))
    if look.verdict != MORE:  # that stands on top
        st.markdown(tables.plain(t_message(look.told)))
    if look.days:
        _by_day(look)
    if groups is None:
        return
    if groups.groups:
        _groups(version, groups)
    else:
        st.caption(t("monitor.novelty_ungrouped" if groups.texts else "monitor.novelty_unkept"))


@st.cache_data(show_spinner=False, max_entries=8)
def looked(
    _version: VersionInfo, days: int, today: date, stamp: tuple[str | float, ...]
) -> tuple[NoveltyLook, NovelGroups | None]:
    """The look, and where something should be done the groups; kept until more is counted: the stamp tells that."""
    folder, workspace = VersionFolder(state.version_folder(_version)), state.workspace()
    look = novelty(_version, workspace, folder, days=days, today=today)
    if look.verdict != MORE:
        return look, None
    from core.workflows.monitor.groups import novel_groups  # loads scikit-learn, for which no other look should wait

    return look, novel_groups(look, _version, workspace, folder, days=days, today=today)


def _by_day(look: NoveltyLook) -> None:
    """Share of each day with its interval, and the shares that usual texts may reach."""
    colors, chart = palette(), charts.figure(height=240)
    days = [day.day for day in look.days]
    chart.add_bar(
        x=days,
        y=[day.usual for day in look.days],
        name=t("monitor.novelty_usual_range"),
        marker={"color": colors.muted, "opacity": 0.25},
        hovertemplate="%{y:.1%}<extra></extra>",
    )
    chart.add_scatter(
        x=days,
        y=[day.share.value for day in look.days],
        error_y=charts.whiskers(
            ((day.share.value, day.share.low, day.share.high) for day in look.days), colors.categorical[0]
        ),
        name=t("monitor.novelty_share"),
        mode="markers",
        marker={"color": colors.categorical[0], "size": 9},
        hovertemplate="%{x|%Y-%m-%d}: %{y:.1%}<extra></extra>",
    )
    chart.update_layout(barmode="overlay")
    figures.by_day(chart, days)
    chart.update_yaxes(title_text=t("monitor.novelty_axis"), tickformat=".0%", rangemode="tozero")
    told = look.verdict if look.verdict in (MORE, "usual") else "days"
    title = f"monitor.novelty_title_{told}"
    charts.draw(chart, key=f"{KEY}.days", alt=t("monitor.novelty_alt"), title=t(title))


def _groups(version: VersionInfo, groups: NovelGroups) -> None:
    from core.workflows.monitor.labelling import takes_labels  # loads scikit-learn likewise

    st.markdown(tn("monitor.groups", len(groups.groups)))
    asks = takes_labels(VersionFolder(state.version_folder(version)))
    for number, group in enumerate(groups.groups):
        _group(version, number, group, asks=asks)
    if groups.left:
        st.caption(tn("monitor.groups_left", groups.left))


def _group(version: VersionInfo, number: int, group: NovelGroup, *, asks: bool) -> None:
    """One group: how many texts, its words, some of them, and the button that has them labelled."""
    with st.container(border=True):
        words = tables.plain(t("monitor.group_comma").join(group.words))
        st.markdown(tn("monitor.group", len(group.texts), words=words))
        st.caption("\n\n".join(tables.plain(f"“{_short(text)}”") for text in group.examples))
        if not asks:
            return
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = st.text_input(t("monitor.group_name"), group.name, key=f"{KEY}.name.{number}.{group.name}")
            pressed = st.button(t("monitor.group_label"), key=f"{KEY}.label.{number}", icon=":material/label:")
        if pressed:
            _begin(version, group, name)


def _begin(version: VersionInfo, group: NovelGroup, name: str) -> None:
    from core.workflows.monitor.labelling import begin_with_group  # likewise

    folder = VersionFolder(state.version_folder(version))
    try:
        session = begin_with_group(version, home(), folder, name=tables.typed(name), texts=group.texts)
    except CoreError as error:
        show_error(error)
        return
    st.session_state[correcting.LABELLING] = session.id
    go("data", "labelling")


def _short(text: str) -> str:
    read = " ".join(body_of(text).split())
    return read if len(read) <= SHOWN else f"{read[:SHOWN]}…"
