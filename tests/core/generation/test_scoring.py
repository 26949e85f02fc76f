from __future__ import annotations

import math
from pathlib import Path

import pytest

from core.generation.engine import GeneratorEngine
from core.generation.model import CausalTransformer
from core.generation.scoring import forgetting, score, score_texts
from core.generation.tokens import Vocabulary, windows
from core.generation.training import mean_loss
from core.networks.standalone.predict import UNKNOWN
from core.workflows.generate.report import extended


def test_perplexity_and_bits_by_hand() -> None:
    vocabulary = Vocabulary.fit(["好吃好吃", "好"], size=500, lowercase=False)
    # 3 characters and 2 ends, each foreseen with probability 1/4: perplexity 4, two bits for each of 5 characters.
    scored = score(5 * math.log(4), vocabulary.encode(["好吃", "好"]), vocabulary)
    assert scored.perplexity == pytest.approx(4)
    assert scored.bits_per_character == pytest.approx(2)
    assert (scored.tokens, scored.characters, scored.unknown_share) == (5, 5, 0)


def test_an_unknown_character_costs_its_name() -> None:
    vocabulary = Vocabulary.fit(["好吃好吃", "好"], size=500, lowercase=False)
    scored = score(2 * math.log(2), [[UNKNOWN]], vocabulary)  # a bit for "unknown", a bit for the end
    assert scored.bits_per_character == pytest.approx((2 + 17) / 2)
    assert scored.unknown_share == 0.5


def test_the_exported_model_is_measured_as_pytorch_would(toy: tuple[CausalTransformer, GeneratorEngine, Path]) -> None:
    model, engine, _ = toy
    texts = ["the kettle is great", "broken", "the lamp number 3 is awful and sad " * 5]
    pieces = [piece for text in engine.vocabulary.encode(texts) for piece in windows(text, engine.context)]
    assert math.log(score_texts(engine, texts).perplexity) == pytest.approx(mean_loss(model, pieces), rel=1e-5)


def test_forgetting_is_the_rise_over_the_best_value() -> None:
    assert forgetting([[10.0]]) is None
    assert forgetting([[10.0, 40.0], [16.0, 20.0]]) == 6
    # Test 1: 12 against its best 8; test 2: 19 against its best 20.
    assert forgetting([[10.0, 40.0, None], [8.0, 20.0, 50.0], [12.0, 19.0, 30.0]]) == pytest.approx((4 - 1) / 2)


def test_the_matrix_grows_by_a_row_and_a_column() -> None:
    first = extended([], None, [10.0])
    second = extended(first, 40.0, [16.0, 20.0])
    third = extended(second, 90.0, [17.0, 22.0, 30.0])
    assert first == [[10.0]]
    assert second == [[10.0, 40.0], [16.0, 20.0]]
    assert third == [[10.0, 40.0, None], [16.0, 20.0, 90.0], [17.0, 22.0, 30.0]]
