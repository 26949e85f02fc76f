"""Forms drawn from `core` settings: range, default, label and help are declared there, once.

Knows how a kind of setting looks on screen; knows nothing of what any setting means.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import streamlit as st

from core.base.config import Config, Group, Setting, settings_of
from dashboard.shell import state
from dashboard.shell.i18n import DEFAULT as ENGLISH
from dashboard.shell.i18n import catalogue, choice_label, setting_help, setting_label, t

NOTHING = "–"
OPEN = ".open"
TYPED = frozenset({"encoders"})  # sources that may also be named by typing, such as a folder
SLIDER_STEPS = 2_000  # a whole-number range wider than this is typed, not slid


def settings_form(
    settings: type[Config] | Sequence[type[Config] | Setting],
    *,
    key: str,
    defaults: Mapping[str, Any] | None = None,
    groups: Iterable[Group] | None = None,
    leave_out: Iterable[str] = (),
    open_choices: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Draw one widget a setting, advanced ones folded away; returns the values by setting name.

    Parameters
    ----------
    settings
        A config class, or several, or single settings, in the order to show them.
    key
        Prefix of the widgets' keys (``<key>.<setting name>``); values survive page switches under it.
    defaults
        Values to start from instead of the declared defaults.
    groups
        Names of the groups to show; None shows all settings.
    leave_out
        Names of settings that the page decides itself.
    open_choices
        What leaving a setting open is called, by its name.
    """
    shown = [
        setting
        for setting in _flatten(settings)
        if (groups is None or setting.group in set(groups)) and setting.name not in set(leave_out)
    ]
    defaults = defaults or {}
    for name, title in (open_choices or {}).items():
        st.session_state[f"{key}.{name}{OPEN}"] = title
    values = {setting.name: _field(setting, key, defaults) for setting in shown if not setting.advanced}
    advanced = [setting for setting in shown if setting.advanced]
    if advanced:
        with st.expander(t("shell.advanced")):
            values |= {setting.name: _field(setting, key, defaults) for setting in advanced}
    return values


def set_values(key: str, values: Mapping[str, Any]) -> None:
    """Set fields of a form from outside, such as by a preset; call before the form is drawn or in a callback."""
    for name, value in values.items():
        st.session_state[f"{key}.{name}"] = value


def _flatten(settings: type[Config] | Sequence[type[Config] | Setting]) -> list[Setting]:
    if isinstance(settings, type):
        return settings_of(settings)
    described: list[Setting] = []
    for item in settings:
        described += [item] if isinstance(item, Setting) else settings_of(item)
    return described


def _field(setting: Setting, prefix: str, defaults: Mapping[str, Any]) -> Any:
    key = f"{prefix}.{setting.name}"
    if key not in st.session_state:  # set here, not with value=: a preset may have set it already
        st.session_state[key] = defaults.get(setting.name, setting.default)
    return _widget_for(setting)(setting, key)


def _help(setting: Setting) -> str:
    """What a setting does, and where that is known, what it does to time and score."""
    effect = f"train.effect_{setting.name}"
    told = [setting_help(setting), *([t(effect)] if effect in catalogue(ENGLISH) else [])]
    return t("evaluate.gap").join(told)


def _widget_for(setting: Setting) -> Callable[[Setting, str], Any]:
    if setting.kind == "choice":
        return _choice
    if setting.kind == "bool":
        return _toggle
    if setting.source:
        return _source
    if setting.kind not in ("int", "float"):
        return _text
    if setting.minimum is None or setting.maximum is None:
        return _number
    if setting.scale == "log":
        return _log_slider
    steps = (setting.maximum - setting.minimum) / (setting.step or 1)
    return _number if setting.kind == "int" and steps > SLIDER_STEPS else _slider


def _choice(setting: Setting, key: str) -> str:
    return str(
        st.segmented_control(
            setting_label(setting),
            setting.choices,
            required=True,
            format_func=lambda value: choice_label(setting.name, value),
            key=key,
            help=_help(setting),
            persist_state="session",
            wrap=True,
        )
    )


def _toggle(setting: Setting, key: str) -> bool:
    return st.toggle(setting_label(setting), key=key, help=_help(setting), persist_state="session")


def _text(setting: Setting, key: str) -> str:
    return st.text_input(setting_label(setting), key=key, help=_help(setting), persist_state="session") or ""


def _source(setting: Setting, key: str) -> str:
    """One of the things that the workspace has; the empty choice where the setting may be left out."""
    nothing = str(st.session_state.get(f"{key}{OPEN}", NOTHING))
    names = ({"": nothing} if not setting.default else {}) | state.sources(setting.source)
    typed = setting.source in TYPED
    if st.session_state[key] not in names:
        if typed and st.session_state[key]:
            names[st.session_state[key]] = st.session_state[key]
        else:
            st.session_state[key] = setting.default
    picked = st.selectbox(
        setting_label(setting),
        list(names),
        format_func=lambda reference: names.get(reference, reference),
        key=key,
        help=_help(setting),
        accept_new_options=typed,
        persist_state="session",
    )
    return str(picked or setting.default)


def _number(setting: Setting, key: str) -> Any:
    kind = int if setting.kind == "int" else float
    return st.number_input(
        setting_label(setting),
        min_value=None if setting.minimum is None else kind(setting.minimum),
        max_value=None if setting.maximum is None else kind(setting.maximum),
        step=kind(setting.step or 1) if setting.kind == "int" else setting.step,
        key=key,
        help=_help(setting),
        persist_state="session",
    )


def _slider(setting: Setting, key: str) -> Any:
    assert setting.minimum is not None
    assert setting.maximum is not None
    kind = int if setting.kind == "int" else float
    step = setting.step or (1 if kind is int else (setting.maximum - setting.minimum) / 100)
    st.session_state[key] = kind(st.session_state[key])
    return st.slider(
        setting_label(setting),
        min_value=kind(setting.minimum),
        max_value=kind(setting.maximum),
        step=kind(step),
        format="%d" if kind is int else f"%.{_decimals(step)}f",
        key=key,
        help=_help(setting),
        persist_state="session",
    )


def _log_slider(setting: Setting, key: str) -> Any:
    assert setting.minimum is not None
    assert setting.maximum is not None
    kind = int if setting.kind == "int" else float
    stops = [kind(stop) for stop in log_stops(setting.minimum, setting.maximum)]
    value = kind(st.session_state[key])
    if value not in stops:  # a default or a preset between two stops stays choosable
        stops = sorted({*stops, value})
    st.session_state[key] = value
    return st.select_slider(
        setting_label(setting),
        stops,
        format_func=lambda stop: f"{stop:g}" if kind is float else f"{stop:,}",
        key=key,
        help=_help(setting),
        persist_state="session",
    )


def log_stops(low: float, high: float) -> list[float]:
    """The values 1, 2 and 5 times each power of ten between two bounds, and the bounds themselves."""
    stops = {low, high}
    for power in range(math.floor(math.log10(low)) if low > 0 else -6, math.ceil(math.log10(high)) + 1):
        stops |= {stop for digit in (1, 2, 5) if low < (stop := float(f"{digit}e{power}")) < high}
    return sorted(stops)


def _decimals(step: float) -> int:
    return max(0, min(6, -math.floor(math.log10(step)))) if step < 1 else 1
