"""The chain over labels against a sum over all ways, in PyTorch and in NumPy."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
import torch

from core.networks.standalone.extract import decoded, followers, stretches
from core.networks.standalone.marking import TokenRow
from core.networks.tagging.chain import OUTSIDE, distance, drawn, left_open, negative_log_likelihood, together

LABELS = ("O", "B-A", "I-A", "B-B", "I-B")


def numbers(rows: int, steps: int, seed: int = 0) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(seed)
    count = len(LABELS)
    shapes = ((count,), (count, count), (rows, steps, count))
    return tuple(2 * torch.randn(shape, generator=generator) for shape in shapes)


def score(start: np.ndarray, follow: np.ndarray, emitted: np.ndarray, way: tuple[int, ...]) -> float:
    total = start[way[0]] + emitted[0, way[0]]
    for step in range(1, len(way)):
        total += follow[way[step - 1], way[step]] + emitted[step, way[step]]
    return float(total)


def test_the_loss_is_minus_the_log_probability_of_the_labels() -> None:
    start, follow, emitted = numbers(3, 4)
    labels = torch.tensor([[1, 2, 0, 3], [0, OUTSIDE, 4, OUTSIDE], [OUTSIDE] * 4])
    loss = negative_log_likelihood(together(start, follow, emitted), labels)
    parts = [value.double().numpy() for value in (start, follow, emitted)]
    for row, counted in enumerate(([0, 1, 2, 3], [0, 2])):
        own = parts[2][row][counted]
        ways = product(range(len(LABELS)), repeat=len(counted))
        total = np.logaddexp.reduce([score(parts[0], parts[1], own, way) for way in ways])
        truth = score(parts[0], parts[1], own, tuple(labels[row, counted].tolist()))
        assert float(loss[row]) == pytest.approx(total - truth, abs=1e-4)
    assert float(loss[2]) == 0


def test_without_a_chain_it_is_the_cross_entropy_of_each_token() -> None:
    _, _, emitted = numbers(2, 5)
    labels = torch.randint(5, (2, 5), generator=torch.Generator().manual_seed(1))
    loss = negative_log_likelihood(together(torch.zeros(5), torch.zeros(5, 5), emitted), labels)
    expected = torch.nn.functional.cross_entropy(emitted.transpose(1, 2), labels, reduction="none").sum(dim=1)
    torch.testing.assert_close(loss, expected)


def test_labels_may_be_padded_further_than_the_scores() -> None:
    start, follow, emitted = numbers(1, 3)
    labels = torch.tensor([[1, 2, 0, OUTSIDE, OUTSIDE]], dtype=torch.int16)
    scores = together(start, follow, emitted)
    torch.testing.assert_close(negative_log_likelihood(scores, labels), negative_log_likelihood(scores, labels[:, :3]))


def shares_of(scores: torch.Tensor, row: int, steps: list[int]) -> dict[tuple[int, ...], float]:
    """The probability of each way through these steps, summed over all ways by hand."""
    count = len(LABELS)
    whole = scores[row].double().numpy()
    start, follow, emitted = whole[0], whole[1 : count + 1], whole[count + 1 :][steps]
    ways = list(product(range(count), repeat=len(steps)))
    values = np.array([score(start, follow, emitted, way) for way in ways])
    return dict(zip(ways, np.exp(values - np.logaddexp.reduce(values)).tolist(), strict=True))


def test_where_a_tag_is_left_open_all_ways_that_it_may_be_add_up() -> None:
    scores = together(*numbers(2, 4, seed=5))
    new, old = left_open(3, later=True), left_open(3, later=False)
    tags = torch.tensor([[1, new, 0, old], [OUTSIDE, new, old, OUTSIDE]])
    loss = negative_log_likelihood(scores, tags)
    first = shares_of(scores, 0, [0, 1, 2, 3])
    wanted = sum(first[1, later, 0, earlier] for later in (0, 3, 4) for earlier in (0, 1, 2))
    assert float(loss[0]) == pytest.approx(-np.log(wanted), abs=1e-4)
    second = shares_of(scores, 1, [1, 2])
    wanted = sum(second[later, earlier] for later in (0, 3, 4) for earlier in (0, 1, 2))
    assert float(loss[1]) == pytest.approx(-np.log(wanted), abs=1e-4)
    anything = torch.full((2, 4), left_open(1, later=True))
    assert negative_log_likelihood(scores, anything).abs().max() < 1e-4


def test_tags_are_drawn_as_often_as_they_are_probable() -> None:
    scores = together(*numbers(1, 3, seed=7)).expand(4000, -1, -1)
    tags = torch.tensor([[0, OUTSIDE, 0]]).expand(4000, -1)
    logarithms = drawn(scores, tags, torch.Generator().manual_seed(0))
    shares = shares_of(scores, 0, [0, 2])
    found, often = np.unique(logarithms.exp().double().numpy().round(5), return_counts=True)
    assert set(found) <= {round(share, 5) for share in shares.values()}
    for share, times in zip(found.tolist(), often.tolist(), strict=True):
        assert times / 4000 == pytest.approx(share, abs=4 * (share / 4000) ** 0.5 + 1e-4)


def test_how_far_answers_are_apart_by_hand() -> None:
    scores, answers = together(*numbers(1, 2, seed=1)), together(*numbers(1, 2, seed=2))
    tags = torch.tensor([[left_open(3, later=False), 4]])  # the second token is known, so nothing is asked of it
    new, old = (shares_of(given, 0, [0, 1]) for given in (scores, answers))

    def of_first(shares: dict[tuple[int, ...], float]) -> np.ndarray:
        known = np.array([sum(share for way, share in shares.items() if way[0] == label) for label in range(3)])
        return np.sqrt(known) / np.sqrt(known).sum()  # a temperature of 2

    p, q = of_first(new), of_first(old)
    wanted = 4 * float((q * np.log(q / p)).sum()) / 2
    assert float(distance(scores, answers, tags, 3, 2.0)) == pytest.approx(wanted, abs=1e-4)
    assert float(distance(scores, scores, tags, 3, 2.0)) == pytest.approx(0, abs=1e-6)


def test_what_is_marked_scores_most_of_all_that_can_be_and_its_probability_is_exact() -> None:
    lengths = (4, 2, 1)
    start, follow, emitted = numbers(3, 4, seed=3)
    scores = together(start, follow, emitted).numpy()
    rows = [TokenRow([], list(range(length)), [(step, step + 1) for step in range(length)]) for length in lengths]
    allowed = followers(LABELS)
    first, next_ = start.double().numpy() + allowed[-1], follow.double().numpy() + allowed[:-1]
    for number, (length, entities) in enumerate(zip(lengths, decoded(scores, rows, LABELS, allowed), strict=True)):
        own = emitted[number, :length].double().numpy()
        ways = list(product(range(len(LABELS)), repeat=length))
        values = np.array([score(first, next_, own, way) for way in ways])
        shares = np.exp(values - np.logaddexp.reduce(values))
        best = [LABELS[label] for label in ways[int(values.argmax())]]
        assert [(entity.start, entity.end) for entity in entities] == stretches(best)
        for entity in entities:
            tags = [f"{'B' if step == 0 else 'I'}-{entity.type}" for step in range(entity.end - entity.start)]
            wanted = [
                share
                for way, share in zip(ways, shares, strict=True)
                if [LABELS[label] for label in way[entity.start : entity.end]] == tags
                and (entity.end == length or LABELS[way[entity.end]] != f"I-{entity.type}")
            ]
            assert entity.probability == pytest.approx(sum(wanted), abs=1e-4)


def test_an_entity_never_goes_on_as_one_of_another_type() -> None:
    generator = np.random.default_rng(0)
    emitted = torch.from_numpy(generator.normal(scale=5, size=(20, 9, 5)).astype(np.float32))
    scores = together(torch.zeros(5), torch.zeros(5, 5), emitted).numpy()
    rows = [TokenRow([], list(range(9)), [(step, step + 1) for step in range(9)])] * 20
    for entities in decoded(scores, rows, LABELS, followers(LABELS)):
        assert all(before.end <= after.start for before, after in pairwise(entities))
        assert all(0 < entity.probability <= 1 for entity in entities)
