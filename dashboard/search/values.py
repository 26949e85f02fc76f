"""The settings that a search tries, as people read them: names, values, and the span that is searched."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from dashboard.parts import tables
from dashboard.shell.i18n import choice_label, setting_label, t

if TYPE_CHECKING:
    from core.base.config import Setting


def label(name: str) -> str:
    """A setting's name in the reader's language."""
    found = _known().get(name)
    return setting_label(found) if found else name


@cache
def _known() -> dict[str, Setting]:
    from core.networks.encoders import MODELS
    from core.workflows.search.space import searchable

    return {one.name: one for model in MODELS for one in searchable(model)}


def value(described: dict[str, Any], found: Any) -> str:
    """A value as a form shows it."""
    if isinstance(found, bool):
        return t("search.on" if found else "search.off")
    if isinstance(found, str):
        return choice_label(described["name"], found) if described else found
    return tables.thousands(found) if isinstance(found, int) else f"{found:.3g}"


def ends(described: dict[str, Any]) -> str:
    """Between what a setting is searched."""
    if described["low"] is None:
        options = described["choices"] or [False, True]
        return " · ".join(value(described, one) for one in options)
    kind = int if described["kind"] == "int" else float
    span = "–".join(value(described, kind(described[side])) for side in ("low", "high"))
    return f"{span} ({t('search.log')})" if described["scale"] == "log" else span
