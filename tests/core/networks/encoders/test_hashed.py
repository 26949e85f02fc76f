"""Hashed n-grams: what is counted, and that nothing else is."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from core.networks.architectures.hashed import HashedConfig
from core.networks.encoders import HashedNgrams
from core.networks.encoders.hashed import BASE, PRIME, TOKEN
from core.networks.standalone.pipeline import pad


def features(rows: list[list[int]], *, buckets: int = 256, length: int = 3, vocabulary: int = 50) -> Tensor:
    model = HashedNgrams(HashedConfig(hashed_features=buckets, hashed_length=length), vocabulary, 2).eval()
    tokens, mask = (torch.from_numpy(array) for array in pad(rows))
    return model.features(tokens, mask)


def by_hand(row: list[int], buckets: int, length: int) -> np.ndarray:
    """Plain Python over every n-gram."""
    counts = np.zeros(buckets)
    for size in range(1, length + 1):
        for start in range(len(row) - size + 1):
            hashed = 0
            for position, token in enumerate(row[start : start + size], start=1):
                hashed = (hashed * BASE + token * TOKEN + position) % PRIME
            slot = hashed * hashed % PRIME % (2 * buckets)
            counts[slot % buckets] += (1 if slot < buckets else -1) / size
    return counts * math.sqrt(buckets) / np.linalg.norm(counts)


def test_every_ngram_is_counted_once_with_its_sign_and_worth() -> None:
    rows = [[4, 9, 2, 4, 9], [7], [30, 12]]
    expected = np.stack([by_hand(row, 256, 3) for row in rows])
    np.testing.assert_allclose(features(rows).numpy(), expected, atol=1e-5)


def test_one_token_is_one_counter() -> None:
    counts = features([[7]], length=1)[0]
    assert sorted(counts.abs().tolist(), reverse=True)[:2] == [16.0, 0.0]  # √256


def test_every_text_has_the_same_length() -> None:
    lengths = features([[4], [4, 9], list(range(2, 40))]).square().sum(dim=1)
    torch.testing.assert_close(lengths, torch.full((3,), 256.0))


def test_features_are_the_same_bit_for_bit_in_any_batch() -> None:
    # What is subtracted from sums one day must be what was added.
    rows = [[4, 9, 2, 4, 9], [7], [30, 12, 41, 2, 2, 2, 8]]
    together = features([*rows, list(range(2, 49))])
    for number, row in enumerate(rows):
        assert torch.equal(features([row])[0], together[number])


def test_a_text_whose_counts_cancel_stays_finite() -> None:
    model = HashedNgrams(HashedConfig(hashed_features=256, hashed_length=1), 50, 2)
    slots, _ = model._count(torch.arange(2, 2000).unsqueeze(0), torch.ones(1, 1998, dtype=torch.bool))
    places = {int(slot): token for token, slot in enumerate(slots[0], start=2)}
    opposite = next(([token, places[slot + 256]] for slot, token in places.items() if slot + 256 in places))
    counts = features([opposite], length=1)
    assert not counts.any()
    assert torch.isfinite(counts).all()


def test_buckets_and_signs_are_spread_evenly() -> None:
    model = HashedNgrams(HashedConfig(hashed_features=256, hashed_length=2), 50, 2)
    tokens = torch.randint(2, 60, (1, 20_000), generator=torch.Generator().manual_seed(0))
    pairs = model._count(tokens, torch.ones_like(tokens, dtype=torch.bool))[0][0, 20_000:-1]
    assert 0.45 < float((pairs < 256).float().mean()) < 0.55
    assert int(torch.bincount(pairs % 256, minlength=256).min()) > 20  # 78 on average


def test_only_the_head_can_learn() -> None:
    model = HashedNgrams(HashedConfig(), 50, 3)
    assert [name for name, _ in model.named_parameters()] == ["head.weight", "head.bias"]
    assert model.parameter_count() == 3 * (2048 + 1)
    assert model.layers_from_bottom() == []
