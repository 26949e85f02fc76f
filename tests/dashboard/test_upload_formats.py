"""Uploads that are no text: a workbook with its sheets, Parquet, a zip, and what is refused."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pyarrow
import pyarrow.parquet
import pytest
from streamlit.testing.v1 import AppTest

from core.data import DatasetStore

OpenPage = Callable[..., AppTest]
ROWS = [(f"第{number}家的味道不错", "好评" if number % 2 else "差评") for number in range(20)]


def upload(page: AppTest, content: bytes, name: str) -> AppTest:
    return page.file_uploader[0].upload(name, content, "application/octet-stream").run()


def workbook() -> bytes:
    book = openpyxl.Workbook()
    book.active.title = "Notes"
    book.active.append(["nothing here"])
    book.active.append(["still nothing"])
    sheet = book.create_sheet("评论")
    for row in [("评论", "标签"), *ROWS]:
        sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def radio(page: AppTest, ending: str) -> object:
    return next(one for one in page.radio if one.key and one.key.endswith(ending))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_sheet_with_the_table_is_chosen_and_saved(open_page: OpenPage, evergreen_home: Path, language: str) -> None:
    page = upload(open_page("data", language=language), workbook(), "reviews.xlsx")
    assert not page.exception
    radio(page, ".sheet").set_value("评论").run()  # type: ignore[attr-defined]
    assert not page.exception
    assert not page.error
    next(one for one in page.button if one.key and one.key.endswith("save-button")).click().run()
    (stored,) = DatasetStore(evergreen_home).list()
    assert (stored.rows, stored.classes) == (20, {"好评": 10, "差评": 10})
    assert stored.source["format"] == "workbook"
    assert stored.source["sheet"] == "评论"


def test_a_parquet_file_in_a_zip_has_no_delimiter_to_choose(open_page: OpenPage) -> None:
    content, inner = io.BytesIO(), io.BytesIO()
    texts, labels = zip(*ROWS, strict=True)
    pyarrow.parquet.write_table(pyarrow.table({"text": texts, "label": labels}), inner)
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("t.parquet", inner.getvalue())
    page = upload(open_page("data"), content.getvalue(), "t.zip")
    assert not page.exception
    assert not page.error
    assert not [one for one in page.radio if one.key and one.key.endswith((".delimiter", ".encoding"))]
    assert {metric.label: metric.value for metric in page.metric}["Rows"] == "20"


@pytest.mark.parametrize(("language", "said"), [("en", "holds 2 files"), ("zh", "有 2 个文件")])
def test_a_zip_of_several_files_is_refused_with_their_names(open_page: OpenPage, language: str, said: str) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("one.csv", "a")
        archive.writestr("two.csv", "b")
    page = upload(open_page("data", language=language), content.getvalue(), "t.zip")
    assert not page.exception
    (error,) = page.error
    assert said in error.value
    assert "one.csv" in error.value


def test_a_dataset_laid_out_like_one_of_the_hub_is_loaded(open_page: OpenPage, tmp_path: Path) -> None:
    folder = tmp_path / "reviews"
    folder.mkdir()
    (folder / "train.csv").write_text("text,label\n" + "".join(f"{a},{b}\n" for a, b in ROWS), encoding="utf-8")
    page = open_page("data")
    page.text_input(key="data.hub_name").set_value(str(folder))
    next(one for one in page.button if one.key and one.key.endswith("hub_fetch")).click().run()
    assert not page.exception
    assert not page.error
    assert {metric.label: metric.value for metric in page.metric}["Rows"] == "20"
