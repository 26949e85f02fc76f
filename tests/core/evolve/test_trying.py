"""Strategies are tried on validation rows before a batch is learned, and the score in use or a long wait begins an update."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.base.events import last_of
from core.evolve import telling
from core.evolve.ledger import Ledgers
from core.evolve.policy import Policy
from core.tasks.text_classification import forecasting
from core.workflows.update import trial
from core.workflows.update.trial import TrialRequest, Tried, chosen, try_strategies
from core.workflows.versions.folder import VersionFolder
from tests.core.conftest import reviews, save
from tests.core.evolve.conftest import Evolving
from tests.core.evolve.test_shadow import TEXTS, use


def tried(name: str, score: float, value: float, low: float) -> Tried:
    return Tried(name, score, value, low, 2 * value - low, 1.0)


def test_another_strategy_must_be_better_beyond_chance() -> None:
    first = tried("replay", 0.80, 0.0, 0.0)
    assert chosen([first, tried("joint", 0.83, 0.03, -0.01)]) == "replay"
    assert chosen([first, tried("joint", 0.83, 0.03, 0.01), tried("ridge", 0.85, 0.05, 0.02)]) == "ridge"
    assert chosen([first, tried("joint", 0.70, -0.1, -0.12)]) == "replay"


def test_a_trial_measures_on_validation_rows_and_makes_no_version(evolving: Evolving) -> None:
    batch = save(evolving.workspace, reviews(100, seed=1), "batch")
    done = last_of(try_strategies(TrialRequest(classifier="Shop", dataset=batch.id), evolving.workspace))
    names = [each["strategy"] for each in done.outcome()["tried"]]
    assert names[0] == "replay"
    assert {"finetune", "joint"} <= set(names)
    assert done.outcome()["strategy"] in names
    assert all(0.5 < each["score"] <= 1.0 for each in done.outcome()["tried"])
    assert (done.tried[0].value, done.tried[0].low, done.tried[0].high) == (0.0, 0.0, 0.0)
    assert len(evolving.workspace.registry.versions("Shop")) == 1


def test_no_test_row_is_asked_for(evolving: Evolving, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = save(evolving.workspace, reviews(100, seed=1), "batch")
    asked: set[str] = set()
    real = trial.told_answers

    def note(learner, texts):  # type: ignore[no-untyped-def]
        asked.update(texts)
        return real(learner, texts)

    monkeypatch.setattr(trial, "told_answers", note)
    last_of(try_strategies(TrialRequest(classifier="Shop", dataset=batch.id), evolving.workspace))
    folder = VersionFolder(evolving.workspace.registry.folder("Shop", 1))
    assert asked
    assert asked.isdisjoint(str(text) for text in folder.predictions(1)["text"])
    assert len(asked) == 300 * 0.1 + 100 * 0.1  # the validation rows of both tables


def test_time_bounds_how_many_are_tried_and_the_first_always_is(evolving: Evolving) -> None:
    batch = save(evolving.workspace, reviews(100, seed=1), "batch")
    moments = iter(range(0, 10_000, 100))
    request = TrialRequest(classifier="Shop", dataset=batch.id, minutes=1)
    done = last_of(try_strategies(request, evolving.workspace, clock=lambda: float(next(moments))))
    assert [each.strategy for each in done.tried] == ["replay"]
    assert list(try_strategies(request, evolving.workspace, should_stop=lambda: True))[-1] is not done


def test_a_policy_that_tries_learns_by_the_winner(evolving: Evolving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "chosen", lambda _: "joint")
    evolving.set(strategy="try", trial_minutes=1.0)
    evolving.put("monday.csv", reviews(100, seed=1))
    batch = evolving.step(5).batches[0]
    assert (batch.reason, batch.state, batch.strategy, batch.version) == (None, "promoted", "joint", 2)
    assert batch.tried[0]["strategy"] == "replay"
    assert evolving.workspace.registry.version("Shop", 2).summary["strategy"] == "joint"
    assert [job.kind for job in evolving.queue.list()].count("trial") == 1


def test_a_trial_that_fails_leaves_the_choice_to_the_model(evolving: Evolving, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("no memory left")

    monkeypatch.setattr(trial, "fitting", fails)
    evolving.set(strategy="try")
    evolving.put("monday.csv", reviews(100, seed=1))
    batch = evolving.step(5).batches[0]
    assert (batch.state, batch.strategy, batch.tried, batch.reason) == ("promoted", "auto", [], None)


def test_when_fewer_rows_are_enough() -> None:
    policy = Policy(least_rows=200, least_score=0.8, most_days=7, at_alarm=True)
    assert policy.rows_needed(alarm=False) == 200
    assert policy.rows_needed(alarm=True) == 50
    assert policy.rows_needed(alarm=False, score=0.79) == 50
    assert policy.rows_needed(alarm=False, score=0.81) == 200
    assert policy.rows_needed(alarm=False, days=6.9) == 200
    assert policy.rows_needed(alarm=False, days=7.0) == 20
    assert Policy(least_rows=200).rows_needed(alarm=False, score=0.0, days=400) == 200


def test_rows_that_have_waited_long_enough_are_learned_if_there_are_enough_of_them(evolving: Evolving) -> None:
    evolving.set(least_rows=1000, most_days=7)
    evolving.put("few.csv", reviews(16, seed=1))
    evolving.step(2)
    long_ago = (datetime.now(UTC) - timedelta(days=8)).isoformat()
    with Ledgers(evolving.workspace.home).alone("Shop") as ledger:
        assert ledger is not None
        ledger.files[0].at = long_ago
    assert evolving.step(2).batches == []  # sixteen are too few
    evolving.put("more.csv", reviews(80, seed=2))
    batch = evolving.step(3).batches[0]
    assert (batch.state, batch.rows) == ("promoted", 96)


def test_a_score_below_the_line_is_told_once(evolving: Evolving, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    monkeypatch.setattr(telling, "post", lambda address, content, secret: sent.append(content["kind"]) or "")
    monkeypatch.setattr(forecasting, "FEWEST_KNOWN", 50)  # the model of this test has ninety such rows
    use(evolving, TEXTS)
    evolving.set(least_score=1.0, webhook="https://example.org/hook")
    ledger = evolving.step(1)
    assert ledger.foreseen is not None
    assert 0.5 < ledger.foreseen < 1.0
    assert sent == ["score_low"]
    later = datetime.now(UTC) + timedelta(hours=2)
    evolving.step(2, now=later)
    assert sent == ["score_low"]
