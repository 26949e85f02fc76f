"""Sums told with noise: how far a row can move them, how much noise there is, and what is solved from them."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch
from torch import Tensor

from core.base.errors import DataError
from core.continual import noisy_sums
from core.continual.feature_statistics import FeatureStatistics
from core.continual.noise import Noise
from core.continual.noisy_sums import noisy_mean, sensitivity, shared_multipliers, weighted, with_noise
from core.continual.strategies import ClosedForm
from core.networks.encoders.batches import predict_features
from core.networks.encoders.feature_map import fit_feature_map
from tests.core.continual.strategies.test_closed_form import experience, make, no_steps, rows, strategy

WIDTH = 12


def drawn(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def normal(rows: int, width: int = WIDTH) -> Tensor:
    return torch.from_numpy(drawn(0).standard_normal((rows, width)))


def sums(features: Tensor, targets: Tensor, kind: str = "none") -> FeatureStatistics:
    """Of rows behind an even map around no mean."""
    feature_map = fit_feature_map(features.float(), kind, 128, scale=False, even_around=torch.zeros(features.shape[1]))  # type: ignore[arg-type]
    told = FeatureStatistics.empty(3, feature_map.width)
    told.add(feature_map.double()(features.double()), targets)
    return told


@pytest.mark.parametrize("kind", ["none", "relu", "fourier"])
@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
def test_no_row_moves_the_sums_further_than_is_stated(kind: str, size: float) -> None:
    features, targets = size * normal(30), torch.arange(30) % 3
    whole = weighted(sums(features, targets, kind))
    for row in range(30):
        others = torch.arange(30) != row
        moved = whole - weighted(sums(features[others], targets[others], kind))
        assert float(moved.norm()) <= sensitivity() * (1 + 1e-9)
    assert float(moved.norm()) == pytest.approx(sensitivity())  # and no less noise would do


def test_no_person_moves_them_further_than_so_many_rows_can() -> None:
    features, targets = torch.ones(30, WIDTH), torch.zeros(30, dtype=torch.int64)  # all of them alike: the worst case
    whole, without = weighted(sums(features, targets)), weighted(sums(features[4:], targets[4:]))
    assert float((whole - without).norm()) == pytest.approx(sensitivity(4))


def test_an_even_map_gives_every_text_the_same_length_also_one_without_features() -> None:
    features = torch.cat([torch.zeros(1, WIDTH), 1e6 * torch.randn(5, WIDTH), 1e-9 * torch.randn(5, WIDTH)])
    mapped = fit_feature_map(features, "none", 0, scale=False, even_around=torch.full((WIDTH,), 0.1))(features)
    assert mapped.norm(dim=1) == pytest.approx(math.sqrt(WIDTH))


def test_noise_has_the_size_that_is_stated_in_every_direction() -> None:
    nothing = FeatureStatistics.empty(4, 60)
    told = with_noise(nothing, 2.0, 3, drawn(0))
    noise = weighted(told).numpy() / (2.0 * sensitivity(3))
    parts = np.split(noise, [60, 60 + 60 * 59 // 2])
    assert float(np.std(noise)) == pytest.approx(1, abs=0.05)
    assert [float(np.std(part)) for part in parts] == pytest.approx([1, 1, 1], abs=0.2)
    assert abs(float(np.mean(noise))) < 0.1
    assert torch.equal(told.gram, told.gram.T)
    assert float(told.gram.diagonal().std()) == pytest.approx(told.noise, rel=0.3)


def test_noise_is_another_one_each_time_unless_the_secret_is_known() -> None:
    nothing = FeatureStatistics.empty(2, 4)
    one, same, other = (with_noise(nothing, 1.0, 1, drawn(seed)) for seed in (0, 0, 1))
    assert torch.equal(one.gram, same.gram)
    assert not torch.equal(one.gram, other.gram)
    assert Noise(1.0, 1.0).secret != Noise(1.0, 1.0).secret
    assert str(Noise(1.0, 1.0, secret=4711)).count("4711") == 0


def test_two_tellings_share_what_one_may_tell() -> None:
    first, second = shared_multipliers(1.7)
    assert first**-2 + second**-2 == pytest.approx(1.7**-2)


def test_a_mean_is_near_and_never_longer_than_a_row() -> None:
    total = 1000 * torch.full((4,), 0.3, dtype=torch.float64)
    assert noisy_mean(total, 1000, 1.0, 1, drawn(0)) == pytest.approx(0.3, abs=0.02)
    assert float(noisy_mean(total, 1, 50.0, 10, drawn(0)).norm()) <= 1 + 1e-9


def test_noisy_sums_are_made_such_as_rows_can_have_them_and_survive_storage() -> None:
    features, targets = normal(40), torch.arange(40) % 3
    told = with_noise(sums(features, targets), 5.0, 1, drawn(1))
    known = told.known()
    centred = known.gram - torch.outer(known.sum, known.sum) / known.counts.sum()
    assert float(torch.linalg.eigvalsh(centred).min()) > -1e-6
    assert float(known.counts.min()) >= 1
    again = FeatureStatistics.from_tensors(told.to_tensors())
    assert again is not None
    assert (again.noise, again.counts.tolist()) == (told.noise, told.counts.tolist())
    assert torch.allclose(again.gram, told.gram)
    assert told.plus(told).noise == pytest.approx(math.sqrt(2) * told.noise)


# -- strategies


def private(name: str, multiplier: float = 1e-4, **noise: object) -> ClosedForm:
    method = strategy(name)
    method.noise = Noise(multiplier, 1.0, **noise)  # type: ignore[arg-type]
    return method


@pytest.mark.parametrize("name", ["ncm", "ridge", "slda"])
def test_with_hardly_any_noise_it_learns_what_it_learns_without_and_goes_on(name: str) -> None:
    model, method = make(), private(name)
    first, second = (experience(number, rows(number, 150)) for number in (1, 2))
    assert any(event.__class__.__name__ == "Finished" for event in method.learn(model, first, no_steps))
    method.end_experience(model, first)
    following = private(name, secret=7)
    following.restore(copy.deepcopy(method.state()))
    list(following.learn(model, second, no_steps))
    told = following.learned()
    assert told.rows == 300
    joint = torch.cat([predict_features(model, part.train, torch.device("cpu")) for part in (first, second)])
    exact = FeatureStatistics.empty(3, model.feature_size)
    exact.add(
        following.feature_map.double()(joint.double()),
        torch.from_numpy(np.concatenate([first.train.targets, second.train.targets])),
    )
    assert float((told.gram - exact.gram).abs().max()) < 1
    test = rows(9, 60)
    with torch.no_grad():
        answers = model.read_out(predict_features(model, test, torch.device("cpu"))).argmax(dim=1).numpy()
    assert float((answers == test.targets).mean()) > 0.6


@pytest.mark.parametrize("secret", range(12))
def test_much_noise_neither_breaks_the_solution_nor_leaves_rows_behind(secret: int) -> None:
    model, method = make(), private("ridge", 50.0, secret=secret)
    step = experience(1, rows(1, 60))
    list(method.learn(model, step, no_steps))
    assert bool(torch.isfinite(model.head.weight).all())
    assert not [name for name in method.state() if name.startswith("ridge.")]


def test_of_a_person_no_more_rows_count_than_were_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(
        "core.continual.strategies.closed_form.with_noise",
        lambda told, multiplier, most, _: (
            seen.append((told.rows, most)) or with_noise(told, multiplier, most, drawn(0))
        ),
    )
    method = private("ridge", units=np.arange(60) // 20, most_rows=5)
    list(method.learn(make(), experience(1, rows(1, 60)), no_steps))
    assert seen == [(15, 5)]


def test_rows_cannot_be_taken_out_of_noisy_sums_and_the_sentence_says_why() -> None:
    model, method = make(), private("ridge")
    step = experience(1, rows(1, 60))
    list(method.learn(model, step, no_steps))
    with pytest.raises(DataError) as refused:
        method.forget(model, step.train)
    assert refused.value.message.key == "strategy.noisy_sums"


def test_earlier_rows_are_not_read_a_second_time() -> None:
    step = experience(2, rows(2, 40), past=rows(1, 40))
    with pytest.raises(DataError) as refused:
        list(private("ridge").learn(make(), step, no_steps))
    assert refused.value.message.key == "strategy.private_past"


def test_weights_of_the_parts_are_no_secret_switch() -> None:
    """A part without weight would be told without noise."""
    assert min(noisy_sums.GRAM, noisy_sums.SUMS, noisy_sums.COUNTS) > 0
