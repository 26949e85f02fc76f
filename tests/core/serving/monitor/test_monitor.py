"""What is counted of a model in use, what is kept of its texts, and what goes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.base.errors import StorageError
from core.serving.monitor.keeping import Keeping
from core.serving.monitor.recorder import Recorder, Seen
from core.serving.monitor.records import SAMPLE, sample_size
from core.serving.monitor.store import MonitorStore
from core.tasks import DEFAULT

TODAY = date(2026, 3, 10)
ENGINE: Any = SimpleNamespace(labels=["bad", "good"], task=DEFAULT, thresholds=None)


def _seen(home: Path, texts: list[str], *, run: str = "run1", good: float = 0.8, **facts: Any) -> Seen:
    folder = home / "artifacts" / run / "artifacts" / "version"
    values = np.tile(np.array([1 - good, good], dtype=np.float32), (len(texts), 1))
    cut = np.array([len(text) > 50 for text in texts])
    return Seen("Shop", 1, folder, ENGINE, texts, values, cut, 0.004, "api", **facts)


@pytest.fixture
def record(tmp_path: Path) -> Callable[..., None]:
    def add(texts: list[str], day: date = TODAY, **facts: Any) -> None:
        recorder = Recorder(tmp_path, seconds=60, today=lambda: day)
        recorder.add(_seen(tmp_path, texts, **facts))
        recorder.close()
        assert recorder.lost == 0

    return add


def test_counts_by_day_and_version(tmp_path: Path, record: Callable[..., None]) -> None:
    record(["one", "two", "x" * 60])
    record(["three"], good=0.1)
    record(["four"], run="run2", day=TODAY - timedelta(days=1), threshold=0.9)
    first, second = MonitorStore(tmp_path).days("Shop", TODAY - timedelta(days=5))
    assert (first.run, first.day, first.total("texts"), first.total("unsure")) == (
        "run2",
        TODAY - timedelta(days=1),
        1,
        1,
    )
    assert (second.total("texts"), second.total("requests"), second.total("cut")) == (4, 2, 1)
    assert second.counts["answers"] == {"good": 3, "bad": 1}
    assert second.counts["texts"] == {"api": 4}
    assert second.counts["seconds"] == {"2": 2}
    assert MonitorStore(tmp_path).days("Other", TODAY - timedelta(days=5)) == []


def test_texts_are_kept_only_as_chosen(tmp_path: Path, record: Callable[..., None]) -> None:
    store = MonitorStore(tmp_path)
    record(["a text of a person"])
    assert store.every_text() == []
    assert b"a text of a person" not in (tmp_path / "monitor.db").read_bytes()
    (row,) = [sampled.row for sampled in store.sample("Shop", "run1", TODAY)]
    assert row.mark is None
    assert row.answer == "good"
    assert row.numbers.tolist() == pytest.approx([0.2, 0.8])

    store.keep("Shop", Keeping(kept_texts="marks"))
    record(["another text"])
    assert store.every_text() == []
    assert sum(sampled.row.mark is not None for sampled in store.sample("Shop", "run1", TODAY)) == 1
    store.keep("Shop", Keeping(kept_texts="sample"))
    record([f"text {number}" for number in range(3 * SAMPLE)])
    assert len(store.sample("Shop", "run1", TODAY)) == SAMPLE
    assert SAMPLE - 2 <= len(store.every_text()) <= SAMPLE
    store.keep("Shop", Keeping(kept_texts="all"))
    record([f"later {number}" for number in range(2 * SAMPLE)])
    assert sum(text.startswith("later") for text in store.every_text()) == 2 * SAMPLE
    store.keep("Shop", Keeping(kept_texts="nothing"))
    assert store.every_text() == []
    assert len(store.sample("Shop", "run1", TODAY)) == SAMPLE


def test_a_sample_is_one_of_all_that_several_processes_saw(tmp_path: Path, record: Callable[..., None]) -> None:
    MonitorStore(tmp_path).keep("Shop", Keeping(kept_texts="sample"))
    for part in range(4):
        record([f"{part}:{number}" for number in range(500)])
    counts = [sum(text.startswith(f"{part}:") for text in MonitorStore(tmp_path).every_text()) for part in range(4)]
    assert sum(counts) == SAMPLE
    assert min(counts) > SAMPLE / 8


def test_what_is_too_old_loses_its_text_and_stays_counted(tmp_path: Path, record: Callable[..., None]) -> None:
    store = MonitorStore(tmp_path)
    store.keep("Shop", Keeping(kept_texts="all", kept_days=7))
    record(["old text"], day=TODAY - timedelta(days=9))
    record(["new text"])
    assert store.every_text() == ["new text"]
    assert [day.total("texts") for day in store.days("Shop", TODAY - timedelta(days=20))] == [1, 1]


def test_labels_that_come_later_find_their_answers(tmp_path: Path, record: Callable[..., None]) -> None:
    store = MonitorStore(tmp_path)
    store.keep("Shop", Keeping(kept_texts="marks"))
    record(["Fine  things", "others"])
    assert store.tell("Shop", ["fine things", "never asked"], ["bad", "good"]) == 1
    truths = {sampled.row.answer: sampled.truth for sampled in store.sample("Shop", "run1", TODAY) if sampled.truth}
    assert truths == {"good": "bad"}


def test_a_forgotten_text_is_nowhere_in_the_file(tmp_path: Path, record: Callable[..., None]) -> None:
    store = MonitorStore(tmp_path)
    store.keep("Shop", Keeping(kept_texts="sample"))
    record(["secret person words", "others"])
    store.tell("Shop", ["secret person words"], ["bad"])
    assert store.forget(lambda text: "secret" in text, ["secret person words"]) == 1
    assert store.every_text() == ["others"]
    held = b"".join(path.read_bytes() for path in tmp_path.glob("monitor.db*"))
    assert b"secret person words" not in held
    assert b"others" in held
    store.delete("Shop")
    assert store.every_text() == []
    assert store.days("Shop", TODAY) == []
    assert store.keeping("Shop") == Keeping()


def test_marks_alone_are_forgotten_too(tmp_path: Path, record: Callable[..., None]) -> None:
    store = MonitorStore(tmp_path)
    store.keep("Shop", Keeping(kept_texts="marks"))
    record(["a person", "others"])
    assert store.forget(lambda text: False, ["A person"]) == 1
    assert len(store.sample("Shop", "run1", TODAY)) == 1


def test_what_cannot_be_written_is_lost_and_counted_and_nobody_is_hindered(tmp_path: Path) -> None:
    (tmp_path / "monitor.db").write_bytes(b"this is no database" * 100)
    recorder = Recorder(tmp_path, seconds=60)
    recorder.add(_seen(tmp_path, ["one", "two"]))
    recorder.close()
    assert recorder.lost == 2
    with pytest.raises(StorageError, match=r"monitor\.db"):
        MonitorStore(tmp_path).days("Shop", TODAY)


def test_a_mistake_while_counting_is_written_to_the_log_and_the_next_answers_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorder = Recorder(tmp_path, seconds=60)
    recorder.add(replace(_seen(tmp_path, ["one"]), values=np.zeros(1)))
    recorder.flush()
    assert recorder.lost == 1
    assert "Traceback" in capsys.readouterr().err
    recorder.add(_seen(tmp_path, ["two", "three"]))
    recorder.close()
    assert sum(day.total("texts") for day in MonitorStore(tmp_path).days("Shop", date.min)) == 2


def test_what_a_text_really_is_stays_known_when_its_mark_has_gone(tmp_path: Path, record: Callable[..., None]) -> None:
    store = MonitorStore(tmp_path)
    store.keep("Shop", Keeping(kept_texts="marks", kept_days=7))
    record(["old text"], day=TODAY - timedelta(days=5))
    assert store.tell("Shop", ["old text"], ["bad"]) == 1
    store.expire("Shop", TODAY + timedelta(days=5))
    (sampled,) = store.sample("Shop", "run1", date.min)
    assert sampled.row.mark is None
    assert sampled.truth == "bad"


def test_many_threads_lose_nothing(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, seconds=0.01)
    threads = [
        threading.Thread(target=lambda: [recorder.add(_seen(tmp_path, ["one", "two"])) for _ in range(200)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recorder.close()
    assert sum(day.total("texts") for day in MonitorStore(tmp_path).days("Shop", date.min)) == 1600


def test_an_alarm_is_of_one_version(tmp_path: Path) -> None:
    store = MonitorStore(tmp_path)
    assert store.alarm("Shop", "run1") is None
    store.note_alarm("Shop", "run1", TODAY)
    assert store.alarm("Shop", "run1") == TODAY
    assert store.alarm("Shop", "run2") is None
    store.note_alarm("Shop", "run1", None)
    assert store.alarm("Shop", "run1") is None


def test_many_outputs_make_a_smaller_sample() -> None:
    assert sample_size(2) == SAMPLE
    assert sample_size(151) == 132
    assert sample_size(1000) == 32
