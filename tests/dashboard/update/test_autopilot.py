"""The Autopilot tab in both languages: the switch, the rules, files that wait, batches, and who follows it all."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
from filelock import FileLock
from streamlit.testing.v1 import AppTest

from core.base.audit import PAGE, POLICY, AuditLog
from core.base.messages import message
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import build_dataset
from core.evolve.changing import change_policy, folder_problem
from core.evolve.following import LOCK
from core.evolve.ledger import Batch, BatchState, FileVerdict, Ledger, Ledgers, Taken
from core.evolve.policy import Policy
from core.registry import HOW
from core.serving.monitor.keeping import Keeping
from core.serving.monitor.store import MonitorStore
from core.workflows.requests import TrainRequest, UpdateRequest
from core.workflows.train.run import train_classifier
from core.workflows.update.run import update_classifier
from core.workflows.workspace import open_workspace
from dashboard.parts.tables import plain
from dashboard.parts.versions.decisions import reason_of
from dashboard.shell.i18n import translate
from tests.dashboard.update.conftest import tab_of

OpenPage = Callable[..., AppTest]
NAME = "Shop <b> *reviews*"
ROLES = ColumnRoles("text", "label")
KEY = f"update.autopilot.{NAME}"
REASON = message("evolve.met", "{met:,} of {rows:,} rows were met before, {tested:,} of them in a frozen test.")


@pytest.fixture(scope="module")
def made(make_home: Callable[[str], Path]) -> Path:
    """A model of two versions; the second waits for a decision."""
    workspace = open_workspace(make_home("made"))
    for number, words in enumerate((("great", "awful"), ("splendid", "dreadful"))):
        rows = [
            (f"{word} thing number {n}", label) for n in range(150) for word, label in zip(words, "ab", strict=True)
        ]
        dataset = build_dataset(pd.DataFrame(rows, columns=["text", "label"]), ROLES, batch=bool(number))[0]
        stored = workspace.datasets.save(dataset, name=f"table {number}", roles=ROLES)
        if number:
            list(update_classifier(UpdateRequest(classifier=NAME, dataset=stored.id), workspace))
        else:
            list(train_classifier(TrainRequest(classifier=NAME, dataset=stored.id, model="linear"), workspace))
    return workspace.home


@pytest.fixture
def home(made: Path, evergreen_home: Path) -> Path:
    shutil.copytree(made, evergreen_home, dirs_exist_ok=True)
    return evergreen_home


@pytest.fixture
def open_it(open_page: OpenPage, home: Path, language: str) -> Callable[[], AppTest]:
    """Open the tab."""
    return lambda: open_page("update", "autopilot", language=language, classifier=NAME)


def said(page: AppTest) -> str:
    assert not page.exception
    parts = [*page.markdown, *page.caption, *page.warning, *page.info, *page.error, *page.header]
    return "\n".join(str(part.value) for part in parts)


def taken(mark: str, verdict: FileVerdict, rows: int = 60) -> Taken:
    told = REASON.key, REASON.text, {"met": 50, "rows": rows, "tested": 7}
    reasons = [] if verdict == "entered" else [message(told[0], told[1], **told[2]).to_dict()]
    return Taken(mark * 64, f"[{mark}](x) *new*.csv", "2026-11-30T10:00:00+00:00", verdict, rows, "none", reasons)


def of_page(home: Path) -> list[tuple[str, str]]:
    return [(entry.did, entry.who) for entry in AuditLog(home).entries() if entry.did in ("policy_set", "rows_decided")]


def test_it_says_what_would_happen_before_it_is_switched_on(
    open_it: Callable[[], AppTest], home: Path, language: str
) -> None:
    page = open_it()
    told = said(page)
    assert tab_of(page) == "autopilot"
    for key in ("off_wait", "no_files", "no_batches"):
        assert translate(language, f"autopilot.{key}") in told
    assert not page.toggle(key=f"{KEY}.active").value
    assert page.button(key="update.autopilot.save").disabled
    assert not (home / "policies").exists()  # looking writes nothing


def test_the_switch_saves_what_stands_in_the_form_and_is_written_down(
    open_it: Callable[[], AppTest], home: Path, language: str, tmp_path: Path
) -> None:
    page = open_it()
    page.text_input(key=f"{KEY}.folder").input(f" {tmp_path} ").run()
    assert translate(language, "autopilot.not_saved") in said(page)
    page.toggle(key=f"{KEY}.active").set_value(True).run()
    assert translate(language, "autopilot.on_wait") in said(page)
    assert translate(language, "autopilot.nobody_follows") in said(page)
    assert translate(language, "autopilot.not_saved") not in said(page)
    policy = Ledgers(home).read(NAME).policy
    assert (policy.active, policy.folder) == (True, str(tmp_path))
    assert of_page(home) == [("policy_set", PAGE)]
    page.toggle(key=f"{KEY}.active").set_value(False).run()
    assert translate(language, "autopilot.off_wait") in said(page)
    assert not Ledgers(home).read(NAME).policy.active
    assert of_page(home) == [("policy_set", PAGE)] * 2


@pytest.mark.parametrize("folder", ["/no/such/<b>folder</b>", "~/none of *these*", "tables"])
def test_a_folder_that_is_not_there_is_told_at_once_and_not_saved(
    open_it: Callable[[], AppTest], home: Path, language: str, folder: str
) -> None:
    page = open_it()
    page.text_input(key=f"{KEY}.folder").input(folder).run()
    problem = folder_problem(folder)
    assert problem is not None
    told = str(problem) if language == "en" else translate(language, problem.key, problem.facts)
    (warning,) = page.warning
    assert warning.value == plain(told)
    page.button(key="update.autopilot.save").click().run()
    assert [error.value for error in page.error] == [warning.value]
    assert page.text_input(key=f"{KEY}.folder").value == folder  # what was typed stays
    page.toggle(key=f"{KEY}.active").set_value(True).run()
    assert [error.value for error in page.error] == [warning.value]
    assert not page.toggle(key=f"{KEY}.active").value
    assert not Ledgers(home).read(NAME).policy.active
    assert of_page(home) == []


def test_rules_are_saved_and_follow_what_a_command_has_changed(
    open_it: Callable[[], AppTest], home: Path, language: str
) -> None:
    page = open_it()
    page.select_slider(key=f"{KEY}.least_rows").set_value(50).run()
    page.segmented_control(key=f"{KEY}.then").set_value("promote").run()
    page.selectbox(key=f"{KEY}.strategy").set_value("replay").run()
    page.button(key="update.autopilot.save").click().run()
    assert translate(language, "autopilot.off_promote") in said(page)
    facts = {"classifier": plain(NAME), "version": 1}
    assert translate(language, "update.state", facts) in said(page)
    assert Ledgers(home).read(NAME).policy == Policy(least_rows=50, then="promote", strategy="replay")
    Ledgers(home).write(Ledger(NAME, Policy(active=True, least_rows=30)))
    page.run()
    assert page.select_slider(key=f"{KEY}.least_rows").value == 30
    assert page.toggle(key=f"{KEY}.active").value
    assert translate(language, "autopilot.no_folder") in said(page)
    page.segmented_control(key=f"{KEY}.then").set_value("promote").run()
    page.button(key="update.autopilot.save").click().run()
    assert translate(language, "update.state_promotes", facts) in said(page)


def test_a_strategy_that_does_not_suit_the_model_is_refused_and_can_be_replaced(
    open_it: Callable[[], AppTest], home: Path, language: str
) -> None:
    Ledgers(home).write(Ledger(NAME, Policy(strategy="self_training")))
    page = open_it()
    assert page.selectbox(key=f"{KEY}.strategy").value == "self_training"  # as it was set before
    page.toggle(key=f"{KEY}.active").set_value(True).run()
    unfit = {"en": "does not suit this model", "zh": "不适合这个模型"}
    assert unfit[language] in page.error[0].value
    assert not Ledgers(home).read(NAME).policy.active
    page.selectbox(key=f"{KEY}.strategy").set_value("replay").run()
    page.button(key="update.autopilot.save").click().run()
    assert Ledgers(home).read(NAME).policy.strategy == "replay"
    assert not page.error


@pytest.mark.parametrize(("button", "verdict"), [("enter", "entered"), ("aside", "aside")])
def test_a_file_that_waits_is_let_in_or_set_aside(
    open_it: Callable[[], AppTest], home: Path, language: str, button: str, verdict: str
) -> None:
    files = [taken("a", "waiting"), taken("b", "waiting"), taken("c", "entered"), taken("d", "aside")]
    Ledgers(home).write(Ledger(NAME, Policy(active=True), files))
    page = open_it()
    told = said(page)
    assert r"\[a\]\(x\) \*new\*.csv" in told
    assert ("50 of 60 rows were met before" if language == "en" else "60 行中有 50 行以前见过") in told
    folds = [str(text.value) for fold in page.main.expander for text in fold.markdown]
    assert len(folds) == 1
    assert r"**\[d\]\(x\) \*new\*.csv" in folds[0]
    assert r"\[a\]" not in folds[0]  # its card says it already
    table = page.dataframe[0].value
    assert table.iloc[:, 1].tolist() == [f"[{mark}](x) *new*.csv" for mark in "dcba"]
    page.button(key=f"update.autopilot.{button}.{'a' * 12}").click().run()
    said(page)
    assert [each.verdict for each in Ledgers(home).read(NAME).files] == [verdict, "waiting", "entered", "aside"]
    assert of_page(home) == [("rows_decided", PAGE)]
    assert f"update.autopilot.enter.{'a' * 12}" not in {each.key for each in page.button}
    assert f"update.autopilot.enter.{'b' * 12}" in {each.key for each in page.button}


def test_a_file_that_somebody_else_decided_on_meanwhile_is_told(
    open_it: Callable[[], AppTest], home: Path, language: str
) -> None:
    Ledgers(home).write(Ledger(NAME, Policy(active=True), [taken("a", "waiting")]))
    page = open_it()
    Ledgers(home).write(Ledger(NAME, Policy(active=True), [taken("a", "entered")]))
    page.button(key=f"update.autopilot.enter.{'a' * 12}").click().run()
    assert of_page(home) == []
    assert not page.exception


def test_rows_that_wait_are_counted_and_what_they_wait_for_is_told(
    open_it: Callable[[], AppTest], home: Path, language: str
) -> None:
    now = datetime.now(UTC)
    ledger = Ledger(NAME, Policy(active=True, least_rows=100), [taken("a", "entered"), taken("b", "entered", 15)])
    ledger.batches = [Batch(1, now.isoformat(), "gone", 60, ["a" * 64], "failed")]
    ledger.begun = (now - timedelta(hours=1)).isoformat()
    ledger.trouble = message("evolve.refused", "The gate is against it.").to_dict()
    Ledgers(home).write(ledger)
    with FileLock(home / LOCK):
        page = open_it()
    told = said(page)
    assert page.get("progress")[0].proto.text == translate(language, "autopilot.rows", {"rows": "15", "needed": "100"})
    assert translate(language, "autopilot.followed") in told
    assert translate(language, "autopilot.earliest", {"when": ""})[:8] in told
    refused = "The gate is against it." if language == "en" else translate(language, "evolve.refused")
    assert translate(language, "autopilot.trouble", {"what": refused}) in told
    assert translate(language, "autopilot.in_batch", {"number": 1}) in page.dataframe[1].value.to_string()


def test_batches_stand_there_with_their_state_and_the_way_to_the_decision(
    open_it: Callable[[], AppTest], home: Path, language: str
) -> None:
    states: list[BatchState] = ["promoted", "kept_back", "taken_back", "failed", "waiting"]
    reason = message("evolve.stopped", "The run was stopped before it had made a version.").to_dict()
    batches = [
        Batch(
            number,
            "2026-11-30T10:00:00+00:00",
            "x",
            60,
            [],
            each,
            version=2,
            reason=reason if each == "failed" else None,
        )
        for number, each in enumerate(states, start=1)
    ]
    Ledgers(home).write(Ledger(NAME, Policy(active=True), batches=batches))
    page = open_it()
    said(page)
    table = page.dataframe[0].value
    assert table.iloc[:, 3].tolist() == [translate(language, f"autopilot.state_{each}") for each in reversed(states)]
    assert table.shape[1] == 5
    stopped = translate(language, "evolve.stopped") if language == "zh" else str(reason["text"])
    name = translate(language, "autopilot.batch_name", {"number": 4})
    told = [str(text.value) for fold in page.main.expander for text in fold.markdown]
    assert [text.replace("\\", "") for text in told] == [f"- **{name}** · {stopped}"]  # in full, whatever the width
    page.button(key="update.autopilot.decide").click().run()
    assert not page.exception
    assert tab_of(page) == "decide"


def test_what_happens_by_itself_leads_nobody_away_from_the_tab(open_it: Callable[[], AppTest], home: Path) -> None:
    page = open_it()
    assert page.query_params["tab"] == "autopilot"
    open_workspace(home).registry.delete_version(NAME, 2)  # the candidate that waited
    assert not page.run().exception
    assert tab_of(page) == "autopilot"


def test_home_and_overview_know_of_a_table_that_waits(open_page: OpenPage, home: Path, language: str) -> None:
    ledger = Ledger(NAME, Policy(active=True), [taken("a", "waiting")])
    Ledgers(home).write(ledger)
    sentence = translate(language, "health.rows").split("：" if language == "zh" else ":")[0]
    assert sentence not in said(open_page("home", language=language))  # a decision comes first
    workspace = open_workspace(home)
    workspace.registry.delete_version(NAME, 2)
    assert sentence in said(open_page("home", language=language))
    page = open_page("overview", language=language, classifier=NAME)
    assert plain(translate(language, "overview.next_rows")) in said(page)
    page.button(key="next-step-button").click().run()
    assert tab_of(page) == "autopilot"
    ledger.policy = Policy()
    Ledgers(home).write(ledger)
    assert sentence not in said(open_page("home", language=language))  # switched off, it asks for nothing


def test_the_audit_log_and_the_history_have_words_for_it(open_page: OpenPage, home: Path, language: str) -> None:
    audit = AuditLog(home)
    for did in ("policy_set", "rows_taken", "rows_decided", "update_begun"):
        audit.add(did, model=NAME, who=POLICY)
    audit.add("promoted", model=NAME, version=1, reason=HOW["policy"], who=POLICY)
    page = open_page("settings", language=language)
    assert not page.exception
    table = next(each.value for each in page.dataframe if translate(language, "audit.who") in each.value.columns)
    assert set(table[translate(language, "audit.who")][:5]) == {translate(language, "audit.who_policy")}
    assert table[translate(language, "audit.reason")][0] == translate(language, "models.move_policy")
    assert reason_of({"reason": HOW["policy"]}) == translate(language, "models.move_policy")


@pytest.fixture
def shop(tmp_path: Path) -> str:
    """The address of a database with rows."""
    connection = sqlite3.connect(tmp_path / "shop.db")
    with connection:
        connection.execute("CREATE TABLE rows (body, label)")
        connection.executemany(
            "INSERT INTO rows VALUES (?, ?)", [(f"great *thing* {number}", "a") for number in range(9)]
        )
    connection.close()
    return f"sqlite:///{tmp_path / 'shop.db'}"


def ask(page: AppTest, database: str, query: str) -> None:
    page.text_input(key=f"{KEY}.database").input(database).run()
    page.text_area(key=f"{KEY}.query").input(query).run()
    page.button(key=f"{KEY}.try").click().run()


def test_a_query_is_tried_before_it_is_saved(
    open_it: Callable[[], AppTest], home: Path, language: str, shop: str
) -> None:
    page = open_it()
    assert page.button(key=f"{KEY}.try").disabled
    ask(page, shop, "SELECT body, label FROM rows")
    missing = "The column 'text' is missing" if language == "en" else "缺少列“text”"
    assert missing in said(page)
    assert page.dataframe[0].value.shape == (5, 2)
    ask(page, shop, "SELECT body AS TEXT, label FROM rows")
    assert plain(translate(language, "autopilot.columns_fit", {"columns": ["text ← TEXT", "label"]})) in said(page)
    assert page.dataframe[0].value.iloc[0].tolist() == ["a", "great *thing* 0"]  # labels first: texts fill the table
    ask(page, shop, "SELECT body AS text, label FROM rows WHERE 1 = 2")
    assert translate(language, "autopilot.tried_nothing") in said(page)
    ask(page, shop, "SELECT * FROM absent")
    assert plain("no such table: absent") in page.error[0].value
    ask(page, shop, "DROP TABLE rows")
    assert "SELECT / WITH" in page.error[0].value
    assert not (home / "policies").exists()  # trying writes nothing
    page.text_area(key=f"{KEY}.query").input("SELECT body AS text, label FROM rows").run()
    assert not page.error
    page.button(key="update.autopilot.save").click().run()
    policy = Ledgers(home).read(NAME).policy
    assert (policy.database, policy.query) == (shop, "SELECT body AS text, label FROM rows")


def test_a_password_in_an_address_is_refused_and_stands_nowhere(
    open_it: Callable[[], AppTest], home: Path, language: str
) -> None:
    page = open_it()
    ask(page, "postgresql://reader:geheim@host/shop", "SELECT 1")
    assert "${SHOP_PASSWORD}" in page.error[0].value.replace("\\", "")
    page.button(key="update.autopilot.save").click().run()
    assert "${SHOP_PASSWORD}" in page.error[-1].value.replace("\\", "")
    assert "geheim" not in said(page)
    assert Ledgers(home).read(NAME).policy == Policy()
    assert of_page(home) == []
    Ledgers(home).write(Ledger(NAME, Policy(database="postgresql://reader:geheim@host/shop", query="SELECT 1")))
    page = open_it()
    assert page.text_input(key=f"{KEY}.database").value == "postgresql://reader:***@host/shop"
    assert "geheim" not in said(page)


def test_looks_copies_and_rows_that_do_not_count_are_told(
    open_it: Callable[[], AppTest], home: Path, language: str
) -> None:
    trouble = message("evolve.query_slow", "The query took longer than {seconds:.0f} seconds.", seconds=60)
    copy, counted = taken("a", "same", 0), taken("b", "entered")
    counted.met, counted.twice = 1234, 2
    at = "2026-11-30T10:00:00+00:00"
    ledger = Ledger(NAME, Policy(active=True, database="${SHOP}", query="SELECT 1"), [copy, counted])
    ledger.sources = {
        "query": {"at": at, "asked": "x", "rows": 40, "met": 1234, "twice": 3, "more": False},
        "hub": {"at": at, "asked": "x", "trouble": trouble.to_dict()},
    }
    Ledgers(home).write(ledger)
    page = open_it()
    told = said(page)
    assert "1,234" in told
    assert translate(language, "autopilot.no_folder") not in told
    slow = str(trouble) if language == "en" else translate(language, trouble.key, trouble.facts)
    assert plain(slow) in page.warning[0].value
    table = page.dataframe[0].value.to_string()
    assert translate(language, "autopilot.verdict_same") in table
    assert plain(translate(language, "autopilot.known", {"met": 1234, "twice": 2})) in told


def test_of_many_files_that_wait_some_stand_there_and_all_can_be_set_aside(
    open_it: Callable[[], AppTest], home: Path, language: str
) -> None:
    files = [taken(mark, "waiting") for mark in "abcdef"]
    Ledgers(home).write(Ledger(NAME, Policy(active=True), files))
    page = open_it()
    assert sum(str(button.key).startswith("update.autopilot.enter.") for button in page.button) == 4
    assert translate(language, "autopilot.more_waiting", {"count": 2}) in said(page)
    page.button(key="update.autopilot.all-aside").click().run()
    assert Ledgers(home).read(NAME).waiting == []
    entry = AuditLog(home).entries()[-1]
    assert (entry.did, entry.facts["enter"]) == ("rows_decided", False)


def test_a_switch_stands_in_the_audit_log_with_what_it_was_set_to(home: Path, language: str) -> None:
    values = {"active": True, "webhook": "https\u2060://example.org/hook "}
    change_policy(NAME, values, open_workspace(home))
    assert Ledgers(home).read(NAME).policy.webhook == "https://example.org/hook"  # the sign that nobody sees is gone
    (entry,) = [entry for entry in AuditLog(home).entries() if entry.did == "policy_set"]
    page = AppTest.from_function(_told, args=(asdict(entry), language), default_timeout=60).run()
    label = "Switched on" if language == "en" else translate(language, "settings.active_label")
    assert f"{label}: {translate(language, 'audit.on')}" in page.text[0].value
    for name in (*Policy.model_fields, "texts", "days"):  # each rule has a name
        other = asdict(replace(entry, facts={"changed": {name: "x"}}))
        page = AppTest.from_function(_told, args=(other, language), default_timeout=60).run()
        assert not page.exception
        assert page.text[0].value.endswith(": x")


def _told(stored: dict[str, object], language: str) -> None:
    """An entry's reason as the page of settings shows it."""
    import streamlit as st

    from core.base.audit import Entry
    from dashboard.settings.audit import _reason
    from dashboard.shell.i18n import LINK

    st.session_state[LINK] = language
    st.text(_reason(Entry(**stored)))  # type: ignore[arg-type]


def test_what_may_be_kept_stands_in_the_audit_log(home: Path) -> None:
    MonitorStore(home).keep(NAME, Keeping(kept_texts="all", kept_days=7))
    MonitorStore(home).keep(NAME, Keeping(kept_texts="all", kept_days=7))  # no change
    entries = [entry for entry in AuditLog(home).entries() if entry.did == "keeping_set"]
    assert [entry.facts["changed"] for entry in entries] == [{"texts": "all", "days": 7}]
