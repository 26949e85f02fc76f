"""From what shadows know to the record of an attack: its figures, the bound of ε, and what is to be said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.base.messages import Message, message
from core.statistics.intervals import Floats
from core.statistics.membership import Bound, Flags, attack, mean_exposure

CERTAINTY = 0.95
CLOSE = 0.01  # of an ε: figures on screen have two decimals


@dataclass(frozen=True, eq=False)
class Figures:
    """What was measured, ``(shadows, rows)`` or ``(shadows, canaries)``.

    Parameters
    ----------
    taking_part, available
        Training rows that took part, of all that there are.
    asked
        Shadows that were asked for.
    promised
        ``epsilon`` and ``delta`` of the promise; None where none was made.
    """

    rows: Floats
    learned: Flags
    canaries: Floats
    inserted: Flags
    exposures: Floats
    references: int
    taking_part: int
    available: int
    asked: int
    promised: Mapping[str, float] | None


def judge(figures: Figures) -> dict[str, Any]:
    """The record of an attack, but for whose it is.

    ``rows`` and ``canaries`` have an attack each, and ``epsilon`` is the larger of their bounds: each holds with 97.5 %, so
    that the larger holds with 95 %.
    """
    promise = None if figures.promised is None else dict(figures.promised)
    delta = 0.0 if promise is None else promise["delta"]
    each = 1 - (1 - CERTAINTY) / (2 if figures.canaries.shape[1] else 1)
    rows = attack(figures.rows, figures.learned, delta=delta, certainty=each)
    made = attack(figures.canaries, figures.inserted, delta=delta, certainty=each)
    exposure = mean_exposure(figures.exposures, figures.inserted, figures.references) if figures.inserted.size else None
    bounds = [known.bound for known in (rows, made) if known is not None and known.bound is not None]
    epsilon = _larger(bounds)
    return {
        "shadows": len(figures.rows),
        "asked": figures.asked,
        "rows": figures.taking_part,
        "available": figures.available,
        "promised": promise,
        "epsilon": None if epsilon is None else epsilon.to_dict(),
        "attack": None if rows is None else rows.to_dict(),
        "canaries": None if made is None else made.to_dict(),
        "exposure": None if exposure is None else exposure.to_dict(),
        "verdict": _verdict(epsilon, promise).to_dict(),
        "remarks": [remark.to_dict() for remark in _remarks(figures)],
    }


def _larger(bounds: list[Bound]) -> Bound | None:
    if not bounds:
        return None
    return Bound(max(bound.value for bound in bounds), max(bound.most for bound in bounds))


def _verdict(bound: Bound | None, promise: Mapping[str, float] | None) -> Message:
    if bound is None:
        return message("membership.nothing", "There are too few rows and shadow models to prove anything about ε.")
    facts = {"value": bound.value, "most": bound.most}
    if promise is None:
        if bound.value < CLOSE:
            return message(
                "membership.no_promise_nothing",
                "No promise was made, and this attack could not prove that anything leaks (it could have proved ε ≥ {most:.2f} "
                "at most). A stronger attack might.",
                **facts,
            )
        return message(
            "membership.no_promise",
            "No promise was made. Rows do leak: ε is at least {value:.2f}, proved with 95 % certainty.",
            **facts,
        )
    facts["promised"] = promise["epsilon"]
    if bound.value > promise["epsilon"]:
        return message(
            "membership.broken",
            "The promise does not hold: ε is at least {value:.2f}, proved with 95 % certainty, and {promised:.2f} was promised. "
            "Do not rely on it, and report this as a fault.",
            **facts,
        )
    if bound.most < promise["epsilon"]:
        return message(
            "membership.too_weak",
            "The attack proves ε ≥ {value:.2f}, but with so few rows it could not have proved more than {most:.2f}: it cannot "
            "test the promised {promised:.2f}. Use more shadow models or rows.",
            **facts,
        )
    return message(
        "membership.kept",
        "Nothing speaks against the promise: the attack proves ε ≥ {value:.2f}, and at most {promised:.2f} was promised. A "
        "stronger attack might come closer.",
        **facts,
    )


def _remarks(figures: Figures) -> list[Message]:
    remarks = []
    if figures.taking_part < figures.available:
        remarks.append(
            message(
                "membership.fewer_rows",
                "{rows:,} of {available:,} training rows took part. The version itself learned from more, and so remembers each "
                "of them less.",
                rows=figures.taking_part,
                available=figures.available,
            )
        )
    if len(figures.rows) < figures.asked:
        remarks.append(
            message(
                "membership.out_of_time",
                "The time was over after {shadows} of {asked} shadow models.",
                shadows=len(figures.rows),
                asked=figures.asked,
            )
        )
    return remarks
