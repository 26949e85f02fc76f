"""Sampled texts are compared with what their version learned, where that is known; and files of earlier editions go on."""

from __future__ import annotations

import os
import sqlite3
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.continual.drift.novelty import Neighbours
from core.serving.monitor.keeping import Keeping
from core.serving.monitor.recorder import Recorder, Seen
from core.serving.monitor.records import SAMPLE, Row
from core.serving.monitor.references import MOST_ENCODED, Encoded, Reference
from core.serving.monitor.store import FILE, MonitorStore
from core.tasks import DEFAULT
from core.workflows.versions.novelty import make_reference

TODAY = date(2026, 3, 10)
ENGINE: Any = SimpleNamespace(labels=["bad", "good"], task=DEFAULT, thresholds=None, pipeline=None)
LEARNED = [f"the lamp number {row} is {'great' if row % 3 else 'awful'}" for row in range(400)]
STRANGE = ["完全不同的一句话，和灯没有关系", "zxq vvk jjw qqp"]
EDITION_1 = """
create table counts (model text, run text, version integer, day text, what text, name text, count integer not null,
    primary key (model, run, day, what, name)) without rowid;
create table rows (model text, run text, version integer, day text, key real, language text, answer text, numbers blob,
    mark integer, text text, truth text);
create index rows_by_day on rows (model, run, day, key);
create index rows_by_mark on rows (mark);
create table outputs (run text primary key, names text) without rowid;
create table alarms (model text primary key, run text, day text) without rowid;
create table keeping (model text primary key, config text) without rowid;
pragma user_version = 1;
"""


def ask(home: Path, texts: list[str], recorder: Recorder | None = None) -> None:
    folder = home / "artifacts" / "run1" / "artifacts" / "version"
    values, cut = np.tile(np.array([0.2, 0.8], dtype=np.float32), (len(texts), 1)), np.zeros(len(texts), dtype=bool)
    own = recorder or Recorder(home, seconds=60, today=lambda: TODAY)
    own.add(Seen("Shop", 1, folder, ENGINE, texts, values, cut, 0.004, "api"))
    own.flush()
    assert own.lost == 0


def rows(home: Path) -> list[Row]:
    return [sampled.row for sampled in MonitorStore(home).sample("Shop", "run1", TODAY, 10_000)]


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    path = tmp_path / "novelty" / "run1.safetensors"
    make_reference(LEARNED[:300], LEARNED[300:]).save(path)
    return path


def test_sampled_texts_are_compared_though_none_is_kept(tmp_path: Path, reference: Path) -> None:
    ask(tmp_path, [*LEARNED[300:], *STRANGE])
    told = [row.novelty for row in rows(tmp_path)]
    assert len(told) == 102
    # A hundred usual texts are known: nothing lies farther than both strange ones, so they get the least p-value there is.
    assert sorted(filter(None, told))[:2] == pytest.approx([1 / 101, 1 / 101])
    assert MonitorStore(tmp_path).every_text() == []


def test_without_a_reference_answers_are_counted_all_the_same(tmp_path: Path) -> None:
    ask(tmp_path, STRANGE)
    assert [row.novelty for row in rows(tmp_path)] == [None, None]


def test_a_reference_that_is_removed_is_used_no_more_and_a_new_one_is(tmp_path: Path, reference: Path) -> None:
    recorder = Recorder(tmp_path, seconds=60, today=lambda: TODAY)
    ask(tmp_path, ["one"], recorder)
    reference.unlink()
    ask(tmp_path, ["two"], recorder)
    make_reference(LEARNED[:300], LEARNED[300:350]).save(reference)
    ask(tmp_path, STRANGE[:1], recorder)
    told = [row.novelty for row in rows(tmp_path)]
    assert sum(novelty is None for novelty in told) == 1
    assert sorted(filter(None, told)) == pytest.approx([1 / 101, 1 / 51])


def test_a_damaged_reference_hinders_nobody(tmp_path: Path, reference: Path) -> None:
    reference.write_bytes(b"nothing of use")
    ask(tmp_path, STRANGE)
    assert [row.novelty for row in rows(tmp_path)] == [None, None]
    assert Reference.load(reference) is None


def test_an_encoder_that_cannot_be_asked_costs_no_counts(
    tmp_path: Path, reference: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    near = Neighbours.of(np.eye(3))
    Reference(np.linspace(0, 1, 99), 3, neighbours=near).save(reference)
    recorder = Recorder(tmp_path, seconds=60, today=lambda: TODAY)
    ask(tmp_path, STRANGE, recorder)  # the version's file is not there
    assert "model.onnx" in capsys.readouterr().err
    ask(tmp_path, STRANGE, recorder)
    assert capsys.readouterr().err == ""  # said once
    assert [row.novelty for row in rows(tmp_path)] == [None] * 4


def test_where_every_text_is_kept_only_those_of_the_sample_are_compared(tmp_path: Path, reference: Path) -> None:
    MonitorStore(tmp_path).keep("Shop", Keeping(kept_texts="all"))
    for part in range(3):
        ask(tmp_path, [f"text {part} {row}" for row in range(SAMPLE)])
    kept = rows(tmp_path)
    assert len(kept) == 3 * SAMPLE
    assert all(row.novelty is not None for row in kept[:SAMPLE])  # the smallest keys
    assert SAMPLE <= sum(row.novelty is not None for row in kept) < 3 * SAMPLE


def test_of_an_encoder_fewer_texts_of_a_day_are_asked_those_with_the_smallest_keys(
    tmp_path: Path, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Reference(np.linspace(0, 1, 99), 3, neighbours=Neighbours.of(np.eye(3))).save(reference)
    asked: list[str] = []

    def encode(texts: list[str]) -> np.ndarray:
        asked.extend(texts)
        return np.eye(3)[[0] * len(texts)]

    monkeypatch.setattr(Encoded, "open", lambda folder, pipeline: encode)
    recorder = Recorder(tmp_path, seconds=60, today=lambda: TODAY)
    ask(tmp_path, [f"text {row}" for row in range(100)], recorder)
    assert len(asked) == MOST_ENCODED
    assert [row.novelty is not None for row in rows(tmp_path)] == [True] * MOST_ENCODED + [False] * 36
    for part in range(4):
        ask(tmp_path, [f"later {part} {row}" for row in range(100)], recorder)
    assert len(asked) < 300  # of 500: 64 (1 + 1 + 1/2 + 1/3 + 1/4) are expected
    assert all(row.novelty is not None for row in rows(tmp_path)[:MOST_ENCODED])


def test_novel_texts_are_those_that_nobody_has_labelled(tmp_path: Path, reference: Path) -> None:
    store = MonitorStore(tmp_path)
    store.keep("Shop", Keeping(kept_texts="sample"))
    ask(tmp_path, [*LEARNED[300:340], *STRANGE, STRANGE[0]])
    assert set(STRANGE) <= set(store.novel_texts("Shop", "run1", TODAY, 0.05))
    assert len(store.novel_texts("Shop", "run1", TODAY, 1.0)) == 42
    store.tell("Shop", STRANGE[:1], ["bad"])
    assert STRANGE[0] not in store.novel_texts("Shop", "run1", TODAY, 1.0)
    assert store.novel_texts("Shop", "run2", TODAY, 1.0) == []


def test_what_is_stored_reads_back_the_same(tmp_path: Path) -> None:
    made = make_reference(LEARNED[:300], LEARNED[300:])
    made.save(tmp_path / "one.safetensors")
    read = Reference.load(tmp_path / "one.safetensors")
    assert read is not None
    assert read.learned == 300
    assert read.p_values([*STRANGE, *LEARNED[:5]]).tolist() == made.p_values([*STRANGE, *LEARNED[:5]]).tolist()


def test_a_file_of_edition_1_is_brought_up_to_date_with_what_it_holds(tmp_path: Path, reference: Path) -> None:
    with sqlite3.connect(tmp_path / FILE) as database:
        database.executescript(EDITION_1)
        numbers = np.array([0.2, 0.8], dtype=np.float32).tobytes()
        own = ("Shop", "run1", 1, TODAY.isoformat())
        database.execute(
            "insert into rows values (?, ?, ?, ?, .5, 'en', 'good', ?, 7, 'old text', 'bad')", (*own, numbers)
        )
        database.execute("insert into counts values (?, ?, ?, ?, 'texts', 'api', 1)", own)
        database.execute("""insert into keeping values ('Shop', '{"kept_texts": "sample", "kept_days": 30}')""")
    database.close()
    ask(tmp_path, STRANGE)
    sampled = {each.row.text: each for each in MonitorStore(tmp_path).sample("Shop", "run1", TODAY)}
    assert sampled["old text"].truth == "bad"
    assert sampled["old text"].row.novelty is None
    assert sampled[STRANGE[0]].row.novelty == pytest.approx(1 / 101)
    assert sum(day.total("texts") for day in MonitorStore(tmp_path).days("Shop", TODAY)) == 3
    with sqlite3.connect(tmp_path / FILE) as database:
        assert database.execute("pragma user_version").fetchone() == (2,)
    database.close()
    assert os.listdir(tmp_path / "novelty") == ["run1.safetensors"]
