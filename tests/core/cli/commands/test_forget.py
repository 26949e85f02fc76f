"""``forget`` names what of a request is nowhere: in print, in JSON and in the receipt, which holds no text."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.base import faults
from core.base.at_work import at_work
from core.cli import main
from core.cli.commands import learning as commands_learning
from core.data.labelling.corrections import Corrections
from core.registry.records import receipts
from core.workflows.workspace import Workspace
from tests.core.conftest import reviews

FAST = ["--model", "ngrams", "--set", "epochs=1", "buckets=1024", "embedding_size=8"]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def execute(*arguments: str, code: int = 0) -> tuple[str, str]:
        capsys.readouterr()
        assert main(arguments) == code
        captured = capsys.readouterr()
        return captured.out, captured.err

    return execute


@pytest.fixture(scope="module")
def trained_once(new_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier whose rows are of ten people."""
    folder = tmp_path_factory.mktemp("people")
    home = folder / "workspace"
    home.mkdir()
    shutil.copy(new_store, home / "mlflow.db")
    data = reviews(60)
    rows = [
        f"{text},{name},p{row % 10}"
        for row, (text, name) in enumerate(zip(data.texts, data.label_names(), strict=True))
    ]
    table = folder / "people.csv"
    table.write_text("\n".join(["text,label,who", *rows]) + "\n", encoding="utf-8")
    columns = ["--text", "text", "--label", "label", "--group", "who"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVERGREEN_HOME", str(home))
        assert main(["train", "--data", str(table), *columns, "--classifier", "c", *FAST]) == 0
    return home


@pytest.fixture
def asked(trained_once: Path, workspace: Workspace, tmp_path: Path) -> list[str]:
    """A request for three texts, one of them known, of a copy of that classifier."""
    shutil.copytree(trained_once, workspace.home, dirs_exist_ok=True)
    data = reviews(60)
    texts = tmp_path / "texts.txt"
    texts.write_text(f"{data.texts[0]}\n\nteh first of them\na text that is nowhere\n", encoding="utf-8")
    return ["forget", "--classifier", "c", "--texts", str(texts)]


SAID = "1 of 3 texts found; not found: line 3 'teh first of them', line 4 'a text that is nowhere'."


def test_a_dry_run_names_what_is_nowhere(asked: list[str], run: Any) -> None:
    out, _ = run(*asked, "--dry-run")
    assert out.splitlines() == [
        SAID,
        "Rows that would be removed: 1; waiting corrections: 0; texts of labelling sessions: 0; texts kept from use: 0.",
        "All that hold some of them, and would be changed: c version 1.",
        "Weights that would still carry them, until retrained: c version 1.",
    ]
    out, err = run(*asked, "--group", "p1", "nobody", "--dry-run", "--json")
    found = json.loads(out)
    assert found["rows"] == 7
    assert found["asked"] == {"texts": 3, "groups": 2}
    assert found["not_found"]["texts"] == ["teh first of them", "a text that is nowhere"]
    assert (found["not_found"]["lines"], found["not_found"]["groups"]) == ([3, 4], ["nobody"])
    assert err.splitlines() == [SAID, "1 of 2 groups found; not found: 'nobody'."]


def test_the_receipt_keeps_lines_and_counts_and_no_text(asked: list[str], run: Any, workspace: Workspace) -> None:
    out, _ = run(*asked, "--group", "nobody", "--json")
    assert json.loads(out)["not_found"]["texts"] == ["teh first of them", "a text that is nowhere"]
    (receipt,) = receipts(workspace.home)
    assert receipt["asked"] == {"texts": 3, "groups": 1}
    assert receipt["not_found"] == {"texts": [3, 4], "groups": [1]}
    assert "nowhere" not in json.dumps(receipt)
    assert "nobody" not in json.dumps(receipt)


def test_all_found_is_said_too_and_nothing_found_is_refused(asked: list[str], run: Any, tmp_path: Path) -> None:
    assert run(*asked[:3], "--group", "p1", "p2", "--dry-run")[0].splitlines()[0] == "2 of 2 groups found."
    other = tmp_path / "other.txt"
    other.write_text("never written\n", encoding="utf-8")
    assert "learned from no such rows" in run(*asked[:4], str(other), code=2)[1]


def test_a_list_in_another_encoding_is_read(asked: list[str], run: Any, tmp_path: Path) -> None:
    known = reviews(60).texts[0]
    other = tmp_path / "other.txt"
    other.write_bytes(f"{known}\r\n这家店的菜很好吃，送得也快\r\n".encode("gb18030"))
    assert run(*asked[:4], str(other), "--encoding", "gb18030", "--dry-run")[0].splitlines()[0] == (
        "1 of 2 texts found; not found: line 2 '这家店的菜很好吃，送得也快'."
    )


def test_a_request_that_names_nothing_is_told_what_to_name(asked: list[str], run: Any, tmp_path: Path) -> None:
    err = run(*asked[:3], code=2)[1]
    assert "--group" in err
    assert "--texts" in err
    blank = tmp_path / "blank.txt"
    for written in (b"", b"\r\n  \n", "\ufeff\n".encode()):
        blank.write_bytes(written)
        err = run(*asked[:4], str(blank), code=2)[1]
        assert "'blank.txt' holds no text." in err
        assert "one whole text a line" in err


def test_where_nothing_is_found_all_that_was_asked_for_is_listed(asked: list[str], run: Any, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("\nnever written\n", encoding="utf-8")
    out, err = run(*asked[:4], str(other), "--group", "nobody", "--json", code=2)
    assert out == ""
    assert err.splitlines()[:2] == [
        "0 of 1 texts found; not found: line 2 'never written'.",
        "0 of 1 groups found; not found: 'nobody'.",
    ]


@pytest.mark.parametrize("start", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1", b"\x1f\x8b\x08", b"%PDF-1.7", b"PAR1"])
@pytest.mark.parametrize("encoding", [[], ["--encoding", "latin-1"]])
def test_a_list_that_is_no_text_is_refused_as_a_list(
    start: bytes, encoding: list[str], asked: list[str], run: Any, tmp_path: Path
) -> None:
    book = tmp_path / "texts.xls"
    book.write_bytes(start + bytes(range(256)) * 20)
    err = run(*asked[:4], str(book), *encoding, code=2)[1]
    assert "'texts.xls' cannot be read as text" in err
    assert "one text a line" in err
    assert "column" not in err


def test_what_was_interrupted_is_finished_by_asking_again(asked: list[str], run: Any, workspace: Workspace) -> None:
    faults.arm("forget.uploads!EIO")
    try:
        run(*asked, code=2)
    finally:
        faults.arm(None)
    (begun,) = receipts(workspace.home)
    assert begun["state"] == "begun"
    out, err = run(*asked, "--json")
    assert f"forgotten now; receipt {begun['id']}" in err
    assert json.loads(out)["state"] == "done"
    (receipt,) = receipts(workspace.home)
    assert (receipt["id"], receipt["state"], receipt["datasets"]) == (begun["id"], "done", begun["datasets"])


def test_the_classifier_alone_finishes_what_is_begun_and_is_not_enough_to_begin(
    asked: list[str], run: Any, workspace: Workspace
) -> None:
    assert "Nothing is named" in run(*asked[:3], code=2)[1]
    faults.arm("forget.deleted!EIO")
    try:
        run(*asked, code=2)
    finally:
        faults.arm(None)
    assert "receipt" in run(*asked[:3])[1]
    assert [receipt["state"] for receipt in receipts(workspace.home)] == ["done"]


def test_nothing_is_learned_before_what_was_interrupted_is_finished(
    asked: list[str], run: Any, workspace: Workspace, tmp_path: Path
) -> None:
    faults.arm("forget.uploads!EIO")
    try:
        run(*asked, code=2)
    finally:
        faults.arm(None)
    rows = reviews(60, seed=2)
    batch = tmp_path / "batch.csv"
    lines = [f"{text},{name}" for text, name in zip(rows.texts, rows.label_names(), strict=True)]
    batch.write_text("\n".join(["text,label", *lines]) + "\n", encoding="utf-8")
    learning = ["--data", str(batch), "--text", "text", "--label", "label", "--classifier", "c"]
    before = [stored.id for stored in workspace.datasets.list()]
    for command in (["update", *learning, "--strategy", "replay"], ["train", *learning, *FAST]):
        err = run(*command, code=2)[1]
        assert "only partly forgotten" in err
        assert 'python -m core forget --classifier "c"' in err
    assert [stored.id for stored in workspace.datasets.list()] == before
    run("forget", "--classifier", "c")
    assert "candidate" in run("update", *learning, "--strategy", "replay", "--set", "epochs=1")[0]


def test_nothing_can_be_forgotten_from_the_first_line_of_a_command_on_that_learns(
    asked: list[str], run: Any, monkeypatch: pytest.MonkeyPatch, workspace: Workspace, tmp_path: Path
) -> None:
    """A correction that is read must not be forgotten before it is stored with the batch."""
    Corrections(workspace.home).add("c", "waits alone", "good", predicted="bad", version=1)
    only = tmp_path / "only.txt"
    only.write_text("waits alone\n", encoding="utf-8")
    forgetting = ["forget", "--classifier", "c", "--texts", str(only)]
    told: list[str] = []

    def wait(asked: Any, workspace: Workspace) -> list[Any]:
        command = [sys.executable, "-m", "core", *forgetting]
        told.append(subprocess.run(command, capture_output=True, text=True, check=False).stderr)
        return Corrections(workspace.home).list("c")

    monkeypatch.setattr(commands_learning, "_waiting", wait)
    rows = reviews(60, seed=2)
    batch = tmp_path / "batch.csv"
    lines = [f"{text},{name}" for text, name in zip(rows.texts, rows.label_names(), strict=True)]
    batch.write_text("\n".join(["text,label", *lines]) + "\n", encoding="utf-8")
    learning = ["--data", str(batch), "--text", "text", "--label", "label", "--classifier", "c", "--with-corrections"]
    run("update", *learning, "--strategy", "replay", "--set", "epochs=1")
    assert "while nothing else is at work" in told[0]
    assert receipts(workspace.home) == []
    out, _ = run(*forgetting)
    assert "Rows removed: 1;" in out
    assert "1 waiting correction," in out
    assert "c version 2" in out


def test_a_text_that_only_waits_as_a_correction_is_said(run: Any, asked: list[str], workspace: Workspace) -> None:
    Corrections(workspace.home).add("c", "a text that is nowhere", "good", predicted="bad", version=1)
    out, _ = run(*asked, "--dry-run", "--json")
    assert (json.loads(out)["rows"], json.loads(out)["corrections"]) == (1, 1)
    assert "waiting corrections: 1;" in run(*asked, "--dry-run")[0]


def test_a_dry_run_names_every_version_that_the_receipt_names(
    asked: list[str], run: Any, tmp_path: Path, workspace: Workspace
) -> None:
    rows = reviews(60, seed=2)
    batch = tmp_path / "batch.csv"
    lines = [f"{text},{name},q" for text, name in zip(rows.texts, rows.label_names(), strict=True)]
    batch.write_text("\n".join(["text,label,who", *lines]) + "\n", encoding="utf-8")
    columns = ["--data", str(batch), "--text", "text", "--label", "label", "--classifier", "c"]
    run("update", *columns, "--strategy", "replay", "--promote", "never", "--set", "epochs=1")
    out, _ = run(*asked, "--dry-run")
    assert "would be changed: c version 1, c version 2." in out
    planned = json.loads(run(*asked, "--dry-run", "--json")[0])
    assert [known["version"] for known in planned["champions"]] == [1]
    done = json.loads(run(*asked, "--json")[0])
    counts = [{name: count for name, count in known.items() if name != "words"} for known in done["versions"]]
    assert planned["versions"] == counts
    assert planned["encoders"] == done["encoders"] == []


def test_nothing_is_forgotten_beside_a_run_and_the_sentence_names_it(
    asked: list[str], run: Any, workspace: Workspace
) -> None:
    with at_work(workspace.home, "Shop reviews"):
        assert "Shop reviews" in run(*asked, code=2)[1]
    assert receipts(workspace.home) == []
    assert "Rows removed: 1" in run(*asked)[0]
