"""How a head learns with differential privacy where it could be solved as well: asked beside the settings of Train."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.continual.methods import FINETUNE
from core.continual.methods.exact import RIDGE
from core.workflows.learn.private import solves
from core.workflows.requests import resolve_settings
from dashboard.parts.choices import segmented
from dashboard.parts.privacy.spending import is_private
from dashboard.shell.i18n import t

if TYPE_CHECKING:
    from core.tasks import Task

KEY = "train.private_way"
WITHOUT_EFFECT = frozenset(
    {"memory_size", "memory_selection", "patience", "class_weights", "gradient_clip"}
)  # with differential privacy
PRIVACY_ALONE = frozenset({"epsilon", "privacy_budget", "privacy_unit", "group_rows", "delta", "clip_norm"})


def draw(task: Task, model: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The strategy of the request, where one is asked for: noisy sums suit features that no row has shaped."""
    if not is_private(values) or not solves(resolve_settings(model, values, task), model, RIDGE.name):
        return {}
    names = {name: t(f"privacy.way_{name}") for name in (RIDGE.name, FINETUNE.name)}
    return {"strategy": segmented(t("privacy.way"), names, key=KEY, help=t("privacy.way_help"))}


def idle(*, private: bool) -> frozenset[str]:
    """Settings that do not count, with the promise or without it."""
    return WITHOUT_EFFECT if private else PRIVACY_ALONE
