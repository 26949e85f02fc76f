"""What a model has spent of its privacy budget, over all its trainings and updates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core.training.private.accounting import Mechanism, epsilon_of
from core.training.private.config import PrivacyUnit


@dataclass(frozen=True)
class Spend:
    """What was spent on the rows of one experience.

    Parameters
    ----------
    epsilon
        ε of this mechanism alone, at the model's δ.
    rows
        Rows that were learned from; ``units`` are the rows or the groups that are protected.
    apart
        Whether nothing that is protected in it was learned from before: whoever is in these rows then pays for them alone.
    """

    experience: int
    mechanism: Mechanism
    epsilon: float
    rows: int
    units: int
    unit: PrivacyUnit
    apart: bool

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_dict(stored: Mapping[str, Any]) -> Spend:
        return Spend(**{**stored, "mechanism": Mechanism.from_dict(stored["mechanism"])})


def spent(spends: Sequence[Spend], delta: float) -> float:
    """The largest ε that anybody in these rows has paid.

    Experiences that share nobody compose in parallel: the largest counts (McSherry 2009, "Privacy Integrated Queries"). One that
    shares somebody with any before it is composed with all of them, since it is not kept with whom.
    """
    chains: list[list[Mechanism]] = []
    for spend in spends:
        if spend.apart:
            chains.append([spend.mechanism])
        else:
            chains = [[*(mechanism for chain in chains for mechanism in chain), spend.mechanism]]
    return max((epsilon_of(chain, delta) for chain in chains), default=0.0)
