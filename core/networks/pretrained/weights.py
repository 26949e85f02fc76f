"""Weight files in the safetensors format: how large they are, and a float32 copy; loads no torch.

The format: eight bytes with the length of a JSON header, the header (name → type, shape, place), the bytes.
"""

from __future__ import annotations

import os
import shutil
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.base.files import parse_json

_LONGEST_HEADER = 100_000_000  # bytes; the format's own limit
_HALF = {"F16", "BF16", "F64"}


def link_or_copy(source: Path, target: Path) -> None:
    """Share a file that nobody rewrites in place, where the disk allows it, else copy it."""
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copyfile(source, target)


def read_header(path: Path) -> dict[str, dict[str, Any]]:
    """Name → ``dtype``, ``shape`` and ``data_offsets`` of every tensor.

    Raises
    ------
    ValueError
        When this is no whole safetensors file.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > min(_LONGEST_HEADER, path.stat().st_size):
            raise ValueError("no safetensors header")
        header = parse_json(file.read(length))
    tensors = {name: tensor for name, tensor in header.items() if name != "__metadata__"}
    end = max((tensor["data_offsets"][1] for tensor in tensors.values()), default=0)
    if not tensors or path.stat().st_size < 8 + length + end:
        raise ValueError("the file is cut short")
    return tensors


def count_parameters(header: dict[str, dict[str, Any]]) -> int:
    """Number of floating-point weights; indices and flags that were saved along do not count."""
    return sum(prod(tensor["shape"]) for tensor in header.values() if "F" in tensor["dtype"])


def write_float32(source: Path, target: Path, *, share: bool) -> None:
    """Copy weights, half and double precision as float32.

    Parameters
    ----------
    share
        Whether a file that is float32 already may be linked: its source must be one that nobody rewrites in place.
    """
    header = read_header(source)
    if not any(tensor["dtype"] in _HALF for tensor in header.values()):
        link_or_copy(source, target) if share else shutil.copyfile(source, target)
        return
    from safetensors.numpy import save_file

    with source.open("rb") as file:
        start = 8 + int.from_bytes(file.read(8), "little")
    content = np.memmap(source, np.uint8, "r")
    tensors = {name: _array(content, start, tensor) for name, tensor in header.items()}
    save_file(tensors, target, metadata={"format": "pt"})


_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U8": "u1"}


def _array(content: NDArray[np.uint8], start: int, tensor: dict[str, Any]) -> NDArray[Any]:
    first, last = tensor["data_offsets"]
    stored = np.array(content[start + first : start + last])  # a copy: a view need not be aligned
    if tensor["dtype"] == "BF16":  # the upper half of a float32
        values: NDArray[Any] = (stored.view("<u2").astype(np.uint32) << 16).view(np.float32)
    elif tensor["dtype"] == "BOOL":
        values = stored.view(np.bool_)
    elif tensor["dtype"] in _TYPES:
        values = stored.view(_TYPES[tensor["dtype"]])
        values = values.astype(np.float32) if tensor["dtype"] in _HALF else values
    else:
        raise ValueError(f"weights of type {tensor['dtype']}")
    return values.reshape(tensor["shape"])
