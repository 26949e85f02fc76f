from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from core.networks.causal.tokens import Vocabulary
from core.networks.standalone.pipeline import TextPipeline
from core.networks.standalone.write import TEMPERATURE, TOP_P, UNKNOWN_SIGN, choose
from core.networks.text.forgetting import forget_words
from core.tasks.language_modelling.sampling import SamplingConfig
from tests.core.tasks.language_modelling.conftest import Toy
from tests.language_models import make_network, write_version

LOGITS = np.log(np.array([0.5, 0.3, 0.15, 0.05], dtype=np.float32))


def drawn(temperature: float = TEMPERATURE, top_p: float = TOP_P) -> np.ndarray:
    generator = np.random.default_rng(0)
    return np.bincount([choose(LOGITS, temperature, top_p, generator) for _ in range(2000)], minlength=4) / 2000


def test_top_p_takes_the_fewest_that_reach_it() -> None:
    shares = drawn(temperature=1.0, top_p=0.75)
    assert shares[2] == shares[3] == 0
    assert abs(shares[0] - 0.5 / 0.8) < 0.04


def test_a_small_top_p_always_takes_the_most_likely() -> None:
    assert drawn(top_p=0.05)[0] == 1


def test_with_top_p_of_one_everything_occurs() -> None:
    assert (np.abs(drawn(temperature=1.0, top_p=1.0) - [0.5, 0.3, 0.15, 0.05]) < 0.04).all()


def test_a_low_temperature_keeps_to_the_likely() -> None:
    # 0.5² : 0.3² : 0.15² : 0.05² = 100 : 36 : 9 : 1
    assert abs(drawn(temperature=0.5, top_p=1.0)[0] - 100 / 146) < 0.04


def test_the_same_seed_writes_the_same_text(toy: Toy) -> None:
    texts = [toy.engine.write("the kettle", seed=seed) for seed in (3, 3, 4)]
    assert texts[0] == texts[1] != texts[2]


def test_pieces_joined_continue_the_beginning(toy: Toy) -> None:
    options = SamplingConfig(written_tokens=8, written_seed=1).options()
    pieces = list(toy.engine.pieces("the kettle ", **options))
    assert 1 <= len(pieces) <= 8
    assert "".join(pieces) == toy.engine.write("the kettle", **options)


def test_it_begins_by_itself_and_never_writes_unknown_or_nothing(toy: Toy) -> None:
    for seed in range(10):
        text = toy.engine.write("", temperature=2.0, top_p=1.0, seed=seed)
        assert text
        assert UNKNOWN_SIGN not in text


def test_a_beginning_longer_than_the_model_looks_back_is_cut_in_front(toy: Toy) -> None:
    long = "the lamp is awful and sad " * 20
    assert toy.engine.write(long, tokens=5) == toy.engine.write("awful " * 30 + long, tokens=5)


def test_a_beginning_that_is_cut_is_told_with_what_was_not_read(toy: Toy) -> None:
    engine = toy.engine
    room = engine.context - 5
    assert engine.reach(5) == room
    long = "the lamp is awful and sad " * 20
    held = len(engine.vocabulary.encode_prompt(long.rstrip()))
    assert engine.truncated(long, 5) == held - room > 0
    assert engine.truncated("", 5) == 0
    answers = engine.answer([long, ""])
    assert answers.truncated.tolist() == [True, False]
    assert answers.read[0] == engine.reach() < answers.tokens[0]
    np.testing.assert_array_equal(answers.values, engine.compute([long, ""]))


def test_strange_beginnings_do_no_harm(toy: Toy) -> None:
    for prompt in (" \n", "😀", "好", "\ud800", "a" * 3000):
        assert toy.engine.write(prompt, tokens=5)


def test_a_forgotten_token_is_never_written(tmp_path: Path) -> None:
    known = Vocabulary.fit(["好吃很快", "很好"] * 3, size=500, lowercase=False)
    network = make_network(len(known))
    with torch.no_grad():  # whatever was written, the most likely to come is this character
        network.decoder.norm.weight.zero_()
        network.decoder.norm.bias.fill_(1.0)
        network.decoder.embedding.weight[known.encode(["好"])[0][0]] = 0.4

    def written(vocabulary: Vocabulary, folder: Path) -> str:
        engine = write_version(folder, network, vocabulary)
        return "".join(engine.write("", temperature=2.0, top_p=1.0, seed=seed) for seed in range(10))

    assert "好" in written(known, tmp_path / "known")
    tokenizer, _ = forget_words(known.pipeline.tokenizer, {"好"})
    forgotten = written(Vocabulary(TextPipeline(tokenizer, known.pipeline.options)), tmp_path / "forgotten")
    assert forgotten
    assert set(forgotten) <= set("吃很快")
