"""The form of the Train page: what to learn from, which model, how. Knows nothing of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import streamlit as st

from core.tasks import DEFAULT, TASKS, Task
from core.workflows.requests import AUTO, TrainRequest, resolve_settings
from dashboard.parts import choices, scores, tables
from dashboard.parts.forms import auto_form, encoder_choice, private_way, setting_groups, word_vectors
from dashboard.parts.forms.dataset_choice import first_offered
from dashboard.parts.forms.forms import set_values
from dashboard.parts.names import labels_of, name_of
from dashboard.shell import job_news, state
from dashboard.shell.i18n import DEFAULT as ENGLISH
from dashboard.shell.i18n import catalogue, t, tn

if TYPE_CHECKING:
    from core.data.dataset.store import StoredDataset

PRESETS = ("quick", "standard", "thorough")
SETTINGS = "train.settings"
FIRST_MODEL = "ngrams"  # where settings are searched for or strategies compared
TASK = "train.task"
SUITS = "train.suits"  # in the session: what is known of each row of the dataset that was chosen last
NAME, NAME_TYPED = job_news.TRAIN_NAME, job_news.TRAIN_NAME_TYPED
REFUSED = '/:"'


class Asked(NamedTuple):
    """What is asked of everybody: the data, the name, the task, and whether further columns are read."""

    dataset: StoredDataset
    name: str
    task: Task
    inputs: dict[str, Any]


def ask(datasets: list[StoredDataset]) -> Asked:
    """Draw what stands above all settings."""
    dataset = _dataset(datasets)
    name = _name(dataset)
    task = _task(dataset)
    return Asked(dataset, name, task, _inputs(dataset) if task.reads_targets else {})


def customise(asked: Asked) -> TrainRequest:
    """Draw the choice of a model and its settings; returns what the whole form asks for, which may still be refused (see
    `core.workflows.train.estimate`).
    """
    dataset, name, task, inputs = asked
    model = _model(task)
    if model == AUTO:
        settings = auto_form.draw() | inputs
        st.caption(t("privacy.auto_hint"))
        return TrainRequest(classifier=name, dataset=dataset.id, task=task.name, model=model, settings=settings)
    st.session_state[auto_form.CUSTOMISED] = True
    _preset(task, model)
    word_vectors.choose_made(SETTINGS)
    standard = preset_values(model, "standard", task)
    private_way.follow(task, model, standard, key=SETTINGS)
    values = setting_groups.draw(task, model, standard, key=SETTINGS) | inputs
    word_vectors.draw(dataset, values)
    encoder_choice.draw(dataset, values)
    request = TrainRequest(classifier=name, dataset=dataset.id, task=task.name, model=model, settings=values)
    return request.model_copy(update=private_way.draw(task, model, values))


def is_customised() -> bool:
    """Whether a model was chosen rather than one of the tiles, so that its settings are to be seen."""
    model = st.session_state.get("train.model", AUTO)
    return model != AUTO or bool(st.session_state.get(auto_form.CUSTOMISED))


def as_auto(request: TrainRequest) -> TrainRequest:
    """The same training, left to *Auto*."""
    if request.model == AUTO:
        return request
    inputs = {name: value for name, value in request.settings.items() if name == "use_inputs"}
    return request.model_copy(update={"model": AUTO, "settings": inputs})


def _dataset(datasets: list[StoredDataset]) -> StoredDataset:
    known = {dataset.id: dataset for dataset in datasets}
    worked_with = state.chosen_dataset()  # by another page, where it is not what was seen here last
    if worked_with in known and st.session_state.get("train.dataset_seen") != worked_with:
        st.session_state["train.dataset"] = st.session_state["train.dataset_seen"] = worked_with
    names = {dataset.id: _describe(dataset) for dataset in datasets}
    first = first_offered(datasets).id
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
    if NAME not in st.session_state or not st.session_state.get(NAME_TYPED):
        st.session_state[NAME] = suggestion
    typed = st.text_input(
        t("train.name"), key=NAME, help=t("train.name_help"), on_change=_keep_name, persist_state="session"
    )
    name = tables.typed(typed or "").strip()
    existing = next((classifier for classifier in state.classifiers() if classifier.name == name), None)
    if existing is not None:
        several = st.session_state.get("train.model", AUTO) == AUTO
        key = "train.name_exists_auto" if several else "train.name_exists"
        st.caption(t(key, version=existing.versions + 1))
    return name


def _keep_name() -> None:
    """What was typed stays, also where it reads like a dataset's name."""
    st.session_state[NAME_TYPED] = True


def _task(dataset: StoredDataset) -> Task:
    """Ask what the model is for; another kind of dataset starts at the first task that reads its targets as they are."""
    suits = dataset.kind
    if st.session_state.get(SUITS, "label") != suits:
        fitting = (name for name, task in TASKS.items() if task.reads == suits)
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
