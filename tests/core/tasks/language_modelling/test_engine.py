from __future__ import annotations

import numpy as np
import pytest
import torch

from core.networks.encoders.batches import predict_logits
from core.networks.text import encode_examples
from core.serving.onnx.parity import NASTY, measure_parity
from core.tasks.language_modelling import engine as engines
from core.tasks.language_modelling.engine import LanguageEngine
from tests.core.tasks.language_modelling.conftest import Toy
from tests.language_models import make_network

TEXTS = ["the kettle is great", "broken", "the lamp number 3 is awful and sad " * 20, "好", "the the the"]


def of_pytorch(toy: Toy, texts: list[str]) -> np.ndarray:
    examples = encode_examples(toy.engine.pipeline, texts)
    return predict_logits(toy.network, examples, torch.device("cpu")).numpy()


def test_the_exported_model_computes_what_pytorch_does(toy: Toy) -> None:
    texts = [*TEXTS, *NASTY]
    computed = toy.engine.compute(texts)
    assert computed.shape == (len(texts), 2)
    assert computed.dtype == np.float32
    assert np.allclose(computed, of_pytorch(toy, texts), rtol=1e-5)
    assert computed[2, 1] > toy.engine.context  # it was read in windows
    assert computed[len(TEXTS), 1] == 2  # of an empty text an unknown token and the end


def test_each_text_is_computed_alike_in_whatever_company(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    together = toy.engine.compute(TEXTS)
    alone = np.concatenate([toy.engine.compute([text]) for text in TEXTS])
    assert np.allclose(together, alone, rtol=1e-5)
    monkeypatch.setattr(engines, "_MOST_WINDOWS", 2)
    assert np.allclose(toy.engine.compute(TEXTS), alone, rtol=1e-5)


def test_nothing_asked_is_nothing_computed(toy: Toy) -> None:
    assert toy.engine.compute([]).shape == (0, 2)


def test_progress_rises_to_one(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_MOST_WINDOWS", 2)
    told: list[float] = []
    toy.engine.compute(TEXTS, told.append)
    assert told == sorted(told)
    assert len(told) > 2
    assert told[-1] == 1


def test_steps_through_the_cache_say_the_same_as_pytorch(toy: Toy) -> None:
    ids = np.array([[0, *toy.engine.vocabulary.encode(["the kettle is great"])[0]]])
    cache, parts = toy.engine.empty_cache(1), []
    for piece in np.split(ids, [1, 3], axis=1):
        logits, cache = toy.engine.step(piece, cache)
        parts.append(logits)
    with torch.no_grad():
        expected = toy.network.decoder(torch.from_numpy(ids)).numpy()
    assert np.allclose(np.concatenate(parts, axis=1), expected, atol=1e-5)
    assert cache[0].shape == (2, 1, 2, ids.shape[1], 8)  # layers, batch, heads, past, head size


def test_parity_is_measured_on_nats_and_notices_another_model(toy: Toy) -> None:
    parity = measure_parity(toy.network, toy.engine, TEXTS)
    assert parity.max_abs_diff < 1e-5
    assert parity.texts == len(NASTY) + len(TEXTS)
    other = make_network(toy.network.vocabulary_size, layers=2)
    with torch.no_grad():
        other.decoder.norm.weight += 0.1
    assert measure_parity(other, toy.engine, TEXTS).max_abs_diff > 1e-3


def test_the_exported_file_names_no_source(toy: Toy) -> None:
    content = (toy.folder / "model.onnx").read_bytes()
    assert not [trace for trace in (b"stack_trace", b".py", b"core.") if trace in content]


def test_it_says_what_it_is(toy: Toy) -> None:
    engine = LanguageEngine(toy.folder, providers=["CPUExecutionProvider"])
    assert (engine.task, engine.labels, engine.context) == ("language_modelling", ["nats", "tokens"], 16)
    assert (engine.provider, engine.precision, engine.probable) == ("CPUExecutionProvider", "fp32", False)
