"""The Search page through the entry: a search is asked for once, shown while it runs, and fills the Train form."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.base.messages import message
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.store import DatasetStore
from core.jobs import JobQueue, files
from core.registry.records import SearchStore
from dashboard.train.search.chart import position
from tests.core.conftest import reviews

SPACE = [
    {
        "name": "learning_rate",
        "kind": "float",
        "scale": "log",
        "choices": [],
        "default": 5e-3,
        "low": 2.5e-4,
        "high": 0.1,
    },
    {"name": "longest_ngram", "kind": "int", "scale": "linear", "choices": [], "default": 2, "low": 1, "high": 4},
    {
        "name": "segmentation",
        "kind": "choice",
        "scale": "linear",
        "choices": ["auto", "words", "characters", "subwords"],
        "default": "auto",
        "low": None,
        "high": None,
    },
    {
        "name": "lowercase",
        "kind": "bool",
        "scale": "linear",
        "choices": [],
        "default": True,
        "low": None,
        "high": None,
    },
]


def trial(number: int, state: str, score: float | None, **values: Any) -> dict[str, Any]:
    known = {"learning_rate": 5e-3, "longest_ngram": 2, "segmentation": "auto", "lowercase": True}
    return {
        "number": number,
        "state": state,
        "values": known | values,
        "macro_f1": score,
        "loss": None if score is None else 1 - score,
        "best_epoch": 0 if score is None else 2,
        "curve": [] if score is None else [score / 2, score],
        "seconds": 1.5,
        "error": None,
    }


FAILED = message(
    "search.no_dataset", "There is no saved dataset '{name}'. The datasets are: {known}.", name="x", known="y"
)
SEARCH: dict[str, Any] = {
    "id": "20260301-140500-aaaaaa",
    "created": "2026-03-01T14:05:00+00:00",
    "dataset_name": "Shop *reviews*",
    "model": "ngrams",
    "settings": {},
    "search": {"search_minutes": 10, "search_trials": 0, "search_seed": 0},
    "space": SPACE,
    "rows": {"train": 700, "validation": 100, "left_out": 200},
    "seconds": 610.0,
    "trials": [
        trial(0, "complete", 0.8),
        trial(1, "complete", 0.85, learning_rate=0.012, longest_ngram=3, lowercase=False),
        trial(2, "pruned", 0.6, segmentation="characters"),
        {**trial(3, "failed", None), "error": FAILED.to_dict()},
    ],
    "best": 1,
    "difference": {"value": 0.05, "low": 0.01, "high": 0.09},
    "default_score": {"value": 0.8, "low": 0.71, "high": 0.87},
    "best_score": {"value": 0.85, "low": 0.77, "high": 0.91},
}


@pytest.fixture
def dataset(evergreen_home: Path) -> str:
    roles = ColumnRoles(text="text", label="label")
    return DatasetStore(evergreen_home).save(reviews(60), name="Shop *reviews*", roles=roles).id


def stored(home: Path, dataset: str, **changed: Any) -> dict[str, Any]:
    search = {**copy.deepcopy(SEARCH), "dataset": dataset, **changed}
    SearchStore(home).save(search)
    return search


def shown(page: AppTest) -> str:
    parts = [*page.markdown, *page.caption, *page.info, *page.warning, *page.error]
    return "\n".join(str(part.value) for part in parts)


def test_without_a_dataset_it_leads_to_the_data(open_page: Callable[..., AppTest]) -> None:
    page = open_page("train", "search")
    assert not page.exception
    assert [button.key for button in page.button if str(button.key).startswith("empty.")] == ["empty.data"]


def test_a_search_is_asked_for_once_with_what_is_ticked(
    dataset: str, open_page: Callable[..., AppTest], queue: JobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobQueue, "_start_next", lambda self: None)  # it shall wait, not run
    page = open_page("train", "search")
    assert not page.exception
    page.button_group(key="search.usual.ngrams").set_value([]).run()
    assert page.button(key="search.go").disabled
    page.button_group(key="search.usual.ngrams").set_value(["dropout"]).run()
    page.button_group(key="search.others.ngrams").set_value(["lowercase"]).run()
    page.button(key="search.go").click().run()
    assert not page.exception
    (job,) = queue.list()
    assert (job.kind, job.config["dataset"], job.config["model"]) == ("search", dataset, "ngrams")
    assert job.config["searched"] == ["dropout", "lowercase"]
    assert job.config["search"]["search_minutes"] == 10
    assert page.button(key="search.go").disabled


def test_trials_are_listed_while_it_runs_each_once(
    dataset: str,
    evergreen_home: Path,
    open_page: Callable[..., AppTest],
    queue: JobQueue,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(JobQueue, "_start_next", lambda self: None)
    job = queue.submit("search", title="Settings", classifier="", config={"dataset": dataset, "model": "ngrams"})
    for one in (SEARCH["trials"][0], SEARCH["trials"][1], SEARCH["trials"][1]):
        files.append_line(evergreen_home / "jobs" / job.id / files.EPOCHS, one)
    page = open_page("train", "search")
    assert not page.exception
    table = page.dataframe[0].value
    assert table["Macro-F1 (validation)"].tolist() == [0.85, 0.8]
    assert table["Trial"].tolist() == ["2", "defaults"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_search_is_shown_with_its_doubts(
    dataset: str, evergreen_home: Path, open_page: Callable[..., AppTest], language: str
) -> None:
    stored(evergreen_home, dataset)
    page = open_page("train", "search", language=language)
    assert not page.exception
    words = shown(page)
    assert "+5.0" in words
    assert "+1.0" in words
    assert ("looks better than it is" if language == "en" else "总是比实际偏好") in words
    assert "200" in words


def test_what_may_be_chance_is_called_so(dataset: str, evergreen_home: Path, open_page: Callable[..., AppTest]) -> None:
    stored(evergreen_home, dataset, difference={"value": 0.02, "low": -0.01, "high": 0.05})
    assert "may be chance" in shown(open_page("train", "search"))
    stored(evergreen_home, dataset, difference=None, best=0)
    page = open_page("train", "search")
    assert not page.exception
    assert "No trial was better" in shown(page)


def test_one_click_fills_the_train_form(dataset: str, evergreen_home: Path, open_page: Callable[..., AppTest]) -> None:
    stored(evergreen_home, dataset)
    page = open_page("train", "search")
    page.button(key="search.train").click().run()
    assert not page.exception
    values = page.session_state
    assert values["train.dataset"] == dataset
    assert values["train.model"] == "ngrams"
    assert values["train.settings.learning_rate"] == pytest.approx(0.012)
    assert values["train.settings.longest_ngram"] == 3
    assert values["train.settings.lowercase"] is False
    assert values["train.settings.epochs"] == 20  # not searched: the model's default


def test_a_deleted_dataset_and_a_damaged_file_are_no_accident(
    dataset: str, evergreen_home: Path, open_page: Callable[..., AppTest]
) -> None:
    search = stored(evergreen_home, "f" * 16)
    (evergreen_home / "searches" / "broken.json").write_text("{", encoding="utf-8")
    page = open_page("train", "search")
    assert not page.exception
    assert "was deleted" in shown(page)
    page.button(key="search.delete").click().run()
    assert not page.exception
    assert not (evergreen_home / "searches" / f"{search['id']}.json").exists()


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("learning_rate", 5e-3, 0.5),
        ("longest_ngram", 2, 1 / 3),
        ("segmentation", "subwords", 1.0),
        ("lowercase", False, 0.0),
    ],
)
def test_values_lie_where_their_axis_says(name: str, value: Any, expected: float) -> None:
    described = next(one for one in SPACE if one["name"] == name)
    assert position(described, value) == pytest.approx(expected)
