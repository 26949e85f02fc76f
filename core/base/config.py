"""Settings, declared once: range, default, caption and help in one field, from which the form, the command line,
the validation error and the documentation all derive.

Knows nothing of what the settings mean.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from core.base.errors import ConfigError

Scale = Literal["linear", "log"]
Kind = Literal["int", "float", "bool", "choice", "text", "list", "mapping"]
Group = Literal["model", "text", "optimisation", "strategy", "data", "privacy", "fairness"]


class Config(BaseModel):
    """Base of every config: frozen, and unknown settings are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def setting(
    default: Any,
    *,
    label: str,
    help: str,
    bounds: tuple[float, float] | None = None,
    step: float | None = None,
    scale: Scale = "linear",
    group: Group = "model",
    advanced: bool = False,
    source: str = "",
    option: str = "",
) -> Any:
    """Declare one field of a `Config`.

    Parameters
    ----------
    bounds
        Smallest and largest allowed value, both included; also the ends of the slider.
    scale
        ``"log"`` for values that matter by their order of magnitude, such as a learning rate.
    advanced
        Whether the form folds it away until asked for.
    source
        What a text's field names, such as ``"encoders"``; a form offers what there is of it.
    option
        The name of the field on the command line where it differs from the field's own.
    """
    low, high = bounds if bounds is not None else (None, None)
    extra: dict[str, Any] = {"step": step, "scale": scale, "group": group, "advanced": advanced, "source": source}
    extra["option"] = option
    return Field(default=default, title=label, description=help, ge=low, le=high, json_schema_extra=extra)


def parameter(help: str, *, option: str = "", source: str = "", values_of: type[Config] | None = None) -> Any:
    """Describe a field of a request that no form draws by itself: ``classifier: Annotated[str, parameter("…")]``.

    Parameters
    ----------
    values_of
        The config whose values a mapping holds; the command line offers each of its fields as an option.
    """
    return Field(description=help, json_schema_extra={"option": option, "source": source, "values_of": values_of})  # type: ignore[dict-item]


def like(config: type[Config], name: str, **changed: Any) -> Any:
    """Declare a field as another config does, but for what is changed: `setting`'s arguments, such as ``default=3e-3``."""
    known = next(candidate for candidate in settings_of(config) if candidate.name == name)
    bounds = None if known.minimum is None or known.maximum is None else (known.minimum, known.maximum)
    same = {
        field: getattr(known, field)
        for field in ("label", "help", "step", "scale", "group", "advanced", "source", "option")
    }
    return setting(**{"default": known.default, **same, "bounds": bounds, **changed})


@dataclass(frozen=True)
class Setting:
    """One field of a config, as a form or a help text needs it."""

    name: str
    kind: Kind
    default: Any
    required: bool
    label: str
    help: str
    minimum: float | None
    maximum: float | None
    step: float | None
    scale: Scale
    group: Group
    advanced: bool
    choices: tuple[str, ...]
    source: str
    option: str
    values_of: type[Config] | None


def settings_of(config: type[Config]) -> list[Setting]:
    """Describe every field of a config class, in order of declaration."""
    return [_describe(name, info) for name, info in config.model_fields.items()]


def _describe(name: str, info: FieldInfo) -> Setting:
    extra: dict[str, Any] = dict(info.json_schema_extra) if isinstance(info.json_schema_extra, dict) else {}
    kinds: dict[Any, Kind] = {int: "int", float: "float", bool: "bool", list: "list", dict: "mapping"}
    annotation = _without_none(info.annotation)
    origin = get_origin(annotation)
    choices = tuple(str(choice) for choice in get_args(annotation)) if origin is Literal else ()
    bound = {type(limit).__name__: limit for limit in info.metadata}
    return Setting(
        name=name,
        kind="choice" if choices else kinds.get(origin or annotation, "text"),
        default=None if info.is_required() else info.default,
        required=info.is_required(),
        label=info.title or name,
        help=info.description or "",
        minimum=getattr(bound.get("Ge"), "ge", None),
        maximum=getattr(bound.get("Le"), "le", None),
        step=extra.get("step"),
        scale=extra.get("scale", "linear"),
        group=extra.get("group", "model"),
        advanced=bool(extra.get("advanced", False)),
        choices=choices,
        source=extra.get("source", ""),
        option=extra.get("option") or name.replace("_", "-"),
        values_of=extra.get("values_of"),
    )


def _without_none(annotation: Any) -> Any:
    """The type of a value that is given, where None stands for one that is not."""
    if get_origin(annotation) not in (Union, UnionType):
        return annotation
    types = [part for part in get_args(annotation) if part is not type(None)]
    return types[0] if len(types) == 1 else annotation


AnyConfig = TypeVar("AnyConfig", bound=Config)


def build(config: type[AnyConfig], values: Mapping[str, Any]) -> AnyConfig:
    """Make a config from loose values (a form's, or text from a command line).

    Raises
    ------
    ConfigError
        Naming the first setting at fault, what was found and what is allowed.
    """
    try:
        return config.model_validate(dict(values))
    except ValidationError as error:
        raise _explain(config, error) from None


def _explain(config: type[Config], error: ValidationError) -> ConfigError:
    problem = error.errors()[0]
    name = str(problem["loc"][0]) if problem["loc"] else "?"
    known = {described.name: described for described in settings_of(config)}
    if name not in known:
        return ConfigError(
            "config.unknown",
            "There is no setting '{name}' here. The settings are: {known}.",
            name=name,
            known=list(known),
        )
    return ConfigError(
        "config.invalid",
        "Setting '{name}' cannot be '{found}'. Allowed: {allowed}.",
        name=name,
        found=str(problem["input"]),
        allowed=_allowed(known[name]),
    )


def _allowed(described: Setting) -> str:
    if described.choices:
        return " | ".join(described.choices)
    if described.minimum is not None:
        return f"{described.minimum:g} … {described.maximum:g}"
    return described.kind


def parse_assignments(pairs: Sequence[str]) -> dict[str, str]:
    """Turn ``["epochs=1", "seed=7"]`` into a mapping; raises `ConfigError` on a pair without ``=``."""
    values = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name.strip():
            raise ConfigError(
                "config.pair", "'{pair}' is not a setting. Write it as name=value, such as epochs=3.", pair=pair
            )
        values[name.strip()] = value.strip()
    return values


def distribute(values: Mapping[str, Any], *configs: type[Config]) -> list[dict[str, Any]]:
    """Hand each loose value to every config that has a field of its name.

    Raises
    ------
    ConfigError
        When no config has it; the message lists all names.
    """
    names = [set(config.model_fields) for config in configs]
    for name in values:
        if not any(name in group for group in names):
            raise ConfigError(
                "config.unknown",
                "There is no setting '{name}' here. The settings are: {known}.",
                name=name,
                known=sorted(set().union(*names)),
            )
    return [{name: value for name, value in values.items() if name in group} for group in names]


def home() -> Path:
    """The workspace folder: ``EVERGREEN_HOME``, or ``workspace`` below the current folder; created when missing."""
    folder = Path(os.environ.get("EVERGREEN_HOME") or "workspace").expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return folder
