from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.base import integrity
from core.base.errors import RegistryError

FACTS = {"classifier": "Shop", "number": 3}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "predictions").mkdir()
    (tmp_path / "labels.json").write_text('["a", "b"]', encoding="utf-8")
    (tmp_path / "model.onnx").write_bytes(b"weights")
    (tmp_path / "predictions" / "test_1.parquet").write_bytes(b"rows")
    return tmp_path


def test_a_record_knows_every_file_by_its_content(folder: Path) -> None:
    integrity.write_record(folder, FACTS)
    assert list(integrity.read_record(folder)["files"]) == ["labels.json", "model.onnx", "predictions/test_1.parquet"]
    assert integrity.damaged(folder) == []
    (folder / "model.onnx").write_bytes(b"weighty")  # as long as before
    (folder / "labels.json").write_text("[", encoding="utf-8")
    (folder / "predictions" / "test_1.parquet").unlink()
    assert integrity.damaged(folder) == ["labels.json", "model.onnx", "predictions/test_1.parquet"]
    assert integrity.damaged(folder, ["parity.json"]) == []


def test_a_damaged_file_is_named_with_its_version_and_the_cure(folder: Path) -> None:
    integrity.write_record(folder, FACTS)
    (folder / "labels.json").write_text("[", encoding="utf-8")
    with (
        pytest.raises(RegistryError, match=r"labels\.json of version 3 of 'Shop' is damaged.*Roll back.*core repair"),
        integrity.reading(folder, "labels.json"),
    ):
        json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    with pytest.raises(RegistryError, match=r"labels\.json of version 3"):
        integrity.check_serving(folder)


def test_an_error_that_the_files_are_not_to_blame_for_passes_through(folder: Path) -> None:
    integrity.write_record(folder, FACTS)
    with pytest.raises(ZeroDivisionError), integrity.reading(folder, "labels.json"):
        raise ZeroDivisionError


def test_a_version_of_old_has_no_record_and_its_cut_file_is_named_all_the_same(folder: Path) -> None:
    integrity.check_serving(folder)
    (folder / "tokenizer.json").write_text("{}", encoding="utf-8")
    (folder / "config.json").write_text('{"model": ', encoding="utf-8")
    with pytest.raises(RegistryError, match=r"The file config\.json in .* is damaged"), integrity.reading(folder):
        json.loads((folder / "config.json").read_text(encoding="utf-8"))


def test_facts_are_added_without_reading_the_files_again(folder: Path) -> None:
    integrity.write_record(folder, {**FACTS, "number": None})
    (folder / "model.onnx").write_bytes(b"other")
    integrity.add_facts(folder, number=4)
    assert integrity.read_record(folder)["number"] == 4
    assert integrity.damaged(folder) == ["model.onnx"]


def test_a_record_that_cannot_be_read_is_damage_and_stays_until_somebody_has_seen_it(folder: Path) -> None:
    integrity.write_record(folder, FACTS)
    (folder / "version.json").write_text('{"classifier": "Sh', encoding="utf-8")
    assert integrity.damaged(folder) == ["version.json"]
    (folder / "experiences.json").write_text("[{", encoding="utf-8")
    assert integrity.damaged(folder) == ["version.json", "experiences.json"]
    integrity.add_facts(folder, decision="kept")
    with pytest.raises(RegistryError, match=r"version\.json in .* is damaged.*core repair") as caught:
        integrity.check_serving(folder)
    told = integrity.named(caught.value, "Shop", 3)
    assert str(told).startswith("The file version.json of version 3 of 'Shop' is damaged")
    assert integrity.is_damage(told)
