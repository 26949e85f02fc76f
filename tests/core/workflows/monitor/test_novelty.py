"""Texts in use that resemble nothing learned: how many, what becomes of the reference, and which groups want a label."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from core.base.errors import DataError
from core.cli.main import main
from core.data.labelling.sessions import LabellingStore
from core.networks.text.words import words_in
from core.registry import VersionInfo
from core.serving.engines.graphs import load_version
from core.serving.monitor.keeping import Keeping
from core.serving.monitor.recorder import Recorder
from core.serving.monitor.store import MonitorStore
from core.upkeep.deleting import delete_model
from core.workflows.forget.rows import find_rows
from core.workflows.forget.run import ForgetRequest, forget_rows
from core.workflows.monitor.groups import FEWEST, NovelGroups, named_groups, novel_groups, one_group, stable_groups
from core.workflows.monitor.labelling import begin_with_group, tell_truths
from core.workflows.monitor.novelty import NoveltyLook, novelty
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.novelty import reference_of
from core.workflows.workspace import Workspace
from tests.core.conftest import reviews, save

TODAY = date.today()
LATE = ("parcel", "courier", "delivery", "tracking", "postponed", "Thursday")
BILL = ("invoice", "refund", "payment", "charged", "twice", "euros")
Served = tuple[Workspace, VersionInfo, VersionFolder]


@pytest.fixture
def served(workspace: Workspace) -> Served:
    stored = save(workspace, reviews(600))
    list(train_classifier(TrainRequest(classifier="Shop", dataset=stored.id, model="linear"), workspace))
    version = workspace.registry.resolve("Shop", None)
    MonitorStore(workspace.home).keep("Shop", Keeping(kept_texts="sample"))
    return workspace, version, VersionFolder(workspace.registry.folder_of(version))


def new_topics(rows: int) -> list[str]:
    """Texts of two topics that no review has: a late parcel, and a wrong bill."""
    generator = np.random.default_rng(0)
    fillers = "yesterday morning still nobody answers hotline patience customer year again order address door".split()
    texts = []
    for row in range(rows):
        words = [*generator.permutation(LATE if row % 2 else BILL)[:5], *generator.permutation(fillers)[:3]]
        texts.append(f"{' '.join(generator.permutation(words))}, case {row}")
    return texts


def ask(served: Served, texts: list[str], day: date = TODAY) -> None:
    workspace, version, folder = served
    engine = load_version(folder.path)
    recorder = Recorder(workspace.home, today=lambda: day)
    answers = engine.answer(texts)
    recorder.noting("Shop", version.number, folder.path, engine, "table")(
        texts, answers.values, answers.truncated, 0.01
    )
    recorder.close()


def look(served: Served) -> NoveltyLook:
    workspace, version, folder = served
    return novelty(version, workspace, folder)


def groups(served: Served) -> NovelGroups:
    workspace, version, folder = served
    return novel_groups(look(served), version, workspace, folder, days=30)


def test_usual_texts_are_marked_no_more_than_said_and_form_no_group(served: Served) -> None:
    ask(served, list(reviews(200, seed=0).texts), TODAY - timedelta(days=1))
    ask(served, list(reviews(10, seed=0).texts))
    seen = look(served)
    assert seen.verdict == "usual"
    assert seen.by == "spelling"
    assert [day.rows for day in seen.days] == [200, 10]
    assert seen.rows == 210
    assert seen.share is not None
    assert seen.share.value <= seen.usual
    assert "5%" in str(seen.told)
    assert groups(served).groups == ()


def test_texts_that_nothing_learned_resembles_are_told_by_day(served: Served) -> None:
    ask(served, list(reviews(100, seed=0).texts), TODAY - timedelta(days=1))
    ask(served, [f"快递很慢，第{row}次了，客服也不理人" for row in range(60)])
    seen = look(served)
    before, after = seen.days
    assert (after.marked, after.share.value) == (60, 1.0)
    assert before.share.value <= before.usual < 1
    assert seen.verdict == "more"
    assert seen.told.key == "monitor.novelty_more"
    told = seen.to_dict()
    assert told["days"][1]["marked"] == 60
    assert told["expected"] == 0.05
    json.dumps(told)


def test_few_answers_and_answers_from_before_are_not_judged(served: Served) -> None:
    workspace, _, folder = served
    workspace.registry.files.reference_of(folder.path).unlink()
    ask(served, list(reviews(50, seed=0).texts))
    assert look(served).verdict == "waiting"  # and makes the reference
    ask(served, list(reviews(20, seed=0).texts))
    seen = look(served)
    assert (seen.verdict, seen.rows) == ("few", 20)
    assert "20 texts are too few" in str(seen.told)


def test_where_the_learned_texts_are_gone_nothing_is_said(served: Served) -> None:
    workspace, _, folder = served
    workspace.registry.files.reference_of(folder.path).unlink()
    workspace.datasets.erase(folder.experiences()[0].dataset)
    ask(served, list(reviews(50, seed=0).texts))
    seen = look(served)
    assert seen.verdict == "unknown"
    assert (seen.by, seen.share, seen.days) == (None, None, ())
    assert "cannot be known" in str(seen.told)


def test_what_was_kept_of_learned_texts_goes_when_rows_are_forgotten_and_is_made_anew_without_them(
    served: Served,
) -> None:
    workspace, version, folder = served
    path = workspace.registry.files.reference_of(folder.path)
    before = path.read_bytes()
    texts = [workspace.datasets.load(folder.experiences()[0].dataset).texts[row] for row in folder.rows_of(1, "train")]
    matches = find_rows("Shop", workspace, texts=texts[:100])
    request = ForgetRequest(
        classifier="Shop",
        rows={name: sorted(rows) for name, rows in matches.rows.items()},
        digests=sorted(matches.digests),
        wanted=sorted(matches.wanted),
        people=[],
    )
    list(forget_rows(request, workspace))
    assert not list(path.parent.glob("*"))
    again = VersionFolder(workspace.registry.folder_of(version))
    made = reference_of(again, workspace)
    assert made is not None
    assert made.learned == len(texts) - 100
    assert path.read_bytes() != before


def test_a_deleted_model_takes_its_reference_along(served: Served) -> None:
    workspace, _, folder = served
    path = workspace.registry.files.reference_of(folder.path)
    assert path.exists()
    delete_model(workspace.home, "Shop")
    assert not path.exists()


def test_two_new_topics_are_two_groups_with_their_words(served: Served) -> None:
    ask(served, [*reviews(100, seed=0).texts, *new_topics(80)])
    found = groups(served)
    assert found.texts >= 75
    assert len(found.groups) == 2
    for group in found.groups:
        held = [sum(sum(word in text for word in topic) > 2 for text in group.texts) for topic in (LATE, BILL)]
        assert min(held) == 0
        assert max(held) > 35
    names = " ".join(group.name for group in found.groups).casefold()
    assert any(word in names for word in LATE)
    assert any(word in names for word in BILL)
    assert found.left == found.texts - sum(len(group.texts) for group in found.groups)
    assert all(len(group["examples"]) == 3 for group in found.to_dict()["groups"])


def test_texts_without_structure_form_no_group() -> None:
    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(120, 10))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert (stable_groups(vectors) >= 0).mean() < 0.25
    assert (stable_groups(np.zeros((50, 3))) == -1).all()
    assert (stable_groups(vectors[: 2 * FEWEST - 1]) == -1).all()


def test_clear_groups_come_back_and_a_small_one_is_left_over() -> None:
    generator = np.random.default_rng(0)
    centres = np.eye(4)[[0] * 30 + [1] * 20 + [2] * (FEWEST - 3)]
    vectors = centres + generator.normal(scale=0.05, size=centres.shape)
    found = stable_groups(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    assert len(set(found[:30].tolist())) == len(set(found[30:50].tolist())) == 1
    assert found[0] != found[30]
    assert -1 not in found[:50]


def test_a_single_new_topic_is_one_group_without_the_texts_that_only_seem_new() -> None:
    learned = words_in([str(text) for text in reviews(200).texts])
    words = words_in([*(text for text in new_topics(40) if "case" in text), *["something else entirely"] * 5])
    late = [*words[1:40:2], *words[40:]]
    assert one_group(late, learned).tolist() == [0] * 20 + [-1] * 5
    assert (one_group(late[:5], learned) == -1).all()  # too few
    assert (one_group([], learned) == -1).all()


def test_equal_texts_are_grouped_without_a_warning() -> None:
    assert (stable_groups(np.tile([1.0, 0.0], (40, 1))) == -1).all()
    two = stable_groups(np.repeat([[1.0, 0.0], [0.0, 1.0]], 20, axis=0))
    assert len(set(two[:20].tolist())) == len(set(two[20:].tolist())) == 1
    assert two[0] != two[20]


def test_chinese_groups_are_named_by_words_and_those_without_any_are_none() -> None:
    late = ["快递一直没到", "快递太慢了，物流不动", "物流三天没动", "快递员态度差"] * 3
    other = ["今天天气不错", "我想退款", "手机屏幕碎了", "水果很新鲜"] * 3
    texts = [*late, *other]
    numbers = np.array([0] * len(late) + [-1] * len(other))
    (group,) = named_groups(texts, words_in(texts), numbers, np.ones((len(texts), 1)), words_in(["质量很好"] * 20))
    assert set(group.words[:2]) == {"快递", "物流"}
    assert group.name == " ".join(group.words[:2])
    same = ["一样的文本"] * 16
    nothing = named_groups(same, words_in(same), np.repeat([0, 1], 8), np.ones((16, 1)), words_in(same))
    assert nothing == ()


def test_a_group_is_labelled_with_its_name_beside_the_labels_there_are(served: Served) -> None:
    workspace, version, folder = served
    texts = new_topics(20)
    session = begin_with_group(version, workspace.home, folder, name="  late   parcel ", texts=texts)
    assert session.labels == ("negative", "positive", "late parcel")
    assert session.rows == 20
    sessions = LabellingStore(workspace.home)
    sessions.answer(session.id, 0, "late parcel")
    assert tell_truths(session, workspace.home) == 0  # they say nothing of the score of usual texts
    known = begin_with_group(version, workspace.home, folder, name="Positive", texts=texts)
    assert known.labels == ("negative", "positive")


@pytest.mark.parametrize("name", ["", "   ", "a|b"])
def test_a_group_without_a_usable_name_is_not_labelled(served: Served, name: str) -> None:
    workspace, version, folder = served
    with pytest.raises(DataError, match="Give the group another"):
        begin_with_group(version, workspace.home, folder, name=name, texts=new_topics(20))
    assert LabellingStore(workspace.home).list() == []


def test_the_command_tells_it(served: Served, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["monitor", "show", "--classifier", "Shop", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["novelty"] is None
    ask(served, [*reviews(60, seed=0).texts, *new_topics(60)])
    assert main(["monitor", "show", "--classifier", "Shop"]) == 0
    told = capsys.readouterr().out
    assert "resemble nothing that version 1 learned" in told
    assert told.count("Proposed label '") == 2
    assert main(["monitor", "show", "--classifier", "Shop", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)["novelty"]
    assert content["verdict"] == "more"
    assert len(content["groups"]) == 2
