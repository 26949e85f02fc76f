"""After rows were forgotten, pages that were looked at before show the figures of the rows that are left, and say so."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.workflows.forget.rows import find_rows, groups_of
from core.workflows.forget.run import ForgetRequest, forget_rows
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace, open_workspace
from dashboard.shell.i18n import translate
from tests.core.conftest import reviews, save
from tests.dashboard.conftest import open_tab
from tests.dashboard.settings.test_forget import speak

NAME = "shop"
SETTINGS = {"epochs": 1, "embedding_size": 8, "buckets": 1024}
OpenPage = Callable[..., AppTest]


@pytest.fixture(scope="module")
def made(make_home: Callable[[str], Path]) -> Path:
    """A classifier with a candidate that waits; rows of ten people."""
    workspace = open_workspace(make_home("made"))
    stored = []
    for seed in (1, 2):
        dataset = reviews(160, seed=seed)
        people = tuple(f"person {row % 10}" for row in range(len(dataset)))
        stored.append(save(workspace, replace(dataset, groups=people), name=f"part {seed}").id)
    list(
        train_classifier(TrainRequest(classifier=NAME, dataset=stored[0], model="ngrams", settings=SETTINGS), workspace)
    )
    update = UpdateRequest(classifier=NAME, dataset=stored[1], strategy="replay", settings={"epochs": 1})
    list(update_classifier(update, workspace))
    return workspace.home


@pytest.fixture
def workspace(made: Path, evergreen_home: Path) -> Workspace:
    shutil.copytree(made, evergreen_home, dirs_exist_ok=True)
    return open_workspace(evergreen_home)


@pytest.fixture(scope="module")
def asked(made: Path) -> ForgetRequest:
    """To forget the rows of somebody who stands in the newest version's tests."""
    workspace = open_workspace(made)
    matches = (find_rows(NAME, workspace, groups=[group]) for group in groups_of(NAME, workspace))
    wanted = max(matches, key=lambda match: sum(part.parts["test"] for part in match.datasets))
    return ForgetRequest(classifier=NAME, rows=wanted.rows, digests=sorted(wanted.digests))


def forget(workspace: Workspace, asked: ForgetRequest) -> None:
    list(forget_rows(asked, workspace))


def rows_tested(workspace: Workspace, number: int) -> list[int]:
    folder = VersionFolder(workspace.registry.folder(NAME, number))
    return [len(folder.predictions(record.number)) for record in folder.experiences()]


def shown(page: AppTest) -> str:
    parts = [*page.markdown, *page.info, *page.warning, *page.error, *page.caption]
    return "\n".join(str(part.value) for part in parts)


def say(language: str, key: str, **facts: object) -> str:
    return translate(language, key, facts)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", ["evaluate", "overview", "update"])
def test_the_page_says_which_rows_its_figures_are_of(
    workspace: Workspace,
    asked: ForgetRequest,
    open_page: OpenPage,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    language: str,
) -> None:
    speak(language, monkeypatch)
    number = 2 if name == "update" else 1  # the candidate, or the version that serves
    before = sum(rows_tested(workspace, number))
    page = open_page(name, language=language, classifier=NAME)
    forget(workspace, asked)
    page.run()
    assert not page.exception
    after = sum(rows_tested(workspace, number))
    assert after < before
    told = {
        "en": f"its scores are of the {after} rows that are left.",
        "zh": f"它的分数按剩下的 {after} 行计算。",
    }[language]
    assert told in shown(page)
    assert str(before) in next(line for line in shown(page).split("\n") if told in line)


def test_the_choice_of_tests_has_the_rows_that_are_left(
    workspace: Workspace, asked: ForgetRequest, open_page: OpenPage
) -> None:
    page = open_page("evaluate", classifier=NAME)
    page.session_state["evaluate.version"] = 2
    page.run()
    forget(workspace, asked)
    page.run()
    assert not page.exception
    left = rows_tested(workspace, 2)
    options = page.selectbox(key="evaluate.test").options
    assert [str(rows) in option for rows, option in zip([sum(left), *left], options, strict=True)] == [True] * 3


def test_the_candidates_evidence_is_of_the_rows_that_are_left(
    workspace: Workspace, asked: ForgetRequest, open_page: OpenPage
) -> None:
    page = open_page("update", classifier=NAME)
    forget(workspace, asked)
    page.run()
    assert not page.exception
    table = next(frame.value for frame in page.dataframe if "Answered by" in frame.value)
    table = table[table["Answered by"].str.contains("candidate") & (table["Test"] != "All tests")]
    assert table["Rows"].tolist() == rows_tested(workspace, 2)
    report = VersionFolder(workspace.registry.folder(NAME, 2)).report()
    expected = [f"{test['report']['accuracy']['value']:.3f}" for test in report["tests"]]
    assert [text.split(" ")[0] for text in table["Accuracy"]] == expected


def test_the_batch_keeps_its_name_and_can_be_learned_another_way(
    workspace: Workspace, asked: ForgetRequest, open_page: OpenPage
) -> None:
    forget(workspace, asked)
    page = open_page("update", "batch", classifier=NAME)
    assert "part 2" in shown(page)
    assert say("en", "update.batch_gone") not in shown(page)
    open_tab(page, "update", "learn")
    page.run()
    page.main.button(key="update.learn_again").click().run()
    assert not page.exception
    assert "update.start" in {button.key for button in page.main.button}


def test_a_verdict_that_comes_out_otherwise_now_names_the_one_of_then(
    workspace: Workspace, open_page: OpenPage
) -> None:
    folder = VersionFolder(workspace.registry.folder(NAME, 2))
    for verdict in (True, False):
        report = folder.report()
        report["gate"] = {**report["gate"], "promote": verdict}
        summary = {**workspace.registry.version(NAME, 2).summary, "gate": "promote" if verdict else "keep"}
        folder.save_report(report)
        workspace.registry.note_summary(NAME, 2, summary)
        page = open_page("update", classifier=NAME)
        promotes = say("en", "update.gate_promote") in shown(page)
        then = say("en", f"update.judged_then_{'promote' if verdict else 'keep'}", parent=1)
        assert (then in shown(page)) is (promotes is not verdict)
        keys = {button.key for button in page.main.button}
        assert ("update.promote" in keys) is (promotes and verdict)


def test_a_runs_dataset_is_named_by_the_version_that_learned_it(
    workspace: Workspace, asked: ForgetRequest, open_page: OpenPage
) -> None:
    forget(workspace, asked)
    page = open_page("train", "runs", classifier=NAME)
    assert not page.exception
    runs = next(frame.value for frame in page.dataframe if "Dataset" in frame.value)
    assert sorted(runs["Dataset"]) == ["", "part 1", "part 2"]  # forgetting learned from none
