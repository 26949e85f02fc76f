"""The Data page: from a file to a saved dataset, and what it says when the file is not what it should be."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.delta_generator import DeltaGenerator
from streamlit.testing.v1 import AppTest

from core.data.dataset.rows import TextDataset
from core.data.dataset.samples import sample_path
from core.data.dataset.splitting import split_rows
from core.data.dataset.store import DatasetStore
from core.data.labelling.sessions import LabellingStore
from dashboard.data import page as data_page
from dashboard.data import saved as data_saved
from dashboard.parts.upload import files, looked_over

OpenPage = Callable[..., AppTest]

ROWS = [(f"good thing number {n}", "good") for n in range(12)] + [(f"bad thing number {n}", "bad") for n in range(8)]
REVIEWS = "text,label\n" + "".join(f"{text},{label}\n" for text, label in ROWS)
CHINESE = "标签;评论\n" + "".join(f"{'好评' if n % 2 else '差评'};第{n}家的味道不错，送餐也快\n" for n in range(20))


def upload(page: AppTest, content: str | bytes, name: str = "reviews.csv") -> AppTest:
    data = content.encode() if isinstance(content, str) else content
    return page.file_uploader[0].upload(name, data, "text/csv").run()


def widget(elements: Any, ending: str) -> Any:
    """The one widget whose key ends so; the part before names the file and changes with it."""
    found = [element for element in elements if element.key and element.key.endswith(ending)]
    assert len(found) == 1, [element.key for element in elements]
    return found[0]


def button(page: AppTest, label: str) -> Any:
    return next(found for found in page.button if found.label == label)


def words(page: AppTest) -> str:
    return "\n".join(element.value for kind in (page.markdown, page.caption, page.header) for element in kind)


def errors(page: AppTest) -> list[str]:
    assert not page.exception
    return [error.value for error in page.error]


def stored(home: Path) -> list[Any]:
    return DatasetStore(home).list()


def test_a_table_is_looked_over_and_saved(open_page: OpenPage, evergreen_home: Path) -> None:
    page = upload(open_page("data"), REVIEWS)
    assert errors(page) == []
    cards = {metric.label: metric.value for metric in page.metric}
    assert cards == {"Rows": "20", "Labels": "2", "Typical length": "19", "Language": "English"}
    assert "“good” is" not in words(page)  # 12 against 8 counts as equally frequent
    button(page, "Save dataset").click().run()
    (saved,) = stored(evergreen_home)
    assert (saved.name, saved.rows, saved.classes, saved.synthetic) == ("reviews", 20, {"bad": 8, "good": 12}, False)
    assert saved.source["file"] == "reviews.csv"
    assert "reviews is saved" in words(page)
    assert button(page, "Train a model").proto.type == "primary"


@pytest.mark.parametrize(("language", "step"), [("en", "Dividing 20 rows"), ("zh", "正在划分 20 行")])
def test_a_large_table_shows_how_far_it_is_once(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, language: str, step: str
) -> None:
    told: list[str] = []
    progress = DeltaGenerator.progress

    def note(self: DeltaGenerator, value: float, text: str | None = None, **named: Any) -> DeltaGenerator:
        told.append(str(text))
        return progress(self, value, text, **named)

    monkeypatch.setattr(DeltaGenerator, "progress", note)
    monkeypatch.setattr(data_page, "LARGE", 20)
    page = upload(open_page("data", language=language), REVIEWS)
    assert errors(page) == []
    assert len(told) == 3
    assert step in told[1]
    page.run()
    assert len(told) == 3


def test_the_split_is_told_with_the_numbers_that_training_uses(open_page: OpenPage, evergreen_home: Path) -> None:
    page = upload(open_page("data"), REVIEWS)
    button(page, "Save dataset").click().run()
    split = split_rows(DatasetStore(evergreen_home).load(stored(evergreen_home)[0].id))
    page = upload(open_page("data"), REVIEWS)
    told = f"learn from **{len(split.train)}** rows, choose its best state on **{len(split.validation)}**"
    assert told in words(page)


def test_what_comes_next_leads_to_training_with_this_dataset(open_page: OpenPage, evergreen_home: Path) -> None:
    page = upload(open_page("data"), REVIEWS)
    button(page, "Save dataset").click().run()
    button(page, "Train a model").click().run()
    assert page.title[0].value == "Train"
    assert page.session_state["dataset"] == stored(evergreen_home)[0].id


def test_the_upload_is_on_disk_at_once_and_survives_a_visit_to_another_page(
    open_page: OpenPage, evergreen_home: Path
) -> None:
    page = upload(open_page("data"), REVIEWS)
    (copy,) = (evergreen_home / "uploads").rglob("reviews.csv")
    assert copy.read_text() == REVIEWS
    pages = Path(__file__).resolve().parent.parent.parent.parent / "pages"
    widget(page.selectbox, ".label").select("text").run()
    page.switch_page(str(pages / "overview.py")).run()
    page.switch_page(str(pages / "data.py")).run()
    assert "reviews.csv" in words(page)
    assert widget(page.selectbox, ".label").value == "text"


def test_a_wrong_guess_of_the_encoding_can_be_put_right(open_page: OpenPage, evergreen_home: Path) -> None:
    page = upload(open_page("data"), CHINESE.encode("gb18030"), "外卖.csv")
    assert widget(page.radio, ".encoding").value == "gb18030"
    assert widget(page.radio, ".delimiter").value == ";"
    widget(page.radio, ".encoding").set_value("utf-8").run()
    assert "cannot be read as utf-8" in errors(page)[0]
    widget(page.radio, ".encoding").set_value("gb18030").run()
    assert errors(page) == []
    button(page, "Save dataset").click().run()
    (saved,) = stored(evergreen_home)
    assert (saved.name, saved.classes, saved.language) == ("外卖", {"好评": 10, "差评": 10}, "zh")


def test_a_wrong_delimiter_says_which_one_fits(open_page: OpenPage) -> None:
    page = upload(open_page("data"), REVIEWS)
    widget(page.radio, ".delimiter").set_value(";").run()
    assert "Cut at ';'" in errors(page)[0]


def test_without_header_the_first_row_counts(open_page: OpenPage) -> None:
    page = upload(open_page("data"), REVIEWS)
    widget(page.radio, ".header").set_value(False).run()
    assert widget(page.selectbox, ".text").options == ["column 1", "column 2"]
    assert page.metric[0].value == "21"


def test_a_guess_is_called_a_guess(open_page: OpenPage) -> None:
    tiny = upload(open_page("data"), "好，很好\n坏，很坏\n".encode("gb18030"), "tiny.txt")
    assert any("guessed" in found.value for found in tiny.markdown)


def test_a_gzip_file_is_read(open_page: OpenPage) -> None:
    page = upload(open_page("data"), gzip.compress(REVIEWS.encode()), "reviews.csv.gz")
    assert errors(page) == []
    assert page.metric[0].value == "20"


@pytest.mark.parametrize(
    ("content", "name", "told"),
    [
        (b"", "empty.csv", "is empty"),
        (b"PK\x03\x04 and more bytes", "book.csv", "ZIP"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "picture.csv", "PNG"),
        (b"text,label\n", "header.csv", "no rows below it"),
        (b"text,text\na,b\nc,d\n", "twice.csv", "several columns of the same name"),
        (b"\x1f\x8b\x08\x00broken", "cut.csv.gz", "damaged"),
        (b"a,b\x00c\nd,e\x00f\n" * 5, "zero.csv", "not text"),
        (f"text,label\n{'x' * 1_000_001},a\n".encode(), "long.csv", "1,000,001 characters"),
        (b"text,label\n" + b"a,b,c,d\n" * 9, "ragged.csv", "do not have the 2 fields"),
    ],
)
def test_a_broken_file_gives_a_message_beside_the_upload(
    open_page: OpenPage, content: bytes, name: str, told: str
) -> None:
    page = upload(open_page("data"), content, name)
    (message,) = errors(page)
    assert told in message
    assert errors(page.run()) == [message]  # also where the page is drawn again, with what it remembers
    assert name in words(page)  # the choice is kept, and another file is one click away
    button(page, "Choose another file").click().run()
    assert errors(page) == []
    assert len(page.file_uploader) == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("text,label\none,same\ntwo,same\n", "same label"),
        ("text,label\n" + "".join(f"text {n},{n}\n" for n in range(30)), "30 different labels"),
        ("text,label\n,a\n,b\n", "is empty in all 2 rows"),
    ],
)
def test_a_table_that_cannot_be_learned_from_says_why(open_page: OpenPage, content: str, told: str) -> None:
    assert told in errors(upload(open_page("data"), content))[0]


TEXTS = "text\n" + "".join(f"a text about thing number {row}\n" for row in range(30))


@pytest.mark.parametrize(
    ("language", "nothing", "told", "none"),
    [
        ("en", "No labels", "30 rows without labels", "no labels"),
        ("zh", "没有标签", "30 行，没有标签", "没有标签"),
    ],
)
def test_texts_alone_are_saved_for_a_language_model(
    open_page: OpenPage, evergreen_home: Path, language: str, nothing: str, told: str, none: str
) -> None:
    page = upload(open_page("data", language=language), TEXTS)
    assert errors(page) == []
    label = widget(page.selectbox, ".label")
    assert (label.value, label.options[0]) == ("", nothing)
    assert ("“Continue texts”" if language == "en" else "“续写文本”") in page.info[0].value
    assert page.metric[1].value == "–"
    page.button(key="data.save-button").click().run()
    (saved,) = stored(evergreen_home)
    assert (saved.classes, saved.labelled, saved.roles.label) == ({"": 30}, False, None)
    assert told in words(page)
    assert f" · {none} · " in words(page)
    page.button(key=f"data.look.{saved.id}").click().run()
    assert errors(page) == []
    assert len(page.dataframe[-1].value.columns) == 1
    page.button(key="data.train").click().run()
    assert errors(page) == []
    assert page.selectbox(key="train.task").value == "language_modelling"
    assert f" · {none}" in page.selectbox(key="train.dataset").options[0]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_table_without_labels_is_no_error_and_leads_to_labelling(
    open_page: OpenPage, evergreen_home: Path, language: str
) -> None:
    page = upload(open_page("data", language=language), "text\nhello there\ngood bye\n")
    assert errors(page) == []
    assert "data.answer" not in [button.key for button in page.button]  # no model serves
    page.button(key="data.save-next").click().run()
    assert errors(page) == []
    (saved,) = stored(evergreen_home)
    assert page.button_group(key="label.kind").value == "texts"
    assert page.selectbox(key="label.texts_of").value == saved.id
    page.button(key="label.start").click().run()
    assert errors(page) == []
    (session,) = LabellingStore(evergreen_home).list()
    assert (session.kind, session.rows, session.labels) == ("texts", 2, ())


def test_a_saved_table_without_labels_is_labelled_from_its_line(open_page: OpenPage, evergreen_home: Path) -> None:
    page = upload(open_page("data"), TEXTS)
    page.button(key="data.save-button").click().run()
    (saved,) = stored(evergreen_home)
    assert page.button(key="data.label").proto.type == "primary"
    page.button(key="data.another").click().run()
    page.button(key=f"data.label.{saved.id}").click().run()
    assert errors(page) == []
    assert page.selectbox(key="label.texts_of").value == saved.id
    page.button_group(key="label.kind").set_value("dataset").run()  # there is none with labels to check
    assert errors(page) == []
    assert [button.key for button in page.button if str(button.key).startswith("empty.")] == ["empty.data"]


def test_a_table_with_labels_is_saved_and_trained_on_with_one_click(open_page: OpenPage, evergreen_home: Path) -> None:
    page = upload(open_page("data"), REVIEWS)
    page.button(key="data.save-next").click().run()
    assert errors(page) == []
    (saved,) = stored(evergreen_home)
    assert page.selectbox(key="train.dataset").value == saved.id


def test_after_saving_the_quality_is_one_click_away(open_page: OpenPage, evergreen_home: Path) -> None:
    page = upload(open_page("data"), REVIEWS)
    page.button(key="data.save-button").click().run()
    (saved,) = stored(evergreen_home)
    page.button(key="data.check").click().run()
    assert errors(page) == []
    assert page.selectbox(key="quality.dataset").value == saved.id


def test_a_column_taken_for_labels_by_its_values_is_said_to_be_and_can_be_left_out(
    open_page: OpenPage, evergreen_home: Path
) -> None:
    rows = "text,who\n" + "".join(
        f"a text about thing number {row},{'ann' if row % 3 else 'bob'}\n" for row in range(30)
    )
    page = upload(open_page("data"), rows)
    assert widget(page.selectbox, ".label").value == "who"
    assert "“who” is taken for the labels because its values come again" in words(page)
    widget(page.selectbox, ".label").select("No labels").run()
    assert errors(page) == []
    assert "is taken for the labels" not in words(page)
    widget(page.selectbox, ".group").set_value("who").run()
    button(page, "Save dataset").click().run()
    (saved,) = stored(evergreen_home)
    assert (saved.labelled, saved.roles.label, saved.roles.group) == (False, None, "who")


def test_no_labels_stays_chosen_when_the_language_changes(open_page: OpenPage) -> None:
    page = upload(open_page("data"), REVIEWS)
    widget(page.selectbox, ".label").select("No labels").run()
    page.button_group(key="lang").set_value("zh").run()
    assert widget(page.selectbox, ".label").value == ""
    assert "没有标签时" in page.info[0].value
    widget(page.selectbox, ".label").select("label").run()
    page.button_group(key="lang").set_value("en").run()
    assert widget(page.selectbox, ".label").value == "label"


def test_the_same_column_twice_is_refused_and_can_be_changed(open_page: OpenPage) -> None:
    page = upload(open_page("data"), REVIEWS)
    widget(page.selectbox, ".label").select("text").run()
    assert "Column 'text' is chosen for 2 roles" in errors(page)[0]
    widget(page.selectbox, ".label").select("label").run()
    assert errors(page) == []


def test_findings_open_the_rows_behind_them(open_page: OpenPage) -> None:
    page = upload(open_page("data"), REVIEWS + ",good\nsomething,\ngood thing number 0,bad\nbroken,row,here\n")
    assert "4 of 24 rows are set aside" not in words(page)
    assert "3 of 24 rows are set aside" in words(page)
    page.button(key="data.rows.contradictory").click().run()
    assert not page.exception
    shown = page.dataframe[-1].value
    assert shown["Row"].tolist() == [1, 23]
    assert shown["label"].tolist() == ["good", "bad"]
    page.button(key="data.rows.ragged").click().run()
    assert page.dataframe[-1].value.to_dict("records") == [{"Line": 25, "Fields found": 3, "Fields expected": 2}]


def test_too_few_rows_can_be_saved_as_a_batch(open_page: OpenPage, evergreen_home: Path) -> None:
    page = upload(open_page("data"), "text,label\nfine,a\npoor,b\n")
    assert len(errors(page)) == 1
    assert "feed it to a model as a batch" in words(page)
    button(page, "Save dataset").click().run()
    assert stored(evergreen_home)[0].rows == 2


def test_a_name_is_needed(open_page: OpenPage, evergreen_home: Path) -> None:
    page = upload(open_page("data"), REVIEWS)
    next(field for field in page.text_input if field.key and field.key.startswith("data.name.")).set_value("  ")
    button(page, "Save dataset").click().run()
    assert errors(page) == ["Give the dataset a name first."]
    assert stored(evergreen_home) == []


def test_the_same_rows_under_another_name_are_said_to_be_there(open_page: OpenPage, evergreen_home: Path) -> None:
    page = upload(open_page("data"), REVIEWS, "first.csv")
    button(page, "Save dataset").click().run()
    button(page, "Add another table").click().run()
    upload(page, REVIEWS, "second.csv")
    button(page, "Save dataset").click().run()
    assert "saved before, as first" in words(page)
    assert len(stored(evergreen_home)) == 1


def test_a_sample_goes_the_same_way_and_is_marked(open_page: OpenPage, evergreen_home: Path) -> None:
    page = open_page("data")
    page.button(key="data.sample.reviews_en.first").click().run()
    assert "synthetic sample" in words(page)
    button(page, "Save dataset").click().run()
    (saved,) = stored(evergreen_home)
    assert saved.synthetic
    assert saved.source["sample"] == "reviews_en"
    assert "synthetic sample" in words(page)
    assert sample_path("reviews_en", "first").exists()  # it is read where it is, never moved


def test_a_dataset_is_deleted_after_a_question(open_page: OpenPage, evergreen_home: Path) -> None:
    page = upload(open_page("data"), REVIEWS)
    button(page, "Save dataset").click().run()
    (saved,) = stored(evergreen_home)
    page.button(key=f"data.delete.{saved.id}").click().run()
    assert "No version has learned from it" in words(page)
    page.button(key="data.delete-yes").click().run()
    assert not page.exception
    assert stored(evergreen_home) == []
    assert len(page.file_uploader) == 1  # the note on what was saved went with it


def test_deletion_names_the_versions_that_learned_from_it(
    open_page: OpenPage, evergreen_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = upload(open_page("data"), REVIEWS)
    button(page, "Save dataset").click().run()
    (saved,) = stored(evergreen_home)
    known = [SimpleNamespace(number=1, summary={"dataset": saved.id}), SimpleNamespace(number=2, summary={})]
    monkeypatch.setattr(data_saved.state, "classifiers", lambda: [SimpleNamespace(name="Shop")])
    monkeypatch.setattr(data_saved.state, "versions", lambda classifier: known)
    assert data_saved.used_by(saved.id) == ["version 1 of Shop"]
    assert data_saved.used_by("0" * 16) == []


def test_a_saved_dataset_can_be_looked_into(open_page: OpenPage, evergreen_home: Path) -> None:
    page = upload(open_page("data"), REVIEWS)
    button(page, "Save dataset").click().run()
    page.button(key=f"data.look.{stored(evergreen_home)[0].id}").click().run()
    assert not page.exception
    assert len(page.dataframe[-1].value) == 20


def test_the_page_speaks_chinese(open_page: OpenPage) -> None:
    page = upload(open_page("data", language="zh"), CHINESE.encode("utf-16"), "外卖.tsv")
    assert errors(page) == []
    assert [metric.label for metric in page.metric] == ["行数", "标签数", "典型长度", "语言"]
    assert "行留作测试" in words(page)
    button(page, "保存数据集").click().run()
    assert "“外卖”已保存" in words(page)


def test_changing_the_language_midway_keeps_the_choices(open_page: OpenPage) -> None:
    page = upload(open_page("data"), REVIEWS)
    widget(page.radio, ".header").set_value(False).run()
    page.button_group(key="lang").set_value("zh").run()
    assert page.title[0].value == "数据"
    assert widget(page.radio, ".header").value is False


def test_a_name_with_signs_is_shown_as_it_is(open_page: OpenPage) -> None:
    page = upload(open_page("data"), REVIEWS, "a_b*c*<b>.csv")
    assert "a\\_b\\*c\\*\\<b\\>.csv" in words(page)


def test_a_dataset_of_one_page_is_not_worked_through_on_every_rerun(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[int] = []
    whole = looked_over.split_rows

    def counting(dataset: TextDataset) -> Any:
        counted.append(len(dataset))
        return whole(dataset)

    monkeypatch.setattr(looked_over, "split_rows", counting)
    page = upload(open_page("data"), REVIEWS)
    page.run()
    page.run()
    assert counted == [20]


def test_columns_are_taken_up_for_the_next_table_and_can_be_forgotten(
    open_page: OpenPage, evergreen_home: Path
) -> None:
    odd = "a,b,c\n" + "".join(f"long text number {row},{row % 2},{'x' if row % 3 else 'y'}\n" for row in range(30))
    page = upload(open_page("data"), odd)
    widget(page.selectbox, ".label").set_value("c").run()
    button(page, "Save dataset").click().run()
    page = upload(open_page("data"), odd.replace("number", "no."), "next.csv")
    assert widget(page.selectbox, ".label").value == "c"
    button(page, "Discard the remembered choice").click().run()
    assert errors(page) == []
    assert not [button for button in page.button if button.label == "Discard the remembered choice"]


def test_several_labels_in_a_cell_are_read_as_such_unless_the_reader_says_otherwise(
    open_page: OpenPage, evergreen_home: Path
) -> None:
    rows = "text,label\n" + "".join(f"thing {row},{('food', 'price', 'food;price')[row % 3]}\n" for row in range(30))
    page = upload(open_page("data"), rows)
    assert errors(page) == []
    box = widget(page.selectbox, ".several_how")
    assert box.value == ";"
    assert not page.warning
    button(page, "Save dataset").click().run()
    (stored,) = DatasetStore(evergreen_home).list()
    assert stored.label_rows == {"food": 20, "price": 20}
    assert stored.roles.separator == ";"
    page = upload(open_page("data"), rows.replace("thing", "object"), "next.csv")
    widget(page.selectbox, ".several_how").set_value("one").run()
    assert errors(page) == []
    assert any("Some rows have several labels" in warning.value for warning in page.warning)


def test_cells_that_are_lists_are_read_as_lists_whatever_the_last_table_had(open_page: OpenPage) -> None:
    rows = "text,label\n" + "".join(f"thing {row},{('food', 'price', 'food;price')[row % 3]}\n" for row in range(30))
    page = upload(open_page("data"), rows)
    button(page, "Save dataset").click().run()
    lists = ('["food"]', '["price"]', '["food", "price"]')
    quoted = [text.replace('"', '""') for text in lists]
    rows = "text,label\n" + "".join(f'item {row},"{quoted[row % 3]}"\n' for row in range(30))
    page = upload(open_page("data"), rows, "next.csv")
    assert widget(page.selectbox, ".several_how").value == "[]"
    # A table without any sign of it is read as the last one was.
    plain = "text,label\n" + "".join(f"item {row},{('food', 'price')[row % 2]}\n" for row in range(30))
    page = upload(open_page("data"), plain, "third.csv")
    assert widget(page.selectbox, ".several_how").value == ";"


def test_columns_of_yes_and_no_are_a_label_each(open_page: OpenPage, evergreen_home: Path) -> None:
    rows = "text,food,price,view\n" + "".join(
        f"thing {row},{row % 2},{int(row % 3 == 0)},{int(row % 5 == 0)}\n" for row in range(30)
    )
    page = upload(open_page("data"), rows)
    assert errors(page) == []
    assert widget(page.multiselect, ".several_columns").value == ["food", "price", "view"]
    button(page, "Save dataset").click().run()
    (stored,) = DatasetStore(evergreen_home).list()
    assert stored.label_rows == {"food": 15, "price": 10, "view": 6}


@pytest.mark.parametrize(
    ("language", "sentence"), [("en", "6 labels are spellings of 2"), ("zh", "6 种标签其实是 2 种标签")]
)
def test_spellings_of_a_label_are_merged_with_one_click_and_unmerged_with_another(
    open_page: OpenPage, evergreen_home: Path, language: str, sentence: str
) -> None:
    names = ("bad", "Good", "BAD", "good", "Bad", "GOOD")
    rows = "text,label\n" + "".join(f"thing number {row},{names[row % 6]}\n" for row in range(60))
    page = upload(open_page("data", language=language), rows)
    assert errors(page) == []
    assert sentence in words(page)
    page.button(key="data.fix.label_spellings").click().run()
    assert sentence not in words(page)
    assert page.metric[1].value == "2"
    page.button(key="data.undo.rename_labels").click().run()
    assert sentence in words(page)
    page.button(key="data.fix.label_spellings").click().run()
    page.button(key="data.save-button").click().run()
    assert errors(page) == []
    (saved,) = stored(evergreen_home)
    assert saved.classes == {"bad": 30, "good": 30}
    assert saved.source["recipe"][0]["names"] == {"BAD": "bad", "Bad": "bad", "GOOD": "good", "Good": "good"}


def test_what_was_left_out_is_kept_with_the_dataset(open_page: OpenPage, evergreen_home: Path) -> None:
    page = upload(open_page("data"), REVIEWS + "too, many, fields\n,good\n")
    button(page, "Save dataset").click().run()
    (saved,) = stored(evergreen_home)
    assert [(one["reason"], one["rows"], one["first"]) for one in saved.source["left_out"]] == [
        ("ragged", 1, [22]),
        ("no_text", 1, [22]),
    ]


def test_in_a_workspace_that_can_only_be_read_a_file_can_be_looked_at(
    open_page: OpenPage, evergreen_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "is_writable", lambda folder: False)
    page = upload(open_page("data"), REVIEWS)
    assert errors(page) == []
    assert list(page.dataframe[0].value.columns) == ["text", "label"]
    assert "can only be read: the table can be looked at, and cannot be saved" in words(page)
    assert evergreen_home.name in words(page).replace("\\", "")
    assert list((evergreen_home / "uploads").glob("*")) == []


@pytest.mark.parametrize(("language", "kind"), [("en", "a number"), ("zh", "数字")])
def test_further_columns_are_guessed_corrected_and_saved(
    open_page: OpenPage, evergreen_home: Path, language: str, kind: str
) -> None:
    rows = "text,label,price,same\n" + "".join(f"{text},{label},{n % 7},x\n" for n, (text, label) in enumerate(ROWS))
    page = upload(open_page("data", language=language), rows)
    assert errors(page) == []
    chosen = widget(page.multiselect, ".inputs")
    assert chosen.value == []
    chosen.set_value(["price"]).run()
    box = widget(page.selectbox, ".kind.price")
    assert kind in box.options
    assert box.value == "number"
    box.set_value("category").run()
    assert errors(page) == []
    widget(page.multiselect, ".inputs").set_value(["price", "same"]).run()
    assert len(errors(page)) == 1
    assert "same" in errors(page)[0]
    widget(page.multiselect, ".inputs").set_value(["price"]).run()
    page.button(key="data.save-button").click().run()
    (saved,) = stored(evergreen_home)
    assert saved.roles.inputs == (("price", "category"),)
    again = upload(open_page("data", language=language), rows.replace("x\n", "y\n"))
    assert widget(again.multiselect, ".inputs").value == ["price"]  # as last time
