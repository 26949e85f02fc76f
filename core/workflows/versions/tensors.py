"""Named tensors on the disk: large ones in a file each, so that what stays the same from version to version is stored once."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import torch
from safetensors.torch import load_file, save_file

LARGE = 262_144  # bytes of a tensor that gets a file of its own


def save_tensors(folder: Path, name: str, tensors: Mapping[str, torch.Tensor]) -> None:
    """Write ``<name>.safetensors`` and, below ``<name>/``, one file for each large tensor; replaces what was there."""
    shutil.rmtree(folder / name, ignore_errors=True)
    small = {key: value.contiguous() for key, value in tensors.items() if _bytes(value) < LARGE}
    for key, value in tensors.items():
        if key not in small:
            (folder / name).mkdir(exist_ok=True)
            save_file({key: value.contiguous()}, folder / name / f"{quote(key, safe='')}.safetensors")
    save_file(small, folder / f"{name}.safetensors")


def load_tensors(folder: Path, name: str) -> dict[str, torch.Tensor]:
    """All of them; versions of old have everything in the first file."""
    paths = [folder / f"{name}.safetensors", *sorted((folder / name).glob("*.safetensors"))]
    return {key: value for path in paths for key, value in load_file(path).items()}


def _bytes(tensor: torch.Tensor) -> int:
    return tensor.numel() * tensor.element_size()
