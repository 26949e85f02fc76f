"""A bounded memory of past examples, and the three ways to choose what stays in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

import numpy as np

Selection = Literal["balanced", "reservoir", "herding"]


class Kept(NamedTuple):
    """One remembered row.

    Parameters
    ----------
    experience
        The experience, from 1, that it came with.
    logits
        What a model once computed for it.
    target
        Its target; None where that is the name of its stratum.
    """

    text: str
    experience: int
    logits: tuple[float, ...] | None = None
    target: str | None = None


@dataclass
class Memory:
    """Rows of earlier experiences, by stratum.

    Parameters
    ----------
    capacity
        Most rows kept, over all strata; 0 keeps no text at all.
    rows
        The kept rows of each stratum; with herding, those of one experience from the most to the least typical.
    seen
        How many rows of each stratum have ever passed.
    full
        Strata that were once the largest: from then on only a sample of them is kept.
    selection
        ``balanced``: class-balanced reservoir; rare strata keep all their rows, frequent ones a uniform sample of theirs.
        ``reservoir``: a uniform sample of all rows ever seen, whatever their stratum.
        ``herding``: equal shares for each stratum of each experience, filled with the rows whose features together come
        closest to the mean of all.

    References
    ----------
    Chrysakis & Moens 2020, "Online Continual Learning from Imbalanced Data" (balanced). Vitter 1985, "Random Sampling
    with a Reservoir" (algorithm R). Rebuffi et al. 2017, "iCaRL: Incremental Classifier and Representation Learning".
    """

    capacity: int
    rows: dict[str, list[Kept]] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)
    full: set[str] = field(default_factory=set)
    selection: Selection = "balanced"

    def __len__(self) -> int:
        return sum(len(kept) for kept in self.rows.values())

    @property
    def needs_features(self) -> bool:
        """Whether `observe` has to be given what the model's encoder says of each row."""
        return self.selection == "herding" and self.capacity > 0

    def examples(self) -> tuple[list[str], list[str]]:
        """All kept texts, and their targets."""
        pairs = [(row, stratum) for stratum, kept in self.rows.items() for row in kept]
        targets = [stratum if row.target is None else row.target for row, stratum in pairs]
        return [row.text for row, _ in pairs], targets

    def logits(self) -> list[tuple[float, ...] | None]:
        """The stored answers, in the order of `examples`; None where there is none."""
        return [row.logits for kept in self.rows.values() for row in kept]

    def keep_logits(self, logits: Sequence[tuple[float, ...] | None]) -> None:
        """Store an answer beside each row, in the order of `examples`."""
        following = iter(logits)
        self.rows = {
            stratum: [row._replace(logits=next(following)) for row in kept] for stratum, kept in self.rows.items()
        }

    def observe(
        self,
        texts: Sequence[str],
        targets: Sequence[str],
        strata: Sequence[str] | None = None,
        *,
        experience: int,
        seed: int,
        features: np.ndarray | None = None,
    ) -> None:
        """Let one experience's training rows pass; what is kept of them and of the older ones is the selection's.

        Parameters
        ----------
        strata
            The stratum of each row; by default its target.
        features
            Features of each text, (rows, width); only herding looks at them (`needs_features`).
        """
        strata = targets if strata is None else strata
        rows = [
            Kept(text, experience, target=None if target == stratum else target)
            for text, target, stratum in zip(texts, targets, strata, strict=True)
        ]
        if self.needs_features:
            assert features is not None, "herding needs the features of what it chooses from"
            self._observe_herd(rows, strata, experience, features)
            return
        generator = np.random.default_rng([seed, experience])
        observe = self._observe_uniformly if self.selection == "reservoir" else self._observe_balanced
        for row in generator.permutation(len(texts)):
            observe(strata[row], rows[row], generator)

    def _observe_balanced(self, stratum: str, row: Kept, generator: np.random.Generator) -> None:
        self.seen[stratum] = self.seen.get(stratum, 0) + 1
        kept = self.rows.setdefault(stratum, [])
        if len(self) < self.capacity:
            kept.append(row)
            return
        if self.capacity == 0:
            return
        largest = max(self.rows, key=lambda name: len(self.rows[name]))
        self.full.add(largest)
        if stratum not in self.full:
            self.rows[largest].pop(int(generator.integers(len(self.rows[largest]))))
            kept.append(row)
        elif generator.random() < len(kept) / self.seen[stratum]:
            kept[int(generator.integers(len(kept)))] = row

    def _observe_uniformly(self, stratum: str, row: Kept, generator: np.random.Generator) -> None:
        """Vitter's algorithm R: the n-th row ever seen enters with probability capacity / n, in any other's place."""
        self.seen[stratum] = self.seen.get(stratum, 0) + 1
        kept = self.rows.setdefault(stratum, [])
        if len(self) < self.capacity:
            kept.append(row)
        elif generator.integers(sum(self.seen.values())) < self.capacity:
            self._drop_any(generator)
            kept.append(row)

    def _drop_any(self, generator: np.random.Generator) -> None:
        index = int(generator.integers(len(self)))
        for kept in self.rows.values():
            if index < len(kept):
                kept.pop(index)
                return
            index -= len(kept)

    def _observe_herd(self, rows: Sequence[Kept], strata: Sequence[str], experience: int, features: np.ndarray) -> None:
        for stratum in strata:
            self.seen[stratum] = self.seen.get(stratum, 0) + 1
            self.rows.setdefault(stratum, [])
        newcomers = {
            stratum: [row for row, name in enumerate(strata) if name == stratum] for stratum in dict.fromkeys(strata)
        }
        sizes = self._group_sizes()
        sizes |= {(stratum, experience): len(numbers) for stratum, numbers in newcomers.items()}
        shares = equal_shares(sizes, self.capacity)
        self._cut_groups(shares)
        for stratum, numbers in newcomers.items():
            ranked = herd(features[numbers], shares[stratum, experience])
            self.rows[stratum] += [rows[numbers[index]] for index in ranked]

    def _group_sizes(self) -> dict[tuple[str, int], int]:
        sizes: dict[tuple[str, int], int] = {}
        for stratum, kept in self.rows.items():
            for row in kept:
                sizes[stratum, row.experience] = sizes.get((stratum, row.experience), 0) + 1
        return sizes

    def _cut_groups(self, shares: dict[tuple[str, int], int]) -> None:
        """Shorten each stratum's rows of each experience; the last of a ranking go first."""
        left = dict(shares)
        for stratum, kept in self.rows.items():
            stay = []
            for row in kept:
                if left[stratum, row.experience] > 0:
                    left[stratum, row.experience] -= 1
                    stay.append(row)
            self.rows[stratum] = stay

    def resized(self, capacity: int, *, seed: int, selection: Selection | None = None) -> Memory:
        """A copy for another capacity, and for another selection from now on.

        A smaller one keeps a random part: of all strata alike, of all rows alike (reservoir), or the first of each
        ranking (herding).
        """
        copy = replace(
            self,
            capacity=capacity,
            rows={stratum: list(kept) for stratum, kept in self.rows.items()},
            seen=dict(self.seen),
            full=set(self.full),
            selection=selection or self.selection,
        )
        if copy.selection == "herding":
            copy._cut_groups(equal_shares(copy._group_sizes(), capacity))
        generator = np.random.default_rng(seed)
        for _ in range(len(copy) - capacity):
            if copy.selection == "reservoir":
                copy._drop_any(generator)
                continue
            largest = max(copy.rows, key=lambda name: len(copy.rows[name]))
            copy.rows[largest].pop(int(generator.integers(len(copy.rows[largest]))))
        return copy

    def to_dict(self) -> dict[str, Any]:
        """Plain lists and numbers, for storage beside a version."""
        rows = {stratum: [_plain(row) for row in kept] for stratum, kept in self.rows.items()}
        return {
            "capacity": self.capacity,
            "rows": rows,
            "seen": dict(self.seen),
            "full": sorted(self.full),
            "selection": self.selection,
        }

    @staticmethod
    def from_dict(stored: dict[str, Any]) -> Memory:
        """The inverse of `to_dict`; also reads what was stored before rows had answers and memories a selection."""
        rows = {stratum: [_row(*values) for values in kept] for stratum, kept in stored["rows"].items()}
        selection = stored.get("selection", "balanced")
        return Memory(stored["capacity"], rows, dict(stored["seen"]), set(stored["full"]), selection)


def _plain(row: Kept) -> list[Any]:
    values = [row.text, row.experience, None if row.logits is None else list(row.logits), row.target]
    while values[-1] is None:
        values.pop()
    return values


def _row(text: str, experience: int, logits: Sequence[float] | None = None, target: str | None = None) -> Kept:
    return Kept(text, experience, None if logits is None else tuple(logits), target)


def equal_shares(sizes: dict[tuple[str, int], int], capacity: int) -> dict[tuple[str, int], int]:
    """How many rows each group may keep: all alike, and what a small group leaves over goes to the larger ones."""
    if not sizes:
        return {}
    ordered = sorted(sizes, key=lambda group: sizes[group])  # stable: of equal groups the first stays first
    shares, left = {}, capacity
    for index, group in enumerate(ordered):
        shares[group] = min(sizes[group], left // (len(ordered) - index))
        left -= shares[group]
    return shares


def herd(features: np.ndarray, count: int) -> list[int]:
    """The rows that stand best for all, the most typical first (Rebuffi et al. 2017, algorithm 4).

    p_k = argmin over the rows left of ‖μ − (φ(x) + Σ_{j<k} φ(p_j)) / k‖, with features φ scaled to length 1 and μ their
    mean.

    Parameters
    ----------
    features
        Features of each row, (rows, width).
    count
        Rows wanted; never more than there are.
    """
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    directions = (features / np.maximum(lengths, 1e-12)).astype(np.float64)
    mean = directions.mean(axis=0) if len(directions) else np.zeros(features.shape[1])
    squares = (directions**2).sum(axis=1)  # 1, or 0 where a feature vector is all zeros
    ranked: list[int] = []
    left = np.ones(len(directions), dtype=bool)
    total = np.zeros_like(mean)
    for number in range(1, min(count, len(directions)) + 1):
        # The squared distance times k², without the part that is the same for all rows.
        distances = squares + 2 * directions @ (total - number * mean)
        distances[~left] = np.inf
        best = int(distances.argmin())
        ranked.append(best)
        left[best] = False
        total += directions[best]
    return ranked
