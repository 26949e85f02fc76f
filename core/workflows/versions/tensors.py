"""Named tensors on the disk: large ones in a file each, so that what stays the same from version to version is stored once.

PyTorch is loaded when tensors are, so that who reads other files of a version does not wait for it.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from torch import Tensor

LARGE = 262_144  # bytes of a tensor that gets a file of its own


def save_tensors(folder: Path, name: str, tensors: Mapping[str, Tensor]) -> None:
    """Write ``<name>.safetensors`` and, below ``<name>/``, one file for each large tensor; replaces what was there."""
    from safetensors.torch import save_file

    shutil.rmtree(folder / name, ignore_errors=True)
    small = {key: value.contiguous() for key, value in tensors.items() if _bytes(value) < LARGE}
    for key, value in tensors.items():
        if key not in small:
            (folder / name).mkdir(exist_ok=True)
            save_file({key: value.contiguous()}, folder / name / f"{quote(key, safe='')}.safetensors")
    save_file(small, folder / f"{name}.safetensors")


def load_tensors(folder: Path, name: str) -> dict[str, Tensor]:
    """All of them; versions of old have everything in the first file."""
    from safetensors.torch import load_file

    paths = [folder / f"{name}.safetensors", *sorted((folder / name).glob("*.safetensors"))]
    return {key: value for path in paths for key, value in load_file(path).items()}


def tensors_of(state: Mapping[str, Any]) -> dict[str, Tensor]:
    """Those of the values that are tensors."""
    from torch import Tensor

    return {name: value for name, value in state.items() if isinstance(value, Tensor)}


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()
