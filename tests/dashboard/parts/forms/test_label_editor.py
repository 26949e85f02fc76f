"""The label editor: what is typed becomes steps, and a saved dataset carries them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.base.errors import DataError
from core.data.dataset.store import DatasetStore
from core.data.recipe import DropLabels, RenameLabels, Step
from dashboard.parts.forms import label_editor
from dashboard.parts.forms.label_editor import after, steps_of

OpenPage = Callable[..., AppTest]
NUMBERED = "text,label\n" + "".join(f"thing number {row},{row % 3}\n" for row in range(30))


def table(*rows: tuple[str, int, object, bool], parents: dict[str, object] | None = None) -> pd.DataFrame:
    edited = pd.DataFrame(list(rows), columns=["label", "rows", "name", "drop"])
    return edited.assign(parent=[(parents or {}).get(label, "") for label in edited["label"]])


def test_an_untouched_table_has_no_steps() -> None:
    assert (
        steps_of(table(("a", 3, "a", False), ("b", 2, " b ", False), ("c", 1, None, False), ("d", 1, "", False))) == []
    )


def test_names_and_drops_become_steps() -> None:
    edited = table(("1", 3, "good", False), ("2", 2, "good", False), ("3", 9, "x", True))
    assert steps_of(edited) == [DropLabels(labels=("3",)), RenameLabels(names={"1": "good", "2": "good"})]
    assert after(edited) == {"good": 5}


def test_a_name_that_another_label_has_merges_both() -> None:
    edited = table(("a", 3, "b", False), ("b", 2, "b", False))
    assert steps_of(edited) == [RenameLabels(names={"a": "b"})]
    assert after(edited) == {"b": 5}


def test_labels_are_placed_below_others_by_their_new_names() -> None:
    rows = (("1", 3, "Pizza", False), ("2", 2, "Sushi", False), ("Food", 4, "Food", False), ("3", 1, None, True))
    edited = table(*rows, parents={"1": " Food ", "2": "Food", "Food": None, "3": "Food"})
    assert steps_of(edited) == [
        DropLabels(labels=("3",)),
        RenameLabels(names={"1": "Food > Pizza", "2": "Food > Sushi"}),
    ]
    assert after(edited) == {"Food": 4, "Food > Pizza": 3, "Food > Sushi": 2}


def test_a_circle_of_labels_is_refused() -> None:
    edited = table(("a", 3, "a", False), ("b", 2, "b", False), parents={"a": "b", "b": "a"})
    with pytest.raises(DataError, match="in a circle"):
        steps_of(edited)


def upload(page: AppTest) -> AppTest:
    return page.file_uploader[0].upload("reviews.csv", NUMBERED.encode(), "text/csv").run()


def edited_as(monkeypatch: pytest.MonkeyPatch, steps: list[Step]) -> None:
    """The table itself cannot be typed into here."""
    monkeypatch.setattr(label_editor, "steps_of", lambda _: steps)


@pytest.mark.parametrize(("language", "said"), [("en", "The labels are numbers"), ("zh", "标签是数字")])
def test_numbered_labels_are_asked_for_names(open_page: OpenPage, language: str, said: str) -> None:
    page = upload(open_page("data", language=language))
    assert not page.exception
    assert any(said in caption.value for caption in page.caption)


def test_changed_labels_are_saved_with_their_recipe(
    open_page: OpenPage, evergreen_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[Step] = [DropLabels(labels=("2",)), RenameLabels(names={"0": "bad", "1": "good"})]
    edited_as(monkeypatch, steps)
    page = upload(open_page("data"))
    assert not page.exception
    next(one for one in page.button if one.key and one.key.endswith("save-button")).click().run()
    assert not page.exception
    (stored,) = DatasetStore(evergreen_home).list()
    assert stored.classes == {"bad": 10, "good": 10}
    assert [step["kind"] for step in stored.source["recipe"]] == ["drop_labels", "rename_labels"]


def test_merging_all_labels_into_one_is_refused(
    open_page: OpenPage, evergreen_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edited_as(monkeypatch, [DropLabels(labels=("0", "1", "2"))])
    page = upload(open_page("data"))
    assert not page.exception
    assert "no row would be left" in page.error[0].value
    assert DatasetStore(evergreen_home).list() == []


def test_a_saved_dataset_is_changed_in_a_copy(
    open_page: OpenPage, evergreen_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = upload(open_page("data"))
    next(one for one in page.button if one.key and one.key.endswith("save-button")).click().run()
    edited_as(monkeypatch, [RenameLabels(names={"0": "bad"})])
    page = open_page("data", "quality")
    page.button(key="quality.save").click().run()
    assert not page.exception
    made, raw = DatasetStore(evergreen_home).list()
    assert set(raw.classes) == {"0", "1", "2"}
    assert set(made.classes) == {"bad", "1", "2"}
    assert made.source["parent"] == raw.id
