"""What a model answered in use, what that is worth, whether the texts have changed, and what is kept of them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import streamlit as st

from core.base.config import home
from core.serving.monitor.store import FILE
from core.workflows.monitor.look import DAYS, Monitored, monitored
from core.workflows.monitor.novelty import NoveltyLook
from core.workflows.versions.folder import VersionFolder
from dashboard.parts import choices, scores, tables
from dashboard.shell import layout, state
from dashboard.shell.errors import guarded_fragment
from dashboard.shell.i18n import t, t_message, tn
from dashboard.shell.navigation import go
from dashboard.use.monitor import figures, keeping, novelty
from dashboard.use.monitor.asking import label

if TYPE_CHECKING:
    from core.registry import VersionInfo

KEY = "use.monitor"
SPANS = (7, DAYS, 90)  # days to look back


@guarded_fragment()
def draw(version: VersionInfo) -> None:
    """The whole tab."""
    state.recorder().flush()
    names = {str(days): tn("monitor.days", days) for days in SPANS}
    days = int(choices.segmented(t("monitor.span"), names, key=f"{KEY}.span", first=str(DAYS)))
    stamp = _stamp(version)
    look = _look(version, days, date.today(), stamp)
    if not look.days:
        layout.empty_state(t("monitor.empty_title"), t("monitor.empty"))
    else:
        with st.spinner(t("monitor.novelty_looking")):
            unlike, groups = novelty.looked(version, days, date.today(), stamp)
        _standing(version, look, unlike, days)
        _cards(version, look)
        _since(version, look)
        figures.draw(version, look)
        novelty.draw(version, unlike, groups)
    keeping.draw(version, look, days)


@st.cache_data(show_spinner=False, max_entries=8)
def _look(_version: VersionInfo, days: int, today: date, stamp: tuple[str | float, ...]) -> Monitored:
    """The look, kept until more is counted: the stamp tells that."""
    folder = VersionFolder(state.version_folder(_version))
    return monitored(_version, home(), folder, days=days, today=today)


def _stamp(version: VersionInfo) -> tuple[str | float, ...]:
    files = (home() / f"{FILE}{ending}" for ending in ("", "-wal"))
    return version.run_id, *(file.stat().st_mtime if file.exists() else 0.0 for file in files)


def _standing(version: VersionInfo, look: Monitored, unlike: NoveltyLook, days: int) -> None:
    """What has to be done, in a sentence with its buttons; else that nothing has."""
    whole = look.whole
    if look.alarm is not None:
        st.warning(tables.plain(t_message(look.alarm)), icon=":material/trending_down:")
    if whole is not None and whole.unknown is not None:
        st.info(tables.plain(t_message(whole.unknown)), icon=":material/help:")
    if unlike.verdict == novelty.MORE:
        st.info(tables.plain(t_message(unlike.told)), icon=":material/explore:")
    if look.alarm is not None or (whole is not None and whole.unknown is not None):
        with st.container(horizontal=True):
            label(version, days, "doubt" if look.alarm is not None else "chance", primary=True)
            if look.alarm is not None and st.button(
                t("monitor.to_versions"), key=f"{KEY}.back", icon=":material/undo:"
            ):
                go("overview")
    elif look.watched is not None and unlike.verdict != novelty.MORE:
        st.markdown(f":primary[:material/check_circle:] {t('monitor.calm')}", help=t("monitor.calm_help"))


def _since(version: VersionInfo, look: Monitored) -> None:
    """Where these days hold answers of earlier versions: since when this one serves, for the estimate tells of it alone."""
    earlier = sum(day.texts for day in look.days if day.version != version.number)
    moves = [move for move in state.champion_history(version.classifier) if move["version"] == version.number]
    if earlier and moves and scores.task_of_version(version).distribution:
        facts = {"version": version.number, "when": tables.moment(moves[-1]["at"])}
        st.caption(tn("monitor.since", earlier, **facts))


def _cards(version: VersionInfo, look: Monitored) -> None:
    task = scores.task_of_version(version)
    texts = sum(day.texts for day in look.days)
    busiest = max(look.days, key=lambda day: day.texts)
    shown = [
        layout.Card(
            t("monitor.card_texts"),
            tables.thousands(texts),
            help=t("monitor.card_texts_help"),
            basis=t("monitor.card_busiest", count=tables.thousands(busiest.texts), day=busiest.day.isoformat()),
        )
    ]
    name = task.score.name
    if look.whole is not None and name in look.whole.scores:
        estimate, measured = look.whole.scores[name], look.measured.get(name)
        basis = "" if measured is None else t("monitor.card_measured", score=tables.score(measured.value))
        shown.append(
            layout.Card(
                t("monitor.card_foreseen", score=scores.score_name(name)),
                tables.score(estimate.value),
                interval=tables.interval(estimate.low, estimate.high),
                basis=basis,
                help=t("monitor.card_foreseen_help"),
            )
        )
    if name in look.true:
        estimate = look.true[name]
        shown.append(
            layout.Card(
                t("monitor.card_true", score=scores.score_name(name)),
                tables.score(estimate.value),
                interval=tables.interval(estimate.low, estimate.high),
                basis=tn("monitor.card_known", look.known),
                help=t("monitor.card_true_help"),
            )
        )
    unsure, cut = (sum(getattr(day, what) for day in look.days) for what in ("unsure", "cut"))
    if unsure:
        shown.append(layout.Card(t("monitor.card_unsure"), tables.percent(unsure / max(1, texts)), good="neither"))
    if cut:
        shown.append(layout.Card(t("monitor.card_cut"), tables.percent(cut / max(1, texts)), good="neither"))
    layout.cards(shown, key=".monitor")
