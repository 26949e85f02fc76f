"""Where a model finds what was learned before it: encoders, word vectors, and features that were computed already."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.networks.pretrained import EncoderStore
from core.networks.vectors import VectorStore


@dataclass(frozen=True)
class Sources:
    """What a workspace offers to a model that begins.

    Parameters
    ----------
    features
        Folder of features of frozen encoders; can be deleted at any time.
    """

    encoders: EncoderStore
    vectors: VectorStore
    features: Path


def open_sources(home: Path) -> Sources:
    """The sources of a workspace folder; costs nothing until something is asked of them."""
    return Sources(EncoderStore(home), VectorStore(home), home / "features")
