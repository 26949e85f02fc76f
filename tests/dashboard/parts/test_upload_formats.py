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

from core.data.dataset.store import DatasetStore

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


def told(page: AppTest, ending: str, value: object) -> AppTest:
    """Choose a part of the format; a radio's value is the choice itself."""
    fields = [*page.radio, *page.text_input, *page.number_input]
    next(field for field in fields if field.key and field.key.endswith(ending)).set_value(value).run()
    assert not page.exception
    return page


def badges(page: AppTest) -> str:
    return " ".join(markdown.value for markdown in page.markdown)


def rows_of(page: AppTest) -> str:
    return {metric.label: metric.value for metric in page.metric}["Rows"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_first_row_of_a_workbook_can_be_said_to_be_data(open_page: OpenPage, language: str) -> None:
    book, content = openpyxl.Workbook(), io.BytesIO()
    for row in [("wording", "verdict"), *ROWS]:
        book.active.append(row)
    book.save(content)
    page = upload(open_page("data", language=language), content.getvalue(), "t.xlsx")
    table = page.dataframe[0].value
    assert table.columns.tolist() == ["wording", "verdict"]
    page = told(page, ".header", False)
    assert page.dataframe[0].value.columns.tolist() == ["column 1", "column 2"]
    next(one for one in page.button if one.key and one.key.endswith("guess-again")).click().run()
    assert page.dataframe[0].value.columns.tolist() == ["wording", "verdict"]


def test_a_delimiter_of_several_signs_is_typed_in(open_page: OpenPage) -> None:
    content = "\n".join(f"{label} =/= {text}" for text, label in [("text", "label"), *ROWS]).encode()
    page = upload(open_page("data"), content.replace(b" =/= ", b"=/="), "t.txt")
    page = told(page, ".delimiter", ",")
    page = told(page, ".delimiter_typed", "=/=")
    assert not page.error
    assert page.dataframe[0].value.columns.tolist() == ["label", "text"]
    assert rows_of(page) == "20"


def test_rows_above_a_table_are_skipped_as_the_reader_says(open_page: OpenPage) -> None:
    content = "May,2026\nwording,verdict\n" + "".join(f"{text},{label}\n" for text, label in ROWS)
    page = told(upload(open_page("data"), content.encode(), "t.csv"), ".skip_rows", 1)
    assert page.dataframe[0].value.columns.tolist() == ["wording", "verdict"]
    assert any("Left out above the table" in caption.value for caption in page.caption)


def test_a_choice_that_leads_nowhere_can_be_taken_back(open_page: OpenPage) -> None:
    content = "text,label\n" + "".join(f"{text},{label}\n" for text, label in ROWS)
    page = told(upload(open_page("data"), content.encode(), "t.csv"), ".encoding", "utf-16")
    assert page.error
    next(one for one in page.button if one.key and one.key.endswith("guess-again")).click().run()
    assert not page.error
    assert rows_of(page) == "20"


def test_an_unsure_part_of_the_format_is_named(open_page: OpenPage) -> None:
    content = "text,label\n" + "".join(
        f"la carte était très variée {number},{label}\n" for number, (_, label) in enumerate(ROWS)
    )
    page = upload(open_page("data"), content.replace("好评", "good").replace("差评", "bad").encode("latin-1"), "t.csv")
    assert "guessed: Encoding" in badges(page)
    assert any("the most plausible encoding" in caption.value for caption in page.caption)


def test_the_name_of_a_hostile_member_is_shown_as_text(open_page: OpenPage) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("![x](//127.0.0.1:1/x.png).py", "x")
    page = upload(open_page("data"), content.getvalue(), "t.zip")
    (error,) = page.error
    assert "\\!\\[x\\]\\(//127.0.0.1" in error.value


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
