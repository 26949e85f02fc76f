"""The Settings page's section for forgetting rows: chosen, shown, confirmed, removed by a job, with a receipt."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.testing.v1 import AppTest

from core.base import faults
from core.base.at_work import at_work
from core.data.labelling.corrections import Corrections
from core.jobs.worker import run_job
from core.registry.records import receipts, save_plan
from core.workflows.forget.rows import find_rows
from core.workflows.forget.run import ForgetRequest, forget_rows
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.workspace import open_workspace
from dashboard.settings import forget
from dashboard.shell import i18n
from tests.core.conftest import reviews, save

NAME = "shop"
PAGES = Path(__file__).resolve().parents[3] / "pages"
SETTINGS = {"epochs": 1, "embedding_size": 8, "buckets": 1024}


@pytest.fixture(scope="module")
def made(make_home: Callable[[str], Path]) -> Path:
    """A classifier whose serving version's head is in closed form; rows of ten people."""
    workspace = open_workspace(make_home("made"))
    stored = []
    for seed in (1, 2):
        dataset = reviews(80, seed=seed)
        people = tuple(f"person {row % 10}" for row in range(len(dataset)))
        stored.append(save(workspace, replace(dataset, groups=people), name=f"part {seed}").id)
    train = TrainRequest(classifier=NAME, dataset=stored[0], model="ngrams", settings=SETTINGS)
    list(train_classifier(train, workspace))
    update = UpdateRequest(classifier=NAME, dataset=stored[1], strategy="ridge", promote="always")
    list(update_classifier(update, workspace))
    return workspace.home


@pytest.fixture
def home(made: Path, evergreen_home: Path) -> Path:
    shutil.copytree(made, evergreen_home, dirs_exist_ok=True)
    return evergreen_home


def said(page: AppTest) -> str:
    return "\n".join(str(part.value) for part in [*page.markdown, *page.info, *page.warning, *page.error])


def unfolded(open_page: Callable[..., AppTest], language: str = "en") -> AppTest:
    """The Settings page after a click on the section's title."""
    page = open_page("home", language=language)
    page.session_state[f"forget.section.{NAME}"] = True
    return page.switch_page(str(PAGES / "settings.py")).run()


def speak(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test runner names options outside of any session, so it has to be told the language."""
    of_session = i18n.language
    monkeypatch.setattr(i18n, "language", lambda: of_session() if get_script_run_ctx() else language)


def asked_for(page: AppTest, people: list[str]) -> AppTest:
    page.multiselect(key=f"forget.groups.{NAME}").set_value(people)
    return page.button(key="forget.find").click().run()


@pytest.mark.usefixtures("home")
def test_the_section_stands_on_the_chinese_page_too(open_page: Callable[..., AppTest]) -> None:
    page = unfolded(open_page, "zh")
    assert not page.exception
    assert "此操作无法撤销" in said(page)


@pytest.mark.usefixtures("home")
def test_rows_are_shown_and_nothing_can_be_removed_before_it_is_confirmed(open_page: Callable[..., AppTest]) -> None:
    page = asked_for(unfolded(open_page), ["person 1"])
    assert not page.exception
    assert "**16" in said(page)
    assert page.button(key="forget.start").disabled
    confirm = next(box for box in page.checkbox if str(box.key).startswith("forget.sure."))
    confirm.check().run()
    assert not page.button(key="forget.start").disabled


@pytest.mark.usefixtures("home")
def test_a_text_that_was_never_learned_is_said_to_be_unknown(open_page: Callable[..., AppTest]) -> None:
    page = unfolded(open_page)
    page.text_area(key=f"forget.texts.{NAME}").set_value("never written by anybody")
    page.button(key="forget.find").click().run()
    assert "has learned from no such rows" in said(page)


@pytest.mark.usefixtures("home")
def test_asking_for_nothing_is_answered_calmly(open_page: Callable[..., AppTest]) -> None:
    page = unfolded(open_page)
    page.button(key="forget.find").click().run()
    assert "Choose somebody" in said(page)


def test_a_job_removes_them_and_leaves_a_receipt(
    home: Path, open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.jobs.queue.JobQueue._start_next", lambda self: None)  # the test executes the job itself
    page = asked_for(unfolded(open_page), ["person 1", "person 4", "person 7"])
    next(box for box in page.checkbox if str(box.key).startswith("forget.sure.")).check().run()
    page.button(key="forget.start").click().run()
    assert not page.exception
    (folder,) = (path for path in (home / "jobs").iterdir() if path.is_dir())
    assert "person" not in (folder / "job.json").read_text(encoding="utf-8")
    run_job(folder)
    (receipt,) = receipts(home)
    assert [made["version"] for made in receipt["exact"]] == [3]
    after = unfolded(open_page)
    assert not after.exception
    assert "Receipt" in said(after)
    assert "48 rows" in " ".join(forget.receipt_lines({**receipt, "datasets": [_sum(receipt)]}))
    people = after.multiselect(key=f"forget.groups.{NAME}").options
    assert "person 1" not in people
    assert "person 2" in people


@pytest.mark.parametrize(("language", "found"), [("en", "1 of 3 texts found"), ("zh", "3 条文本中找到 1 条")])
def test_what_is_not_found_is_named_on_the_page_and_counted_in_the_receipt(
    home: Path, open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch, language: str, found: str
) -> None:
    monkeypatch.setattr("core.jobs.queue.JobQueue._start_next", lambda self: None)
    speak(language, monkeypatch)
    page = unfolded(open_page, language)
    known = reviews(80, seed=1).texts[0]
    page.text_area(key=f"forget.texts.{NAME}").set_value(f"{known}\n\nteh same text\nnowhere")
    page.button(key="forget.find").click().run()
    assert not page.exception
    assert found in said(page)
    assert "teh same text · nowhere" in said(page)
    next(box for box in page.checkbox if str(box.key).startswith("forget.sure.")).check().run()
    page.button(key="forget.start").click().run()
    (folder,) = (path for path in (home / "jobs").iterdir() if path.is_dir())
    run_job(folder)
    (receipt,) = receipts(home)
    assert (receipt["asked"], receipt["not_found"]) == ({"texts": 3, "groups": 0}, {"texts": [3, 4], "groups": []})
    assert "nowhere" not in str(receipt)
    after = unfolded(open_page, language)
    assert found.replace("texts found", "texts were found") in said(after)


def test_what_was_interrupted_is_said_and_finished_with_a_button(
    home: Path, open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.jobs.queue.JobQueue._start_next", lambda self: None)
    workspace = open_workspace(home)
    matches = find_rows(NAME, workspace, groups=["person 1"])
    rows = {part.dataset: part.rows.tolist() for part in matches.datasets}
    request = ForgetRequest(
        classifier=NAME, rows=rows, digests=sorted(matches.digests), asked={"texts": 0, "groups": 1}, not_found={}
    )
    faults.arm("forget.planned!EIO")
    try:
        with pytest.raises(OSError, match=r"forget\.planned"):
            list(forget_rows(request, workspace))
    finally:
        faults.arm(None)
    page = unfolded(open_page)
    assert not page.exception
    assert "only partly forgotten" in said(page)
    assert "not finished" in said(page)
    page.button(key="forget.finish").click().run()
    (folder,) = (path for path in (home / "jobs").iterdir() if path.is_dir())
    run_job(folder)
    (receipt,) = receipts(home)
    assert receipt["state"] == "done"
    after = unfolded(open_page)
    assert "only partly" not in said(after)
    lines = " ".join(forget.receipt_lines(receipt))
    assert "0 uploads" in lines


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "No dataset holds them. **One correction** with such a text waits to be learned."),
        ("zh", "没有数据集包含这些文本。有 **1 条待处理的更正**含有这些文本。"),
    ],
)
def test_a_text_that_only_waits_as_a_correction_is_said_to_do_so(
    home: Path, open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch, language: str, expected: str
) -> None:
    speak(language, monkeypatch)
    Corrections(home).add(NAME, "waits alone", "good", predicted="bad", version=1)
    page = unfolded(open_page, language)
    page.text_area(key=f"forget.texts.{NAME}").set_value("waits alone")
    page.button(key="forget.find").click().run()
    assert not page.exception
    assert expected in said(page)
    assert ("No version in use" if language == "en" else "使用中的版本都没有") in said(page)


@pytest.mark.parametrize(("language", "names"), [("en", f"{NAME}, version 2"), ("zh", f"{NAME} 版本 2")])
@pytest.mark.usefixtures("home")
def test_the_versions_in_use_that_are_solved_again_are_named(
    open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch, language: str, names: str
) -> None:
    speak(language, monkeypatch)
    page = unfolded(open_page, language)
    page.text_area(key=f"forget.texts.{NAME}").set_value(
        "\n".join(reviews(80, seed=1).texts[:8])  # some of them are learned
    )
    page.button(key="forget.find").click().run()
    assert names in said(page)


def test_a_receipt_of_an_earlier_edition_is_still_read() -> None:
    receipt = {
        "classifier": NAME,
        "datasets": [],
        "versions": [],
        "exact": {"version": 4, "parent": 3, "rows": 2, "coefficient_change": 0.5, "encoder_carries": False},
    }
    assert f"{NAME}, version 4" in " ".join(forget.receipt_lines(receipt))


def test_no_update_is_offered_before_what_was_interrupted_is_finished(
    home: Path, open_page: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.jobs.queue.JobQueue._start_next", lambda self: None)
    workspace = open_workspace(home)
    batch = save(workspace, reviews(80, seed=3), name="batch")
    matches = find_rows(NAME, workspace, groups=["person 1"])
    request = ForgetRequest(classifier=NAME, rows=matches.rows, digests=sorted(matches.digests))
    faults.arm("forget.solved!EIO")
    try:
        with pytest.raises(OSError, match=r"forget\.solved"):
            list(forget_rows(request, workspace))
    finally:
        faults.arm(None)

    def updating() -> AppTest:
        page = open_page(classifier=NAME)
        page.session_state["update.chosen"] = {NAME: batch.id}
        page.session_state["update.passed_over"] = {NAME: 3}  # the version that was solved again
        return page.switch_page(str(PAGES / "update.py")).run()

    page = updating()
    assert not page.exception
    assert "only partly forgotten" in said(page)
    assert page.button(key="update.start").disabled
    page.button(key="forget.finish").click().run()
    assert "Rows are being forgotten" in said(page)
    assert page.button(key="update.start").disabled
    (folder,) = (path for path in (home / "jobs").iterdir() if path.is_dir())
    run_job(folder)
    page = updating()
    assert "forgotten" not in said(page)
    assert not page.button(key="update.start").disabled


@pytest.mark.parametrize(
    ("name", "language"),
    [
        *[(name, "en") for name in ("home", "overview", "train", "lab", "update", "settings")],
        ("train", "zh"),
    ],
)
@pytest.mark.usefixtures("home")
def test_every_page_says_once_that_rows_are_only_partly_forgotten(
    evergreen_home: Path, open_page: Callable[..., AppTest], name: str, language: str
) -> None:
    save_plan({"id": "20250131-110000-abc", "request": {"classifier": NAME}}, evergreen_home)
    page = unfolded(open_page, language) if name == "settings" else open_page(name, language=language, classifier=NAME)
    assert not page.exception
    assert said(page).count("only partly forgotten" if language == "en" else "只遗忘了一半") == 1
    buttons = [button.key for button in page.button]
    assert buttons.count("forget.finish") == 1
    assert ("forget.to_models" in buttons) == (name != "settings")


@pytest.mark.usefixtures("home")
def test_the_way_from_the_notice_leads_to_the_unfolded_section(
    evergreen_home: Path, open_page: Callable[..., AppTest]
) -> None:
    save_plan({"id": "20250131-110000-abc", "request": {"classifier": NAME}}, evergreen_home)
    page = open_page("train", classifier=NAME)
    page.button(key="forget.to_models").click().run()
    assert page.title[0].value == "Settings"
    assert "stands on top of this page" in "".join(caption.value for caption in page.caption)


def test_what_is_being_forgotten_from_the_command_line_is_not_called_interrupted(
    home: Path, open_page: Callable[..., AppTest]
) -> None:
    save_plan({"id": "20250131-110000-abc", "request": {"classifier": NAME}}, home)
    with at_work(home, "Forget rows", alone=True):
        assert "only partly forgotten" not in said(open_page(classifier=NAME))
    assert "only partly forgotten" in said(open_page(classifier=NAME))


def _sum(receipt: dict) -> dict:  # type: ignore[type-arg]
    return {"name": "all", "rows": sum(dataset["rows"] for dataset in receipt["datasets"]), "left": 0}
