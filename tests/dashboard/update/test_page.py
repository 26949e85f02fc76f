"""The Update page, from the batch to the decision and back, with a small real classifier; both languages."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.base.integrity import read_record, write_record
from core.base.wording import points
from core.continual.families import FAMILIES, family_of
from core.continual.gate.rules import GateConfig
from core.continual.methods import STRATEGIES
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import TextDataset, build_dataset
from core.data.dataset.store import DatasetStore
from core.data.labelling.corrections import Corrections
from core.data.recipe import RenameLabels, write_steps
from core.jobs import JobQueue
from core.registry import promote
from core.registry.records import save_plan
from core.tasks import TASKS
from core.workflows.requests import TrainRequest, UpdateRequest, strategies_for
from core.workflows.standings import known_to, today
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.versions.decide import gate_rules
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace, open_workspace
from dashboard.parts.versions import decisions
from dashboard.shell import state
from dashboard.shell.i18n import translate
from dashboard.shell.tabs import DONE
from dashboard.update import compare as update_compare
from tests.dashboard.update.conftest import tab_of, to

OpenPage = Callable[..., AppTest]
NAME = "Things"
ROLES = ColumnRoles("text", "label")
SMALL = {"epochs": 1, "embedding_size": 8, "buckets": 1024}


def texts(first: str, second: str, count: int) -> list[tuple[str, str]]:
    """As many texts of each of the two labels, told apart by one word."""
    return [
        (f"{word} thing, number {n}", label) for n in range(count) for word, label in ((first, "up"), (second, "down"))
    ]


FIRST, SECOND = texts("good", "bad", 90), texts("splendid", "dreadful", 80)


def save(workspace: Workspace, rows: list[tuple[str, str]], name: str) -> str:
    dataset, _ = build_dataset(pd.DataFrame(rows, columns=["text", "label"]), ROLES, batch=True)
    return workspace.datasets.save(dataset, name=name, roles=ROLES).id


@pytest.fixture(scope="module")
def trained(make_home: Callable[[str], Path]) -> Path:
    """A workspace with version 1 in use."""
    home = make_home("trained")
    workspace = open_workspace(home)
    request = TrainRequest(classifier=NAME, dataset=save(workspace, FIRST, "First"), model="ngrams", settings=SMALL)
    *_, done = train_classifier(request, workspace)
    workspace.registry.promote(NAME, done.version)
    return home


@pytest.fixture(scope="module")
def updated(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a candidate, learned from corrections by replay."""
    home = tmp_path_factory.mktemp("updated") / "workspace"
    shutil.copytree(trained, home)
    workspace, queue = open_workspace(home), Corrections(home)
    for text, label in SECOND:
        queue.add(NAME, text, label, predicted="?", version=1)
    batch = save(workspace, SECOND, "Second")
    learn(workspace, batch)
    return home


def learn(workspace: Workspace, batch: str, **gate: Any) -> None:
    """Make a candidate by rules that let everything pass, but for those given."""
    easy = {"tolerance": 100, "label_tolerance": 100, "calibration_tolerance": 100, "check_newest_test": False}
    asked = {"classifier": NAME, "dataset": batch, "strategy": "replay", "settings": {"epochs": 1}}
    for _ in update_classifier(UpdateRequest(**asked, gate={**easy, **gate}), workspace):
        pass


@pytest.fixture(scope="module")
def turned_down(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with version 1 in use and a candidate that the gate is against."""
    home = tmp_path_factory.mktemp("turned_down") / "workspace"
    shutil.copytree(trained, home)
    workspace = open_workspace(home)
    learn(workspace, save(workspace, SECOND, "Second"), check_newest_test=True, minimum_gain=100)
    return home


@pytest.fixture
def refused(turned_down: Path, evergreen_home: Path) -> Path:
    """This test's own copy of the workspace with a candidate that the gate is against."""
    shutil.copytree(turned_down, evergreen_home, dirs_exist_ok=True)
    return evergreen_home


@pytest.fixture
def first(trained: Path, evergreen_home: Path) -> Path:
    """This test's own copy of the workspace with version 1."""
    shutil.copytree(trained, evergreen_home, dirs_exist_ok=True)
    return evergreen_home


@pytest.fixture
def second(updated: Path, evergreen_home: Path) -> Path:
    """This test's own copy of the workspace with a candidate."""
    shutil.copytree(updated, evergreen_home, dirs_exist_ok=True)
    return evergreen_home


def shown(at: AppTest) -> str:
    """All texts on the page, one below the other."""
    kinds = ("title", "header", "subheader", "markdown", "caption", "error", "warning", "info")
    return "\n".join(str(element.value) for kind in kinds for element in getattr(at.main, kind))


def keys(at: AppTest) -> set[str | None]:
    return {button.key for button in at.main.button}


def say(language: str, key: str, **facts: Any) -> str:
    return translate(language, f"update.{key}", facts)


def begin_with(at: AppTest, source: str) -> None:
    at.main.segmented_control(key="update.origin").set_value(source).run()


def champion(home: Path) -> int:
    found = open_workspace(home).registry.champion(NAME)
    assert found is not None
    return found.number


@pytest.fixture
def waiting_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs are accepted, and none is started."""
    monkeypatch.setattr(JobQueue, "_start_next", lambda self: None)


def test_without_a_classifier_the_way_leads_to_the_start(open_page: OpenPage, language: str) -> None:
    at = open_page("update", language=language)
    assert say(language, "empty_title") in shown(at)
    assert not at.exception


def test_without_a_champion_the_way_leads_to_the_versions(
    open_page: OpenPage, first: Path, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert champion(first) == 1
    monkeypatch.setattr(state, "champion", lambda classifier: None)
    at = open_page("update", language=language)
    assert translate(language, "overview.no_champion", {}) in shown(at)
    assert "empty.overview" in keys(at)


def test_a_saved_batch_opens_the_changes_and_they_lead_to_learning(
    open_page: OpenPage, first: Path, language: str
) -> None:
    # two rows of the first batch come again, one of them under another label
    save(open_workspace(first), [*SECOND, FIRST[0], (FIRST[1][0], "sideways"), ("new thing", "sideways")], "Second")
    at = open_page("update", language=language)
    assert tab_of(at) == "batch"
    begin_with(at, "saved")
    at.main.button(key="update.use").click().run()
    assert not at.exception
    assert tab_of(at) == "changes"
    text = shown(at)
    assert say(language, "fresh_one" if language == "en" else "fresh", labels="sideways") in text
    assert "update.rows.relabelled" in keys(at) or "update.rows.known_test" in keys(at)
    assert "update.start" not in keys(at)
    at.main.button(key="update.learn_it").click().run()
    assert tab_of(at) == "learn"
    assert "update.start" in keys(at)
    to(at, "batch").main.button(key="update.change_batch").click().run()
    assert tab_of(at) == "batch"
    assert "update.use" in keys(at)


@pytest.mark.parametrize("tab", ["changes", "learn", "decide"])
def test_a_tab_whose_step_is_not_possible_yet_says_what_is_missing(
    open_page: OpenPage, first: Path, language: str, tab: str
) -> None:
    at = to(open_page("update", language=language), tab)
    assert not at.exception
    assert tab_of(at) == tab
    assert say(language, "no_batch") in shown(at)
    at.main.button(key="update.to_batch").click().run()
    assert tab_of(at) == "batch"


def test_tabs_whose_step_is_done_bear_a_tick(open_page: OpenPage, second: Path, language: str) -> None:
    at = open_page("update", language=language)
    ticked = [tab.label.startswith(DONE) for tab in at.main.tabs][:5]
    assert ticked == [True, True, True, False, False]
    assert [tab.label.removeprefix(DONE) for tab in at.main.tabs][:2] == [
        say(language, "tab_batch"),
        say(language, "tab_changes"),
    ]


def test_without_a_candidate_the_decision_leads_to_learning(open_page: OpenPage, first: Path, language: str) -> None:
    at = to(with_batch(open_page, first, language), "decide")
    assert say(language, "no_candidate") in shown(at)
    at.main.button(key="update.to_learn").click().run()
    assert tab_of(at) == "learn"


def test_a_batch_that_cannot_be_learned_leads_back_to_the_changes(open_page: OpenPage, first: Path) -> None:
    save(open_workspace(first), [*FIRST[:40], ("quite new", "up")], "Old news")
    at = open_page("update")
    begin_with(at, "saved")
    at.main.button(key="update.use").click().run()
    assert "update.learn_it" not in keys(at)
    to(at, "learn").main.button(key="update.to_changes").click().run()
    assert tab_of(at) == "changes"


def test_a_reader_stays_on_a_tab_and_comes_back_to_the_step(open_page: OpenPage, second: Path) -> None:
    at = open_page("update")
    assert tab_of(at) == "decide"
    assert tab_of(to(at, "history").run()) == "history"
    linked = open_page("update", tab="history")
    assert tab_of(linked) == "history"
    assert {"update.learn_again", "update.to_decide"} <= keys(to(at, "learn"))
    assert "update.learn_it" not in keys(to(at, "changes"))


@pytest.mark.parametrize("wanted", [True, False])
def test_a_batch_goes_through_the_steps_of_the_earlier_data(
    open_page: OpenPage, first: Path, language: str, wanted: bool
) -> None:
    store = DatasetStore(first)
    (before,) = store.list()
    path = first / "datasets" / f"{before.id}.json"
    known = json.loads(path.read_text(encoding="utf-8"))
    known["source"] = {"recipe": write_steps([RenameLabels(names={"raw": "up"})])}
    path.write_text(json.dumps(known), encoding="utf-8")
    at = open_page("update", language=language)
    begin_with(at, "file")
    rows = "text,label\n" + "".join(f"fresh thing {row},{'raw' if row % 2 else 'down'}\n" for row in range(30))
    at.file_uploader[0].upload("batch.csv", rows.encode(), "text/csv").run()
    assert say(language, "recipe_rows", count="15") in shown(at)
    at.main.checkbox(key="update.same_recipe").set_value(wanted).run()
    at.main.button(key="update.use").click().run()
    assert not at.exception
    batch = next(one for one in store.list() if one.id != before.id)
    assert set(batch.classes) == ({"down", "up"} if wanted else {"down", "raw"})
    assert ("recipe" in batch.source) is wanted


def test_rows_behind_a_finding_are_shown(open_page: OpenPage, first: Path) -> None:
    save(open_workspace(first), [*SECOND, *FIRST[:30]], "Second")
    at = open_page("update")
    begin_with(at, "saved")
    at.main.button(key="update.use").click().run()
    at.main.button(key="update.rows.known_test").click().run()
    assert not at.exception
    rows = next(frame.value for frame in at.dataframe if say("en", "column_row") in frame.value.columns)
    assert set(rows[say("en", "column_text")]) <= {text for text, _ in FIRST[:30]}
    assert len(rows) > 0


def test_too_few_new_rows_are_explained_and_nothing_can_start(open_page: OpenPage, first: Path) -> None:
    save(open_workspace(first), [*FIRST[:40], ("quite new", "up")], "Old news")
    at = open_page("update")
    begin_with(at, "saved")
    at.main.button(key="update.use").click().run()
    assert len(at.main.error) == 1
    assert "update.start" not in keys(to(at, "learn"))


def test_a_test_too_small_to_judge_by_is_announced(open_page: OpenPage, first: Path) -> None:
    save(open_workspace(first), SECOND[:40], "Few")
    at = open_page("update")
    begin_with(at, "saved")
    at.main.button(key="update.use").click().run()
    assert say("en", "small_test", count=8, needed=30) in shown(at)
    assert "update.start" in keys(to(at, "learn"))


@pytest.mark.usefixtures("waiting_jobs")
def test_start_submits_an_update_that_every_session_finds(open_page: OpenPage, first: Path, language: str) -> None:
    batch = save(open_workspace(first), SECOND, "Second")
    at = open_page("update", language=language)
    begin_with(at, "saved")
    at.main.button(key="update.use").click().run()
    at.main.button(key="update.learn_it").click().run()
    at.main.radio(key="update.strategy").set_value("replay").run()
    at.main.slider(key="update.learn.replay_ratio").set_value(2.0)
    at.main.slider(key="update.learn.Things.1.memory_size").set_value(500)
    at.main.button(key="update.start").click().run()
    assert not at.exception
    (job,) = JobQueue(first).list()
    asked = UpdateRequest(**job.config)
    assert (asked.dataset, asked.strategy, asked.promote, asked.base_version) == (batch, "replay", "never", 1)
    assert asked.settings["replay_ratio"] == 2.0
    assert asked.settings["memory_size"] == 500
    assert tab_of(at) == "learn"
    assert say(language, "still_learning") in shown(to(at, "decide"))
    again = open_page("update", language=language)
    assert f"run.stop.{job.id}" in keys(again)
    assert "update.start" not in keys(again)
    again.main.button(key=f"run.stop.{job.id}").click().run()
    again.main.button(key=f"run.remove.{job.id}").click().run()
    assert tab_of(again) == "learn"
    assert "update.start" in keys(again)  # the same batch, ready to be learned differently


def with_batch(open_page: OpenPage, home: Path, language: str = "en") -> AppTest:
    """The page with a batch chosen, so that the method can be."""
    save(open_workspace(home), SECOND, "Second")
    at = open_page("update", language=language)
    begin_with(at, "saved")
    return to(at.main.button(key="update.use").click().run(), "learn")


def choose(at: AppTest, strategy: str) -> None:
    """Choose the family of a strategy, then the strategy."""
    at.main.radio(key="update.family").set_value(family_of(STRATEGIES[strategy])).run()
    at.main.radio(key="update.strategy").set_value(strategy).run()


def test_without_the_old_data_joint_retraining_says_why_it_cannot_start(
    open_page: OpenPage, first: Path, language: str
) -> None:
    workspace = open_workspace(first)
    old = workspace.datasets.list()[0].id
    at = with_batch(open_page, first, language)
    assert not at.main.button(key="update.start").disabled
    workspace.datasets.delete(old)
    at = with_batch(open_page, first, language)
    choose(at, "joint")
    assert say(language, "past_gone", names="First") in [warning.value for warning in at.main.warning]
    assert at.main.button(key="update.start").disabled
    choose(at, "replay")
    assert not at.main.button(key="update.start").disabled


def test_every_strategy_can_be_chosen_and_started(open_page: OpenPage, first: Path, language: str) -> None:
    at = with_batch(open_page, first, language)
    offered = []
    for family in at.main.radio(key="update.family").options:
        names = {translate(language, f"names.family_{one}"): one for one in FAMILIES}
        at.main.radio(key="update.family").set_value(names[family]).run()
        methods = at.main.radio(key="update.strategy")
        offered += methods.options
        assert not at.exception
        assert not at.main.button(key="update.start").disabled
    recommended = say(language, "recommended", strategy=translate(language, "names.strategy_replay"))
    assert offered[0] == recommended
    suiting = strategies_for(TASKS["text_classification"])
    assert {translate(language, f"names.strategy_{name}") for name in suiting} == {
        name.removesuffix(recommended.removeprefix(translate(language, "names.strategy_replay"))) for name in offered
    }


def test_one_way_is_recommended_with_its_reason_and_time(open_page: OpenPage, first: Path, language: str) -> None:
    at = with_batch(open_page, first, language)
    workspace = open_workspace(first)
    report = VersionFolder(workspace.registry.folder(NAME, 1)).report()
    text = shown(at)
    why = say(language, "why_replay", rows="112", old=str(report["memory_rows"]), version=1)
    assert why in text
    assert f":green-badge[{say(language, 'recommended_way')}]" in text
    assert say(language, "takes", time="") in text
    assert "update.take_recommended" not in keys(at)
    choose(at, "joint")
    assert f":gray-badge[{say(language, 'chosen_way')}]" in shown(at)
    assert translate(language, "names.about_joint") in shown(at)
    at.main.button(key="update.take_recommended").click().run()
    assert at.main.radio(key="update.strategy").value == "replay"
    assert why in shown(at)


def test_no_time_is_told_for_a_method_whose_steps_cost_more(open_page: OpenPage, first: Path) -> None:
    at = with_batch(open_page, first)
    choose(at, "derpp")
    assert say("en", "takes", time="") not in shown(at)


def test_the_choice_starts_from_the_closed_form_that_the_version_was_learned_by(
    open_page: OpenPage, first: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.update.strategy.first_strategy", lambda report: "slda")
    at = with_batch(open_page, first, "en")
    assert at.main.radio(key="update.family").value == family_of(STRATEGIES["slda"])
    method = at.main.radio(key="update.strategy")
    assert method.value == "slda"
    assert method.options[0] == say("en", "recommended", strategy=translate("en", "names.strategy_slda"))


@pytest.mark.usefixtures("waiting_jobs")
def test_keeping_no_text_is_a_plain_switch(open_page: OpenPage, first: Path) -> None:
    at = with_batch(open_page, first)
    at.main.toggle(key="update.learn.Things.1.no_text").set_value(True).run()
    assert say("en", "no_text_means", version=1) in shown(at)
    assert "no remembered texts to rehearse" in " ".join(info.value for info in at.main.info)
    choose(at, "finetune")
    assert not at.main.info
    at.main.button(key="update.start").click().run()
    (job,) = JobQueue(first).list()
    assert UpdateRequest(**job.config).settings["memory_size"] == 0


def test_promote_then_roll_back(open_page: OpenPage, second: Path, language: str) -> None:
    passed(second)
    at = open_page("update", language=language)
    text = shown(at)
    assert say(language, "gate_promote", parent=1) in text
    assert {"update.promote", "update.keep"} <= keys(at)
    at.main.button(key="update.promote").click().run()
    assert not at.exception
    assert champion(second) == 2
    assert tab_of(at) == "history"
    assert translate(language, "models.promoted", {"version": 2}) in shown(at)
    at.main.button(key="update.roll_back_now").click().run()
    assert champion(second) == 1
    moves = open_workspace(second).registry.champion_history(NAME)
    assert [move["reason"] for move in moves[1:]] == [say(language, "reason_passed"), say(language, "reason_rollback")]
    assert tab_of(at) == "history"
    # what was rolled back from waits for no decision, but can be looked at again
    assert "update.promote" not in keys(at)
    at.main.button(key="update.look_again.2").click().run()
    assert "update.promote" in keys(at)


def report_of(path: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(path.read_text())
    return report


def rewrite(home: Path, change: float) -> None:
    """Let the candidate's report say that test 1 changed by so much, and test 2 gained."""
    (path,) = [found for found in home.rglob("report.json") if json.loads(found.read_text())["parent"] == 1]
    report = json.loads(path.read_text())
    report["gate"]["settings"] = {**GateConfig().model_dump(), "check_labels": False, "check_calibration": False}
    for test, value in zip(report["tests"], (change, 0.1), strict=True):
        test["rows"] = 100
        test["difference"]["accuracy"] = {"value": value, "low": value - 0.01, "high": value + 0.01}
    path.write_text(json.dumps(report))
    record = read_record(path.parent)
    write_record(path.parent, {name: value for name, value in record.items() if name != "files"})


def passed(home: Path) -> None:
    rewrite(home, 0.0)


@pytest.mark.parametrize(("accuracy", "kind"), [(1.0, "worse"), (0.0, "better")])
def test_the_decision_says_where_it_stands_beside_the_baseline(
    open_page: OpenPage, second: Path, language: str, accuracy: float, kind: str
) -> None:
    (path,) = [found for found in second.rglob("report.json") if report_of(found)["parent"] == 1]
    report = report_of(path)
    report["baseline"]["report"]["accuracy"] = {"value": accuracy, "low": accuracy, "high": accuracy}
    half = {"value": 0.5, "low": 0.45, "high": 0.55}
    path.write_text(json.dumps({**report, "overall": {**report["overall"], "accuracy": half}}))
    at = open_page("update", language=language)
    said = translate(language, f"update.baseline_{kind}", {"points": "50.0", "method": "#"})
    assert said.split("#")[0] in shown(at)


def test_what_may_be_chance_is_said_on_top_of_the_decision(open_page: OpenPage, second: Path, language: str) -> None:
    rewrite(second, -0.005)
    at = open_page("update", language=language)
    assert at.main.header[0].value.endswith(
        say(language, "headline_lost_chance", test=say(language, "test_number", number=1), points="0.5")
    )


def test_against_the_gate_needs_a_reason(open_page: OpenPage, second: Path, language: str) -> None:
    rewrite(second, -0.05)
    at = open_page("update", language=language)
    assert say(language, "gate_keep", parent=1) in shown(at)
    assert "update.promote" not in keys(at)
    at.main.button(key="update.promote_anyway").click().run()
    assert champion(second) == 1
    assert translate(language, "models.why_missing", {}) in [warning.value for warning in at.warning]
    at.main.text_area(key="update.reason").set_value("  The old shop has closed. ")
    at.main.button(key="update.promote_anyway").click().run()
    assert not at.exception
    assert champion(second) == 2
    reason = open_workspace(second).registry.champion_history(NAME)[-1]["reason"]
    assert reason == f"{say(language, 'reason_against')}: The old shop has closed."
    decision = open_workspace(second).registry.version(NAME, 2).decision
    assert decision is not None
    assert (decision.against_gate, decision.reason) == (True, "The old shop has closed.")


def test_a_reason_stays_in_the_lineage_and_is_shown_as_it_was_written(open_page: OpenPage, refused: Path) -> None:
    at = open_page("update")
    at.main.text_area(key="update.reason").set_value("*bold* <b>and</b>\nnew line")
    at.main.button(key="update.promote_anyway").click().run()
    assert not at.exception
    assert champion(refused) == 2
    models = open_page("overview")
    assert r"against the gate. Reason: “\*bold\* \<b\>and\</b\> new line”." in shown(models)
    at = to(open_page("update"), "history")
    at.main.button(key="update.roll_back_to").click().run()
    at.main.button(key="update.look_again.2").click().run()
    assert r"\*bold\*" in shown(at)


def test_with_two_people_one_asks_and_another_confirms(open_page: OpenPage, refused: Path, language: str) -> None:
    registry = open_workspace(refused).registry
    registry.set_statements(NAME, {"two_people": True})
    at = open_page("update", language=language)
    assert translate(language, "people.two") in shown(at)
    at.main.text_area(key="update.reason").set_value("The old *shop* has closed.")
    at.main.button(key="update.promote_anyway").click().run()
    assert [warning.value for warning in at.main.warning][-1] == translate(language, "people.who_missing")
    at.main.text_input(key="update.who").set_value("Ann <b>")
    at.main.button(key="update.promote_anyway").click().run()
    assert not at.exception
    assert champion(refused) == 1
    at = open_page("update", language=language)
    assert r"The old \*shop\* has closed" in shown(at)
    assert r"Ann \<b\>" in shown(at)
    for name, said in (("ANN <B>", r"ANN \<B\>"), (" ", "")):
        at.main.text_input(key="update.second").set_value(name)
        at.main.button(key="update.confirm").click().run()
        assert said in at.main.error[0].value
        assert champion(refused) == 1
    at.main.text_input(key="update.second").set_value("Bo")
    at.main.button(key="update.confirm").click().run()
    assert not at.exception
    assert champion(refused) == 2
    assert tab_of(at) == "history"
    decision = registry.version(NAME, 2).decision
    assert decision is not None
    assert (decision.asked_by, decision.confirmed_by) == ("Ann <b>", "Bo")
    assert translate(language, "models.lineage_two", {"asked": r"Ann \<b\>", "confirmed": "Bo"}) in shown(
        open_page("overview", language=language)
    )


def test_what_waits_for_a_second_person_goes_when_the_version_is_kept_back(open_page: OpenPage, refused: Path) -> None:
    registry = open_workspace(refused).registry
    registry.set_statements(NAME, {"two_people": True})
    promote(registry, NAME, 2, how="page", reason="why not", by="Ann")
    at = open_page("update")
    assert "update.confirm" in keys(at)
    at.main.button(key="update.keep").click().run()
    assert registry.request(NAME) is None
    assert champion(refused) == 1


def test_with_one_person_nobody_is_asked_for_a_name(open_page: OpenPage, refused: Path) -> None:
    assert champion(refused) == 1
    at = open_page("update")
    assert "update.who" not in {field.key for field in at.main.text_input}
    assert "update.confirm" not in keys(at)


def test_rules_eased_after_the_result_take_a_reason(open_page: OpenPage, refused: Path, language: str) -> None:
    at = open_page("update", language=language)
    assert say(language, "gate_keep", parent=1) in shown(at)
    at.main.number_input(key="update.gate.Things.2.minimum_gain").set_value(0.0).run()
    text = shown(at)
    assert say(language, "gate_promote_changed") in text
    assert say(language, "rules_changed_keep", parent=1) in text
    assert "update.promote" not in keys(at)
    at.main.text_area(key="update.reason").set_value("A hundred points were a slip.")
    at.main.button(key="update.promote_anyway").click().run()
    assert champion(refused) == 2
    moves = open_workspace(refused).registry.champion_history(NAME)
    assert moves[-1]["reason"] == f"{say(language, 'reason_eased')}: A hundred points were a slip."


def test_rules_that_were_decided_by_are_used_for_the_next_update(open_page: OpenPage, refused: Path) -> None:
    at = open_page("update")
    at.main.number_input(key="update.gate.Things.2.minimum_gain").set_value(7.0).run()
    at.main.toggle(key="update.gate.Things.2.check_older_tests").set_value(False).run()
    at.main.button(key="update.keep").click().run()
    rules = gate_rules(UpdateRequest(classifier=NAME, dataset="", strategy="replay"), open_workspace(refused))
    assert (rules.minimum_gain, rules.check_older_tests, rules.label_tolerance) == (7.0, False, 100.0)


def test_the_rules_in_force_stand_in_one_line_and_can_be_put_back(open_page: OpenPage, second: Path) -> None:
    rewrite(second, -0.05)
    at = open_page("update")
    assert "Rules, in points: older tests −1 at most · new test 0 at least" in shown(at)
    at.main.toggle(key="update.gate.Things.2.check_older_tests").set_value(False).run()
    assert "Rules, in points: new test 0 at least" in shown(at)
    assert say("en", "rules_changed_promote") in shown(at)
    assert at.main.number_input(key="update.gate.Things.2.tolerance").disabled
    at.main.toggle(key="update.gate.Things.2.check_newest_test").set_value(False).run()
    assert say("en", "no_rules") in shown(at)
    at.main.button(key="update.gate.Things.2.back").click().run()
    assert "Rules, in points: older tests −1 at most · new test 0 at least" in shown(at)


def test_a_report_of_an_earlier_release_is_still_shown(open_page: OpenPage, second: Path) -> None:
    (path,) = [found for found in second.rglob("report.json") if json.loads(found.read_text())["parent"] == 1]
    report = json.loads(path.read_text())
    del report["gate_evidence"], report["gate"]["settings"]
    for rule in report["gate"]["rules"]:
        del rule["kind"]
    path.write_text(json.dumps({**report, "tolerance": 2.0}))
    at = open_page("update")
    assert not at.exception
    assert "Rules, in points: older tests −2 at most · new test 0 at least" in shown(at)
    at.main.toggle(key="update.gate.Things.2.check_labels").set_value(True).run()
    assert "Single labels were not measured" in shown(at)


def test_a_run_stopped_before_its_first_epoch_is_explained(open_page: OpenPage, second: Path) -> None:
    (path,) = [found for found in second.rglob("report.json") if json.loads(found.read_text())["parent"] == 1]
    path.write_text(json.dumps(json.loads(path.read_text()) | {"epochs": [], "best_epoch": 0}))
    at = open_page("update")
    assert say("en", "learned_nothing", version=1) in shown(at)
    assert not at.main.error


def test_another_limit_judges_again(open_page: OpenPage, second: Path) -> None:
    rewrite(second, -0.05)
    at = open_page("update")
    assert "update.promote" not in keys(at)
    at.main.number_input(key="update.gate.Things.2.tolerance").set_value(5.0).run()
    assert say("en", "gate_promote_changed") in shown(at)
    assert "update.promote" in keys(at)


def test_a_candidate_that_was_kept_back_waits_no_longer(open_page: OpenPage, second: Path) -> None:
    at = open_page("update")
    at.main.button(key="update.keep").click().run()
    assert not at.exception
    assert champion(second) == 1
    assert tab_of(at) == "history"
    assert "update.look_again.2" in keys(at)
    again = open_page("update")
    assert tab_of(again) == "batch"
    assert "update.promote" not in keys(to(again, "decide"))
    assert decisions.waiting_candidate(NAME) is None


def test_learn_differently_keeps_the_batch_and_leads_back(open_page: OpenPage, second: Path) -> None:
    passed(second)
    at = to(open_page("update"), "learn")
    at.main.button(key="update.learn_again").click().run()
    assert tab_of(at) == "learn"
    assert "update.start" in keys(at)
    to(at, "batch").main.button(key="update.change_batch").click().run()
    at.main.button(key="update.back_to_decision").click().run()
    assert tab_of(at) == "decide"
    assert "update.promote" in keys(at)


def test_corrections_become_a_batch(open_page: OpenPage, first: Path, language: str) -> None:
    queue = Corrections(first)
    for text, label in SECOND:
        queue.add(NAME, text, label, predicted="?", version=1)
    at = open_page("update", language=language)
    begin_with(at, "corrections")
    at.main.button(key="update.use").click().run()
    assert not at.exception
    assert "update.start" in keys(to(at, "learn"))
    assert open_workspace(first).datasets.list()[0].rows == len(SECOND)
    assert len(queue.list(NAME)) == len(SECOND)  # they wait until the version that learned them serves


def test_promotion_takes_learned_corrections_out_of_the_queue(open_page: OpenPage, second: Path) -> None:
    passed(second)
    queue = Corrections(second)
    changed = SECOND[0]
    queue.add(NAME, changed[0], "sideways", predicted="up", version=1)  # put right once more since
    at = open_page("update")
    at.main.button(key="update.promote").click().run()
    assert [one.text for one in queue.list(NAME)] == [changed[0]]


def open_evidence(at: AppTest, name: str) -> None:
    """Open one of the inner tabs of the decision; the test runner cannot click on them."""
    at.session_state["update.evidence.en.5"] = say("en", f"tab_{name}")
    at.run()


def test_the_evidence_shows_every_test_label_and_flip(open_page: OpenPage, second: Path) -> None:
    at = open_page("update")
    assert not at.exception
    tests = at.main.dataframe[0].value
    assert len(tests) == 9  # of each of two tests, and of both together: what serves, the candidate, the baseline
    shown_by = tests[say("en", "column_who")].tolist()
    assert shown_by[:3] == ["v1 · serves", "v2 · candidate", "Baseline"]
    (report,) = [known for known in map(report_of, second.rglob("report.json")) if known["parent"] == 1]
    baseline = [report["baseline"]["tests"][0], report["baseline"]["tests"][1], report["baseline"]["report"]]
    expected = [f"{counted['accuracy']['value']:.3f}" for counted in baseline]
    of_baseline = tests[tests[say("en", "column_who")] == "Baseline"]
    assert [text.split(" ")[0] for text in of_baseline["Accuracy"]] == expected
    open_evidence(at, "labels")
    labels = next(frame.value for frame in at.main.dataframe if "label" in frame.value.columns)
    assert sorted(labels["label"]) == ["down", "up"]
    open_evidence(at, "flips")
    assert not at.exception
    kinds = at.main.segmented_control(key="update.flips_kind")
    assert len(kinds.options) == 3


def correct(home: Path, *rows: tuple[str, str]) -> Corrections:
    queue = Corrections(home)
    for text, label in rows:
        queue.add(NAME, text, label, predicted="?", version=1)
    return queue


def test_too_few_corrections_say_how_many_more_are_needed_and_leave_nothing_behind(
    open_page: OpenPage, first: Path, language: str
) -> None:
    correct(first, ("one fine thing", "up"))
    before = len(open_workspace(first).datasets.list())
    at = open_page("data", "corrections", language=language)
    needed = translate(language, "update.more_of_label", {"count": "9", "label": "up"})
    assert needed in shown(at)
    at.button(key="use.use").click().run()
    assert at.title[0].value == translate(language, "update.title")
    begin_with(at, "corrections")
    assert needed in shown(at)
    assert "update.use" not in keys(at)
    assert len(open_workspace(first).datasets.list()) == before


def test_corrections_join_a_batch_and_are_all_learned(open_page: OpenPage, first: Path, language: str) -> None:
    workspace = open_workspace(first)
    base = save(workspace, SECOND, "Second")
    correct(first, ("one fine thing", "up"), (SECOND[0][0].upper(), "down"))
    at = open_page("update", language=language)
    begin_with(at, "saved")
    assert at.main.checkbox(key="update.with_corrections").value is True
    at.main.button(key="update.use").click().run()
    assert not at.exception
    assert "update.start" in keys(to(at, "learn"))
    stored = workspace.datasets.list()[0]
    assert (stored.rows, stored.source["corrections_joined"], stored.source["base"]) == (len(SECOND) + 1, 2, base)
    joined = workspace.datasets.load(stored.id)
    assert joined.label_names()[-2:] == ["up", "down"]
    learn(workspace, stored.id)
    folder = VersionFolder(workspace.registry.folder(NAME, 2))
    assert set(folder.rows_of(2, "train")) >= {len(joined) - 2, len(joined) - 1}
    assert "picked" not in str(folder.report()["drift"])


def test_a_correction_that_is_forgotten_before_the_batch_is_stored_is_not_stored(
    open_page: OpenPage, first: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = open_workspace(first)
    base = save(workspace, SECOND, "Second")
    queue = correct(first, ("one fine thing", "up"))
    at = open_page("update")
    begin_with(at, "saved")
    compare = update_compare.problem

    def forgotten_meanwhile(*asked: Any) -> Any:
        queue.forget(lambda text: text == "one fine thing")
        return compare(*asked)

    monkeypatch.setattr(update_compare, "problem", forgotten_meanwhile)
    at.main.button(key="update.use").click().run()
    assert not at.exception
    assert base in {stored.id for stored in workspace.datasets.list()}
    for stored in workspace.datasets.list():
        assert "one fine thing" not in workspace.datasets.load(stored.id).texts


def test_no_batch_is_stored_while_rows_are_only_partly_forgotten(
    open_page: OpenPage, first: Path, language: str
) -> None:
    correct(first, ("one fine thing", "up"))
    workspace = open_workspace(first)
    save(workspace, SECOND, "Second")
    before = len(workspace.datasets.list())
    at = open_page("update", language=language)
    begin_with(at, "saved")
    save_plan({"id": "20250131-110000-abc", "request": {"classifier": NAME}}, first)
    at.main.button(key="update.use").click().run()
    assert translate(language, "forget.finish") in at.main.error[0].value
    assert len(workspace.datasets.list()) == before


def test_a_batch_without_the_tick_leaves_the_corrections_waiting(open_page: OpenPage, first: Path) -> None:
    base = save(open_workspace(first), SECOND, "Second")
    correct(first, ("one fine thing", "up"))
    at = open_page("update")
    begin_with(at, "saved")
    at.main.checkbox(key="update.with_corrections").set_value(False).run()
    at.main.button(key="update.use").click().run()
    assert at.session_state["update.chosen"] == {NAME: base}


def test_a_refused_batch_leaves_no_dataset(open_page: OpenPage, first: Path) -> None:
    """Ten corrections of texts that were trained on before: none is new, so there is nothing to test on."""
    correct(first, *((text, "up") for text, label in FIRST[:20] if label == "up"))
    workspace = open_workspace(first)
    before = [stored.id for stored in workspace.datasets.list()]
    at = open_page("update")
    begin_with(at, "corrections")
    at.main.button(key="update.use").click().run()
    assert at.error
    assert [stored.id for stored in workspace.datasets.list()] == before


@pytest.mark.parametrize("how", ["page", "command line", "gate"])
def test_whoever_promotes_clears_what_was_learned(second: Path, how: str) -> None:
    workspace = open_workspace(second)
    assert len(Corrections(second).list(NAME)) == len(SECOND)
    promote(workspace.registry, NAME, 2, how=how, reason="test")
    assert Corrections(second).list(NAME) == []


def test_all_versions_stand_on_the_same_rows_also_after_a_rollback(
    open_page: OpenPage, second: Path, language: str
) -> None:
    """The batch has other words than the old data: version 1 fails on it, version 2 has learned it."""
    workspace = open_workspace(second)
    promote(workspace.registry, NAME, 2, how="test", reason="test")
    same = today(known_to(workspace.registry, NAME), second)
    assert same is not None
    old, new = same.report(1), same.report(2)
    assert old is not None
    assert new is not None
    assert old.rows == new.rows == same.rows
    at = open_page("overview", language=language)
    rows = f"{same.rows}"
    change = same.difference(1, 2, "macro_f1")
    assert change is not None
    assert at.metric[0].value == f"{new.macro_f1.value:.3f}"
    assert at.metric[0].delta.replace("-", "−").startswith(points(change.value))
    assert any(rows in caption.value for caption in at.main.caption)
    workspace.registry.rollback(NAME, 1)
    at = open_page("overview", language=language)
    assert translate(language, "overview.remembers_single") not in shown(at)
    assert translate(language, "overview.remembers_other", {"version": 2, "champion": 1}) in shown(at)
    assert at.metric[0].value == f"{old.macro_f1.value:.3f}"


def test_overview_and_update_tell_one_figure_of_the_gain(open_page: OpenPage, second: Path) -> None:
    at = open_page("update")
    together = next(metric for metric in at.main.metric if metric.label == say("en", "card_all", score="Accuracy"))
    same = today(known_to(open_workspace(second).registry, NAME), second)
    assert same is not None
    change = same.difference(1, 2)
    assert change is not None
    assert together.delta.replace("-", "−") == f"{points(change.value)} pt"
    assert any(f"over all {same.rows} test rows" in caption.value for caption in at.main.caption)


def test_rows_left_out_of_a_file_are_named_before_and_after_it_is_used(
    open_page: OpenPage, first: Path, language: str
) -> None:
    at = open_page("update", language=language)
    begin_with(at, "file")
    rows = "text,label\n" + "".join(f"fresh thing {row},{'up' if row % 2 else 'down'}\n" for row in range(30))
    at.file_uploader[0].upload("batch.csv", f"{rows}a, b, c\n,up\n".encode(), "text/csv").run()
    said = (
        "1 of 32 rows was left out: line 32 has 3 fields instead of 2."
        if language == "en"
        else "32 行中有 1 行没有用上：第 32 行有 3 列，而不是 2 列。"
    )
    assert said in shown(at).replace("\\", "")
    at.main.button(key="update.use").click().run()
    assert not at.exception
    assert said in shown(at).replace("\\", "")


def test_spellings_of_known_labels_are_merged_before_learning(open_page: OpenPage, first: Path, language: str) -> None:
    batch = save(open_workspace(first), [(text, label.upper()) for text, label in SECOND], "Second")
    at = open_page("update", language=language)
    begin_with(at, "saved")
    at.main.button(key="update.use").click().run()
    pairs = "DOWN → down, UP → up" if language == "en" else "DOWN → down、UP → up"
    assert pairs in shown(at)
    at.main.button(key="update.merge_labels").click().run()
    assert not at.exception
    assert pairs not in shown(at)
    merged = next(one for one in DatasetStore(first).list() if one.source.get("parent") == batch)
    assert merged.classes == {"down": 80, "up": 80}
    assert at.session_state["update.chosen"] == {NAME: merged.id}


def test_a_batch_of_old_is_taken_in_the_champions_words(open_page: OpenPage, first: Path) -> None:
    workspace = open_workspace(first)
    dataset = workspace.datasets.load(save(workspace, SECOND, "Second"))
    old = TextDataset(dataset.texts[:100], dataset.labels[:100], ("down\u200b", " up"))
    stored = workspace.datasets.save(old, name="Old", roles=ROLES)
    at = open_page("update")
    begin_with(at, "saved")
    at.main.selectbox(key="update.saved").set_value(stored.id).run()
    at.main.button(key="update.use").click().run()
    assert not at.exception
    assert "The same 2 labels as before." in shown(at)
