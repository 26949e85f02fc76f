"""What is compared, and with which settings: strategies by family, the model, the seeds, the hyperparameters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from core.base.config import Config, Setting, settings_of
from core.continual.families import FAMILIES, family_of
from core.continual.methods import STRATEGIES
from core.networks.text import TextConfig
from core.tasks import TASKS, Task
from core.training import TrainingConfig
from core.workflows.compare.request import CompareRequest, first_model, first_strategies
from core.workflows.requests import DataConfig, hidden_strategies, pairing_remark, strategies_for
from dashboard.parts import choices
from dashboard.parts.forms.forms import settings_form
from dashboard.parts.forms.training_form import preset_values
from dashboard.parts.names import name_of
from dashboard.parts.plots.comparison_figures import by_family, strategy_name, with_names
from dashboard.parts.tables import plain
from dashboard.shell.i18n import choice_label, setting_label, t, t_message

TASK = "lab.task"  # in the session: what the models were for when the form was drawn last
FORM = "lab.settings"
LEARNING = ("epochs", "learning_rate", "batch_size")
REMEMBERED = "memory_size"


def strategies(task: Task) -> list[str]:
    """Which of those that suit the task, grouped by family; what each one does is folded away below."""
    if st.session_state.get(TASK, task.name) != task.name:  # another task has other strategies: begin anew
        for family in FAMILIES:
            st.session_state.pop(f"lab.family.{family}", None)
    st.session_state[TASK] = task.name
    groups = by_family({name: family_of(STRATEGIES[name]) for name in strategies_for(task)})
    first = first_strategies(task)
    picked = [name for family, names in groups.items() for name in _family(family, names, first)]
    hidden = hidden_strategies(task)
    if hidden is not None:
        st.caption(plain(t_message(hidden)))
    with st.expander(t("lab.what_they_do")):
        for name in (name for names in groups.values() for name in names):
            st.markdown(t("lab.explained", name=strategy_name(name), about=t(f"names.about_{name}")))
    return picked


def _family(family: str, names: list[str], first: list[str]) -> list[str]:
    key = f"lab.family.{family}"
    if key not in st.session_state:
        st.session_state[key] = [name for name in names if name in first]
    shown = {name: strategy_name(name) for name in names}
    picked = st.pills(
        t(f"names.family_{family}"),
        names,
        selection_mode="multi",
        format_func=shown.__getitem__,
        key=key,
        help=t(f"names.about_family_{family}"),
        wrap=True,
        persist_state="session",
    )
    return [name for name in names if name in picked]


def model(task: Task, strategies: list[str]) -> str:
    """The model that all strategies train; says where one of them does not suit it."""
    first = first_model(task)
    names = {name: name_of("model", name) for name in sorted(task.networks(), key=lambda name: name != first)}
    architecture = choices.segmented(t("lab.model"), names, key="lab.model", wrap=True)
    st.caption(t(f"names.about_{architecture}"))
    remarks = [pairing_remark(architecture, strategy, task) for strategy in strategies]
    for remark in [remark for remark in remarks if remark is not None][:1]:  # one stands for its family
        st.caption(f":orange[:material/info:] {plain(t_message(with_names(remark)))}")
    return architecture


def seeds() -> int:
    """How often each strategy is run."""
    declared = next(setting for setting in settings_of(CompareRequest) if setting.name == "seeds")
    return int(settings_form([declared], key="lab")["seeds"])


def hyperparameters(task: Task, model: str, strategies: list[str]) -> dict[str, Any]:
    """The main settings, folded away: of learning, of the chosen strategies, of the model."""
    defaults = preset_values(model, "standard", task)
    with st.expander(t("lab.settings")):
        learning, own, architecture = st.tabs(
            [t(f"lab.settings_{name}") for name in ("learning", "strategies", "model")]
        )
        with learning:
            values = _in_columns(_learning(), f"{FORM}.{model}", defaults)
        with own:
            values |= _own(strategies)
        with architecture:
            declared = settings_of(task.networks()[model].config_class)
            ordinary = [setting for setting in declared if not setting.advanced]
            values |= _in_columns(ordinary, f"{FORM}.{model}", defaults)
    return values


def _learning() -> list[Setting]:
    declared = [*settings_of(TrainingConfig), *settings_of(DataConfig)]
    wanted = (*LEARNING, REMEMBERED)
    return [replace(setting, advanced=False) for setting in declared if setting.name in wanted]


def _own(names: list[str]) -> dict[str, Any]:
    """Each chosen strategy's settings under its name; one that several share stands under the first of them."""
    values: dict[str, Any] = {}
    for name in names:
        declared = [
            replace(setting, advanced=False)
            for setting in settings_of(STRATEGIES[name].config_class)
            if setting.name not in values
        ]
        if declared:
            st.markdown(f"**{strategy_name(name)}**")
            values |= _in_columns(declared, FORM, {})
    if not values:
        st.caption(t("lab.settings_none"))
    return values


def _in_columns(declared: list[Setting], key: str, defaults: dict[str, Any]) -> dict[str, Any]:
    """Sliders three abreast; buttons for choices need a line of their own."""
    choices = [setting for setting in declared if setting.kind == "choice"]
    values: dict[str, Any] = settings_form(choices, key=key, defaults=defaults)
    sliders = [setting for setting in declared if setting.kind != "choice"]
    for start in range(0, len(sliders), 3):
        for column, setting in zip(st.columns(3, gap="medium"), sliders[start : start + 3], strict=False):
            with column:
                values |= settings_form([setting], key=key, defaults=defaults)
    return values


def written_setting(name: str, value: Any) -> tuple[str, str]:
    """A setting's visible name and value; of one that this installation does not know, as it is stored."""
    setting = _declared().get(name)
    if setting is None:
        return name, str(value)
    shown = choice_label(name, str(value)) if value in setting.choices else str(value)
    return setting_label(setting), shown


def _declared() -> dict[str, Setting]:
    configs: list[type[Config]] = [TextConfig, TrainingConfig, DataConfig]
    for task in TASKS.values():
        configs += [task.config_class, *(model.config_class for model in task.networks().values())]
    configs += [kind.config_class for kind in STRATEGIES.values()]
    return {setting.name: setting for config in configs for setting in settings_of(config)}
