from __future__ import annotations

from pathlib import Path

import pytest

from core.jobs import files


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "job" / "progress.json"
    path.parent.mkdir()
    files.write_json(path, {"text": "旧"})

    def fail(source: Path, target: Path) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(files.os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        files.write_json(path, {"text": "new"})
    assert files.read_json(path) == {"text": "旧"}
    assert [found.name for found in path.parent.iterdir()] == ["progress.json"]


def test_a_torn_last_line_is_left_out_and_gone_after_a_rewrite(tmp_path: Path) -> None:
    path = tmp_path / "epochs.jsonl"
    path.write_bytes('{"epoch": 1}\n{"epoch": 2}\n{"epoch": 3, "note": "差'.encode()[:-1])
    assert files.read_lines(path) == [{"epoch": 1}, {"epoch": 2}]
    files.write_lines(path, files.read_lines(path))
    files.append_line(path, {"epoch": 3})
    assert files.read_lines(path) == [{"epoch": 1}, {"epoch": 2}, {"epoch": 3}]


def test_missing_files_read_as_nothing(tmp_path: Path) -> None:
    assert files.read_json(tmp_path / "none") == {}
    assert files.read_lines(tmp_path / "none") == []
    assert files.read_tail(tmp_path / "none", 5) == ""


def test_the_tail_is_the_last_lines(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text("".join(f"行 {number}\n" for number in range(1000)), encoding="utf-8")
    assert files.read_tail(path, 2) == "行 998\n行 999"
    path.write_text("one", encoding="utf-8")
    assert files.read_tail(path, 50) == "one"
