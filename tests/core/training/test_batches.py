"""How rows are put into batches."""

from __future__ import annotations

import numpy as np
import pytest

from core.networks.text import Examples
from core.training.batches import shuffled_batches

LENGTHS = [3, 9, 1, 7, 5, 2, 8, 6, 4, 10]
EXAMPLES = Examples(("",) * 10, np.zeros(10, dtype=np.int64), tuple([2] * length for length in LENGTHS))


@pytest.mark.parametrize("by_length", [True, False])
def test_every_row_occurs_once_and_the_order_depends_on_seed_and_epoch_alone(by_length: bool) -> None:
    def batches(epoch: int) -> list[list[int]]:
        drawn = shuffled_batches(EXAMPLES, 3, seed=1, epoch=epoch, by_length=by_length)
        return [batch.tolist() for batch in drawn]

    assert sorted(row for batch in batches(1) for row in batch) == list(range(10))
    assert batches(1) == batches(1) != batches(2)


def test_rows_of_similar_length_stand_together_only_when_asked_for() -> None:
    def widest(by_length: bool) -> int:
        batches = shuffled_batches(EXAMPLES, 2, seed=0, epoch=1, by_length=by_length)
        return max(abs(LENGTHS[batch[0]] - LENGTHS[batch[1]]) for batch in batches)

    assert widest(True) == 1
    assert widest(False) > 1
