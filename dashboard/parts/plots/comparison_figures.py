"""What the Lab page knows of a comparison's figures: order, names, families, how each is written and which way is good."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from core.base.messages import Message
from core.registry.records.comparisons import average_of, deciding_score
from core.tasks import DEFAULT as DEFAULT_TASK
from core.tasks import TASKS
from dashboard.parts import tables
from dashboard.parts.names import name_of
from dashboard.parts.scores import spoken
from dashboard.shell.i18n import DEFAULT, catalogue, t, tn

Kind = Literal["score", "rows", "bytes", "seconds", "share"]

# The families of `core.continual.families` in their order on screen, and the place of each one's colour in the palette:
# fourteen hues could not be told apart, names tell the rest.
FAMILY_COLORS = {"new": 7, "restart": 3, "rehearse": 0, "protect": 1, "exact": 2}
ROW_HEIGHT = 35  # pixels of a table's row
VERDICT = "compare.best_"  # keys of sentences that say which strategy is the best trade-off


@dataclass(frozen=True)
class Figure:
    """One measure of the table, named as in the stored comparison."""

    name: str
    kind: Kind = "score"


# Forgetting never stands without plasticity beside it: who learns nothing forgets nothing.
_CHANGES_AND_COST = (
    Figure("forgetting"),
    Figure("plasticity"),
    Figure("backward_transfer"),
    Figure("forward_transfer"),
    Figure("intransigence"),
    Figure("memory_rows", "rows"),
    Figure("memory_bytes", "bytes"),
    Figure("seconds", "seconds"),
    Figure("seconds_ratio", "share"),
)


def figures_of(result: Mapping[str, Any]) -> tuple[Figure, ...]:
    """The measures of a comparison: the averages of its task's scores, that which decides first, then what holds for all."""
    task = TASKS.get(str(result.get("task", DEFAULT_TASK)), TASKS[DEFAULT_TASK])
    return (*(Figure(average_of(score.name)) for score in task.scores), *_CHANGES_AND_COST)


def average(result: Mapping[str, Any]) -> str:
    """The name of the measure by which strategies are compared."""
    return average_of(deciding_score(result))


def ranked(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The strategies of a comparison, best average score first."""
    return sorted(result["strategies"], key=lambda strategy: -float(strategy[average(result)]))


def best_name(result: dict[str, Any]) -> str:
    """The strategy with the best trade-off."""
    return str(result["best"]["strategy"])


def strategy_name(strategy: str) -> str:
    """The visible name, with the abbreviation that charts use; an unknown strategy keeps its own name."""
    name = name_of("strategy", strategy)
    brief = _known(f"lab.short_{strategy}", name)
    return name if brief.casefold() in name.casefold() else t("lab.with_short", name=name, short=brief)


def chart_name(strategy: str, length: int = 18) -> str:
    """A name that fits beside a point: the field's abbreviation where it has one."""
    name = _known(f"lab.short_{strategy}", "") or name_of("strategy", strategy)
    return name if len(name) <= length else f"{name[: length - 1]}…"


def _known(key: str, otherwise: str) -> str:
    return t(key) if key in catalogue(DEFAULT) else otherwise


def with_names(message: Message) -> Message:
    """The same sentence with the visible names of the strategies, and of the score, it speaks of."""
    facts = dict(message.facts)
    for fact in ("strategy", "other", "better"):
        if fact in facts:
            facts[fact] = strategy_name(str(facts[fact]))
    if message.key.startswith(VERDICT):
        if "accuracy" in facts:  # editions before compared by accuracy alone
            facts |= {"score": "accuracy", "value": facts["accuracy"], "other_value": facts.get("other_accuracy")}
        facts["score"] = spoken(str(facts["score"]))
    if "strategies" in facts:
        facts["strategies"] = [strategy_name(str(name)) for name in facts["strategies"]]
    return Message(message.key, message.text, facts)


def facts(entry: dict[str, Any]) -> list[str]:
    """A comparison in a line; takes a whole one, or what the list of them holds."""
    experiences = entry["experiences"]
    seeds = entry["seeds"] if "seeds" in entry else entry["request"]["seeds"]
    return [
        tn("lab.strategies_count", len(entry["strategies"])),
        tn("lab.experiences_count", experiences if isinstance(experiences, int) else len(experiences)),
        tn("lab.seeds_count", int(seeds)),
        name_of("model", entry["model"]),
        t("lab.took", time=tables.duration(entry["seconds"])),
        tables.moment(entry["created"]),
    ]


def by_family(families: Mapping[str, str]) -> dict[str, list[str]]:
    """From strategy → family to family → its strategies; empty families are left out."""
    grouped = {family: [name for name, own in families.items() if own == family] for family in FAMILY_COLORS}
    return {family: names for family, names in grouped.items() if names}


def written(figure: Figure, value: float | None) -> str:
    """A figure as people read it."""
    if value is None or math.isnan(value):
        return tables.NOTHING
    if figure.kind == "rows":
        return tables.thousands(value)
    if figure.kind == "bytes":
        return tables.size(value)
    if figure.kind == "seconds":
        return t("units.seconds", seconds=f"{value:.1f}") if value < 10 else tables.duration(value)
    if figure.kind == "share":
        return tables.percent(value)
    return signed(value)


def table_height(rows: int) -> int:
    """Pixels of a table that shows all its rows."""
    return ROW_HEIGHT * (rows + 1) + 3


def signed(value: Any) -> str:
    """Three decimals with a true minus sign; what rounds to nothing has none."""
    return tables.signed(value, 3).removeprefix("+")


def with_deviation(figure: Figure, strategy: dict[str, Any]) -> str:
    """``0.871 ± 0.004``: the mean over the seeds and their standard deviation, where there are several seeds."""
    value = written(figure, strategy[figure.name])
    deviation = (strategy.get("spread") or {}).get(figure.name)
    if deviation is None or strategy[figure.name] is None:
        return value
    return f"{value} ± {written(figure, deviation)}"


def with_interval(figure: Figure, strategy: dict[str, Any]) -> str:
    """``0.871 (0.860–0.882)``: with the 95 % interval over the test rows, where there is one."""
    value = written(figure, strategy[figure.name])
    ends = (strategy.get("intervals") or {}).get(figure.name)
    if ends is None or strategy[figure.name] is None:
        return value
    low, high = (written(figure, end) for end in ends)
    # without spaces, a dash between negative numbers would read as another minus
    between = " – " if "−" in low + high else "–"
    return f"{value} ({low}{between}{high})"
