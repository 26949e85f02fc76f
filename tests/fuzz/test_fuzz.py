"""A short run of the fuzzer, every file that ever did harm, and documents of any shape."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, stored, table

HERE = Path(__file__).resolve().parent
SEEDS = [path for target in TARGETS for path in sorted((HERE / "seeds" / target).iterdir())]
QUICK = settings(max_examples=60, deadline=None, database=None, derandomize=True)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda values: st.lists(values, max_size=4) | st.dictionaries(st.text(max_size=8), values, max_size=4),
    max_leaves=20,
)
cells = st.lists(st.lists(st.text(max_size=12), min_size=1, max_size=4), min_size=1, max_size=8)


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.name)
def test_every_seed_is_read_or_refused(path: Path, tmp_path: Path) -> None:
    TARGETS[path.parent.name](tmp_path / path.name, path.read_bytes())


HARD = {
    "lists in lists": "[" * 20_000 + "]" * 20_000,
    "objects in objects": '{"name":' * 20_000 + "1" + "}" * 20_000,
    "an endless process": '{"pid": Infinity, "began": -Infinity, "queued": "2026-01-01", "name": "reviews"}',
    "a number of many digits": '{"pid": ' + "9" * 5000 + ', "format": 1e999}',
    "half characters and zeros": r'{"name": "\ud800", "files": {"\u0000": {"bytes": 1}, "\ud800": {"bytes": 1}}}',
}


@pytest.mark.parametrize("kind", HARD)
def test_hard_json_in_the_place_of_a_stored_file_does_no_harm(kind: str, tmp_path: Path) -> None:
    stored(tmp_path / "file.json", HARD[kind].encode())


def test_a_short_run_does_no_harm() -> None:
    command = [sys.executable, str(HERE / "run.py"), "--examples", "400"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "400 executions" in run.stdout


@QUICK
@given(json_values, st.sampled_from(["", "\n"]))
def test_any_json_is_read_or_refused(value: Any, end: str) -> None:
    _try("file.json", (json.dumps(value) + end).encode())


@QUICK
@given(st.lists(json_values, min_size=1, max_size=5))
def test_any_json_lines_are_read_or_refused(values: list[Any]) -> None:
    _try("file.jsonl", "\n".join(map(json.dumps, values)).encode())


@QUICK
@given(cells, st.sampled_from(",;\t|"), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]))
def test_any_table_of_text_is_read_or_refused(rows: list[list[str]], delimiter: str, encoding: str) -> None:
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter).writerows(rows)
    _try("file.csv", written.getvalue().encode(encoding, "replace"))


def _try(name: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for target in (table, stored):
            target(Path(folder) / name, content)


TRIED_AGAIN = """
import time
from pathlib import Path
from tests.fuzz import run

def busy(path, content):
    while time.process_time() < 1000:
        pass

run.AGAIN_SECONDS = 3.0
run.SECONDS = 0.5
examples = run.Examples(0, ["tables"])
for target in (lambda path, content: time.sleep(1.5), busy):
    run.TARGETS["tables"] = target
    print("harm:", run._harm_of_a_slow_example(examples, 0, Path(FOLDER)))
"""


def test_what_waits_for_a_busy_machine_does_no_harm_and_what_works_on_and_on_does(tmp_path: Path) -> None:
    command = [sys.executable, "-c", TRIED_AGAIN.replace("FOLDER", repr(str(tmp_path)))]
    run = subprocess.run(command, cwd=HERE.parent.parent, capture_output=True, text=True, timeout=300, check=False)
    harm = [line.removeprefix("harm:").strip() for line in run.stdout.splitlines() if line.startswith("harm:")]
    assert harm == ["", "SIGALRM"], run.stdout + run.stderr
