"""Rows are forgotten everywhere they are stored, and nothing else is touched."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.base import faults
from core.base.errors import DataError, JobError
from core.base.events import CheckpointDue, StageStarted
from core.continual.methods import STRATEGIES
from core.continual.methods.exact import RidgeConfig
from core.continual.strategies import ClosedForm, Memory
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import TextDataset
from core.data.dataset.same_text import text_key
from core.data.labelling.corrections import Corrections
from core.data.labelling.sessions import Item, LabellingStore
from core.data.recipe import DropTexts, RenameLabels, text_mark
from core.networks.text import encode_examples
from core.registry.records import plans, receipts, save_plan, save_receipt, unfinished
from core.registry.records import solved as solved_versions
from core.workflows.forget.champions import champions_that_learned
from core.workflows.forget.rows import find_rows, groups_of
from core.workflows.forget.run import ForgetRequest, forget_rows, unfinished_requests
from core.workflows.recipes import save_cleaned
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.past import read_past
from core.workflows.workspace import Workspace, open_workspace
from tests.core.conftest import reviews, save
from tests.core.workflows.forget.conftest import FAST, folder, forget, people, somebody
from tests.encoders import tiny_encoder

HASHED = {"epochs": 1, "hashed_features": 256}


def texts_kept(workspace: Workspace) -> set[str]:
    """Keys of every text that is stored anywhere."""
    kept = {text for stored in workspace.datasets.list() for text in workspace.datasets.load(stored.id).texts}
    for number in (1, 2):
        version = folder(workspace, number)
        memory = version.load_state()["memory"]["rows"]
        kept |= {row[0] for rows in memory.values() for row in rows}
        kept |= {text for record in version.experiences() for text in version.predictions(record.number)["text"]}
    return {text_key(text) for text in kept}


def test_a_person_is_found_in_every_dataset_the_classifier_learned_from(learned: Workspace) -> None:
    assert groups_of("c", learned) == [f"person {number}" for number in range(10)]
    matches = find_rows("c", learned, groups=["person 5"])
    for part in matches.datasets:
        dataset = learned.datasets.load(part.dataset)
        assert dataset.groups is not None
        assert {dataset.groups[row] for row in part.rows} == {"person 5"}
        assert part.left == len(dataset) - len(part.rows)
    assert matches.count == sum(len(part.rows) for part in matches.datasets) > 0


def test_afterwards_no_text_of_the_person_is_stored_anywhere(learned: Workspace) -> None:
    matches = somebody(learned)
    gone = {
        text_key(learned.datasets.load(part.dataset).texts[row])
        for part in matches.datasets
        for row in part.rows.tolist()
    }
    assert gone <= texts_kept(learned)
    before = texts_kept(learned)
    forget(learned, matches)
    assert texts_kept(learned) == before - gone


def test_every_version_still_fits_its_datasets(learned: Workspace) -> None:
    def labelled(number: int) -> set[tuple[str, str]]:
        past = read_past(folder(learned, number), learned)
        assert past.missing == ()
        return {pair for part in (past.train, past.validation) for pair in zip(*part, strict=True)}

    before = {number: labelled(number) for number in (1, 2)}
    matches = somebody(learned)
    gone = {
        learned.datasets.load(matched.dataset).texts[row]
        for matched in matches.datasets
        for row in matched.rows.tolist()
    }
    forget(learned, matches)
    for number in (1, 2):
        assert labelled(number) == {pair for pair in before[number] if pair[0] not in gone}
        version = folder(learned, number)
        for record in version.experiences():
            tested = learned.datasets.load(record.dataset).take(version.rows_of(record.number, "test"))
            assert tested.texts == tuple(version.predictions(record.number)["text"])


def test_the_receipt_counts_what_was_removed_and_names_who_still_carries_it(learned: Workspace) -> None:
    matches = somebody(learned)
    receipt = forget(learned, matches)
    assert sum(dataset["rows"] for dataset in receipt["datasets"]) == matches.count
    assert [version["version"] for version in receipt["versions"]] == [1, 2]
    assert receipt["versions"][1]["train"] == sum(part.parts["train"] for part in matches.datasets)
    assert receipt["exact"] == []
    assert "person" not in str(receipt)


def test_a_single_text_is_found_whatever_its_case_and_leaves_the_queue_too(learned: Workspace) -> None:
    text = learned.datasets.load(folder(learned, 1).experiences()[0].dataset).texts[0]
    queue = Corrections(learned.home)
    queue.add("c", text, "good", predicted="bad", version=1)
    queue.add("c", "something else", "good", predicted="bad", version=1)
    sessions = LabellingStore(learned.home)
    items = [Item(text, "good"), Item("something else", "good")]
    labelling = sessions.begin(items, kind="dataset", name="x", labels=["good", "bad"], order="random")
    receipt = forget(learned, find_rows("c", learned, texts=[f"  {text.upper()} "]))
    assert (receipt["corrections"], receipt["labelling"]) == (1, 1)
    assert [item.text for item in sessions.items(labelling.id)] == ["something else"]
    assert [row.text for row in queue.list("c")] == ["something else"]
    assert text_key(text) not in texts_kept(learned)


def test_the_next_update_works_on_what_is_left(learned: Workspace) -> None:
    forget(learned, somebody(learned))
    third = save(learned, people(reviews(80, seed=3))).id
    update = UpdateRequest(classifier="c", dataset=third, strategy="joint", settings={"epochs": 1})
    assert list(update_classifier(update, learned))[-1].version == 3


@pytest.fixture(scope="module")
def two_once(solved_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classifiers in closed form that learned the same rows, and one that learned them step by step."""
    home = tmp_path_factory.mktemp("two") / "home"
    shutil.copytree(solved_once, home)
    solved = open_workspace(home)
    first, second = (record.dataset for record in folder(solved, 2).experiences())
    sums = TrainRequest(classifier="sums", dataset=first, model="hashed", strategy="ridge", settings=HASHED)
    list(train_classifier(sums, solved))
    list(
        update_classifier(UpdateRequest(classifier="sums", dataset=second, strategy="ridge", promote="always"), solved)
    )
    list(train_classifier(TrainRequest(classifier="deep", dataset=first, model="ngrams", settings=FAST), solved))
    return home


@pytest.fixture
def two(two_once: Path, evergreen_home: Path) -> Workspace:
    shutil.copytree(two_once, evergreen_home, dirs_exist_ok=True)
    return open_workspace(evergreen_home)


def made(receipt: dict[str, Any]) -> list[tuple[str, int]]:
    return [(entry["classifier"], entry["version"]) for entry in receipt["exact"]]


@pytest.mark.parametrize(("asked", "expected"), [("c", [("c", 4), ("sums", 3)]), ("sums", [("sums", 3), ("c", 4)])])
def test_every_champion_in_closed_form_that_learned_the_rows_is_solved_again(
    two: Workspace, asked: str, expected: list[tuple[str, int]]
) -> None:
    matches = find_rows(asked, two, groups=["person 5"])
    learned = {champion.version.classifier: champion.solved for champion in champions_that_learned(matches.rows, two)}
    assert learned == {"c": True, "sums": True, "deep": False}
    *_, ended = forget_rows(request_of(two, classifier=asked, groups=["person 5"]), two)
    (receipt,) = receipts(two.home)
    assert made(receipt) == expected
    assert ended.version == dict(expected)[asked]
    for classifier, number in expected:
        assert refit_difference(VersionFolder(two.registry.folder(classifier, number)), two) < 1e-6
    assert ("deep", 1) in {(held["classifier"], held["version"]) for held in receipt["versions"] if held["train"]}
    runs = [two.registry.version(classifier, number).run_id for classifier, number in expected]
    assert runs[0] == receipt["run"] != runs[1]
    assert {run.run_id: run.state for run in two.registry.runs() if run.run_id in runs} == dict.fromkeys(
        runs, "finished"
    )


@pytest.mark.parametrize("point", ["forget.planned", "forget.exact", "register.before_version:2", "forget.version"])
def test_an_interrupted_forgetting_makes_one_version_of_each(two: Workspace, point: str) -> None:
    request = request_of(two, groups=["person 5"])
    with failing_at(point):
        list(forget_rows(request, two))
    (plan,) = plans(two.home)
    assert {entry["classifier"]: entry["run"] is None for entry in plan["champions"]} == {
        "c": False,
        "deep": True,
        "sums": False,
    }
    list(forget_rows(request, two))
    (receipt,) = receipts(two.home)
    assert made(receipt) == [("c", 4), ("sums", 3)]
    assert [len(two.registry.versions(name)) for name in ("c", "sums", "deep")] == [4, 3, 1]


def test_what_an_earlier_edition_had_begun_is_finished_too(two: Workspace) -> None:
    request = request_of(two, groups=["person 5"])
    with failing_at("forget.planned"):
        list(forget_rows(request, two))
    (plan,) = plans(two.home)
    save_plan({name: value for name, value in plan.items() if name != "champions"}, two.home)
    save_receipt({**receipts(two.home)[0], "exact": None}, two.home)
    list(forget_rows(request, two))
    assert made(receipts(two.home)[0]) == [("c", 4), ("sums", 3)]


def test_receipts_of_earlier_editions_name_their_one_version() -> None:
    assert solved_versions({"classifier": "c", "exact": None}) == []
    assert solved_versions({"classifier": "c", "exact": {"version": 4, "rows": 2}}) == [
        {"classifier": "c", "version": 4, "rows": 2}
    ]


def test_a_text_that_only_waits_as_a_correction_is_counted_as_one(learned: Workspace) -> None:
    Corrections(learned.home).add("c", "waits alone", "good", predicted="bad", version=1)
    matches = find_rows("c", learned, texts=["Waits alone"])
    assert (matches.count, matches.corrections, matches.labelling, matches.kept) == (0, 1, 0, 0)
    *_, ended = forget_rows(request_of(learned, texts=["waits alone"]), learned)
    assert ended.version is None
    assert receipts(learned.home)[0]["corrections"] == 1
    assert Corrections(learned.home).list("c") == []


def refit_difference(version: VersionFolder, workspace: Workspace) -> float:
    """Of what a version's sums give, to a solution from all its training rows anew."""
    strategy = STRATEGIES["ridge"].strategy()(RidgeConfig(), memory=Memory(0))
    strategy.restore(version.load_state())
    assert isinstance(strategy, ClosedForm)
    texts, names = read_past(version, workspace).train
    labels = np.array([version.outputs.index(name) for name in names])
    return strategy.refit_difference(version.load_model(), encode_examples(version.load_pipeline(), texts, labels))


def test_a_closed_form_version_gets_a_successor_that_equals_never_having_seen_the_rows(solved: Workspace) -> None:
    receipt = forget(solved, somebody(solved))
    (exact,) = receipt["exact"]
    assert (exact["version"], exact["parent"]) == (4, 3)
    assert exact["coefficient_change"] > 0
    assert exact["encoder_carries"]  # the bag's vectors were learned from the first rows, step by step
    version = folder(solved, 4)
    assert refit_difference(version, solved) < 1e-6
    report = version.report()
    assert len(report["accuracy_matrix"]) == len(report["experiences"]) == 3
    assert report["gate"] is None
    champion = solved.registry.champion("c")
    assert champion is not None
    assert champion.number == 3
    assert [version["version"] for version in receipt["versions"]] == [1, 2, 3]


def test_a_first_version_whose_head_was_solved_is_solved_again(workspace: Workspace, tmp_path: Path) -> None:
    stored = save(workspace, people(reviews(80, seed=1))).id
    settings = {"encoder": f"folder:{tiny_encoder(tmp_path)}", "tuning": "frozen", "max_length": 24}
    request = TrainRequest(classifier="c", dataset=stored, model="encoder", strategy="ridge", settings=settings)
    list(train_classifier(request, workspace))
    receipt = forget(workspace, somebody(workspace))
    (exact,) = receipt["exact"]
    assert (exact["version"], exact["parent"], exact["encoder_carries"]) == (2, 1, False)
    assert refit_difference(folder(workspace, 2), workspace) < 1e-6
    assert folder(workspace, 2).report()["strategy"] == "ridge"


def test_older_sums_lose_the_rows_too_so_that_no_later_update_brings_them_back(solved: Workspace) -> None:
    forget(solved, somebody(solved))
    assert refit_difference(folder(solved, 3), solved) < 1e-6


def test_a_run_killed_after_the_new_version_goes_on_with_it(solved: Workspace) -> None:
    matches = somebody(solved)
    rows = {part.dataset: part.rows.tolist() for part in matches.datasets}
    request = ForgetRequest(classifier="c", rows=rows, digests=sorted(matches.digests))
    state = {}
    for event in forget_rows(request, solved):
        if isinstance(event, CheckpointDue):
            state = event.state
        if isinstance(event, StageStarted) and event.message.key == "stage.forget_remove":
            break
    assert folder(solved, 4).report()["forgotten"]["rows"] > 0
    ended = list(forget_rows(request, solved, resume=state))[-1]
    assert ended.version == 4
    assert len(solved.registry.versions("c")) == 4
    assert [made["version"] for made in receipts(solved.home)[0]["exact"]] == [4]


def request_of(workspace: Workspace, *, classifier: str = "c", **asked: Any) -> ForgetRequest:
    matches = find_rows(classifier, workspace, **asked)
    digests, wanted, people = (sorted(hashes) for hashes in (matches.digests, matches.wanted, matches.people))
    return ForgetRequest(classifier=classifier, rows=matches.rows, digests=digests, wanted=wanted, people=people)


@contextmanager
def failing_at(point: str) -> Iterator[None]:
    faults.arm(f"{point}!EIO")
    try:
        with pytest.raises(OSError, match=re.escape(point.partition(":")[0])):
            yield
    finally:
        faults.arm(None)


def test_an_interrupted_run_is_said_to_be_unfinished_and_the_same_request_finishes_it(learned: Workspace) -> None:
    request = request_of(learned, groups=["person 1", "person 2"])
    gone = {
        text_key(learned.datasets.load(dataset).texts[row]) for dataset, rows in request.rows.items() for row in rows
    }
    with failing_at("forget.version"):
        list(forget_rows(request, learned))
    (begun,) = receipts(learned.home)
    assert unfinished(begun)
    with pytest.raises(JobError, match="only partly forgotten"):
        list(forget_rows(request_of(learned, groups=["person 3"]), learned))
    assert unfinished_requests(learned) == [request]
    ended = list(forget_rows(request, learned))[-1]
    (receipt,) = receipts(learned.home)
    assert (receipt["id"], receipt["state"]) == (begun["id"], "done") == (ended.receipt, "done")
    assert receipt["versions"] == begun["versions"]
    assert unfinished_requests(learned) == []
    assert texts_kept(learned).isdisjoint(gone)


def test_a_version_made_between_the_kill_and_the_end_is_cleared_and_named(learned: Workspace) -> None:
    request = request_of(learned, groups=["person 1"])
    gone = {
        text_key(learned.datasets.load(dataset).texts[row]) for dataset, rows in request.rows.items() for row in rows
    }
    with failing_at("forget.solved"):
        list(forget_rows(request, learned))
    third = save(learned, reviews(80, seed=3)).id
    update = UpdateRequest(classifier="c", dataset=third, strategy="joint", settings={"epochs": 1})
    list(update_classifier(update, learned))
    list(forget_rows(request, learned))
    (receipt,) = receipts(learned.home)
    assert [version["version"] for version in receipt["versions"]] == [1, 2, 3]
    memory = folder(learned, 3).load_state()["memory"]["rows"]
    assert gone.isdisjoint(text_key(row[0]) for rows in memory.values() for row in rows)


def test_a_dataset_that_was_made_after_the_request_loses_the_rows_too(learned: Workspace) -> None:
    request = request_of(learned, groups=["person 5"])
    raw = folder(learned, 1).experiences()[0].dataset
    classes = learned.datasets.info(raw).classes
    renamed = save_cleaned(learned, raw, [RenameLabels(names={name: name.upper() for name in classes})])
    list(forget_rows(request, learned))
    assert renamed.id not in {stored.id for stored in learned.datasets.list()}
    for stored in learned.datasets.list():
        assert "person 5" not in (learned.datasets.load(stored.id).groups or ())


def test_a_text_leaves_datasets_that_no_classifier_learned_from(learned: Workspace) -> None:
    text = reviews(80, seed=1).texts[0]
    other = save(learned, TextDataset((text.upper(), "another", "a third"), np.array([0, 1, 1]), ("x", "y")), "other")
    receipt = forget(learned, find_rows("c", learned, texts=[text]))
    assert {dataset["name"] for dataset in receipt["datasets"]} == {"reviews", "other"}
    (left,) = [dataset for dataset in learned.datasets.list() if dataset.name == "other"]
    assert left.id != other.id
    assert learned.datasets.load(left.id).texts == ("another", "a third")


def test_a_test_that_would_lose_all_its_rows_is_refused_before_anything_changes(learned: Workspace) -> None:
    before = texts_kept(learned)
    with pytest.raises(DataError, match="Nothing was changed"):
        forget(learned, find_rows("c", learned, groups=groups_of("c", learned)))
    assert texts_kept(learned) == before


def test_rows_that_were_never_learned_are_not_found(learned: Workspace) -> None:
    with pytest.raises(DataError, match="has learned from no such rows"):
        find_rows("c", learned, groups=["nobody"], texts=["never written"])
    assert receipts(learned.home) == []


def test_the_raw_table_behind_a_cleaned_one_is_cleared_too(evergreen_home: Path, new_store: Path) -> None:
    shutil.copy(new_store, evergreen_home / "mlflow.db")
    workspace = open_workspace(evergreen_home)
    raw = save(workspace, people(reviews(80, seed=1)))
    renamed = RenameLabels(names={raw_label: raw_label.upper() for raw_label in raw.classes})
    cleaned = save_cleaned(workspace, raw.id, [renamed])
    other = save_cleaned(workspace, raw.id, [DropTexts(marks=(text_mark(workspace.datasets.load(raw.id).texts[0]),))])
    unrelated = save(workspace, people(reviews(40, seed=9)))
    list(train_classifier(TrainRequest(classifier="c", dataset=cleaned.id, model="ngrams", settings=FAST), workspace))
    matches = find_rows("c", workspace, groups=["person 5"])
    assert {part.dataset for part in matches.datasets} == {raw.id, cleaned.id, other.id}
    assert sum(sum(part.parts.values()) for part in matches.datasets) == len(matches.datasets[0].rows)
    receipt = forget(workspace, matches)
    assert len(receipt["datasets"]) == 3
    left = {stored.id: stored for stored in workspace.datasets.list()}
    assert not left.keys() & {raw.id, cleaned.id, other.id}
    for stored in left.values():
        people_left = set(workspace.datasets.load(stored.id).groups or ())
        assert ("person 5" in people_left) == (stored.id == unrelated.id)
    parents = {stored.source["parent"] for stored in left.values() if "parent" in stored.source}
    assert len(parents) == 1
    assert parents < left.keys()


def test_a_person_is_found_wherever_a_column_of_the_same_name_says_so(learned: Workspace) -> None:
    """Also in what another classifier learned from, or nobody; not where the column means something else."""

    def stored(seed: int, group: str) -> str:
        dataset = people(reviews(40, seed=seed))
        return learned.datasets.save(dataset, name=group, roles=ColumnRoles("text", "label", group=group)).id

    first, same, other = stored(21, "person"), stored(22, "person"), stored(23, "shop")
    list(train_classifier(TrainRequest(classifier="d", dataset=first, model="ngrams", settings=FAST), learned))
    matches = find_rows("d", learned, groups=["person 5"])
    assert {part.dataset for part in matches.datasets} == {first, same}
    forget(learned, matches)
    left = {info.name: learned.datasets.load(info.id) for info in learned.datasets.list()}
    assert "person 5" in (left["shop"].groups or ())
    assert other in {info.id for info in learned.datasets.list()}
    assert "person 5" not in (left["person"].groups or ())
