"""Counts what a process answers: whoever answers only says so, a thread of its own adds it up and writes it down."""

from __future__ import annotations

import os
import sys
import threading
import traceback
from bisect import bisect_left
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.base.errors import CoreError
from core.data.dataset.language import language_of
from core.data.dataset.same_text import key_numbers
from core.networks.standalone.predict import resolved
from core.serving.monitor.novelty import Novelty
from core.serving.monitor.records import Row, Tally, as_mark, sample_size
from core.serving.monitor.store import MonitorStore
from core.tasks import task_of
from core.tasks.answering import Engine

SECONDS_BETWEEN_WRITES = 2.0
COUNTING = "EVERGREEN_MONITOR"  # "off": nothing is counted
MOST_WAITING = 50_000  # requests between two writes; beyond, they are lost
SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)  # ends of the classes of durations
SURE = 20  # classes of how probable an answer is
API, TABLE, COMMAND = "api", "table", "command"  # who asked


@dataclass(frozen=True)
class Seen:
    """Some answers of one request.

    Parameters
    ----------
    folder
        The version's, which tells it from every other version there ever was.
    values
        What the engine computed, ``(texts, outputs)``.
    truncated
        Of each text whether its end was not read.
    seconds
        From the request to its answer.
    source
        Who asked.
    """

    model: str
    version: int
    folder: Path
    engine: Engine
    texts: Sequence[str]
    values: Any
    truncated: Any
    seconds: float
    source: str
    threshold: float | None = None

    @property
    def run(self) -> str:
        return self.folder.parents[1].name


class Recorder:
    """The monitor's end in a process that answers. Never raises and never waits: what cannot be written is lost, and counted.

    Attributes
    ----------
    lost
        Texts whose counts could not be written.
    """

    def __init__(
        self, home: Path, *, seconds: float = SECONDS_BETWEEN_WRITES, today: Callable[[], date] = date.today
    ) -> None:
        self.lost = 0
        self._store = MonitorStore(home)
        self._novelty = Novelty(home)
        self._seconds, self._today = seconds, today
        self._counts = os.environ.get(COUNTING, "").strip().lower() not in ("off", "0", "no", "false")
        self._waiting: deque[Seen] = deque()
        self._generator = np.random.default_rng()
        self._expired: dict[str, date] = {}
        self._closing = threading.Event()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, seen: Seen) -> None:
        """Take note of answers; takes a microsecond."""
        if not self._counts:
            return
        if len(self._waiting) >= MOST_WAITING:
            self.lost += len(seen.texts)
            return
        self._waiting.append(seen)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="evergreen-monitor", daemon=True)
            self._thread.start()

    def noting(
        self, model: str, version: int, folder: Path, engine: Engine, source: str, threshold: float | None = None
    ) -> Callable[[Sequence[str], Any, Any, float], None]:
        """What takes note of the answers of one version to one who asks."""

        def note(texts: Sequence[str], values: Any, truncated: Any, seconds: float) -> None:
            self.add(Seen(model, version, folder, engine, texts, values, truncated, seconds, source, threshold))

        return note

    def flush(self) -> None:
        """Write down all that was seen until now."""
        with self._writing:
            some = [self._waiting.popleft() for _ in range(len(self._waiting))]
            if not some:
                return
            try:
                self._store.add(list(self._tallies(some)))
                self._expire({seen.model for seen in some})
            except Exception as error:  # a full disk, a file that cannot be written, our own mistake: answers go on
                self.lost += sum(len(seen.texts) for seen in some)
                if not isinstance(error, CoreError | OSError):
                    sys.stderr.write(traceback.format_exc())

    def close(self) -> None:
        """Write down what is left, and end."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()
        self.flush()

    def _work(self) -> None:
        while not self._closing.wait(self._seconds):
            self.flush()
            self._novelty.rest()

    def _expire(self, models: set[str]) -> None:
        today = self._today()
        for model in models:
            if self._expired.get(model) != today:
                self._store.expire(model, today)
                self._expired[model] = today

    def _tallies(self, some: Sequence[Seen]) -> Iterator[Tally]:
        groups: dict[tuple[str, str], list[Seen]] = defaultdict(list)
        for seen in some:
            groups[seen.model, seen.run].append(seen)
        for requests in groups.values():
            yield self._tally(requests)

    def _tally(self, requests: Sequence[Seen]) -> Tally:
        first = requests[-1]
        counts: Counter[tuple[str, str]] = Counter()
        for seen in requests:
            counts["requests", seen.source] += 1
            counts["texts", seen.source] += len(seen.texts)
            counts["seconds", str(bisect_left(SECONDS, seen.seconds))] += 1
        texts = [text for seen in requests for text in seen.texts]
        values = np.concatenate([np.asarray(seen.values) for seen in requests])
        counts["cut", ""] += int(sum(int(np.sum(seen.truncated)) for seen in requests))
        task = task_of(first.engine.task)
        answers = task.read(first.engine, values) if task.reads_targets else [""] * len(texts)
        for answer, count in Counter(answers).items():
            for name in task.names_of(answer):
                counts["answers", name] += count
        if task.distribution and len(values):
            places = np.minimum((values.max(axis=1) * SURE).astype(int), SURE - 1)
            for place, count in zip(*np.unique(places, return_counts=True), strict=True):
                counts["sure", str(place)] += int(count)
            for seen in requests:
                if seen.threshold is not None and len(seen.texts):
                    _, _, enough = resolved(np.asarray(seen.values), first.engine.labels, seen.threshold)
                    counts["unsure", ""] += int((~np.asarray(enough)).sum())
        outputs = tuple(first.engine.labels) if task.numeric else ()
        tally = Tally(first.model, first.run, first.version, self._today(), outputs, counts)
        rows = self._rows(tally, first, texts, values if task.numeric else np.zeros((len(texts), 0)), answers)
        return Tally(tally.model, tally.run, tally.version, tally.day, outputs, counts, rows)

    def _rows(self, tally: Tally, seen: Seen, texts: Sequence[str], values: Any, answers: Sequence[str]) -> list[Row]:
        """Those that come into the day's sample; all of them where every text is kept, of which only the sample's are compared
        with what was learned.
        """
        keys = self._generator.random(len(texts))
        kept = self._store.keeping(tally.model).kept_texts
        last = self._store.last_key(tally)
        smallest = np.argsort(keys)[: sample_size(len(tally.outputs))]
        sampled = smallest if last is None else smallest[keys[smallest] < last]
        novelty = self._novel(tally, seen, {row: texts[row] for row in sampled.tolist()}, keys)
        written = np.arange(len(texts)) if kept == "all" else sampled
        marks = key_numbers([texts[row] for row in written]) if kept != "nothing" else None
        return [
            Row(
                key=float(keys[row]),
                language=language_of([texts[row]]),
                answer=answers[row],
                numbers=np.asarray(values[row], dtype=np.float32),
                mark=None if marks is None else as_mark(marks[place]),
                text=_plain(texts[row]) if kept in ("sample", "all") else None,
                novelty=novelty.get(row),
            )
            for place, row in enumerate(written.tolist())
        ]

    def _novel(
        self, tally: Tally, seen: Seen, texts: Mapping[int, str], keys: NDArray[np.float64]
    ) -> dict[int, float | None]:
        """How unlike what was learned those of these texts are that come into the part of the sample which is compared.

        Parameters
        ----------
        texts
            Row → text, those with the smallest keys first.
        """
        most = self._novelty.most(seen.folder)
        last = self._store.last_key(tally, most) if most else None
        rows = [row for row in texts if last is None or keys[row] < last][:most]
        return dict(
            zip(rows, self._novelty.p_values(seen.folder, seen.engine, [texts[row] for row in rows]), strict=True)
        )


def _plain(text: str) -> str:
    """Without halves of characters, which no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
