"""Batches in random order, the same for the same seed and epoch; usually of rows of similar length."""

from __future__ import annotations

import numpy as np

from core.networks.text.examples import Examples

POOL = 50  # batches sorted together: enough to save most padding, few enough to keep the order random


def shuffled_batches(
    examples: Examples, size: int, *, seed: int, epoch: int, by_length: bool = True
) -> list[np.ndarray]:
    """Row numbers of each batch of one epoch; every row occurs once.

    Parameters
    ----------
    by_length
        Whether rows of similar length come together, which saves padding; otherwise a batch is a plain random draw.
    """
    generator = np.random.default_rng([seed, epoch])
    order = generator.permutation(len(examples))
    lengths = np.fromiter((len(ids) for ids in examples.ids), dtype=np.int64, count=len(examples))
    batches = []
    for start in range(0, len(order), size * POOL):
        pool = order[start : start + size * POOL]
        if by_length:
            pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += [pool[first : first + size] for first in range(0, len(pool), size)]
    return [batches[number] for number in generator.permutation(len(batches))]
