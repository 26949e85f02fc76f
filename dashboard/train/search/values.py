"""The settings that a search tries, as people read them: names, values, and the span that is searched."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from core.networks.architectures import MODELS
from core.workflows.search.space import searchable
from dashboard.parts import tables
from dashboard.shell.i18n import choice_label, setting_label, t

if TYPE_CHECKING:
    from core.base.config import Setting


def label(name: str) -> str:
    """A setting's name in the reader's language."""
    setting = _known().get(name)
    return setting_label(setting) if setting else name


@cache
def _known() -> dict[str, Setting]:
    return {setting.name: setting for model in MODELS for setting in searchable(model)}


def value(described: dict[str, Any], raw: Any) -> str:
    """A value as a form shows it."""
    if isinstance(raw, bool):
        return t("search.on" if raw else "search.off")
    if isinstance(raw, str):
        return choice_label(described["name"], raw) if described else raw
    return tables.thousands(raw) if isinstance(raw, int) else f"{raw:.3g}"


def ends(described: dict[str, Any]) -> str:
    """Between what a setting is searched."""
    if described["low"] is None:
        options = described["choices"] or [False, True]
        return " · ".join(value(described, option) for option in options)
    kind = int if described["kind"] == "int" else float
    span = "–".join(value(described, kind(described[side])) for side in ("low", "high"))
    return f"{span} ({t('search.log')})" if described["scale"] == "log" else span
