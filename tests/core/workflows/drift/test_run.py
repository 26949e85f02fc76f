"""A batch against a real, tiny version: what is compared, what is advised, and what an update keeps of it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.data.dataset.rows import TextDataset
from core.data.dataset.same_text import text_key
from core.networks.standalone.predict import Classifier
from core.workflows.drift.rows import COMPARED_ROWS
from core.workflows.drift.run import DriftReport, detect_drift
from core.workflows.drift.words import known_words
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.past import read_past
from core.workflows.workspace import Workspace, open_workspace
from tests.core.conftest import reviews, save

FAST = {"epochs": 3, "buckets": 1024, "embedding_size": 16, "learning_rate": 0.02, "batch_size": 8}
PLACES = ("hotel", "beach", "pool", "museum", "airport")


@pytest.fixture(scope="module")
def trained(new_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose classifier tells good from bad reviews of things; 120 of its 400 rows are held out."""
    home = tmp_path_factory.mktemp("trained")
    shutil.copy(new_store, home / "mlflow.db")
    workspace = open_workspace(home)
    request = TrainRequest(classifier="Shop", dataset=save(workspace, reviews(400)).id, model="ngrams", settings=FAST)
    for _ in train_classifier(request, workspace):
        pass
    return home


@pytest.fixture
def workspace(trained: Path, evergreen_home: Path) -> Workspace:
    """This test's own copy of it."""
    shutil.copytree(trained, evergreen_home, dirs_exist_ok=True)
    return open_workspace(evergreen_home)


@pytest.fixture
def version(workspace: Workspace) -> VersionFolder:
    return VersionFolder(workspace.registry.folder("Shop", 1))


def drift(version: VersionFolder, workspace: Workspace, batch: TextDataset, **asked: Any) -> DriftReport:
    return detect_drift(version, batch, read_past(version, workspace), **asked)


def with_labels(batch: TextDataset, labels: np.ndarray) -> TextDataset:
    return TextDataset(batch.texts, labels, batch.classes)


def joined(*parts: TextDataset) -> TextDataset:
    texts = tuple(text for part in parts for text in part.texts)
    return TextDataset(texts, np.concatenate([part.labels for part in parts]), parts[0].classes)


def elsewhere(rows: int) -> TextDataset:
    """Reviews of places, with words of praise and blame that nobody used of things."""
    generator = np.random.default_rng(1)
    words = (("dirty", "noisy", "crowded"), ("sunny", "quiet", "friendly"))
    texts = [
        f"our {generator.choice(PLACES)} on day {row}y was {generator.choice(words[row % 2])} this summer"
        for row in range(rows)
    ]
    return TextDataset(tuple(texts), np.arange(rows) % 2, ("negative", "positive"))


class Errs:
    """A version with other answers to its frozen test than it gave."""

    def __init__(self, version: VersionFolder, answers: pd.DataFrame) -> None:
        self._version = version
        self._answers = answers

    def __getattr__(self, name: str) -> Any:
        return getattr(self._version, name)

    def predictions(self, number: int) -> pd.DataFrame:
        return self._answers


GOODS = ("水壶", "手机", "台灯", "鞋子", "耳机", "背包", "数据线", "椅子")
SAID = {"好评": ("非常好用", "质量不错", "物超所值"), "差评": ("用两天就坏", "质量太差", "后悔购买")}


def chinese(rows: int, *, seed: int, before: str = "") -> TextDataset:
    """Easy made-up Chinese reviews, all different."""
    generator = np.random.default_rng(seed)
    names = [("好评", "差评")[row % 2] for row in range(rows)]
    texts = [
        f"{before}第{seed}{row}单的{generator.choice(GOODS)}{generator.choice(SAID[name])}，{generator.choice(GOODS)}也买了"
        for row, name in enumerate(names)
    ]
    return TextDataset(tuple(texts), np.array([name == "差评" for name in names], dtype=np.int64), ("好评", "差评"))


def test_chinese_words_are_named_although_the_version_reads_characters(workspace: Workspace) -> None:
    stored = save(workspace, chinese(300, seed=0), "评论")
    for _ in train_classifier(
        TrainRequest(classifier="商品", dataset=stored.id, model="ngrams", settings=FAST), workspace
    ):
        pass
    version = VersionFolder(workspace.registry.folder("商品", 1))
    assert version.load_pipeline().options["segmentation"] == "characters"
    batch = joined(chinese(100, seed=1), chinese(100, seed=2, before="疫情期间从武汉发货，送口罩，"))
    found = drift(version, workspace, batch)
    assert {"疫情", "武汉", "口罩"} <= found.words.unseen.keys()
    assert found.words.unseen["疫情"] == 100
    changes = {change.word: change for change in (*found.words.more, *found.words.fewer)}
    assert (changes["口罩"].before_per_1000, changes["口罩"].after_per_1000) == (0, 500)
    assert min(map(len, changes)) > 1  # no lone characters
    assert found.tests[1].verdict == "changed"  # words unknown to it, too
    same = drift(version, workspace, chinese(200, seed=1))
    assert (same.words.more, same.words.fewer, same.tests[1].verdict) == ((), (), "same")


def test_more_of_the_same_is_no_drift(version: VersionFolder, workspace: Workspace) -> None:
    found = drift(version, workspace, reviews(300, seed=1))
    assert found.advice.kind == "no_change"
    assert [test.name for test in found.tests] == ["labels", "words", "texts", "likeness", "confidence", "accuracy"]
    assert all(test.judged for test in found.tests)
    assert found.rows == (120, 300)
    assert found.tests[4].rows == (80, 300)  # confidence: the frozen test without the validation rows
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["advice"]["kind"] == "no_change"


def test_another_topic_is_drift_and_its_words_are_listed(version: VersionFolder, workspace: Workspace) -> None:
    found = drift(version, workspace, elsewhere(300))
    assert found.advice.kind in ("update", "labels")
    assert {"words", "texts", "likeness"} <= {test.name for test in found.tests if test.verdict == "changed"}
    new = found.words.unseen
    assert set(PLACES) <= new.keys()
    assert list(new.values()) == sorted(new.values(), reverse=True)
    assert new["summer"] == 300
    assert "this" not in new
    assert {"number", "kettle"} <= {change.word for change in found.words.fewer}
    assert found.to_dict()["new_words"] == new


def test_a_word_that_was_there_before_and_is_everywhere_now_is_listed(
    version: VersionFolder, workspace: Workspace
) -> None:
    batch = reviews(300, seed=1)
    texts = tuple(f"{text} great" for text in batch.texts)  # a tenth of the earlier texts
    found = drift(version, workspace, TextDataset(texts, batch.labels, batch.classes))
    (change,) = found.words.more
    assert (change.word, change.after, change.after_per_1000) == ("great", 300, 1000)
    assert change.before_per_1000 == pytest.approx(100, abs=40)
    assert found.words.unseen == {}


def test_better_answers_are_no_evidence_of_no_change(version: VersionFolder, workspace: Workspace) -> None:
    batch = reviews(300, seed=1)
    answers = Classifier(version.path).predict(batch.texts)
    easy = [row for row, name in enumerate(batch.label_names()) if answers[row] == name]
    with_errors = version.predictions(1)
    with_errors.loc[with_errors.index[::4], "predicted"] = "neither"
    report = detect_drift(Errs(version, with_errors), batch.take(easy), read_past(version, workspace))  # type: ignore[arg-type]
    accuracy = report.tests[5]
    assert accuracy.after == 1
    assert accuracy.rose
    assert report.advice.message.key == "drift.better"


def test_other_label_shares_are_drift(version: VersionFolder, workspace: Workspace) -> None:
    many = reviews(400, seed=1)
    mostly_good = many.take([row for row in range(400) if many.labels[row] == 1 or row % 8 == 0])
    found = drift(version, workspace, mostly_good)
    assert found.tests[0].verdict == "changed"
    assert [share.label for share in found.shares] == ["negative", "positive"]
    assert found.shares[0].before == pytest.approx(0.5)
    assert found.shares[0].after == pytest.approx(0.2)


def test_shuffled_labels_are_doubted(version: VersionFolder, workspace: Workspace) -> None:
    batch = reviews(300, seed=1)
    shuffled = with_labels(batch, np.random.default_rng(0).permutation(batch.labels))
    found = drift(version, workspace, shuffled)
    assert found.advice.kind == "labels"
    assert found.doubt is not None
    answers = Classifier(version.path).predict([shuffled.texts[row] for row in found.doubt.rows])
    assert all(
        answer != shuffled.classes[shuffled.labels[row]] for row, answer in zip(found.doubt.rows, answers, strict=True)
    )


def test_known_texts_under_another_label_are_doubted(version: VersionFolder, workspace: Workspace) -> None:
    old = reviews(400).take(range(60))
    found = drift(version, workspace, joined(reviews(200, seed=1), with_labels(old, 1 - old.labels)))
    assert found.advice.message.key == "drift.contradictory"
    assert (found.contradictions.contradictory, found.contradictions.repeated) == (60, 60)


def test_accuracy_says_how_few_rows_carry_a_label_that_it_knows(version: VersionFolder, workspace: Workspace) -> None:
    fresh = elsewhere(100)
    labels = np.where(np.arange(100) < 20, fresh.labels, 2)
    found = drift(version, workspace, TextDataset(fresh.texts, labels, (*fresh.classes, "question")))
    (accuracy,) = [test for test in found.tests if test.name == "accuracy"]
    assert accuracy.rows[1] == 20
    assert str(accuracy.reason) == (
        "Of 100 new rows, 20 carry a label that the classifier knows; at least 30 are needed."
    )
    assert all(test.judged for test in found.tests if test.name != "accuracy")


def test_new_labels_are_named(version: VersionFolder, workspace: Workspace) -> None:
    found = drift(version, workspace, reviews(300, seed=1, third_label=True))
    assert found.advice.message.key == "drift.new_labels"
    assert found.new_labels == {"question": 100}
    assert found.tests[5].rows == (80, 200)  # accuracy: rows whose label it can answer with


def test_copies_are_left_out(version: VersionFolder, workspace: Workspace) -> None:
    fresh = reviews(200, seed=1)
    past = read_past(version, workspace)
    tested = list(version.predictions(1)["text"])
    texts = (*fresh.texts, *past.train[0][:30], *tested[:20], *[fresh.texts[0].upper()] * 5)
    batch = TextDataset(texts, np.resize([0, 1], len(texts)), ("negative", "positive"))
    found = drift(version, workspace, batch)
    assert found.batch_rows == 255
    assert found.rows == (100, 199)  # without 20 rows that came again, and without the text that occurs six times
    assert found.repeated_rows == 56


def test_old_rows_sent_along_cost_no_held_out_row(version: VersionFolder, workspace: Workspace) -> None:
    found = drift(version, workspace, joined(reviews(400), reviews(200, seed=1)))
    assert found.rows == (120, 200)
    assert found.advice.kind == "no_change"


def test_a_file_joined_to_itself_counts_once(version: VersionFolder, workspace: Workspace) -> None:
    batch = reviews(200, seed=1)
    assert drift(version, workspace, joined(batch, batch)).rows == (120, 200)


@pytest.mark.parametrize("rows", [0, 1, 20])
def test_too_few_rows_are_said(version: VersionFolder, workspace: Workspace, rows: int) -> None:
    found = drift(version, workspace, reviews(20, seed=1).take(range(rows)))
    assert found.advice.message.key == "drift.too_few"
    assert {test.verdict for test in found.tests} == {"unjudged"}


def test_rows_that_were_all_met_before_are_said(version: VersionFolder, workspace: Workspace) -> None:
    assert drift(version, workspace, reviews(400)).advice.message.key == "drift.few_new"


def test_texts_without_words_break_nothing(version: VersionFolder, workspace: Workspace) -> None:
    texts = tuple("?" * (1 + row) for row in range(200))
    found = drift(version, workspace, TextDataset(texts, np.arange(200) % 2, ("negative", "positive")))
    assert (found.words.more, found.to_dict()["new_words"]) == ((), {})


def test_corrections_are_not_taken_for_drift(version: VersionFolder, workspace: Workspace) -> None:
    batch = reviews(200, seed=1)
    found = drift(version, workspace, with_labels(batch, 1 - batch.labels), picked=True)
    assert found.advice.kind == "corrections"


def test_the_same_seed_gives_the_same_report_and_the_batch_stays(version: VersionFolder, workspace: Workspace) -> None:
    batch = reviews(300, seed=1)
    texts, labels = batch.texts, batch.labels.copy()
    once, again = (drift(version, workspace, batch).to_dict() | {"seconds": 0} for _ in range(2))
    assert once == again
    assert batch.texts == texts
    assert (batch.labels == labels).all()


def test_large_batches_are_sampled_and_long_texts_more_so(version: VersionFolder, workspace: Workspace) -> None:
    found = drift(version, workspace, reviews(1500, seed=1))
    assert found.tests[0].rows == (120, 1500)
    assert found.tests[1].rows == (120, COMPARED_ROWS)
    long = reviews(1500, seed=1, extra=" ".join(["really"] * 100))
    assert 300 <= drift(version, workspace, long).tests[1].rows[1] < COMPARED_ROWS


def test_a_deleted_dataset_leaves_the_frozen_tests(version: VersionFolder, workspace: Workspace) -> None:
    workspace.datasets.delete(workspace.datasets.list()[0].id)
    found = drift(version, workspace, reviews(300, seed=1))
    assert found.rows == (80, 300)
    assert found.missing == ("reviews",)
    assert found.advice.kind == "too_few"  # 80 are not enough to reassure


def test_known_words_are_the_vocabulary(version: VersionFolder, workspace: Workspace) -> None:
    words = known_words(version, read_past(version, workspace))
    assert words is not None
    found = words.read(["the KETTLE is gorgeous", "gorgeous, gorgeous sofa"])
    assert found.unknown.tolist() == [1, 4]  # the comma is unknown, too
    assert found.words.tolist() == [4, 4]


def test_with_pieces_of_words_the_learned_texts_say_what_is_known(workspace: Workspace) -> None:
    stored = save(workspace, reviews(200))
    settings = {**FAST, "segmentation": "subwords", "vocabulary_size": 500}
    *_, done = train_classifier(
        TrainRequest(classifier="Pieces", dataset=stored.id, model="ngrams", settings=settings), workspace
    )
    folder = VersionFolder(workspace.registry.folder("Pieces", done.version))
    words = known_words(folder, read_past(folder, workspace))
    assert words is not None
    found = words.read(["the Kettle is 口罩 gorgeous"])
    assert (found.unknown.tolist(), found.words.tolist()) == ([2], [5])
    assert known_words(folder, replace(read_past(folder, workspace), missing=("reviews",))) is None


def test_an_update_keeps_what_was_found(version: VersionFolder, workspace: Workspace) -> None:
    assert version.report()["drift"] is None
    stored = save(workspace, elsewhere(200), "places")
    request = UpdateRequest(classifier="Shop", dataset=stored.id, strategy="replay")
    *_, done = update_classifier(request, workspace)
    kept = VersionFolder(workspace.registry.folder("Shop", done.version)).report()["drift"]
    assert kept["advice"]["kind"] in ("update", "labels")
    assert kept["tests"][1]["verdict"] == "changed"
    assert kept["rows"] == [120, 200]


def test_held_out_rows_were_never_trained_on(version: VersionFolder, workspace: Workspace) -> None:
    past = read_past(version, workspace)
    trained = {text_key(text) for text in past.train[0]}
    held_out = [*version.predictions(1)["text"], *past.validation[0]]
    assert not trained & {text_key(text) for text in held_out}
    assert len(held_out) == drift(version, workspace, reviews(100, seed=1)).rows[0]
