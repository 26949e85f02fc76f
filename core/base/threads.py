"""How many threads compute, and how they wait: declared here, and derived everywhere.

A thread that waits by spinning burns the core that a neighbour, or the very thread it waits for, needs: on two cores that
have other work, a step of the n-gram bag took ten times as long with two such threads as with one, and a step of the
BiLSTM fifty times. Knows nothing of what is computed, and never imports torch by itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager

# Read once, when the libraries are loaded: PyTorch's and scikit-learn's OpenMP, and NumPy's and SciPy's OpenBLAS.
QUIET = {"OMP_WAIT_POLICY": "PASSIVE", "OPENBLAS_THREAD_TIMEOUT": "4"}

# Numbers that a step multiplies with, embeddings apart. Below, the step is over before a second thread is awake: the n-gram
# bags have a few hundred, BiLSTM and Transformer as they come half a million, the smallest pretrained encoder 11 million.
WORTH_A_THREAD = 2_000_000


def wait_quietly(environment: MutableMapping[str, str] = os.environ) -> None:
    """Let idle threads sleep, where nobody has said otherwise; before torch, NumPy or scikit-learn is loaded."""
    for name, value in QUIET.items():
        environment.setdefault(name, value)


@contextmanager
def learning_threads(weights: int) -> Iterator[None]:
    """Learn with one thread what is too small for several; never with more than this process had before.

    Parameters
    ----------
    weights
        Numbers in the network, those of embeddings apart.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(before if weights >= WORTH_A_THREAD else 1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
