"""A policy reads each table once, keeps back what may be poisoned, learns what is due, and decides as it was told."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from filelock import FileLock

from core.base.audit import AuditLog
from core.base.errors import ConfigError
from core.cli.main import main
from core.data.dataset.columns import ColumnRoles
from core.data.labelling.corrections import Corrections
from core.evolve.following import LOCK
from core.evolve.ledger import Ledgers
from core.evolve.scheduler import follow
from core.evolve.step import decide, step, together
from core.registry import promote
from core.serving.engines.graphs import load_version
from core.serving.monitor.keeping import Keeping
from core.serving.monitor.recorder import Recorder
from core.serving.monitor.store import MonitorStore
from core.workflows.forget.rows import find_rows
from core.workflows.forget.run import ForgetRequest, forget_rows
from core.workflows.requests import UpdateRequest
from core.workflows.update.run import update_classifier
from core.workflows.versions.folder import VersionFolder
from tests.core.conftest import reviews
from tests.core.evolve.conftest import Evolving


def did(evolving: Evolving) -> list[tuple[str, str]]:
    return [(entry.did, entry.who) for entry in AuditLog(evolving.workspace.home).entries()]


def test_a_table_is_read_once_learned_and_promoted_by_the_policy(evolving: Evolving) -> None:
    evolving.put("monday.csv", reviews(100, seed=1))
    ledger = evolving.step()
    assert [(taken.name, taken.rows, taken.verdict) for taken in ledger.files] == [("monday.csv", 100, "entered")]
    ledger = evolving.step(1)
    (batch,) = ledger.batches
    assert (batch.state, batch.version, batch.rows) == ("promoted", 2, 100)
    assert evolving.champion == 2
    assert [entry for entry in did(evolving) if entry[1] == "policy"] == [
        ("rows_taken", "policy"),
        ("update_begun", "policy"),
        ("promoted", "policy"),
    ]
    evolving.put("again.csv", reviews(100, seed=1))
    ledger = evolving.step(3)
    assert [(taken.name, taken.rows, taken.verdict) for taken in ledger.files[1:]] == [("again.csv", 0, "same")]
    assert "monday.csv" in str(ledger.files[1].messages[0])
    assert len(ledger.batches) == 1


def test_rows_gather_until_there_are_enough_and_time_has_passed(evolving: Evolving) -> None:
    evolving.set(least_rows=150, hours_between=10.0)
    evolving.put("one.csv", reviews(100, seed=1))
    assert evolving.step(3).batches == []
    evolving.put("two.csv", reviews(100, seed=2))
    ledger = evolving.step(3)
    assert [batch.rows for batch in ledger.batches] == [200]
    for seed in (3, 4):
        evolving.put(f"more{seed}.csv", reviews(100, seed=seed))
    assert len(evolving.step(3).batches) == 1
    ledger = evolving.step(3, now=datetime.now(UTC) + timedelta(hours=11))
    assert len(ledger.batches) == 2
    used = [mark for batch in ledger.batches for mark in batch.marks]
    assert len(used) == len(set(used)) == 4


def test_half_written_and_hidden_files_are_waited_for(evolving: Evolving) -> None:
    path = evolving.put("growing.csv", reviews(40, seed=1), seconds_old=0)
    evolving.put(".hidden.csv", reviews(40, seed=2))
    (evolving.folder / "picture.png").write_bytes(b"\x89PNG")
    assert evolving.step(2).files == []
    evolving.put(path.name, reviews(80, seed=1))
    assert evolving.step(1).files == []
    assert [taken.rows for taken in evolving.step(1).files] == [80]


def test_what_may_be_poisoned_waits_and_what_cannot_be_read_is_set_aside(evolving: Evolving) -> None:
    first = VersionFolder(evolving.workspace.registry.folder("Shop", 1))
    flipped = reviews(100, seed=1)
    evolving.put("flipped.csv", replace(flipped, labels=1 - flipped.labels))
    learned = reviews(300)
    evolving.put("again.csv", together([learned.take(np.arange(250)), reviews(100, seed=4)]))
    test = learned.take(first.rows_of(1, "test"))
    evolving.put("leaked.csv", test)
    chinese = reviews(60, seed=3)
    evolving.put("chinese.csv", replace(chinese, texts=tuple(f"这个东西很好用第{row}次" for row in range(60))))
    (evolving.folder / "broken.csv").write_bytes(b"nothing")
    ledger = evolving.step(3)
    found = {taken.name: (taken.verdict, [message.key for message in taken.messages]) for taken in ledger.files}
    assert found["flipped.csv"] == ("waiting", ["evolve.contrary"])
    assert found["again.csv"] == ("waiting", ["evolve.met"])
    assert found["leaked.csv"][0] == "aside"
    assert "evolve.language_zh" in found["chinese.csv"][1]
    assert ledger.batches == []
    assert evolving.champion == 1


def test_unknown_labels_broken_rows_and_links_are_not_learned_unseen(evolving: Evolving) -> None:
    batch = reviews(90, seed=1, third_label=True)
    evolving.put("new.csv", batch)
    cut = evolving.put("cut.csv", reviews(60, seed=2))
    cut.write_text(cut.read_text("utf-8") + "too,many,cells,here\n", encoding="utf-8")
    os.utime(cut, (1e9, 1e9))
    link = evolving.folder / "link.csv"
    link.symlink_to(evolving.put("few.csv", reviews(3, seed=3)))
    os.utime(link, (1e9, 1e9), follow_symlinks=False)
    (evolving.folder / "notes.md").write_text("no table", encoding="utf-8")
    os.utime(evolving.folder / "notes.md", (1e9, 1e9))
    found = {
        taken.name: (taken.verdict, [message.key for message in taken.messages]) for taken in evolving.step().files
    }
    assert found["new.csv"] == ("waiting", ["evolve.new_labels"])
    assert found["cut.csv"][0] == "waiting"
    assert found["few.csv"] == ("entered", [])
    assert found["link.csv"] == ("aside", ["evolve.link"])
    assert found["notes.md"] == ("aside", ["evolve.ending"])
    assert [taken.name for taken in evolving.step().files].count("notes.md") == 1


def test_what_a_person_promotes_against_the_gate_is_not_learned_again(evolving: Evolving) -> None:
    flipped = reviews(100, seed=1)
    evolving.put("flipped.csv", replace(flipped, labels=1 - flipped.labels))
    (taken,) = evolving.step().files
    with Ledgers(evolving.workspace.home).alone("Shop") as ledger:
        assert ledger is not None
        assert decide(ledger, taken.mark, enter=True)
    assert evolving.step(3).batches[0].state == "refused"
    promote(evolving.workspace.registry, "Shop", 2, how="a person", reason="because")
    ledger = evolving.step(2)
    assert ledger.batches[0].state == "promoted"
    assert ledger.pending == []


def test_rows_that_a_person_has_learned_before_are_told_from_those_of_the_policy(evolving: Evolving) -> None:
    """Version 2, learned by hand from the very same rows and rolled back, is not the policy's."""
    batch = reviews(100, seed=1)
    evolving.set(active=False)
    evolving.put("monday.csv", batch)
    stored = evolving.workspace.datasets.save(batch, name="by hand", roles=ColumnRoles("text", "label"))
    request = UpdateRequest(classifier="Shop", dataset=stored.id, promote="always")
    list(update_classifier(request, evolving.workspace))
    evolving.workspace.registry.rollback("Shop")
    time.sleep(1.1)  # versions know the second in which they were made
    evolving.set(active=True, then="wait")
    ledger = evolving.step(4)
    assert (ledger.batches[0].state, ledger.batches[0].version) == ("waiting", 3)


def test_a_person_lets_rows_in_that_wait(evolving: Evolving, capsys: pytest.CaptureFixture[str]) -> None:
    flipped = reviews(100, seed=1)
    evolving.put("flipped.csv", replace(flipped, labels=1 - flipped.labels))
    (taken,) = evolving.step().files
    assert main(["policy", "enter", "--classifier", "Shop", "--file", "nothing"]) == 2
    assert main(["policy", "enter", "--classifier", "Shop", "--file", taken.mark[:12]]) == 0
    assert main(["policy", "aside", "--classifier", "Shop", "--file", taken.mark[:12]]) == 2
    capsys.readouterr()
    ledger = evolving.step()
    assert ledger.batches[0].state == "refused"
    assert evolving.champion == 1
    assert not decide(ledger, "unknown", enter=True)


def test_rows_that_the_gate_refused_are_tried_again_with_new_ones_a_few_times(evolving: Evolving) -> None:
    flipped = reviews(100, seed=1)
    evolving.put("flipped.csv", replace(flipped, labels=1 - flipped.labels))
    (taken,) = evolving.step().files
    with Ledgers(evolving.workspace.home).alone("Shop") as ledger:
        assert ledger is not None
        assert decide(ledger, taken.mark, enter=True)
    assert len(evolving.step(4).batches) == 1
    for seed in (2, 3, 4):
        evolving.put(f"good{seed}.csv", reviews(62, seed=seed))
        ledger = evolving.step(3)
    tried = [taken.mark in batch.marks for batch in ledger.batches]
    assert tried.count(True) <= 3
    assert len(ledger.batches) == 4


def test_labels_that_were_mixed_up_by_chance_wait_and_a_new_domain_enters(evolving: Evolving) -> None:
    generator = np.random.default_rng(0)
    mixed = reviews(200, seed=5)
    evolving.put("mixed.csv", replace(mixed, labels=generator.integers(0, 2, 200)))
    words = {"negative": ("rotten", "sour"), "positive": ("sweet", "ripe")}
    rows = [(f"{words[name][row % 2]} fruit box {row}", name) for row in range(100) for name in words]
    domain = replace(
        mixed, texts=tuple(text for text, _ in rows), labels=np.array([mixed.classes.index(name) for _, name in rows])
    )
    evolving.put("domain.csv", domain)
    ledger = evolving.step()
    found = {taken.name: (taken.verdict, [message.key for message in taken.messages]) for taken in ledger.files}
    assert found["mixed.csv"] == ("waiting", ["evolve.mixed"])
    assert found["domain.csv"] == ("entered", [])


def test_a_candidate_waits_for_a_person_where_the_policy_says_so(evolving: Evolving) -> None:
    evolving.set(then="wait")
    evolving.put("monday.csv", reviews(100, seed=1))
    ledger = evolving.step(3)
    assert ledger.batches[0].state == "waiting"
    assert evolving.champion == 1
    evolving.put("tuesday.csv", reviews(100, seed=2))
    assert len(evolving.step(3).batches) == 1
    promote(evolving.workspace.registry, "Shop", 2, how="a person")
    ledger = evolving.step(3)
    assert ledger.batches[0].state == "promoted"
    assert len(ledger.batches) == 2


def test_corrections_join_the_next_batch_once(evolving: Evolving) -> None:
    queue = Corrections(evolving.workspace.home)
    queue.add("Shop", "the odd thing is fine", "positive", predicted="negative", version=1)
    evolving.put("monday.csv", reviews(100, seed=1))
    ledger = evolving.step(3)
    assert ledger.batches[0].rows == 101
    assert queue.list("Shop") == []


def test_a_promoted_version_goes_again_where_labelled_texts_say_it_is_worse(evolving: Evolving) -> None:
    workspace = evolving.workspace
    MonitorStore(workspace.home).keep("Shop", Keeping(kept_texts="sample"))
    evolving.put("monday.csv", reviews(100, seed=1))
    assert evolving.step(3).batches[0].state == "promoted"
    folders = {number: workspace.registry.folder("Shop", number) for number in (1, 2)}
    old, new = (load_version(folders[number]) for number in (1, 2))
    words = ["great", "awful", "kettle", "lamp", "phone", "sad", "number", "is", "the"]
    texts = [f"{first} {second} {third}" for first in words for second in words for third in words]
    differ = [
        text
        for text, before, after in zip(texts, old.compute(texts).argmax(1), new.compute(texts).argmax(1), strict=True)
        if before != after
    ]
    if len(differ) < 35:
        pytest.skip("both versions answer alike")
    recorder = Recorder(workspace.home)
    answers = new.answer(differ)
    recorder.noting("Shop", 2, folders[2], new, "api")(differ, answers.values, answers.truncated, 0.01)
    recorder.close()
    truth = [old.labels[column] for column in old.compute(differ).argmax(1)]
    assert MonitorStore(workspace.home).tell("Shop", differ, truth) == min(len(differ), 256)
    ledger = evolving.step(1)
    assert ledger.batches[0].state == "taken_back"
    assert evolving.champion == 1
    assert did(evolving)[-1] == ("rolled_back", "policy")


def test_a_killed_step_learns_nothing_twice(evolving: Evolving) -> None:
    """As if the process had died after the run was given to the queue, and before that was written down."""
    evolving.put("monday.csv", reviews(100, seed=1))
    evolving.step(2)
    ledgers = Ledgers(evolving.workspace.home)
    with ledgers.alone("Shop") as ledger:
        assert ledger is not None
        ledger.batches[0].state, ledger.batches[0].job, ledger.batches[0].version = "ready", "", None
    ledger = evolving.step(1)
    assert ledger.batches[0].version == 2
    assert len(evolving.workspace.registry.versions("Shop")) == 2
    assert len(evolving.queue.list()) == 1


def test_what_is_forgotten_or_deleted_before_it_is_learned_is_not_learned(evolving: Evolving) -> None:
    evolving.set(least_rows=150)
    batch = reviews(100, seed=1)
    evolving.put("one.csv", batch)
    evolving.step(2)
    workspace = evolving.workspace
    matches = find_rows("Shop", workspace, texts=[batch.texts[3]])
    request = ForgetRequest(
        classifier="Shop",
        rows={part.dataset: part.rows.tolist() for part in matches.datasets},
        digests=sorted(matches.digests),
        wanted=sorted(matches.wanted),
    )
    list(forget_rows(request, workspace))
    evolving.put("two.csv", reviews(100, seed=2))
    ledger = evolving.step(3)
    assert ledger.trouble is None
    assert [made.rows for made in ledger.batches] == [199]
    learned = workspace.datasets.load(ledger.batches[0].dataset).texts
    assert batch.texts[3] not in learned
    evolving.put("three.csv", reviews(100, seed=3))
    ledger = evolving.step(2)
    workspace.datasets.delete(ledger.files[-1].dataset)
    ledger = evolving.step(2)
    assert ledger.files[-1].verdict == "aside"
    assert ledger.files[-1].messages[0].key == "evolve.deleted"


def test_switched_off_nothing_is_done_and_a_deleted_model_hinders_nobody(evolving: Evolving) -> None:
    evolving.put("monday.csv", reviews(100, seed=1))
    evolving.set(active=False)
    assert step("Shop", evolving.workspace, evolving.queue) is None
    assert evolving.step(3).files == []
    evolving.set(active=True)
    evolving.workspace.registry.delete("Shop")
    ledger = evolving.step(3)
    assert ledger.trouble is not None


def test_one_scheduler_follows_a_workspace(evolving: Evolving) -> None:
    with FileLock(evolving.workspace.home / LOCK), pytest.raises(ConfigError, match="already"):
        follow(evolving.workspace.home, once=True, told=lambda _: None)
    told: list[str] = []
    evolving.set(folder=str(evolving.folder / "missing"))
    follow(evolving.workspace.home, once=True, told=lambda ledger: told.append(ledger.model))
    assert told == ["Shop"]


def test_the_command_sets_and_shows_the_rules(evolving: Evolving, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["policy", "set", "--classifier", "Shop", "--least-rows", "500", "--no-active", "--no-corrections"]) == 0
    )
    assert main(["policy", "show", "--classifier", "Shop", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["policy"]["least_rows"], shown["policy"]["active"], shown["policy"]["corrections"]) == (
        500,
        False,
        False,
    )
    assert did(evolving)[-1][0] == "policy_set"
    assert main(["policy", "set", "--classifier", "Shop", "--least-rows", "1"]) == 2
    assert main(["policy", "set", "--classifier", "Nobody", "--active"]) == 2
    assert main(["evolve", "--once"]) == 0
    capsys.readouterr()
    with FileLock(evolving.workspace.home / LOCK):
        assert main(["evolve", "--once"]) == 0
    assert "already" in capsys.readouterr().err
    assert main(["policy", "set", "--classifier", "Shop", "--active", "--folder", ""]) == 0
    assert "no new rows come in" in capsys.readouterr().err


def test_tables_together_have_each_text_once() -> None:
    first, second = reviews(4, seed=1), reviews(4, seed=1)
    second = replace(second, labels=1 - second.labels)
    joined = together([first, reviews(2, seed=2), second])
    assert len(joined) == 6
    assert joined.label_names()[:4] == second.label_names()


def test_the_ledger_survives_what_cannot_be_read(evolving: Evolving) -> None:
    (path,) = (evolving.workspace.home / "policies").glob("*.json")
    path.write_text("{ not json")
    assert Ledgers(evolving.workspace.home).read("Shop").policy.active is False
    assert Ledgers(evolving.workspace.home).all() == []
