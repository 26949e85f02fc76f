"""A table without labels where a model serves: the model answers it, or suggests labels for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import TextDataset
from core.data.dataset.store import DatasetStore
from core.data.labelling.sessions import LabellingStore
from dashboard.shell.palette import label_colors
from tests.dashboard.data.conftest import SHOP

OpenPage = Callable[..., AppTest]
TEXTS = tuple(f"a thing that came as number {row}" for row in range(24))


@pytest.fixture
def bare(two_models: Path) -> str:
    data = TextDataset(TEXTS, np.zeros(len(TEXTS), dtype=np.int64), ("",))
    return DatasetStore(two_models).save(data, name="Parcels", roles=ColumnRoles("text", None)).id


@pytest.mark.usefixtures("two_models")
@pytest.mark.parametrize("saved", [False, True])
def test_a_table_without_labels_is_handed_to_the_model(open_page: OpenPage, saved: bool) -> None:
    page = open_page("data", classifier=SHOP)
    content = "text\n" + "".join(f"{text}\n" for text in TEXTS)
    page.file_uploader[0].upload("parcels.csv", content.encode(), "text/csv").run()
    if saved:
        page.button(key="data.save-button").click().run()
    page.button(key="data.answer").click().run()
    assert not page.exception
    assert not page.error
    assert page.button(key="use.start").label == "Label 24 rows"


def test_the_model_suggests_labels_unless_it_is_told_not_to(open_page: OpenPage, two_models: Path, bare: str) -> None:
    sessions = LabellingStore(two_models)
    page = open_page("data", "labelling", classifier=SHOP)
    page.button_group(key="label.kind").set_value("texts").run()
    page.button(key="label.start").click().run()
    assert not page.exception
    (first,) = sessions.list()
    assert (first.order, set(first.labels), first.source) == ("margin", {"good", "bad"}, {"parent": bare})
    assert {item.suggested for item in sessions.items(first.id)} <= {"good", "bad"}
    page.button(key="label.close").click().run()
    page.toggle(key="label.ask_model").set_value(False).run()
    page.button(key="label.start").click().run()
    assert not page.exception
    newest = next(session for session in sessions.list() if session.id != first.id)
    assert (newest.order, newest.labels) == ("random", ())


def test_with_enough_labels_one_click_saves_and_trains(open_page: OpenPage, two_models: Path, bare: str) -> None:
    sessions = LabellingStore(two_models)
    page = open_page("data", "labelling", classifier=SHOP)
    page.button_group(key="label.kind").set_value("texts").run()
    page.toggle(key="label.ask_model").set_value(False).run()
    page.button(key="label.start").click().run()
    (session,) = sessions.list()
    sessions.answer(session.id, 0, "early", new=True)
    page.run()
    assert "label.save_and_train" not in [button.key for button in page.button]
    assert any("19 more, and a first training is worth it" in caption.value for caption in page.caption)
    for place in range(20):
        sessions.answer(session.id, place, ("early", "late")[place % 2], new=True)
    page.run()
    page.button(key="label.save_and_train").click().run()
    assert not page.exception
    assert page.title[0].value == "Train"
    newest = DatasetStore(two_models).list()[0]
    assert (newest.rows, newest.classes) == (20, {"early": 10, "late": 10})
    assert page.selectbox(key="train.dataset").value == newest.id


@pytest.mark.usefixtures("two_models")
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_label_of_the_model_has_its_colour_whatever_else_a_table_holds(open_page: OpenPage, language: str) -> None:
    page = open_page("data", language=language, classifier=SHOP)
    given = [*["good"] * 60, *["bad"] * 40, *["aaa"] * 30]
    rows = "".join(f"thing number {number},{label}\n" for number, label in enumerate(given))
    page.file_uploader[0].upload("batch.csv", f"text,label\n{rows}".encode(), "text/csv").run()
    assert not page.exception
    drawn = [bars for chart in page.get("plotly_chart") for bars in json.loads(chart.proto.spec)["data"]]
    (colors,) = (bars["marker"]["color"] for bars in drawn if bars.get("orientation") == "h")
    own = label_colors(["bad", "good", "aaa"])  # as on all pages of the model; what it does not know comes last
    assert colors == [own["aaa"], own["bad"], own["good"]]
