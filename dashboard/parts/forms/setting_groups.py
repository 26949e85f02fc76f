"""The settings of a model in four groups: the model itself, how it reads texts, how it learns, and what it promises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.base.config import settings_of
from core.fairness.config import FairnessConfig
from core.fairness.personal import LAW, PersonalConfig
from core.networks.text import TextConfig
from core.training import TrainingConfig
from core.training.private.config import PrivacyConfig
from core.workflows.requests import PROMISES, DataConfig
from dashboard.parts import tables
from dashboard.parts.forms import private_way
from dashboard.parts.forms.forms import settings_form
from dashboard.shell.i18n import t, t_message

if TYPE_CHECKING:
    from core.base.config import Config, Setting
    from core.tasks import Task

NEEDED = ("group_column",)  # rare, but where it is drawn, nothing can start without it
MOST_CHOICES = 3  # in half the width; more of them would stand below each other


def draw(task: Task, model: str, defaults: Mapping[str, Any], *, key: str) -> dict[str, Any]:
    """Four groups in tabs, each with its rarer settings folded; those of the data lie with the optimisation.

    Parameters
    ----------
    key
        Prefix of the widgets' keys, as for `settings_form`.
    """
    network = task.networks()[model]
    groups: dict[str, list[type[Config]]] = {
        "model": [network.config_class],
        "text": [TextConfig],
        "optimisation": [TrainingConfig, task.config_class, DataConfig],
        "promises": [*PROMISES],
    }
    private = bool(st.session_state.get(f"{key}.private", False))
    idle = (
        network.without_effect | private_way.idle(private=private) | {"use_inputs"}
    )  # the last: asked beside the dataset
    values: dict[str, Any] = {}
    places = st.tabs([t(f"train.group_{name}") for name in groups])
    for column, (name, configs) in zip(places, groups.items(), strict=True):
        with column:
            if name == "optimisation" and network.solved:
                st.caption(t("train.solved"))
            if name == "promises":
                values |= _promises(defaults, idle, key, private=private)
            else:
                values |= _group(configs, defaults, idle, key)
    return values


def _promises(defaults: Mapping[str, Any], idle: frozenset[str], key: str, *, private: bool) -> dict[str, Any]:
    """Three matters, each under its own caption; fields that do not count as others stand are not drawn."""
    idle |= _without_effect(defaults, idle, key, private=private)
    values: dict[str, Any] = {}
    matters: dict[str, type[Config]] = {
        "privacy": PrivacyConfig,
        "fairness": FairnessConfig,
        "personal": PersonalConfig,
    }
    for name, config in matters.items():
        if all(setting.name in idle for setting in settings_of(config)):
            continue
        st.markdown(f"**{t(f'train.promise_{name}')}**")
        values |= _group([config], defaults, idle, key)
        if name == "privacy" and private:
            st.caption(t("privacy.settings_hint"))
    if values.get("personal_kind", "none") != "none":
        st.warning(tables.plain(t_message(LAW)), icon=":material/gavel:")
    return values


def _without_effect(defaults: Mapping[str, Any], undrawn: frozenset[str], key: str, *, private: bool) -> frozenset[str]:
    """Settings of fairness that do nothing as the others stand now; those that are not drawn stand as declared."""
    declared = {setting.name: setting.default for config in PROMISES for setting in settings_of(config)}

    def value(name: str) -> Any:
        if name in undrawn:
            return declared[name]
        return st.session_state.get(f"{key}.{name}", defaults.get(name, declared[name]))

    idle: set[str] = {"memory_by_group"} if private else set()  # no row is remembered then
    if value("privacy_unit") != "group":
        idle.add("group_rows")
    grouped = value("mitigation") != "none" or (not private and value("memory_by_group"))
    if not grouped:
        idle |= {"fairness_groups", "group_column", "identity_terms"}
    else:
        idle.add("identity_terms" if value("fairness_groups") == "column" else "group_column")
    if value("mitigation") == "none":
        idle.add("mitigation_strength")
    if value("personal_kind") == "none":
        idle |= {"personal_by", "personal_aim", "personal_label", "personal_rows"}
    return frozenset(idle)


def _group(configs: list[type[Config]], defaults: Mapping[str, Any], idle: frozenset[str], key: str) -> dict[str, Any]:
    shown = [setting for config in configs for setting in settings_of(config) if setting.name not in idle]
    shown = [replace(setting, advanced=False) if setting.name in NEEDED else setting for setting in shown]
    ordinary = [setting for setting in shown if not setting.advanced]
    advanced = [setting for setting in shown if setting.advanced]
    values: dict[str, Any] = {}
    for row in _rows(ordinary):
        for column, setting in zip(st.columns(2, gap="medium") if len(row) > 1 else [st.container()], row, strict=True):
            with column:
                values |= settings_form([setting], key=key, defaults=defaults)
    if advanced:
        values |= settings_form(advanced, key=key, defaults=defaults)
    return values


def _rows(settings: list[Setting]) -> list[list[Setting]]:
    """Two settings side by side, in their order; one that needs the whole width stands alone."""
    rows: list[list[Setting]] = []
    for setting in settings:
        if rows and len(rows[-1]) == 1 and not _is_wide(setting) and not _is_wide(rows[-1][0]):
            rows[-1].append(setting)
        else:
            rows.append([setting])
    return rows


def _is_wide(setting: Setting) -> bool:
    return bool(setting.source) or len(setting.choices) > MOST_CHOICES
