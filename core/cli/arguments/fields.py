"""Options that a request declares: each of its fields is one, named, typed and explained as the field is."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module
from typing import Any

from core.base.config import Config, Setting, parse_assignments, settings_of

# What a field names → where all there are stand. A help text alone loads them.
KNOWN = {
    "models": "core.networks.architectures:MODELS",
    "tasks": "core.tasks:TASKS",
    "strategies": "core.continual.methods:STRATEGIES",
}
METAVARS = {"models": "MODEL", "strategies": "STRATEGY", "tasks": "TASK", "encoders": "ENCODER", "datasets": "DATASET"}


def add_fields(
    parser: argparse.ArgumentParser, config: type[Config], without: tuple[str, ...] = (), *, switches: bool = False
) -> None:
    """An option for each field but those ``without``; one that is not given is None, and the field's default counts.

    A field that names saved datasets is not required by itself: most commands take a file in its place (`missing_rows`).

    Parameters
    ----------
    switches
        Whether what can be switched on can be switched off, too, whatever it is at first.
    """
    for field in settings_of(config):
        if field.name in without:
            continue
        if field.values_of is not None:
            add_fields(parser, field.values_of)
            continue
        required, shape = field.required, _shape(field)
        if switches and field.kind == "bool":
            shape["action"] = argparse.BooleanOptionalAction
        if required and field.source == "datasets":
            required = False
            parser.set_defaults(columns={})
        parser.add_argument(f"--{field.option}", dest=field.name, required=required, help=_help(field), **shape)


def values_of(asked: argparse.Namespace, config: type[Config]) -> dict[str, Any]:
    """What was given of the fields of a config, as `core.base.config.build` takes it."""
    values: dict[str, Any] = {}
    for field in settings_of(config):
        given = getattr(asked, field.name, None)
        if field.values_of is not None:
            values[field.name] = values_of(asked, field.values_of)
        elif given is not None and field.kind == "list":
            values[field.name] = [name.strip() for part in given for name in part.split(",") if name.strip()]
        elif given is not None:
            values[field.name] = parse_assignments(given) if field.kind == "mapping" else given
    return values


def _guesses(asked: argparse.Namespace) -> bool:
    """Whether the task finds its columns by what they hold: a file of tags has no names for them."""
    from core.tasks import TASKS

    task = TASKS.get(getattr(asked, "task", None) or "")
    return task is not None and task.reads == "spans"


def missing_rows(asked: argparse.Namespace) -> str | None:
    """What is wrong with how the rows are named, if a command needs any: a file with its columns, or saved datasets."""
    columns = getattr(asked, "columns", None)
    sources = [name for name in ("data", "dataset", "datasets") if hasattr(asked, name)]
    given = [name for name in sources if getattr(asked, name)]
    if len(given) > 1:
        return f"argument --{given[1]}: not allowed with argument --{given[0]}"
    if columns is None:
        return None
    missing = [f"--{option}" for option, name in columns.items() if given == ["data"] and getattr(asked, name) is None]
    if missing and _guesses(asked):
        return None
    if not given:
        missing = [" or ".join(f"--{name}" for name in sources)]
    return f"the following arguments are required: {', '.join(missing)}" if missing else None


def fill_in(text: str) -> str:
    """A help text with the names of what there is."""
    for source, table in KNOWN.items():
        if (placeholder := f"<{source}>") in text:
            module, _, name = table.partition(":")
            text = text.replace(placeholder, ", ".join(getattr(import_module(module), name)))
    return text


def _shape(field: Setting) -> dict[str, Any]:
    match field.kind:
        case "bool":
            return {"action": argparse.BooleanOptionalAction if field.default else "store_true", "default": None}
        case "choice":
            return {"choices": field.choices}
        case "int" | "float":
            return {"type": number(int if field.kind == "int" else float), "metavar": "N"}
        case "mapping":
            return {"nargs": "+", "action": "extend", "metavar": "NAME=VALUE"}
    metavar = METAVARS.get(field.source, "NAME")
    return {"nargs": "+", "action": "extend", "metavar": metavar} if field.kind == "list" else {"metavar": metavar}


def _help(field: Setting) -> str:
    known = f" {'Some' if field.kind == 'list' else 'One'} of: <{field.source}>." if field.source in KNOWN else ""
    shown = field.kind in ("int", "float", "choice", "text") and field.default not in (None, "")
    return f"{field.help}{known}{f' Default: {field.default}.' if shown else ''}".replace("%", "%%")


def number(kind: type[int] | type[float], least: float = float("-inf"), about: str = "") -> Callable[[str], Any]:
    """Read a number of the command line, and refuse in plain words what is none."""
    described = about or ("a whole number" if kind is int else "a number")

    def read(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not least <= value < float("inf"):
            raise argparse.ArgumentTypeError(f"'{text}' is not {described}")
        return value

    return read


def filled(text: str) -> str:
    """A word of the command line that would be taken for not given if it were empty."""
    if not text:
        raise argparse.ArgumentTypeError("nothing stands in it; leave the option out, or say what is meant")
    return text
