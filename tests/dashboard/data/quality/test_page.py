"""The Data quality page through the entry: inspect, read, tick, save a copy, go on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import TextDataset
from core.data.dataset.store import DatasetStore, StoredDataset
from core.jobs import JobQueue
from core.registry.records import InspectionStore
from core.workflows.inspect.run import InspectRequest, inspect_dataset
from core.workflows.workspace import open_workspace
from dashboard.data.quality.findings import findings_of, rows_behind

ROWS = [
    ("The battery lasts for two whole days", "good", "train"),
    ("The battery lasts for two whole days", "good", "test"),
    ("*bold* screen", "good", "train"),
    ("*bold* screen", "bad", "train"),
    ("Call 13800138000", "bad", "train"),
    ("fine and small", "good", "train"),
]


@pytest.fixture
def dataset(evergreen_home: Path) -> StoredDataset:
    labels = np.array([int(label == "good") for _, label, _ in ROWS])
    texts, _, splits = (tuple(column) for column in zip(*ROWS, strict=True))
    data = TextDataset(texts, labels, ("bad", "good"), splits)
    return DatasetStore(evergreen_home).save(data, name="Shop *reviews*", roles=ColumnRoles("text", "label", "split"))


@pytest.fixture
def inspected(evergreen_home: Path, dataset: StoredDataset) -> StoredDataset:
    list(inspect_dataset(InspectRequest(dataset=dataset.id), open_workspace(evergreen_home)))
    return dataset


def shown(page: AppTest) -> str:
    return "\n".join(str(element.value) for element in [*page.markdown, *page.caption, *page.info, *page.error])


def ticks(page: AppTest) -> dict[str, str]:
    """Label → key of the fixes."""
    return {box.label: str(box.key) for box in page.checkbox}


def test_without_a_dataset_it_leads_to_the_data(open_page: Callable[..., AppTest]) -> None:
    page = open_page("data", "quality")
    assert not page.exception
    assert page.button(key="empty.data").label == "Add a table"


def test_an_inspection_is_asked_for_once(
    dataset: StoredDataset, open_page: Callable[..., AppTest], queue: JobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobQueue, "_start_next", lambda self: None)
    page = open_page("data", "quality")
    page.selectbox(key=f"quality.encoder.{dataset.id}").set_value("").run()
    page.button(key="quality.go").click().run()
    assert not page.exception
    (job,) = queue.list()
    assert (job.kind, job.config["dataset"], job.config["encoder"]) == ("inspect", dataset.id, "")
    assert job.titled is not None
    assert job.title == str(job.titled) == f"Inspection · {dataset.name}"
    assert "quality.go" not in [button.key for button in page.button]
    assert "leave this page" in shown(page)


def test_the_job_leaves_its_findings(dataset: StoredDataset, evergreen_home: Path, queue: JobQueue) -> None:
    from tests.dashboard.conftest import wait

    job = queue.submit("inspect", title="Inspection", classifier="", config={"dataset": dataset.id})
    wait(lambda: queue.get(job.id).ended)
    assert queue.get(job.id).result == {"inspection": dataset.id}
    assert InspectionStore(evergreen_home).get(dataset.id) is not None


@pytest.mark.parametrize("language", ["en", "zh"])
def test_findings_are_shown_with_advice_and_fixes(
    inspected: StoredDataset, open_page: Callable[..., AppTest], language: str
) -> None:
    page = open_page("data", "quality", language=language)
    assert not page.exception
    words = shown(page)
    expected = {
        "en": ("Rows of the training part whose text is also in the test part", "Texts that carry more than one label"),
        "zh": ("训练部分中文本也出现在测试部分的行：1", "同一文本带有多个标签：1"),
    }
    for sentence in expected[language]:
        assert sentence in words
    assert len(ticks(page)) >= 3


def test_the_gravest_finding_is_the_headline_and_the_form_is_folded(
    inspected: StoredDataset, open_page: Callable[..., AppTest]
) -> None:
    page = open_page("data", "quality")
    assert page.header[0].value == ":red[:material/error:] 2 findings are serious: scores would mislead"
    assert "Inspect again" in [fold.label for fold in page.expander]
    assert page.button(key="quality.go").proto.type == "secondary"


def test_a_table_without_labels_is_looked_over_and_leads_to_labelling(
    evergreen_home: Path, open_page: Callable[..., AppTest]
) -> None:
    data = TextDataset(("one text", "another text", "a third"), np.zeros(3, dtype=np.int64), ("",))
    stored = DatasetStore(evergreen_home).save(data, name="d", roles=ColumnRoles("text", None))
    page = open_page("data", "quality")
    assert not page.exception
    assert not page.error
    list(inspect_dataset(InspectRequest(dataset=stored.id), open_workspace(evergreen_home)))
    page.run()
    page.button(key="quality.label").click().run()
    assert not page.exception
    assert page.selectbox(key="label.texts_of").value == stored.id


def test_ticked_fixes_make_a_copy_and_the_dataset_stays(
    inspected: StoredDataset, evergreen_home: Path, open_page: Callable[..., AppTest]
) -> None:
    page = open_page("data", "quality")
    assert "quality.save" not in [button.key for button in page.button]
    wanted = ("Remove rows from the training part", "Remove these texts", "Replace it by placeholders")
    for label, key in ticks(page).items():
        if label.startswith(wanted):
            page.checkbox(key=key).check().run()
    assert "Personal data replaced by" in shown(page)
    page.text_input(key=f"quality.name.{inspected.id}").set_value("Clean shop").run()
    page.button(key="quality.save").click().run()
    assert not page.exception
    store = DatasetStore(evergreen_home)
    made = next(one for one in store.list() if one.name == "Clean shop")
    assert store.load(made.id).texts == ("The battery lasts for two whole days", "Call [PHONE]", "fine and small")
    assert store.load(made.id).splits == ("test", "train", "train")
    assert made.source["parent"] == inspected.id
    assert store.load(inspected.id).texts == tuple(text for text, *_ in ROWS)
    assert "6 rows" in shown(page)
    page.button(key="quality.next").click().run()
    assert page.selectbox(key="quality.dataset").value == made.id
    assert page.button(key="quality.go").label == "Inspect"


def test_one_way_to_put_it_right_excludes_the_other(evergreen_home: Path, open_page: Callable[..., AppTest]) -> None:
    data = TextDataset(("same", "same", "same", "x"), np.array([0, 0, 1, 1]), ("a", "b"))
    stored = DatasetStore(evergreen_home).save(data, name="d", roles=ColumnRoles("text", "label"))
    list(inspect_dataset(InspectRequest(dataset=stored.id), open_workspace(evergreen_home)))
    page = open_page("data", "quality")
    keys = [key for key in ticks(page).values() if ".contradictions." in key]
    assert len(keys) == 2
    page.checkbox(key=keys[0]).check().run()
    page.checkbox(key=keys[1]).check().run()
    assert [page.checkbox(key=key).value for key in keys] == [False, True]


def test_what_would_leave_no_row_is_explained(evergreen_home: Path, open_page: Callable[..., AppTest]) -> None:
    data = TextDataset(("same", "same"), np.array([0, 1]), ("a", "b"))
    stored = DatasetStore(evergreen_home).save(data, name="d", roles=ColumnRoles("text", "label"))
    list(inspect_dataset(InspectRequest(dataset=stored.id), open_workspace(evergreen_home)))
    page = open_page("data", "quality")
    (key,) = (key for key in ticks(page).values() if ".contradictions." in key)
    page.checkbox(key=key).check().run()
    page.button(key="quality.save").click().run()
    assert not page.exception
    assert "no row would be left" in shown(page)


def test_rows_are_numbered_from_1_and_read_page_by_page(inspected: StoredDataset, evergreen_home: Path) -> None:
    found = InspectionStore(evergreen_home).get(inspected.id)
    assert found is not None
    leak = next(one for one in findings_of(found) if one.kind == "leakage")
    table = rows_behind(inspected, leak, 0, 25)
    assert table.iloc[:, 0].tolist() == [1, 2]
    assert table.iloc[0, 4] == "like row 2"
    assert rows_behind(inspected, leak, 25, 50).empty


def test_the_data_page_leads_here(inspected: StoredDataset, open_page: Callable[..., AppTest]) -> None:
    page = open_page("data")
    page.button(key=f"data.inspect.{inspected.id}").click().run()
    assert not page.exception
    assert page.selectbox(key="quality.dataset").value == inspected.id
