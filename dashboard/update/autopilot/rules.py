"""The switch, and the rules as a form; what was refused stays on screen with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from core.base.config import home, settings_of
from core.base.errors import CoreError
from core.evolve.changing import change_policy
from core.evolve.ledger import Ledgers
from core.evolve.policy import TRY, Policy
from core.evolve.sources.address import shown
from core.workflows.requests import AUTO, strategies_for
from dashboard.parts import choices, scores
from dashboard.parts.forms.forms import set_values, settings_form
from dashboard.parts.names import name_of
from dashboard.parts.tables import plain
from dashboard.shell import layout, state
from dashboard.shell.i18n import t, t_message
from dashboard.update import page as update_page
from dashboard.update.autopilot import followed, sources
from dashboard.update.page import Situation

if TYPE_CHECKING:
    from core.registry import VersionInfo

KEY = "update.autopilot"
COMING_IN = ("corrections", "least_rows", "at_alarm", "least_score")  # below the sources; the rest stands beside
Place = Literal["switch", "save"]  # where a refusal is told


def draw(situation: Situation) -> None:
    """The switch with what it means, and the form."""
    policy, key = Ledgers(home()).read(situation.classifier).policy, key_of(situation.classifier)
    stored = shown(policy.model_dump())
    if st.session_state.get(f"{key}.stored") != stored:  # also where a command has changed it meanwhile
        set_values(key, stored)
        st.session_state[f"{key}.stored"] = stored
    with st.container(border=True, key="autopilot-switch", gap="small"):
        st.toggle(
            f"**{t('autopilot.switch')}**",
            key=f"{key}.active",
            on_change=_switch,
            args=(situation.classifier,),
            persist_state="session",
        )
        then = policy.then if policy.active else st.session_state[f"{key}.then"]
        st.markdown(t(f"autopilot.{'on' if policy.active else 'off'}_{then}"))
        _tell_refusal(key, "switch")
        if policy.active:
            followed.draw()
    layout.section(t("autopilot.rules"))
    _form(situation, key, stored)


def key_of(model: str) -> str:
    """Under what the fields of a model's rules stand in the session."""
    return f"{KEY}.{model}"


def _form(situation: Situation, key: str, stored: Mapping[str, Any]) -> None:
    settings = {setting.name: setting for setting in settings_of(Policy)}
    left, right = st.columns(2, gap="large")
    with left:
        sources.draw(settings, situation.champion, key, active=bool(stored["active"]))
        settings_form([settings[name] for name in COMING_IN], key=key)
    with right:
        settings_form([settings[name] for name in ("hours_between", "most_days")], key=key)
        _strategy(situation.champion, key)
        if st.session_state[f"{key}.strategy"] == TRY:
            settings_form([settings["trial_minutes"]], key=key, defaults=stored)
        settings_form([settings[name] for name in ("older_tests", "then")], key=key)
        if st.session_state[f"{key}.then"] == "shadow":
            settings_form([settings["shadow_texts"]], key=key, defaults=stored)
        settings_form([settings[name] for name in ("take_back", "webhook", "mail")], key=key)
    changed = any(value != stored[name] for name, value in on_screen(key).items())
    with st.container(horizontal=True, vertical_alignment="center", key="autopilot-save"):
        st.button(
            t("autopilot.save"),
            key=f"{KEY}.save",
            type="primary",
            icon=":material/save:",
            disabled=not changed,
            on_click=_save,
            args=(situation.classifier,),
        )
        if changed:
            st.caption(t("autopilot.not_saved"), width="content")
    _tell_refusal(key, "save")


def _strategy(champion: VersionInfo, key: str) -> None:
    """What suits the model, and what is set even if it does not: then saving says so."""
    fitting = strategies_for(scores.task_of_version(champion), str(champion.summary.get("model", "")))
    names = {AUTO: t("autopilot.strategy_auto"), TRY: t("autopilot.strategy_try")} | {
        name: name_of("strategy", name) for name in fitting
    }
    chosen = str(st.session_state[f"{key}.strategy"])
    names.setdefault(chosen, name_of("strategy", chosen))
    choices.listed(t("autopilot.strategy"), names, key=f"{key}.strategy", help=t("autopilot.strategy_help"))


def on_screen(key: str) -> dict[str, Any]:
    """The rules as they stand in the form, but for the switch."""
    stored = st.session_state[f"{key}.stored"]  # of fields that are not drawn now
    values = {
        name: st.session_state.get(f"{key}.{name}", stored[name]) for name in Policy.model_fields if name != "active"
    }
    return {**values, **sources.on_screen(key)}


def _switch(model: str) -> None:
    """On, with the rules as they stand in the form; off, whatever stands there."""
    active = bool(st.session_state[f"{key_of(model)}.active"])
    values = {"active": True, **on_screen(key_of(model))} if active else {"active": False}
    if not _change(model, values, "switch", t(f"autopilot.switched_{'on' if active else 'off'}")):
        st.session_state[f"{key_of(model)}.active"] = not active


def _save(model: str) -> None:
    _change(model, on_screen(key_of(model)), "save", t("autopilot.saved"))


def _change(model: str, values: Mapping[str, Any], place: Place, done: str) -> bool:
    """Change the stored rules; whether that was done."""
    try:
        change_policy(model, values, state.workspace())
    except CoreError as error:
        st.session_state[f"{key_of(model)}.refused"] = (place, error.message)
        return False
    st.session_state[update_page.JUST_DONE] = done
    return True


def _tell_refusal(key: str, place: Place) -> None:
    """Why the last change was refused, once, where it was asked for."""
    refused = st.session_state.get(f"{key}.refused")
    if refused is not None and refused[0] == place:
        del st.session_state[f"{key}.refused"]
        st.error(plain(t_message(refused[1])), icon=":material/error:")
