"""Which texts are the same, for as many rows as there are: 64 bits stand for a text, so that a million keys take 8 MB."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from core.data.dataset.inputs import body_of

Rows = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]


def text_key(text: str) -> str:
    """What makes two texts the same: letters after NFKC, whatever their case and white space."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.casefold().split())


def body_key(text: str) -> str:
    """The same, whatever further columns stand beside the text: rows that differ in those alone are told apart by no test."""
    return text_key(body_of(text))


def key_numbers(texts: Sequence[str], key: Callable[[str], str] = body_key) -> Keys:
    """64 bits of each text's key; two keys of a million rows are taken for one about once in 40 million datasets."""
    digests = (
        hashlib.blake2b(key(text).encode("utf-8", "surrogatepass"), digest_size=8, usedforsecurity=False).digest()
        for text in texts
    )
    return np.frombuffer(b"".join(digests), dtype=">u8").astype(np.uint64)


def groups_of(keys: Keys) -> list[Rows]:
    """Rows that share a key, for each key that has several; ordered by their first row, rows ascending."""
    order = np.argsort(keys, kind="stable")
    if not len(order):
        return []
    starts = np.flatnonzero(np.diff(keys[order], prepend=~keys[order[:1]]))
    ends = np.append(starts[1:], len(order))
    several = np.flatnonzero(ends - starts > 1)
    groups = [order[starts[group] : ends[group]] for group in several]
    return sorted(groups, key=lambda rows: int(rows[0]))


def units_of(keys: Keys, groups: Sequence[str] | None = None) -> Rows:
    """The unit of each row, counted from 0 in the order of their first rows; int64 (rows,).

    A unit must not be divided: its rows share a text or a group, directly or through other rows.

    Parameters
    ----------
    groups
        The group of every row; a blank one is none.
    """
    texts = _in_order(keys)
    if groups is None or not any(group.strip() for group in groups):
        return texts
    named = np.array([row for row, group in enumerate(groups) if group.strip()], dtype=np.int64)
    _, of_group = np.unique([groups[row].strip() for row in named.tolist()], return_inverse=True)
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    size = int(texts.max()) + 1 + int(of_group.max()) + 1
    edges = (np.ones(len(named), dtype=np.int8), (texts[named], int(texts.max()) + 1 + of_group))
    _, part = connected_components(coo_array(edges, shape=(size, size)), directed=False)
    return _in_order(part[texts])


def _in_order(values: npt.NDArray[np.generic]) -> Rows:
    """Equal values numbered from 0 in the order in which they first occur."""
    _, first, places = np.unique(values, return_index=True, return_inverse=True)
    numbers = np.empty(len(first), dtype=np.int64)
    numbers[np.argsort(first)] = np.arange(len(first))
    return numbers[places]
