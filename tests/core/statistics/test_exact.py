"""Fisher's exact test on figures worked out by hand."""

from __future__ import annotations

import pytest

from core.statistics.exact import fewer_hits


def test_fewer_hits_are_as_many_ways_of_dealing_them() -> None:
    # Of 10 rows 5 are hits; the last 5 rows have at most 1: (1 + 5 x 5) / 252 ways.
    assert fewer_hits((4, 5), (1, 5)) == pytest.approx(26 / 252)
    assert fewer_hits((0, 5), (5, 5)) == pytest.approx(1)
    assert fewer_hits((5, 5), (0, 5)) == pytest.approx(1 / 252)
