"""After forgetting, every figure of a version is that of the rows which its frozen tests still hold."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.base import integrity
from core.continual.matrix import forgetting
from core.jobs import JobQueue
from core.registry.records.reports import measured_again as measured_again_sentence
from core.serving.engines.graphs import load_version
from core.tasks.text_classification.calibration import expected_calibration_error
from core.tasks.text_classification.pairs import paired_difference
from core.tasks.text_classification.scores import evaluate_predictions
from core.workflows.forget.run import forget_rows
from core.workflows.learn.calibrating import calibration_on_tests
from core.workflows.requests import UpdateRequest
from core.workflows.standings import known_to, today
from core.workflows.update.run import update_classifier
from core.workflows.versions.decide import stored_evidence
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.measured import measured_again
from core.workflows.versions.summary import summary_of
from core.workflows.workspace import Workspace, open_workspace
from tests.core.conftest import reviews, save
from tests.core.workflows.forget.conftest import folder, forget, people, request_for, somebody
from tests.core.workflows.forget.test_run import failing_at, request_of


@pytest.fixture(scope="module")
def line_once(learned_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three versions, each made from the one before, with replay."""
    home = tmp_path_factory.mktemp("line") / "home"
    shutil.copytree(learned_once, home)
    learned = open_workspace(home)
    third = save(learned, people(reviews(80, seed=3, third_label=True)), "third").id
    update = UpdateRequest(classifier="c", dataset=third, strategy="replay", settings={"epochs": 1})
    list(update_classifier(update, learned))
    return home


@pytest.fixture
def line(line_once: Path, evergreen_home: Path) -> Workspace:
    shutil.copytree(line_once, evergreen_home, dirs_exist_ok=True)
    return open_workspace(evergreen_home)


def versions(workspace: Workspace) -> list[tuple[VersionFolder, VersionFolder | None]]:
    """Every version's folder with its parent's."""
    known = {version.number: folder(workspace, version.number) for version in workspace.registry.versions("c")}
    parents = {version.number: version.parent for version in workspace.registry.versions("c")}
    return [(own, known.get(parents[number] or 0)) for number, own in known.items()]


def numbers(names: Any, classes: tuple[str, ...]) -> np.ndarray:
    return np.array([classes.index(str(name)) for name in names], dtype=np.int64)


def assert_fits(own: VersionFolder, parent: VersionFolder | None) -> None:
    """The report says what its predictions say, worked out here from the tables alone."""
    report, classes = own.report(), own.outputs
    records = own.experiences()
    tables = [own.predictions(record.number) for record in records]
    assert [test["rows"] for test in report["tests"]] == [len(table) for table in tables]
    assert [record["test"] for record in report["experiences"]] == [len(table) for table in tables]
    assert [record.train for record in records] == [len(own.rows_of(record.number, "train")) for record in records]
    assert report["overall"]["rows"] == report["calibration"]["test_rows"] == sum(map(len, tables))
    truths = [numbers(table["truth"], classes) for table in tables]
    answers = [numbers(table["predicted"], classes) for table in tables]
    pooled = evaluate_predictions(np.concatenate(truths), np.concatenate(answers), classes)
    assert report["overall"] == pooled.to_dict()
    for test, truth, answer in zip(report["tests"], truths, answers, strict=True):
        assert test["report"] == evaluate_predictions(truth, answer, classes).to_dict()
    for name in ("accuracy", "macro_f1"):
        assert report[f"{name}_matrix"][-1] == [test["report"][name]["value"] for test in report["tests"]]
    right = np.concatenate(truths) == np.concatenate(answers)
    sure = np.concatenate([table.filter(regex=r"^p_\d+$").max(axis=1) for table in tables])
    assert report["calibration"]["after"]["ece"]["value"] == pytest.approx(expected_calibration_error(sure, right))
    if parent is not None:
        assert_fits_beside(report, parent, tables, truths, answers, classes)


def assert_fits_beside(
    report: dict[str, Any],
    parent: VersionFolder,
    tables: list[Any],
    truths: list[np.ndarray],
    answers: list[np.ndarray],
    classes: tuple[str, ...],
) -> None:
    engine, older = load_version(parent.path), parent.report()["accuracy_matrix"]
    for position, (test, table) in enumerate(zip(report["tests"], tables, strict=True)):
        before = numbers(engine.predict(table["text"].tolist()), classes)
        truth, after = truths[position], answers[position]
        assert test["before"]["accuracy"]["value"] == pytest.approx((before == truth).mean())
        for metric in ("accuracy", "macro_f1"):
            assert test["difference"][metric] == paired_difference(truth, before, after, metric=metric).to_dict()
        if len(older) < len(report["accuracy_matrix"]):  # else the version took its parent's row
            assert report["accuracy_matrix"][-2][position] == pytest.approx((before == truth).mean())
    matrix = np.array(report["accuracy_matrix"], dtype=float)
    assert report["continual"]["forgetting"] == pytest.approx(forgetting(matrix))
    evidence = stored_evidence(report)
    if report["gate"] is not None:
        assert evidence is not None
        assert evidence.calibration is not None
        assert evidence.strata is not None
        assert evidence.calibration.rows == report["overall"]["rows"]
        assert sum(stratum.rows for stratum in evidence.strata) == sum(map(len, tables[:-1]))


def test_without_a_row_less_the_figures_come_out_as_they_were_reported(solved: Workspace) -> None:
    for own, parent in versions(solved):
        report = own.report()
        figures, scores = measured_again(own, report, parent)
        assert figures.pop("baseline") != report["baseline"]
        assert figures.keys() >= {"overall", "tests", "accuracy_matrix", "macro_f1_matrix", "continual"}
        assert {name: report[name] for name in figures} == figures
        trust = calibration_on_tests(own.temperature, scores, own.outputs)
        assert {name: report["calibration"][name] for name in trust} == trust


def test_every_version_of_the_line_is_measured_on_the_rows_that_are_left(line: Workspace) -> None:
    before = [own.report() for own, _ in versions(line)]
    forget(line, somebody(line))
    for (own, parent), was in zip(versions(line), before, strict=True):
        report = own.report()
        assert report["overall"]["rows"] < was["overall"]["rows"]
        assert_fits(own, parent)
        assert (report["gate"], report["epochs"]) == (was["gate"], was["epochs"])
        assert integrity.damaged(own.path) == []


def test_a_version_solved_without_the_rows_fits_them_and_so_does_its_parent(solved: Workspace) -> None:
    forget(solved, somebody(solved))
    known = versions(solved)
    assert len(known) == 4
    for own, parent in known:
        assert_fits(own, parent)
    assert measured_again_sentence(known[-1][0].report()) is None  # it was made on the rows that are left


def test_all_pages_that_ask_for_todays_tests_find_the_reports_rows(line: Workspace) -> None:
    forget(line, somebody(line))
    same = today(known_to(line.registry, "c"), line.home)
    assert same is not None
    report = folder(line, same.reference).report()
    assert [rows for _, _, rows in same.tests] == [test["rows"] for test in report["tests"]]
    together = same.report(same.reference)
    assert together is not None
    assert together.to_dict() == report["overall"]


def test_what_is_of_before_says_so_with_its_rows(line: Workspace) -> None:
    own = folder(line, 3)
    was = own.report()
    assert measured_again_sentence(was) is None
    forget(line, somebody(line))
    report = own.report()
    assert report["baseline"]["report"] == was["baseline"]["report"]
    assert [test["rows"] for test in report["baseline"]["tests"]] == [test["rows"] for test in was["tests"]]
    told = measured_again_sentence(report)
    assert told is not None
    assert told.facts == {"left": report["overall"]["rows"], "rows": was["overall"]["rows"]}
    assert str(told) in (own.path / "model_card.md").read_text(encoding="utf-8")
    more = str(own.predictions(1)["text"][0])
    list(forget_rows(request_of(line, texts=[more]), line))  # the baseline is still of the first rows
    again = measured_again_sentence(own.report())
    assert again is not None
    assert again.facts["rows"] == was["overall"]["rows"]
    assert again.facts["left"] < told.facts["left"]


def test_training_rows_alone_leave_the_figures_as_they_are(line: Workspace) -> None:
    tested = {
        text
        for own, _ in versions(line)
        for record in own.experiences()
        for text in own.predictions(record.number)["text"]
    }
    dataset = line.datasets.load(folder(line, 1).experiences()[0].dataset)
    learned = [dataset.texts[row] for row in folder(line, 1).rows_of(1, "train")][:3]
    assert tested.isdisjoint(learned)
    was = folder(line, 3).report()
    list(forget_rows(request_of(line, texts=learned), line))
    report = folder(line, 3).report()
    assert {name: report[name] for name in ("overall", "tests", "accuracy_matrix")} == {
        name: was[name] for name in ("overall", "tests", "accuracy_matrix")
    }
    assert report["experiences"][0]["train"] == was["experiences"][0]["train"] - 3
    assert measured_again_sentence(report) is None


def test_the_memory_is_counted_anew(line: Workspace) -> None:
    forget(line, somebody(line))
    for own, _ in versions(line):
        rows = own.load_state()["memory"]["rows"]
        assert own.report()["memory_rows"] == sum(map(len, rows.values()))


def assert_lists_agree(workspace: Workspace) -> None:
    """What lists show of each version is what its files say, and each version's dataset is there."""
    stored = {info.id for info in workspace.datasets.list()}
    for version in workspace.registry.versions("c"):
        own = folder(workspace, version.number)
        summary = json.loads(json.dumps(summary_of(own.report())))
        assert version.summary == integrity.read_record(own.path)["summary"] == summary
        assert version.summary["dataset"] in stored
        assert version.summary["rows"] == len(own.rows_of(len(own.experiences()), "train"))


def test_lists_show_the_new_figures_and_name_the_dataset_that_is_there(line: Workspace) -> None:
    forget(line, somebody(line))
    assert_lists_agree(line)


@pytest.mark.parametrize("point", ["rewrite.placed", "rewrite.changed:2", "forget.version", "forget.deleted"])
def test_an_interrupted_run_is_finished_with_the_same_figures(line: Workspace, point: str) -> None:
    request = request_for(somebody(line))
    with failing_at(point):
        list(forget_rows(request, line))
    list(forget_rows(request, line))
    for own, parent in versions(line):
        assert_fits(own, parent)
    assert_lists_agree(line)


def test_where_the_parent_was_deleted_nothing_is_compared_and_nothing_old_is_left(line: Workspace) -> None:
    line.registry.promote("c", 3)
    line.registry.delete_version("c", 2)
    was = folder(line, 3).report()
    forget(line, somebody(line))
    own = folder(line, 3)
    assert_fits(own, None)
    report = own.report()
    assert [test["before"] for test in report["tests"]] == [None] * 3
    assert stored_evidence(report) is None
    assert report["gate"] == was["gate"]
    tables = [own.predictions(record.number) for record in own.experiences()]
    for row in range(2):  # how each row was answered before is kept with it
        expected = [
            np.mean([signs[row + 1] == "x" for signs in table["right"]]) if column <= row + 1 else None
            for column, table in enumerate(tables)
        ]
        assert report["accuracy_matrix"][row] == expected
    assert report["macro_f1_matrix"][:2] == [[None] * 3] * 2


def test_versions_that_the_database_lost_fit_their_rows_too(line: Workspace, new_store: Path, tmp_path: Path) -> None:
    request = request_for(somebody(line))
    made = [version.run_id for version in line.registry.versions("c")]
    home = tmp_path / "lost"
    shutil.copytree(line.home, home, ignore=shutil.ignore_patterns("mlflow.db*", "registry.json"))
    shutil.copy(new_store, home / "mlflow.db")
    lost = open_workspace(home)
    list(forget_rows(request, lost))
    parent = None
    for run_id in made:
        own = VersionFolder(lost.registry.files.place_of(run_id))
        assert measured_again_sentence(own.report()) is not None
        assert_fits(own, parent)
        summary = integrity.read_record(own.path)["summary"]
        assert summary == json.loads(json.dumps(summary_of(own.report())))
        parent = own


def test_a_run_that_waits_names_the_dataset_that_took_the_place(line: Workspace) -> None:
    batch = folder(line, 3).experiences()[-1].dataset
    queue = JobQueue(line.home, command=("true",))
    config = {"classifier": "c", "dataset": batch, "strategy": "joint", "settings": {"epochs": 1}}
    job = queue.submit("update", title="c", classifier="c", config=config)
    forget(line, somebody(line))
    asked = queue.get(job.id).config
    assert asked == {**config, "dataset": folder(line, 3).experiences()[-1].dataset}
    assert asked["dataset"] in {info.id for info in line.datasets.list()} - {batch}
