from __future__ import annotations

import ast
import errno
import os
from pathlib import Path

import pytest

from core.base import faults, files, processes
from core.base.leftovers import leftovers, old_leftovers, sweep
from core.base.storage import storage_error

ROOT = Path(__file__).resolve().parents[3]
DEAD = f"{processes.machine()}-1-1"  # a process that began before all others


def test_a_file_is_replaced_whole_or_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "note.json"
    files.write_json(path, {"n": 1})
    with pytest.raises(UnicodeEncodeError):
        files.write_text(path, "half of it \ud800")
    assert path.read_text(encoding="utf-8") == '{"n": 1}'
    assert sorted(tmp_path.glob("*note*")) == [path]


def test_a_file_that_cannot_be_written_is_named_also_where_a_library_does_not_say_which(tmp_path: Path) -> None:
    with pytest.raises(PermissionError) as caught, files.writing(tmp_path / "rows.parquet"):
        raise PermissionError(errno.EACCES, "Failed to open local file")  # as pyarrow does
    told = storage_error(caught.value)
    assert told is not None
    assert str(tmp_path / "rows.parquet") in str(told)


def test_json_that_is_nested_too_deeply_is_no_json(tmp_path: Path) -> None:
    for text in ("[" * 100_000, '{"a":' * 100_000, "[" * 100_000 + "]" * 100_000, "{", "", "no"):
        (tmp_path / "note.json").write_text(text, encoding="utf-8")
        with pytest.raises(ValueError):
            files.read_json(tmp_path / "note.json")
    assert files.parse_json(b'{"a": [1]}') == {"a": [1]}


@pytest.mark.parametrize("written", ["1e999", "-1e999", '{"pid": Infinity}', "[-Infinity]"])
def test_no_number_of_json_is_infinite(written: str) -> None:
    with pytest.raises(ValueError, match="is no number of JSON"):
        files.parse_json(written)
    assert files.parse_json("[1.5e3, -2, 0.1]") == [1500.0, -2, 0.1]


def test_a_number_of_endless_digits_is_refused_without_pythons_advice() -> None:
    with pytest.raises(ValueError, match=r"^a number of more than 4,300 digits$"):
        files.parse_json("9" * 100_000)


# What these read, they or a library made a moment before.
OWN_JSON = {
    "core/fairness/counterfactual.py",
    "core/fairness/terms.py",
    "core/base/files.py",
    "core/data/reading/isolation/worker.py",
    "core/data/spans/targets.py",
    "core/networks/text/forgetting.py",
    "core/networks/text/tokenizing.py",
    "core/registry/registry.py",
    "core/serving/engines/providers.py",
    "core/training/pretraining/tokens.py",
    "core/serving/engines/files.py",  # what it has just written itself
    "core/workflows/compare/unit.py",
    "dashboard/parts/forms/word_vectors.py",
    "dashboard/use/keys.py",  # in the snippet that it shows
}


def test_whatever_reads_json_bears_what_is_nested_too_deeply() -> None:
    """Python has no `ValueError` for it, so that a reader that knows of broken files would still not expect it."""
    wrong = []
    for path in [*(ROOT / "core").rglob("*.py"), *(ROOT / "dashboard").rglob("*.py")]:
        source = path.read_text(encoding="utf-8")
        name = path.relative_to(ROOT).as_posix()
        if (
            name not in OWN_JSON
            and "RecursionError" not in source
            and ("json.loads(" in source or "json.load(" in source)
        ):
            wrong.append(name)
    assert wrong == []


def test_contents_reach_the_disk_before_the_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    happened: list[str] = []
    flush, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: (happened.append("fsync"), flush(descriptor))[1])
    monkeypatch.setattr(os, "replace", lambda *paths: (happened.append("rename"), replace(*paths))[1])
    files.write_text(tmp_path / "note", "text")
    assert happened == ["fsync", "rename", "fsync"]  # the file, and afterwards the name in its folder


def test_a_folder_is_put_in_place_with_all_its_files_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[str] = []
    flush, rename = os.fsync, os.rename
    monkeypatch.setattr(os, "fsync", lambda descriptor: (happened.append("fsync"), flush(descriptor))[1])
    monkeypatch.setattr(os, "rename", lambda *paths: (happened.append("rename"), rename(*paths))[1])
    with files.incoming_folder(tmp_path) as folder:
        (folder / "below").mkdir()
        (folder / "below" / "one").write_text("1")
        (folder / "two").write_text("2")
        files.place(folder, tmp_path / "made" / "version")
    assert happened == ["fsync"] * 4 + ["rename", "fsync"]  # two files, two folders; then the folder above
    assert (tmp_path / "made" / "version" / "below" / "one").read_text() == "1"
    assert not list(tmp_path.glob(".*"))


def test_a_process_that_died_between_the_renames_of_a_swap_leaves_the_old_folder_to_be_put_back(tmp_path: Path) -> None:
    (tmp_path / "version").mkdir()
    (tmp_path / "version" / "labels").write_text("old")
    (tmp_path / "version").rename(files.outgoing_of(tmp_path / "version"))
    files.put_back(tmp_path / "version")
    assert (tmp_path / "version" / "labels").read_text() == "old"


def test_what_a_dead_process_left_is_swept_and_what_a_living_one_works_on_stays(tmp_path: Path) -> None:
    (tmp_path / "datasets").mkdir()
    mine = files.unfinished(tmp_path / "datasets", "part")
    mine.write_text("being written")
    dead = [tmp_path / f".incoming-{DEAD}-0a", tmp_path / "datasets" / f".part-{DEAD}-0b"]
    dead[0].mkdir()
    (dead[0] / "model.onnx").write_bytes(b"0" * 10)
    dead[1].write_text("left")
    elsewhere = tmp_path / ".incoming-ffffff-1-1-0c"  # another machine's: it may live, and it is young
    elsewhere.mkdir()
    assert sorted(leftovers(tmp_path)) == sorted(dead)
    assert sweep(tmp_path) == 2
    assert [path.exists() for path in (mine, *dead, elsewhere)] == [True, False, False, True]


def test_names_of_earlier_editions_count_as_left_behind_after_a_day(tmp_path: Path) -> None:
    (tmp_path / "artifacts").mkdir()
    old, young = tmp_path / "artifacts" / ".incoming-0123", tmp_path / "artifacts" / ".incoming-4567"
    old.mkdir()
    young.mkdir()
    os.utime(old, (1_000_000_000, 1_000_000_000))
    assert list(leftovers(tmp_path)) == []
    assert list(old_leftovers(tmp_path)) == [old]


@pytest.mark.parametrize(
    ("code", "key"),
    [
        (errno.ENOSPC, "storage.full"),
        (errno.EDQUOT, "storage.full"),
        (errno.EACCES, "storage.not_permitted"),
        (errno.EROFS, "storage.read_only"),
        (errno.EMFILE, "storage.too_many_files"),
        (errno.EIO, "storage.failed"),
    ],
)
def test_errors_of_the_system_are_said_in_words_of_their_own(code: int, key: str) -> None:
    told = storage_error(OSError(code, os.strerror(code), "/somewhere/file"))
    assert told is not None
    assert told.message.key == key
    assert "Errno" not in str(told)


def test_a_lost_connection_is_no_matter_of_the_disk() -> None:
    assert storage_error(BrokenPipeError(errno.EPIPE, "Broken pipe")) is None


def test_a_fault_can_be_an_error_of_the_system_the_second_time_a_point_is_reached() -> None:
    faults.arm("save.rows:2!ENOSPC")
    try:
        faults.reached("save.info")
        faults.reached("save.rows")
        with pytest.raises(OSError, match="No space left"):
            faults.reached("save.rows")
    finally:
        faults.arm(None)
    faults.reached("save.rows")


def test_one_module_renames() -> None:
    calls = []
    for path in [*(ROOT / "core").rglob("*.py"), *(ROOT / "dashboard").rglob("*.py")]:
        if path == ROOT / "core" / "base" / "files.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            whose = ast.unparse(node.func.value)
            by_system = whose in ("os", "shutil") and node.func.attr in ("replace", "rename", "renames", "move")
            # Of a path; a text's replace takes two things, a table's rename names them.
            by_path = (
                node.func.attr in ("replace", "rename") and len(node.args) == 1 and not node.keywords and whose != "os"
            )
            if by_system or (by_path and whose != "labels"):  # a series of labels
                calls.append(f"{path.relative_to(ROOT)}:{node.lineno} {ast.unparse(node)}")
    assert calls == []


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff", b"null", b"[" * 20_000 + b"]" * 20_000])
def test_an_object_that_cannot_be_read_is_an_empty_one(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "object.json"
    assert files.read_object(path) == {}
    path.write_bytes(content)
    assert files.read_object(path) == {}
    path.write_text('{"name": "好"}', encoding="utf-8")
    assert files.read_object(path) == {"name": "好"}
