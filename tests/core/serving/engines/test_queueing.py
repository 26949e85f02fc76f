from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from core.networks.standalone.predict import Answers
from core.serving.engines import queueing
from core.serving.engines.queueing import MicroBatcher


class Lengths:
    """Answers each text with its length; waits before each batch until it is let go."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.go = threading.Semaphore(0)
        self.began = threading.Semaphore(0)

    def answer(self, texts: Sequence[str]) -> Answers:
        self.batches.append(list(texts))
        self.began.release()
        self.go.acquire()
        if "bad" in texts:
            raise ValueError("cannot answer")
        lengths = np.array([len(text) for text in texts], dtype=np.int64)
        return Answers(lengths[:, None].astype(float), np.minimum(lengths, 3), lengths)


@pytest.fixture
def engine() -> Lengths:
    return Lengths()


@pytest.fixture
def batcher(engine: Lengths) -> Iterator[MicroBatcher]:
    made = MicroBatcher(engine, wait=0.0)
    yield made
    for _ in range(100):
        engine.go.release()
    made.close()


def test_what_comes_while_a_batch_is_computed_makes_the_next_batch(engine: Lengths, batcher: MicroBatcher) -> None:
    first = batcher.submit(["a"])
    engine.began.acquire()
    others = [batcher.submit(["bb", "ccc"]), batcher.submit([]), batcher.submit(["dddd"])]
    assert batcher.depth == 3
    engine.go.release()
    engine.go.release()
    assert first.result(5).values.tolist() == [[1.0]]
    assert [other.result(5).values.tolist() for other in others] == [[[2.0], [3.0]], [], [[4.0]]]
    assert [other.result(5).truncated.tolist() for other in others] == [[False, False], [], [True]]
    assert engine.batches == [["a"], ["bb", "ccc", "dddd"]]


def test_a_batch_that_would_grow_too_large_leaves_the_rest_to_the_next(
    engine: Lengths, batcher: MicroBatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queueing, "MOST_TEXTS", 3)
    answers = [batcher.submit(["a"])]
    engine.began.acquire()
    answers += [batcher.submit(texts) for texts in (["b", "b"], ["c", "c"], ["d"], ["e"] * 5)]
    for _ in range(4):
        engine.go.release()
    assert [len(answer.result(5).values) for answer in answers] == [1, 2, 2, 1, 5]
    assert [len(batch) for batch in engine.batches] == [1, 2, 3, 5]


def test_an_error_reaches_every_caller_of_its_batch_and_no_other(engine: Lengths, batcher: MicroBatcher) -> None:
    engine.go.release()
    assert batcher.submit(["fine"]).result(5).values.tolist() == [[4.0]]
    engine.go.release()
    with pytest.raises(ValueError, match="cannot answer"):
        batcher.submit(["bad"]).result(5)
    engine.go.release()
    assert batcher.submit(["fine"]).result(5).values.tolist() == [[4.0]]


def test_a_request_that_was_given_up_is_not_computed(engine: Lengths, batcher: MicroBatcher) -> None:
    batcher.submit(["a"])
    engine.began.acquire()
    given_up, wanted = batcher.submit(["b"]), batcher.submit(["c"])
    assert given_up.cancel()
    engine.go.release()
    engine.go.release()
    assert wanted.result(5).values.tolist() == [[1.0]]
    assert engine.batches == [["a"], ["c"]]


def test_closing_answers_all_that_wait_and_then_refuses(engine: Lengths) -> None:
    batcher = MicroBatcher(engine)
    answers = [batcher.submit([text]) for text in ("a", "bb")]
    for _ in range(2):
        engine.go.release()
    batcher.close()
    assert [answer.result(0).values.tolist() for answer in answers] == [[[1.0]], [[2.0]]]
    with pytest.raises(RuntimeError, match="closed"):
        batcher.submit(["c"])
    batcher.close()
