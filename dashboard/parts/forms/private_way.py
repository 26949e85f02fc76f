"""How a head learns with differential privacy where it could be solved as well: asked beside the settings of Train."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.continual.methods import FINETUNE
from core.continual.methods.exact import RIDGE
from core.networks.architectures.encoder import ENCODER
from core.workflows.learn.private_checks import solves
from core.workflows.requests import resolve_settings
from dashboard.parts.choices import segmented
from dashboard.parts.forms.forms import set_values
from dashboard.parts.privacy.spending import is_private
from dashboard.shell.i18n import t

if TYPE_CHECKING:
    from core.tasks import Task

KEY = "train.private_way"
FOLLOWED = "train.private_followed"  # in the session: the model and whether it was private, when fields were drawn last
WITHOUT_EFFECT = frozenset(
    {"memory_size", "memory_selection", "patience", "class_weights", "gradient_clip"}
)  # with differential privacy
PRIVACY_ALONE = frozenset({"epsilon", "privacy_budget", "privacy_unit", "group_rows", "delta", "clip_norm"})


def follow(task: Task, model: str, standard: Mapping[str, Any], *, key: str) -> None:
    """Set what suits noise when the promise is switched on, and the standard when it is switched off; before fields are drawn.

    Parameters
    ----------
    key
        Prefix of the fields' keys, as for `forms.settings_form`.
    """
    now = (model, bool(st.session_state.get(f"{key}.private", False)))
    before = st.session_state.get(FOLLOWED, (model, False))
    st.session_state[FOLLOWED] = now
    suited = task.networks()[model].private_defaults
    if now[1] and now != before:
        set_values(key, suited)
    elif before == (model, True) and not now[1]:
        set_values(key, {name: standard[name] for name in suited})


def draw(task: Task, model: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The strategy of the request, where one is asked for: noisy sums suit features that no row has shaped."""
    if not is_private(values) or not solves(resolve_settings(model, values, task), model, RIDGE.name):
        return {}
    # Of hashed counters there are so many that noise in each pair of them drowns more than noise in steps does.
    ways = (RIDGE.name, FINETUNE.name) if model == ENCODER.name else (FINETUNE.name, RIDGE.name)
    names = {name: t(f"privacy.way_{name}") for name in ways}
    return {"strategy": segmented(t("privacy.way"), names, key=KEY, help=t("privacy.way_help"))}


def idle(*, private: bool) -> frozenset[str]:
    """Settings that do not count, with the promise or without it."""
    return WITHOUT_EFFECT if private else PRIVACY_ALONE
