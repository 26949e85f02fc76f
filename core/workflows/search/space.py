"""What a search may vary, and between which ends: read off the settings of a model, of reading text and of learning."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.base.config import Setting, settings_of
from core.base.errors import ConfigError
from core.networks.text import TextConfig
from core.training import TrainingConfig
from core.workflows.requests import architecture_of

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

# On a log scale the declared ends lie three to five orders of magnitude apart; few trials would be spent near what works.
REACH = 20.0
FIRST_TRIED = ("learning_rate", "batch_size", "word_dropout", "label_smoothing")
LEFT_ALONE = frozenset({"seed"})  # choosing a seed would be choosing luck


@dataclass(frozen=True)
class Dimension:
    """One setting that is searched, and the ends between which it is, both included; None for choices."""

    setting: Setting
    default: Any
    low: float | None
    high: float | None

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.setting.name,
            "kind": self.setting.kind,
            "scale": self.setting.scale,
            "choices": list(self.setting.choices),
            "default": self.default,
            "low": self.low,
            "high": self.high,
        }

    def distribution(self) -> BaseDistribution:
        """The same for Optuna."""
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        if self.low is None or self.high is None:
            return CategoricalDistribution([False, True] if self.setting.kind == "bool" else self.setting.choices)
        log = self.setting.scale == "log"
        step = None if log else self.setting.step
        if self.setting.kind == "int":
            return IntDistribution(int(self.low), int(self.high), log=log, step=int(step or 1))
        return FloatDistribution(self.low, self.high, log=log, step=step)

    def tidy(self, drawn: Any) -> Any:
        """The value to train with: on the setting's own steps, without the dust of binary fractions."""
        if self.low is None or self.high is None:
            return drawn
        if self.setting.scale == "log":
            step = self.setting.step
            if step:
                drawn = min(max(round(drawn / step) * step, self.low), self.high)
            return int(drawn) if self.setting.kind == "int" else float(f"{drawn:.3g}")
        return int(drawn) if self.setting.kind == "int" else round(float(drawn), 6)

    def on_grid(self, value: Any) -> Any:
        """The nearest value that `distribution` allows."""
        if self.low is None or self.high is None:
            return value
        value = min(max(value, self.low), self.high)
        if self.setting.scale == "linear" and self.setting.step:
            value = self.low + round((value - self.low) / self.setting.step) * self.setting.step
        return int(value) if self.setting.kind == "int" else float(value)


def searchable(model: str) -> list[Setting]:
    """All settings of a model that a search may vary, in the order of the Train form.

    Not among them: what names a source, how rows are divided, which would change what is measured, and steps of a model that is
    solved.
    """
    kind = architecture_of(model)
    configs = [kind.config_class, TextConfig, *(() if kind.solved else (TrainingConfig,))]
    declared = [setting for config in configs for setting in settings_of(config)]
    return [
        setting for setting in declared if _can_vary(setting) and setting.name not in kind.without_effect | LEFT_ALONE
    ]


def usual(model: str) -> list[str]:
    """The settings worth searching first: sizes and dropout of the model, and the common ones of learning."""
    own = {setting.name for setting in settings_of(architecture_of(model).config_class)}
    return [
        setting.name
        for setting in searchable(model)
        if setting.name in FIRST_TRIED
        or (setting.name in own and setting.kind in ("int", "float") and not setting.advanced)
    ]


def dimensions(model: str, names: Iterable[str], defaults: Mapping[str, Any]) -> list[Dimension]:
    """The named settings with their ends, in the order of `searchable`.

    Parameters
    ----------
    defaults
        Flat, with all settings: what the first trial runs with.

    Raises
    ------
    ConfigError
        When one of them cannot be searched, or none is named.
    """
    known = {setting.name: setting for setting in searchable(model)}
    wanted = set(names)
    unknown = sorted(wanted - set(known))
    if unknown or not wanted:
        raise ConfigError(
            "search.unknown",
            "The setting '{name}' cannot be searched with this model. Those that can are: {known}.",
            name=unknown[0] if unknown else "–",
            known=list(known),
        )
    return [_dimension(setting, defaults[name]) for name, setting in known.items() if name in wanted]


def _can_vary(setting: Setting) -> bool:
    if setting.kind in ("int", "float"):
        return setting.minimum is not None and setting.maximum is not None
    return setting.kind in ("bool", "choice") and not setting.source


def _dimension(setting: Setting, default: Any) -> Dimension:
    if setting.minimum is None or setting.maximum is None:
        return Dimension(setting, default, None, None)
    low, high = setting.minimum, setting.maximum
    if setting.scale == "log":
        low, high = max(low, default / REACH), min(high, default * REACH)
        if setting.kind == "int":
            low, high = math.ceil(low), math.floor(high)
    elif setting.step:
        high = low + math.floor((high - low) / setting.step + 1e-9) * setting.step
    return Dimension(setting, default, low, round(high, 6))
