"""N-grams and pieces of words as numbers, and the table in which they are looked up. Knows nothing of models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Integers = NDArray[np.int64]

TOKEN_BITS = 20  # an n-gram's key is its token ids side by side, which three of them fill
# Large odd numbers, and what keeps their products positive; any would do, but they may never change again.
MULTIPLIERS = (0x1F3D5B79A2C4E687, 0x2545F4914F6CDD1D)
POSITIVE = 2**62 - 1
SPARE = 3  # slots for each n-gram: at two choices a key, all find a slot
LONGEST_PIECE = 5  # letters of a piece of a word, its ends included


def runs(values: Integers, rows: Integers, base: int, longest: int) -> Iterator[tuple[Integers, Integers]]:
    """Keys of all runs of two values, then of three and so on, that stand in one row; and the rows.

    Parameters
    ----------
    values, rows
        Values one after the other, and the row of each.
    base
        What a key is multiplied with before the next value is added.
    """
    key = values
    for size in range(2, longest + 1):
        key = key[:-1] * base + values[size - 1 :]
        inside = rows[: len(key)] == rows[size - 1 :]
        yield key[inside], rows[: len(key)][inside]


def pieces_of(words: Sequence[str]) -> tuple[Integers, Integers]:
    """Pieces of two to five letters of words of at least two, whose ends are marked: whose each is, and its hash; each once."""
    lengths = np.array([len(word) + 2 if len(word) > 1 else 0 for word in words], dtype=np.int64)
    letters = "".join(f"<{word}>" for word in words if len(word) > 1).encode("utf-32-le", "replace")
    code = np.frombuffer(letters, dtype=np.uint32).astype(np.int64)
    held = runs(code, np.repeat(np.arange(len(words)), lengths), MULTIPLIERS[0], LONGEST_PIECE)
    # The size is mixed in, so that a short piece is never taken for a long one.
    hashed = [(key * MULTIPLIERS[1] + size, whose) for size, (key, whose) in enumerate(held, start=2)]
    keys, owners = (np.concatenate(parts) for parts in zip(*hashed, strict=True))
    keys, owners = _different(keys, owners)
    return owners, keys


def counted(values: Integers, rows: Integers) -> tuple[Integers, Integers]:
    """The different values, ascending, and in how many rows each stands."""
    values, _ = _different(values, rows)
    first = np.flatnonzero(np.diff(values, prepend=values[:1] - 1))
    return values[first], np.diff(first, append=len(values))


def _different(values: Integers, rows: Integers) -> tuple[Integers, Integers]:
    """Each value of a row once, with its row; by values, and of equal ones by rows."""
    if not len(values):
        return values, rows
    names, bits = None, int(rows.max()).bit_length()
    if values.min() < 0 or int(values.max()).bit_length() + bits > 63:  # too large to stand beside a row in one number
        names, values = np.unique(values, return_inverse=True)
    both = np.sort(values << bits | rows)
    both = both[np.diff(both, prepend=-1) != 0]
    values, rows = both >> bits, both & ((1 << bits) - 1)
    return values if names is None else names[values], rows


def hold_any(keys: Integers, wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether each n-gram holds any of the tokens that are wanted, bool (tokens)."""
    holds = np.zeros(len(keys), dtype=bool)
    rest = np.maximum(keys, 0)
    while rest.any():
        token = rest % 2**TOKEN_BITS
        holds |= (rest > 0) & (token < len(wanted)) & wanted[np.minimum(token, len(wanted) - 1)]
        rest //= 2**TOKEN_BITS
    return holds


def slots_of(keys: Tensor) -> Tensor:
    """A table in which every key above 0 stands, by its number, at one of two hashes (Pagh & Rodler 2004, "Cuckoo Hashing")."""
    numbers = np.flatnonzero(keys > 0)  # the others are none, or were forgotten
    size = SPARE * len(keys) + 1
    generator = np.random.default_rng(0)
    while True:
        first, second = (((keys[numbers] * by) & POSITIVE).numpy() % size for by in MULTIPLIERS)
        moved = np.zeros(len(numbers), dtype=bool)
        for _ in range(100):
            slot, order = np.where(moved, second, first), generator.permutation(len(numbers))
            table = np.zeros(size, dtype=np.int64)
            table[slot[order]] = numbers[order]  # of several, the last stays
            driven_out = table[slot] != numbers
            if not driven_out.any():
                return torch.from_numpy(table)
            moved ^= driven_out
        size = 2 * size + 1
