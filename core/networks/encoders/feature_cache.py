"""What a frozen encoder said of texts, kept on disk or in memory: only texts that were never encoded before are encoded."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock
from torch import Tensor

KEY_BYTES = 16


class FeatureCache:
    """Features by the tokens that they were made from: one append-only file for one set of weights.

    A record is the key of a text and its features as float32. Processes take turns in writing; what a killed one left
    half written is cut off by the next.

    Parameters
    ----------
    file
        A file shared by everybody who encodes with the same weights; its folder is made when needed.
    width
        Features of one text.
    """

    def __init__(self, file: Path, width: int) -> None:
        self.file = file
        self.record = np.dtype([("key", f"V{KEY_BYTES}"), ("features", np.float32, (width,))])
        self.rows: dict[bytes, int] = {}
        self._table: np.ndarray = np.empty(0, dtype=self.record)
        self._look()

    def __deepcopy__(self, memo: dict[int, Any]) -> FeatureCache:
        return self

    def __len__(self) -> int:
        return len(self.rows)

    def find(self, keys: Sequence[bytes]) -> tuple[Tensor, np.ndarray]:
        """Features (keys, width), zeros where there are none, and which were found (keys)."""
        numbers = np.array([self.rows.get(key, -1) for key in keys], dtype=np.int64)
        cached = numbers >= 0
        features = np.zeros((len(keys), self.record["features"].shape[0]), dtype=np.float32)
        features[cached] = self._table["features"][numbers[cached]]
        return torch.from_numpy(features), cached

    def add(self, keys: Sequence[bytes], features: Tensor) -> None:
        """Keep features (keys, width) of texts that were not found."""
        records = np.empty(len(keys), dtype=self.record)
        records["key"] = [np.void(key) for key in keys]
        records["features"] = features.numpy()
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{self.file}.lock"), self.file.open("ab") as out:
            whole = out.tell() // self.record.itemsize * self.record.itemsize
            out.truncate(whole)
            out.write(records.tobytes())
        self._look()

    def _look(self) -> None:
        """Take in what this and other processes have written since."""
        count = self.file.stat().st_size // self.record.itemsize if self.file.exists() else 0
        if count == len(self._table):
            return
        known = len(self._table)
        self._table = np.memmap(self.file, dtype=self.record, mode="r", shape=(count,))
        for number, key in enumerate(self._table["key"][known:], start=known):
            self.rows[bytes(key)] = number


class FeatureMemory:
    """What an encoder that has just stopped learning said of texts: like `FeatureCache`, but in memory, while its head learns.

    Parameters
    ----------
    width
        Features of one text.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self._rows: dict[bytes, Tensor] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def find(self, keys: Sequence[bytes]) -> tuple[Tensor, np.ndarray]:
        """Features (keys, width), zeros where there are none, and which were found (keys)."""
        nothing = torch.zeros(self.width)
        features = torch.stack([self._rows.get(key, nothing) for key in keys])
        return features, np.array([key in self._rows for key in keys], dtype=bool)

    def add(self, keys: Sequence[bytes], features: Tensor) -> None:
        """Keep features (keys, width) of texts that were not found."""
        self._rows.update(zip(keys, features.detach().clone(), strict=True))


def key_of(ids: Sequence[int]) -> bytes:
    """Sixteen bytes that stand for these tokens."""
    return hashlib.blake2b(np.asarray(ids, dtype=np.int64).tobytes(), digest_size=KEY_BYTES).digest()
