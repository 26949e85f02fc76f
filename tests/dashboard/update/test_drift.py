"""The changes on the Update page say whether the batch has drifted, in both languages."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.continual.drift.tests import DriftTest
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import TextDataset
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.workspace import open_workspace
from dashboard.shell.i18n import translate
from dashboard.update import drift as update_drift
from tests.core.conftest import reviews
from tests.dashboard.update.conftest import to

OpenPage = Callable[..., AppTest]
NAME = "Shop"
ROLES = ColumnRoles("text", "label")
SMALL = {"epochs": 3, "buckets": 1024, "embedding_size": 16, "learning_rate": 0.02, "batch_size": 8}


@pytest.fixture(scope="module")
def trained(make_home: Callable[[str], Path]) -> Path:
    """A workspace whose classifier tells good from bad reviews of things."""
    home = make_home("trained")
    workspace = open_workspace(home)
    stored = workspace.datasets.save(reviews(400), name="First", roles=ROLES)
    request = TrainRequest(classifier=NAME, dataset=stored.id, model="ngrams", settings=SMALL)
    for _ in train_classifier(request, workspace):
        pass
    return home


@pytest.fixture
def home(trained: Path, evergreen_home: Path) -> Path:
    """This test's own copy of it."""
    shutil.copytree(trained, evergreen_home, dirs_exist_ok=True)
    return evergreen_home


def show(open_page: OpenPage, home: Path, batch: TextDataset, language: str = "en", **source: object) -> AppTest:
    """The page with a saved batch chosen."""
    open_workspace(home).datasets.save(batch, name="Second", roles=ROLES, source=source)
    at = open_page("update", language=language)
    at.main.segmented_control(key="update.origin").set_value("saved").run()
    at.main.button(key="update.use").click().run()
    assert not at.exception
    assert not at.main.error
    return at


def shown(at: AppTest) -> str:
    """All texts on the page, without the signs that keep names from being read as Markdown."""
    texts = [str(element.value) for kind in ("markdown", "caption") for element in getattr(at.main, kind)]
    return "\n".join(texts).replace("\\", "")


def say(language: str, key: str, **facts: object) -> str:
    return translate(language, f"drift.{key}", facts)


def shuffled(batch: TextDataset) -> TextDataset:
    return TextDataset(batch.texts, np.random.default_rng(0).permutation(batch.labels), batch.classes)


TESTS = ("labels", "words", "texts", "likeness", "confidence", "accuracy")
ADVICE = {
    "no_change": {"en": "No evidence of change", "zh": "没有发现变化：除了多一些同类数据带来的好处"},
    "labels": {"en": "Labels look inconsistent, look first", "zh": "标签看起来不一致，请先查看"},
    "new_labels": {"en": "New labels: question (100 rows)", "zh": "新标签：question（100 行）"},
    "corrections": {"en": "An update is advised: these rows are corrections", "zh": "建议更新：这些行是更正"},
    "too_few": {
        "en": "24 rows of the batch can be compared with 120 held-out rows; at least 100",
        "zh": "批次中有 24 行可以与 120 行留出数据比较；两边至少各需要 100 行",
    },
}


def test_more_of_the_same_is_said_to_be_so(open_page: OpenPage, home: Path, language: str) -> None:
    text = shown(show(open_page, home, reviews(300, seed=1), language))
    assert ADVICE["no_change"][language] in text
    for name in TESTS:
        assert f"**{say(language, f'test_{name}')}** · " in text
    assert text.count(f" · {say(language, 'verdict_same')}") == 5
    assert {"en": "tests only whether accuracy fell", "zh": "只检验准确率是否下降"}[language] in text
    assert f" · {say(language, 'verdict_accuracy_same')}" in text
    assert say(language, "shares_same") in text


def test_every_comparison_tells_its_false_alarms(open_page: OpenPage, home: Path, language: str) -> None:
    at = show(open_page, home, reviews(300, seed=1), language)
    names = [say(language, f"test_{name}") for name in TESTS]
    tips = [one.help for one in at.main.markdown if any(f"**{name}** · " in str(one.value) for name in names)]
    assert len(tips) == 6
    assert all("5%" in tip and "6" in tip for tip in tips)
    assert all(any(tip.startswith(say(language, f"about_{name}")) for name in TESTS) for tip in tips)


def test_new_words_and_labels_are_shown(open_page: OpenPage, home: Path, language: str) -> None:
    text = shown(show(open_page, home, reviews(300, seed=1, extra="refundable", third_label=True), language))
    assert ADVICE["new_labels"][language] in text
    assert f"{say(language, 'words_new')} :green-badge[refundable 1,000 / 0]" in text
    assert say(language, "shares_changed", label="question", before="0%", after="33%") in text
    assert say(language, "verdict_changed") in text


def test_doubtful_labels_can_be_looked_at(open_page: OpenPage, home: Path) -> None:
    batch = shuffled(reviews(300, seed=1))
    at = show(open_page, home, batch)
    assert ADVICE["labels"]["en"] in shown(at)
    at.main.button(key="drift.rows").click().run()
    assert not at.exception
    answer = translate("en", "update.column_after_answer", {"version": 1})
    rows = next(frame.value for frame in at.dataframe if answer in frame.value.columns)
    label, number = (translate("en", f"update.column_{name}") for name in ("label", "row"))
    assert (rows[answer] != rows[label]).all()
    names = batch.label_names()
    assert [names[row - 1] for row in rows[number]] == list(rows[label])


def test_corrections_are_named_as_such(open_page: OpenPage, home: Path) -> None:
    at = show(open_page, home, shuffled(reviews(200, seed=1)), corrections=NAME)
    assert ADVICE["corrections"]["en"] in shown(at)


def test_too_few_rows_are_said_with_the_reason(open_page: OpenPage, home: Path, language: str) -> None:
    text = shown(show(open_page, home, reviews(24, seed=1), language))
    assert ADVICE["too_few"][language] in text


def test_the_comparison_is_made_once(open_page: OpenPage, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    real = update_drift.detect_drift
    monkeypatch.setattr(update_drift, "detect_drift", lambda *given, **more: asked.append(1) or real(*given, **more))
    at = show(open_page, home, reviews(300, seed=1))
    at.run()
    assert asked == [1]


def test_a_candidate_recalls_what_was_found(open_page: OpenPage, home: Path, language: str) -> None:
    workspace = open_workspace(home)
    batch = workspace.datasets.save(reviews(200, seed=1, extra="refundable"), name="Second", roles=ROLES)
    request = UpdateRequest(classifier=NAME, dataset=batch.id, strategy="finetune", settings={"epochs": 1})
    *_, done = update_classifier(request, workspace)
    changed = [test["name"] for test in done.report["drift"]["tests"] if test["verdict"] == "changed"]
    assert "words" in changed
    at = to(open_page("update", language=language), "changes")
    assert not at.exception
    assert say(language, "outcome", changed=len(changed), judged=6) in shown(at)


def test_no_finding_has_a_negative_zero() -> None:
    found = DriftTest("likeness", 0.1, 0.5, -0.0002, (100, 100))
    assert "0.0% more alike" in update_drift.finding(found, "likeness")
    assert "−0.0%" not in update_drift.finding(found, "likeness")
    assert "−0.3% more alike" in update_drift.finding(replace(found, effect=-0.003), "likeness")


def test_versions_made_before_there_was_drift_say_nothing() -> None:
    assert update_drift.outcome({}) == []
    assert update_drift.outcome({"drift": None}) == []
