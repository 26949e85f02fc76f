from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from core.data.labelling.corrections import Corrections
from core.registry import Glance, Registry
from core.serving.api.limits import ApiLimits
from tests.core.serving.api.conftest import READ, MadeUpEngine, MadeUpPool


def test_one_text_gets_label_probability_and_all_probabilities(client: TestClient) -> None:
    answer = client.post("/predict", json={"classifier": "Reviews", "text": "lovely 很好"})
    assert answer.status_code == 200
    assert answer.json() == {
        "classifier": "Reviews",
        "version": 1,
        "precision": "fp32",
        "provider": "CPUExecutionProvider",
        "threshold": None,
        "predictions": [
            {
                "label": "positive",
                "probability": 0.9,
                "answered": True,
                "probabilities": {"negative": 0.1, "positive": 0.9},
                "truncated": False,
                "tokens_read": 9,
                "tokens": 9,
            }
        ],
    }


def test_texts_are_answered_in_order_and_empty_ones_have_no_label(client: TestClient) -> None:
    answer = client.post("/predict", json={"classifier": "Reviews", "texts": ["a", " \n", "b", ""]})
    predictions = answer.json()["predictions"]
    assert [prediction["label"] for prediction in predictions] == ["positive", None, "positive", None]
    unread = {"truncated": False, "tokens_read": 0, "tokens": 0}
    assert predictions[1] == {"label": None, "probability": None, "answered": False, "probabilities": {}, **unread}


def test_a_text_that_is_not_read_to_its_end_is_said_to_be_truncated(client: TestClient) -> None:
    texts = ["很" * READ, "", "很" * (READ + 1), "a" * 20_000]
    predictions = client.post("/predict", json={"classifier": "Reviews", "texts": texts}).json()["predictions"]
    assert [prediction["truncated"] for prediction in predictions] == [False, False, True, True]
    assert [prediction["tokens_read"] for prediction in predictions] == [READ, 0, READ, READ]
    assert [prediction["tokens"] for prediction in predictions] == [READ, 0, READ + 1, 20_000]


def test_below_the_threshold_a_person_should_decide_from_the_next_request_on(
    client: TestClient, registry: Registry
) -> None:
    asked = {"classifier": "Reviews", "texts": ["a", ""]}

    def answered() -> tuple[object, list[object]]:
        answer = client.post("/predict", json=asked).json()
        return answer["threshold"], [
            (prediction["label"], prediction["answered"]) for prediction in answer["predictions"]
        ]

    assert answered() == (None, [("positive", True), (None, False)])
    registry.set_threshold("Reviews", 0.9, version=1)
    assert answered() == (0.9, [("positive", True), (None, False)])
    registry.set_threshold("Reviews", 0.91, version=1)
    assert answered() == (0.91, [("positive", False), (None, False)])


def test_only_empty_texts_are_an_answer_too(client: TestClient) -> None:
    answer = client.post("/predict", json={"classifier": "Reviews", "text": ""})
    assert [prediction["label"] for prediction in answer.json()["predictions"]] == [None]


def test_a_named_version_answers_instead_of_the_champion(
    client: TestClient, add_version: Callable[..., int], pool: MadeUpPool
) -> None:
    add_version(favours="negative")
    answers = [
        client.post("/predict", json={"classifier": "Reviews", "text": "a", "version": n}).json() for n in (1, 2)
    ]
    assert [(answer["version"], answer["predictions"][0]["label"]) for answer in answers] == [
        (1, "positive"),
        (2, "negative"),
    ]
    assert client.post("/predict", json={"classifier": "Reviews", "text": "a"}).json()["version"] == 1
    assert pool.released == []


def test_a_content_type_is_not_needed(client: TestClient) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}  # what curl sends by itself
    answer = client.post("/predict", content='{"classifier": "Reviews", "text": "a"}', headers=headers)
    assert answer.status_code == 200


def test_the_registry_is_asked_once_until_it_changes(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    folder = Glance.folder
    monkeypatch.setattr(Glance, "folder", lambda self, *of: asked.append(of) or folder(self, *of))
    monkeypatch.setattr("core.serving.api.directory.SETTLED_NANOSECONDS", -1)
    for _ in range(3):
        assert client.post("/predict", json={"classifier": "Reviews", "text": "a"}).status_code == 200
    assert len(asked) == 1


def test_versions_beyond_the_limit_are_closed(
    make_client: Callable[..., TestClient], registry: Registry, add_version: Callable[..., int], pool: MadeUpPool
) -> None:
    for name in ("A", "B", "C"):
        registry.promote(name, add_version(name))
    client = make_client(ApiLimits(engines=2))
    for name in ("A", "B", "A", "C"):
        assert client.post("/predict", json={"classifier": name, "text": "a"}).status_code == 200
    assert client.get("/healthz").json() == {"status": "ok", "engines": 2}
    client.portal.call(client.app.state.service.engines.settle)  # type: ignore[union-attr, attr-defined]
    assert pool.released == [registry.folder("B", 1)]


def test_a_promotion_holds_from_the_next_request_and_the_old_engine_is_released(
    client: TestClient, registry: Registry, add_version: Callable[..., int], pool: MadeUpPool
) -> None:
    assert client.post("/predict", json={"classifier": "Reviews", "text": "a"}).json()["version"] == 1
    registry.promote("Reviews", add_version(favours="negative"))
    answer = client.post("/predict", json={"classifier": "Reviews", "text": "a"}).json()
    assert (answer["version"], answer["predictions"][0]["label"]) == (2, "negative")
    client.portal.call(client.app.state.service.engines.settle)  # type: ignore[union-attr, attr-defined]
    assert pool.released == [registry.folder("Reviews", 1)]


def test_a_request_in_work_is_answered_by_the_version_it_came_to(
    client: TestClient,
    registry: Registry,
    add_version: Callable[..., int],
    pool: MadeUpPool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client.post("/predict", json={"classifier": "Reviews", "text": "a"})
    working, may_go_on = threading.Event(), threading.Event()
    at_once = MadeUpEngine.answer

    def slowly(self: MadeUpEngine, texts: list[str], progress: None = None) -> object:
        if "slow" in texts:
            working.set()
            assert may_go_on.wait(30)
        return at_once(self, texts)

    monkeypatch.setattr(MadeUpEngine, "answer", slowly)
    answers: list[dict[str, object]] = []
    caller = threading.Thread(
        target=lambda: answers.append(client.post("/predict", json={"classifier": "Reviews", "text": "slow"}).json())
    )
    caller.start()
    assert working.wait(30)
    registry.promote("Reviews", add_version(favours="negative"))
    assert client.post("/predict", json={"classifier": "Reviews", "text": "a"}).json()["version"] == 2
    assert pool.released == []
    may_go_on.set()
    caller.join(30)
    assert answers[0]["version"] == 1
    client.portal.call(client.app.state.service.engines.settle)  # type: ignore[union-attr, attr-defined]
    assert pool.released == [registry.folder("Reviews", 1)]


def test_no_request_fails_while_the_champion_changes_under_load(
    client: TestClient, registry: Registry, add_version: Callable[..., int]
) -> None:
    add_version(favours="negative")
    both = threading.Event()
    seen: list[tuple[int, int]] = []

    def call_until_both_were_seen() -> None:
        for _ in range(500):
            answer = client.post("/predict", json={"classifier": "Reviews", "text": "a"})
            seen.append((answer.status_code, answer.json().get("version", 0)))
            if {version for _, version in seen} >= {1, 2} and both.is_set():
                return

    callers = [threading.Thread(target=call_until_both_were_seen) for _ in range(8)]
    for caller in callers:
        caller.start()
    while not seen:
        callers[0].join(0.001)
    for number in (2, 1, 2):
        registry.promote("Reviews", number)
    both.set()
    for caller in callers:
        caller.join(60)
    assert {status for status, _ in seen} == {200}
    assert {version for _, version in seen} == {1, 2}
    assert client.post("/predict", json={"classifier": "Reviews", "text": "a"}).json()["version"] == 2


def test_feedback_waits_with_the_corrections_of_the_predict_page(client: TestClient, evergreen_home: Path) -> None:
    answer = client.post("/feedback", json={"classifier": "Reviews", "text": "meh", "label": " Negative "})
    assert answer.json() == {
        "classifier": "Reviews",
        "version": 1,
        "predicted": "positive",
        "label": "negative",
        "queued": True,
        "waiting": 1,
    }
    waiting = Corrections(evergreen_home).list("Reviews")
    assert [
        (correction.text, correction.label, correction.predicted, correction.version) for correction in waiting
    ] == [("meh", "negative", "positive", 1)]


def test_feedback_that_agrees_is_not_queued(client: TestClient, evergreen_home: Path) -> None:
    answer = client.post("/feedback", json={"classifier": "Reviews", "text": "good", "label": "positive"})
    assert (answer.status_code, answer.json()["queued"], answer.json()["waiting"]) == (200, False, 0)
    assert Corrections(evergreen_home).list("Reviews") == []


def test_feedback_with_an_unknown_label_names_the_known_ones(client: TestClient) -> None:
    answer = client.post("/feedback", json={"classifier": "Reviews", "text": "meh", "label": "so-so"})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["known"]) == (422, "unknown_label", ["negative", "positive"])
    assert "Its labels are: negative, positive." in error["message"]


def test_feedback_may_name_a_label_that_others_stand_below(
    client: TestClient, evergreen_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = MadeUpPool.get

    def with_levels(pool: MadeUpPool, folder: Path) -> MadeUpEngine:
        engine = made(pool, folder)
        engine.labels = [f"mood > {label}" for label in engine.labels]
        return engine

    monkeypatch.setattr(MadeUpPool, "get", with_levels)
    answer = client.post("/feedback", json={"classifier": "Reviews", "text": "meh", "label": "Mood"})
    assert (answer.status_code, answer.json()["label"], answer.json()["queued"]) == (200, "mood", True)
    assert [correction.label for correction in Corrections(evergreen_home).list("Reviews")] == ["mood"]


def test_classifiers_and_versions_are_listed(client: TestClient, add_version: Callable[..., int]) -> None:
    add_version("店铺 评论")
    classifiers = client.get("/classifiers").json()["classifiers"]
    assert [(entry["name"], entry["champion"], entry["versions"]) for entry in classifiers] == [
        ("Reviews", 1, 1),
        ("店铺 评论", None, 1),
    ]
    versions = client.get("/classifiers/店铺 评论/versions").json()
    assert versions["classifier"] == "店铺 评论"
    first = versions["versions"][0]
    assert (first["version"], first["champion"], first["accuracy"], first["model"]) == (1, False, 0.5, "ngrams")


def test_an_empty_workspace_has_no_classifiers(make_client: Callable[..., TestClient], evergreen_home: Path) -> None:
    client = make_client()
    assert client.get("/classifiers").json() == {"classifiers": []}
    answer = client.post("/predict", json={"classifier": "Reviews", "text": "a"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "nothing_trained")
    assert not (evergreen_home / "mlflow.db").exists()
