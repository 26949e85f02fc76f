"""Batches of similar length in random order, the same for the same seed and epoch."""

from __future__ import annotations

import numpy as np

from core.text.examples import Examples

POOL = 50  # batches sorted together: enough to save most padding, few enough to keep the order random


def shuffled_batches(examples: Examples, size: int, *, seed: int, epoch: int) -> list[np.ndarray]:
    """Row numbers of each batch of one epoch; every row occurs once."""
    generator = np.random.default_rng([seed, epoch])
    order = generator.permutation(len(examples))
    lengths = np.fromiter((len(ids) for ids in examples.ids), dtype=np.int64, count=len(examples))
    batches = []
    for start in range(0, len(order), size * POOL):
        pool = order[start : start + size * POOL]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += [pool[first : first + size] for first in range(0, len(pool), size)]
    return [batches[number] for number in generator.permutation(len(batches))]
