"""Single texts from fixed buffers, on the CPU: all that CUDA graphs need but the recording itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.networks.standalone.predict import Classifier, open_session
from core.serving.engines import graphs
from core.serving.engines.graphs import LENGTHS, SingleText, helps, load_engine
from core.serving.engines.pool import EnginePool
from tests.core.networks.standalone.conftest import make_version

__all__ = ["make_version"]  # a fixture


@pytest.fixture
def engine(make_version: Callable[..., Path]) -> Classifier:
    return Classifier(make_version("transformer"))


@pytest.fixture
def single(engine: Classifier) -> SingleText:
    return SingleText(engine.session, len(engine.labels), device="cpu")


def test_single_texts_of_any_length_are_answered_as_ever(engine: Classifier, single: SingleText) -> None:
    texts = ["good", "很好", "", "good bad " * 12, "word " * 40, "good"]
    ordinary = [engine.predict_proba([text]) for text in texts]
    engine.single = single
    for text, wanted in zip(texts, ordinary, strict=True):
        assert engine.predict_proba([text]) == pytest.approx(wanted, abs=1e-5)
    # An answer is the caller's own: the next text must not overwrite it.
    first = engine.predict_proba(["good"]).copy()
    kept = single(*_padded(engine, "good"))
    single(*_padded(engine, "bad awful"))
    assert kept == pytest.approx(first, abs=1e-5)


def _padded(engine: Classifier, text: str) -> tuple[np.ndarray, np.ndarray]:
    tokens = np.array(engine.pipeline.encode([text]))
    return tokens, np.ones_like(tokens, dtype=bool)


def test_a_text_longer_than_all_buffers_is_left_to_the_session(single: SingleText) -> None:
    tokens = np.ones((1, LENGTHS[-1] + 1), dtype=np.int64)
    assert single(tokens, np.ones_like(tokens, dtype=bool)) is None


def test_batches_of_several_texts_do_not_go_there(engine: Classifier) -> None:
    engine.single = lambda *_: pytest.fail("a batch was taken for a single text")
    assert len(engine.predict_proba(["good film", "bad film"])) == 2


def test_what_answers_otherwise_or_no_faster_does_not_help(engine: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    class Quick(SingleText):
        def __call__(self, tokens: np.ndarray, mask: np.ndarray) -> np.ndarray:
            return np.asarray(engine.session.run(["probabilities"], {"tokens": tokens, "mask": mask})[0])

    class Wrong(Quick):
        def __call__(self, tokens: np.ndarray, mask: np.ndarray) -> np.ndarray:
            return super().__call__(tokens, mask) + 0.01

    # A clock by the number of looks at it: the ordinary way takes 10, the other `pace`.
    def clock(pace: float) -> Callable[[], float]:
        looks, now = 0, 0.0

        def tell() -> float:
            nonlocal looks, now
            now += (0.0, 10.0, 0.0, pace)[looks % 4]
            looks += 1
            return now

        return tell

    for pace, kind, wanted in ((5.0, Quick, True), (9.5, Quick, False), (5.0, Wrong, False)):
        monkeypatch.setattr(graphs.time, "perf_counter", clock(pace))
        assert helps(engine, kind(engine.session, len(engine.labels), device="cpu")) is wanted
        assert engine.single is None


def test_a_graph_that_cannot_be_recorded_leaves_the_ordinary_way(
    make_version: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_version()
    assert load_engine(folder).single is None  # on the CPU nothing is tried

    def refuse(*given: object, recorded: bool = False, **named: object) -> object:
        if recorded:
            raise RuntimeError("not all nodes are on the card")
        return open_session(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(graphs, "kind_of", lambda provider: "cuda")
    monkeypatch.setattr(graphs, "open_session", refuse)
    pool = EnginePool()
    assert pool.get(folder).single is None
    assert pool.get(folder).predict_proba(["good"]).shape == (1, 3)


def test_a_graph_that_helps_is_used(make_version: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_version()
    seen = []
    monkeypatch.setattr(graphs, "kind_of", lambda provider: "cuda")
    monkeypatch.setattr(graphs, "open_session", lambda *given, recorded: seen.append(recorded))
    monkeypatch.setattr(graphs, "helps", lambda engine, single: True)
    assert isinstance(load_engine(folder).single, SingleText)
    assert seen == [True]
