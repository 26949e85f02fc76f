"""Many callers, one engine: texts that are asked about at the same time are answered in one batch."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from core.networks.standalone.predict import Answers

MOST_TEXTS = 4096  # of one batch; a larger single request goes alone


class BatchEngine(Protocol):
    """What answers; a `core.networks.standalone.predict.Classifier`."""

    def answer(self, texts: Sequence[str]) -> Answers: ...


@dataclass(frozen=True)
class _Request:
    texts: Sequence[str]
    answer: Future[Answers]


class MicroBatcher:
    """Collects requests of many threads and answers them together, in a thread of its own.

    While one batch is computed the next gathers by itself. A batch waits for more callers only when the one before had
    more of them: a single caller never waits.

    Parameters
    ----------
    wait
        Longest time in seconds that a batch waits for more callers.
    """

    def __init__(self, engine: BatchEngine, wait: float = 0.005) -> None:
        self._engine, self._wait = engine, wait
        self._waiting: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._closed = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="evergreen-batches", daemon=True)
        self._thread.start()

    @property
    def depth(self) -> int:
        """How many requests wait to be taken into a batch."""
        return self._waiting.qsize()

    def submit(self, texts: Sequence[str]) -> Future[Answers]:
        """Ask for the probabilities of some texts, (texts, labels), and how much of each was read.

        Raises
        ------
        RuntimeError
            After `close`.
        """
        request = _Request(texts, Future())
        with self._lock:
            if self._closed:
                raise RuntimeError("this batcher was closed")
            self._waiting.put(request)
        return request.answer

    def close(self) -> None:
        """Answer all that wait, then end."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        callers, left = 0, self._waiting.get()
        while left is not None:
            batch, left = self._gather(left, callers)
            callers = len(batch)
            self._answer([request for request in batch if request.answer.set_running_or_notify_cancel()])
            if left is _NOTHING:
                left = self._waiting.get()

    def _gather(self, first: _Request, expected: int) -> tuple[list[_Request], _Request | None]:
        """A batch, and what was taken from the queue but belongs to the next one (`_NOTHING` when there is no such)."""
        batch, texts = [first], len(first.texts)
        until = time.perf_counter() + self._wait
        while True:
            patience = until - time.perf_counter() if len(batch) < expected else 0.0
            try:
                request = self._waiting.get(timeout=patience) if patience > 0 else self._waiting.get_nowait()
            except queue.Empty:
                return batch, _NOTHING
            if request is None or texts + len(request.texts) > MOST_TEXTS:
                return batch, request
            batch.append(request)
            texts += len(request.texts)

    def _answer(self, batch: list[_Request]) -> None:
        if not batch:
            return
        try:
            answers = self._engine.answer([text for request in batch for text in request.texts])
        except Exception as error:  # the callers', each of whom must hear of it
            for request in batch:
                request.answer.set_exception(error)
            return
        start = 0
        for request in batch:
            end = start + len(request.texts)
            request.answer.set_result(Answers(*(part[start:end] for part in answers)))
            start = end


_NOTHING = _Request((), Future())
