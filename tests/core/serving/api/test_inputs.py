"""Further columns over HTTP: what may be sent, what is refused, and what an answer says of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from core.data.dataset.inputs import Field, compose, parse
from core.data.labelling.corrections import Corrections
from core.networks.standalone.predict import Answers
from core.networks.text import TextConfig, fit_pipeline
from tests.core.serving.api.conftest import MadeUpEngine, MadeUpPool

ROWS = [
    compose(
        "a thing", [Field("title", "text", "nice"), Field("kind", "category", "toy"), Field("price", "number", cost)]
    )
    for cost in ("1", "2", "3", "")
]


class ColumnsPool(MadeUpPool):
    """Engines that read a title, a kind and a price, and remember what they were asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def get(self, folder: Any) -> MadeUpEngine:
        engine = super().get(folder)
        engine.pipeline = fit_pipeline(ROWS, TextConfig())  # type: ignore[attr-defined]
        answer = engine.answer

        def remember(texts: Any, progress: Any = None) -> Answers:
            self.asked += list(texts)
            return answer(texts, progress)

        engine.answer = remember  # type: ignore[method-assign]
        return engine


@pytest.fixture
def pool() -> ColumnsPool:
    return ColumnsPool()


def ask(client: TestClient, code: int = 200, **asked: Any) -> Any:
    answer = client.post("/predict", json={"classifier": "Reviews", **asked})
    assert answer.status_code == code, answer.text
    return answer.json()


def test_columns_reach_the_engine_and_what_is_missing_or_new_is_said(client: TestClient, pool: ColumnsPool) -> None:
    answer = ask(client, text="good", inputs={"title": "nice", "price": 2.5, "kind": "book"})
    assert parse(pool.asked[-1]) == (
        "good", [Field("title", "text", "nice"), Field("kind", "category", "book"), Field("price", "number", "2.5")],
    )  # fmt: skip
    (prediction,) = answer["predictions"]
    assert prediction["unknown_inputs"] == {"kind": "book"}
    assert "missing_inputs" not in prediction
    (prediction,) = ask(client, text="good", inputs={"price": None, "kind": "toy"})["predictions"]
    assert prediction["missing_inputs"] == ["title", "price"]
    assert "unknown_inputs" not in prediction


def test_a_text_alone_is_answered_with_all_columns_missing(client: TestClient) -> None:
    (prediction,) = ask(client, text="good")["predictions"]
    assert prediction["label"] == "positive"
    assert prediction["missing_inputs"] == ["title", "kind", "price"]


def test_a_list_of_texts_takes_a_list_of_columns_and_an_empty_text_stays_empty(
    client: TestClient, pool: ColumnsPool
) -> None:
    rows = [{"price": 1}, {"price": 2}]
    first, second = ask(client, texts=["good", " "], inputs=rows)["predictions"]
    assert (first["label"], second["label"]) == ("positive", None)
    assert len(pool.asked) == 1


@pytest.mark.parametrize(
    ("asked", "code", "says"),
    [
        ({"text": "a", "inputs": {"prices": 1}}, "input_unknown", "Its columns are: title, kind, price"),
        ({"text": "a", "inputs": {"price": "abc"}}, "input_wrong", "'abc' is no value for the column 'price'"),
        ({"text": "a", "inputs": [{"price": 1}]}, "inputs_count", "one object beside 'text'"),
        ({"texts": ["a", "b"], "inputs": {"price": 1}}, "inputs_count", "one object beside 'text'"),
        ({"texts": ["a", "b"], "inputs": [{"price": 1}]}, "inputs_count", "one object beside 'text'"),
        ({"text": "a", "inputs": {"title": "x" * 20_001}}, "text_too_long", "20,001 characters"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(
    client: TestClient, asked: dict[str, Any], code: str, says: str
) -> None:
    error = ask(client, 422, **asked)["error"]
    assert error["code"] == code
    assert says in error["message"]


def test_a_value_of_another_form_is_refused(client: TestClient) -> None:
    error = ask(client, 422, text="a", inputs={"price": [1, 2]})["error"]
    assert "inputs" in str(error)


def test_a_correction_keeps_its_columns(
    client: TestClient, make_client: Callable[..., TestClient], evergreen_home: Any
) -> None:
    body = {"classifier": "Reviews", "text": "bad", "label": "negative", "inputs": {"price": 9}}
    assert client.post("/feedback", json=body).json()["queued"]
    (waiting,) = Corrections(evergreen_home).list("Reviews")
    assert parse(waiting.text)[0] == "bad"
    assert parse(waiting.text)[1][-1] == Field("price", "number", "9")
