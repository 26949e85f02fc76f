"""A comparison as `core.workflows.compare.run` stores it, with made-up figures; for tests of the Lab page only."""

from __future__ import annotations

from typing import Any

from core.continual.families import family_of
from core.continual.methods import STRATEGIES
from core.registry.records import ComparisonStore

ALL = (
    "finetune", "joint", "replay", "der", "derpp", "ewc", "si", "lwf", "agem", "gdumb", "mas", "ncm", "ridge", "slda",
)  # fmt: skip
SCORES = (
    "average_accuracy", "average_macro_f1", "forgetting", "plasticity", "backward_transfer", "forward_transfer",
    "intransigence",
)  # fmt: skip


def comparison(
    strategies: tuple[str, ...] = ("finetune", "replay", "joint"),
    *,
    identity: str = "20260301-120000-abc123",
    name: str = "Shop reviews",
    experiences: int = 3,
    seeds: int = 3,
    labels: tuple[str, ...] = ("bad", "good"),
) -> dict[str, Any]:
    """A whole result; the last strategy but one is called the best trade-off, strategies improve in their order."""
    best = strategies[-2] if len(strategies) > 1 else strategies[0]
    why = {
        "key": "compare.best_only",
        "text": "{strategy}: average accuracy {accuracy} %, forgetting {forgetting} points, updates {seconds} s. "
        "Nothing else was compared.",
        "facts": {"strategy": best, "accuracy": "81.0", "forgetting": "2.0", "seconds": "3.0"},
    }
    return {
        "id": identity,
        "name": name,
        "created": "2026-03-01T12:00:00+00:00",
        "seconds": 95.0,
        "request": {
            "name": name,
            "datasets": ["0123456789abcdef"],
            "experience": "group",
            "strategies": list(strategies),
            "model": "ngrams",
            "seeds": seeds,
            "settings": {"epochs": 3},
        },
        "model": "ngrams",
        "language": "en",
        "classes": list(labels),
        "settings": {"epochs": 3, "learning_rate": 0.005},
        "experiences": [
            {"name": f"Part {number}", "train": 700, "validation": 100, "test": 200, "labels": list(labels)}
            for number in range(1, experiences + 1)
        ],
        "strategies": [_strategy(place, strategies, experiences, seeds, labels) for place in range(len(strategies))],
        "best": {"strategy": best, "message": why},
        "findings": [],
    }


def _strategy(
    place: int, strategies: tuple[str, ...], experiences: int, seeds: int, labels: tuple[str, ...]
) -> dict[str, Any]:
    level = 0.6 + 0.02 * place
    matrix = [
        [round(level + (0.2 if test <= row else -0.1) - 0.03 * max(0, row - test), 4) for test in range(experiences)]
        for row in range(experiences)
    ]
    figures: dict[str, Any] = dict.fromkeys(SCORES, level)
    figures |= {"average_accuracy": sum(matrix[-1]) / experiences, "forgetting": 0.05 - 0.02 * place}
    figures["intransigence"] = 0.01 if "joint" in strategies else None
    others = [other for other in strategies if other != strategies[place]]
    return {
        "strategy": strategies[place],
        "family": family_of(
            STRATEGIES.get(strategies[place], STRATEGIES["ewc"])
        ),  # one that nobody has named yet has flags all the same
        "settings": {},
        **figures,
        "seconds": 2.0 * 1.4**place,
        "seconds_ratio": 0.3 if "joint" in strategies else None,
        "memory_rows": 500.0,
        "memory_bytes": 90_000.0,
        "R": matrix,
        "R_macro_f1": matrix,
        "spread": dict.fromkeys((*SCORES, "seconds"), 0.004 if seeds > 1 else None),
        "intervals": {
            name: [figures[name] - 0.01, figures[name] + 0.01] for name in SCORES if figures[name] is not None
        },
        "per_class_forgetting": {label: 0.1 - 0.05 * number for number, label in enumerate(labels)},
        "against": {
            other: {
                "difference": [0.02, 0.01, 0.03] if others.index(other) < place else [-0.02, -0.03, -0.01],
                "p": 0.001,
            }
            for other in others
        },
        "runs": [],
    }


def of_entities(**wanted: Any) -> dict[str, Any]:
    """The same as it is stored for entities, whose deciding score is micro-F1; without, a comparison is as of old."""
    made = comparison(**wanted)
    for strategy in made["strategies"]:
        for part in (strategy, strategy["spread"], strategy["intervals"]):
            part["average_micro_f1"] = part.pop("average_accuracy")
    why = made["best"]["message"]
    why["text"] = why["text"].replace("accuracy {accuracy}", "{score} {value}")
    why["facts"] |= {"score": "micro_f1", "value": why["facts"].pop("accuracy")}
    return {**made, "task": "token_classification", "score": "micro_f1", "model": "crf"}


def save(home: Any, *, entities: bool = False, **wanted: Any) -> dict[str, Any]:
    """Store one in a workspace."""
    made = (of_entities if entities else comparison)(**wanted)
    ComparisonStore(home).save(made)
    return made
