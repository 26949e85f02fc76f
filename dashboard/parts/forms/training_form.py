"""The form of the Train page: what to learn from, which model, how. Knows nothing of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from core.base.config import settings_of
from core.networks.text import TextConfig
from core.tasks import DEFAULT, TASKS, Task
from core.training import TrainingConfig
from core.workflows.requests import AUTO, DataConfig, TrainRequest, resolve_settings
from dashboard.parts import choices, scores, tables
from dashboard.parts.forms import auto_form, encoder_choice, word_vectors
from dashboard.parts.forms.forms import set_values, settings_form
from dashboard.parts.names import labels_of, name_of
from dashboard.shell import state
from dashboard.shell.i18n import DEFAULT as ENGLISH
from dashboard.shell.i18n import catalogue, t, tn

if TYPE_CHECKING:
    from core.base.config import Config, Setting
    from core.data.dataset.store import StoredDataset
    from core.workflows.requests import TrainRequest

PRESETS = ("quick", "standard", "thorough")
SETTINGS = "train.settings"
FIRST_MODEL = "ngrams"  # where settings are searched for or strategies compared
TASK = "train.task"
SUITS = "train.suits"  # in the session: whether the dataset that was chosen last has labels, and several a row
REFUSED = '/:"'
MOST_CHOICES = 3  # in half the width; more of them would stand below each other


def draw(datasets: list[StoredDataset]) -> TrainRequest:
    """Draw the form; returns what it asks for, which may still be refused (see `core.workflows.train.estimate`)."""
    dataset = _dataset(datasets)
    name = _name(dataset)
    task = _task(dataset)
    inputs = _inputs(dataset) if task.reads_targets else {}
    model = _model(task)
    if model == AUTO:
        settings = auto_form.draw() | inputs
        return TrainRequest(classifier=name, dataset=dataset.id, task=task.name, model=model, settings=settings)
    _preset(task, model)
    word_vectors.choose_made(SETTINGS)
    values = _settings(task, model) | inputs
    word_vectors.draw(dataset, values)
    encoder_choice.draw(dataset, values)
    return TrainRequest(classifier=name, dataset=dataset.id, task=task.name, model=model, settings=values)


def _dataset(datasets: list[StoredDataset]) -> StoredDataset:
    known = {dataset.id: dataset for dataset in datasets}
    worked_with = state.chosen_dataset()  # by another page, where it is not what was seen here last
    if worked_with in known and st.session_state.get("train.dataset_seen") != worked_with:
        st.session_state["train.dataset"] = st.session_state["train.dataset_seen"] = worked_with
    names = {dataset.id: _describe(dataset) for dataset in datasets}
    first = state.likeliest(datasets).id
    return known[
        choices.listed(t("train.dataset"), names, key="train.dataset", first=first, help=t("train.dataset_help"))
    ]


def _inputs(dataset: StoredDataset) -> dict[str, Any]:
    """What goes in beside the text, and whether it shall; nothing where there is nothing."""
    if not dataset.roles.inputs:
        return {}
    wanted = st.toggle(
        t("train.inputs"), value=True, key="train.inputs", help=t("train.inputs_help"), persist_state="session"
    )
    columns = [f"{tables.plain(name)} ({t(f'upload.kind_{kind}')})" for name, kind in dataset.roles.inputs]
    st.caption(t("train.inputs_of", columns=columns))
    return {} if wanted else {"use_inputs": False}


def _describe(dataset: StoredDataset) -> str:
    facts = [dataset.name, tn("train.rows", dataset.rows), labels_of(dataset, "train.labels")]
    return " · ".join([*facts, t("shell.synthetic")] if dataset.synthetic else facts)


def _name(dataset: StoredDataset) -> str:
    """Ask for a name; until somebody types one, it follows the dataset's."""
    suggestion = "".join(" " if sign in REFUSED else sign for sign in dataset.name).strip(" .")[:80].strip()
    if st.session_state.get("train.name") in (None, st.session_state.get("train.name_suggested")):
        st.session_state["train.name"] = suggestion
    st.session_state["train.name_suggested"] = suggestion
    typed = st.text_input(t("train.name"), key="train.name", help=t("train.name_help"), persist_state="session")
    name = tables.typed(typed or "").strip()
    existing = next((classifier for classifier in state.classifiers() if classifier.name == name), None)
    if existing is not None:
        several = st.session_state.get("train.model", AUTO) == AUTO
        key = "train.name_exists_auto" if several else "train.name_exists"
        st.caption(t(key, version=existing.versions + 1))
    return name


def _task(dataset: StoredDataset) -> Task:
    """Ask what the model is for; another kind of dataset starts at the first task that reads its targets as they are."""
    suits = (dataset.labelled, dataset.roles.several)
    if st.session_state.get(SUITS, (True, False)) != suits:
        fitting = (name for name, task in TASKS.items() if (task.reads_targets, task.reads_sets) == suits)
        st.session_state[TASK] = next(fitting, DEFAULT)
        _task_changed()
    st.session_state[SUITS] = suits
    names = {name: scores.task_name(task) for name, task in TASKS.items()}
    if st.session_state.get(TASK) not in names:
        st.session_state[TASK] = next(iter(names))
    picked = TASKS[
        str(
            st.selectbox(
                t("train.task"),
                list(names),
                format_func=names.__getitem__,
                key=TASK,
                on_change=_task_changed,
                persist_state="session",
            )
        )
    ]
    about = f"names.about_task_{picked.name}"
    st.caption(t(about) if about in catalogue(ENGLISH) else picked.help)
    return picked


def _task_changed() -> None:
    """Another task has other models: the first of them, with its own settings."""
    st.session_state["train.model"] = AUTO
    _model_changed()


def _chosen_task() -> Task:
    return TASKS[st.session_state.get(TASK, DEFAULT)]


def _model(task: Task) -> str:
    names = {name: name_of("model", name) for name in (AUTO, *task.networks())}
    if st.session_state.get("train.model") not in names:
        st.session_state["train.model"] = AUTO
    model = st.pills(
        t("train.model"),
        list(names),
        format_func=names.__getitem__,
        required=True,
        key="train.model",
        on_change=_model_changed,
        persist_state="session",
        wrap=True,
    )
    about = f"names.about_{model}"
    if about in catalogue(ENGLISH):
        st.caption(t(about))
    return str(model)


def _model_changed() -> None:
    if st.session_state["train.model"] == AUTO:
        return
    model, preset = st.session_state["train.model"], st.session_state.get("train.preset") or "standard"
    set_values(SETTINGS, preset_values(model, preset, _chosen_task()))


def _preset(task: Task, model: str) -> None:
    """Three starting points; none is marked once a slider has left them."""
    st.session_state["train.preset"] = matching_preset(model, task)
    names = {name: t(f"train.preset_{name}") for name in PRESETS}
    st.segmented_control(
        t("train.preset"),
        PRESETS,
        format_func=names.__getitem__,
        key="train.preset",
        help=t("train.preset_help"),
        on_change=_preset_changed,
    )


def _preset_changed() -> None:
    preset, model = st.session_state["train.preset"], st.session_state["train.model"]
    if preset:
        task = _chosen_task()
        values = preset_values(model, preset, task)
        set_values(SETTINGS, {name: values[name] for name in _touched(model, task)})


def preset_values(model: str, preset: str, task: Task = TASKS[DEFAULT]) -> dict[str, Any]:
    """All settings of a model under a preset, flat; ``"standard"`` is the model's own defaults."""
    return resolve_settings(model, task.networks()[model].presets.get(preset, {}), task).flat()


def _touched(model: str, task: Task) -> set[str]:
    return {name for values in task.networks()[model].presets.values() for name in values}


def matching_preset(model: str, task: Task = TASKS[DEFAULT]) -> str | None:
    """The preset whose values the form shows; None when it shows others."""
    for preset in ("standard", "quick", "thorough"):
        values = preset_values(model, preset, task)
        touched = _touched(model, task)
        if all(st.session_state.get(f"{SETTINGS}.{name}", values[name]) == values[name] for name in touched):
            return preset
    return None


def _settings(task: Task, model: str) -> dict[str, Any]:
    """Three groups in tabs, each with its rarer settings folded; those of the data lie with the optimisation."""
    network = task.networks()[model]
    groups: dict[str, list[type[Config]]] = {
        "model": [network.config_class],
        "text": [TextConfig],
        "optimisation": [TrainingConfig, task.config_class, DataConfig],
    }
    idle = network.without_effect | {"use_inputs"}  # asked beside the dataset
    values: dict[str, Any] = {}
    places = st.tabs([t(f"train.group_{name}") for name in groups])
    for column, (name, configs) in zip(places, groups.items(), strict=True):
        with column:
            if name == "optimisation" and network.solved:
                st.caption(t("train.solved"))
            values |= _group(configs, preset_values(model, "standard", task), idle)
    return values


def _group(configs: list[type[Config]], defaults: dict[str, Any], idle: frozenset[str]) -> dict[str, Any]:
    shown = [setting for config in configs for setting in settings_of(config) if setting.name not in idle]
    ordinary = [setting for setting in shown if not setting.advanced]
    advanced = [setting for setting in shown if setting.advanced]
    values: dict[str, Any] = {}
    for row in _rows(ordinary):
        for column, setting in zip(st.columns(2, gap="medium") if len(row) > 1 else [st.container()], row, strict=True):
            with column:
                values |= settings_form([setting], key=SETTINGS, defaults=defaults)
    if advanced:
        values |= settings_form(advanced, key=SETTINGS, defaults=defaults)
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
