"""What a policy would have done: on the stream of a model, in a workspace that is thrown away."""

from __future__ import annotations

import json

import pytest

from core.base.errors import DataError
from core.cli.main import main
from core.evolve.ledger import Ledgers
from core.evolve.simulation import SimulateRequest, simulate
from tests.core.conftest import reviews
from tests.core.evolve.conftest import Evolving


def test_a_stream_is_followed_and_nothing_of_the_workspace_changes(
    evolving: Evolving, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    for source in ("rows_of", "revision_of"):
        monkeypatch.setattr(f"core.evolve.sources.looking.{source}", lambda *words: asked.append(words))
    with pytest.raises(DataError, match="one table only"):
        list(simulate(SimulateRequest(classifier="Shop"), evolving.workspace))
    for seed in (1, 2):
        evolving.put(f"day{seed}.csv", reviews(100, seed=seed))
        evolving.step(4)
    assert evolving.champion == 3
    before = Ledgers(evolving.workspace.home).read("Shop").to_dict()
    rules = {"least_rows": 50, "database": "${NOT_ASKED}", "query": "SELECT 1", "hub": "not/asked"}
    request = SimulateRequest(classifier="Shop", rules=rules)
    events = list(simulate(request, evolving.workspace))
    done = events[-1].simulated
    assert [(batch.rows, batch.verdict, batch.state) for batch in done.batches] == [
        (100, "entered", "promoted"),
        (100, "entered", "promoted"),
    ]
    assert (done.promotions, done.wrong) == (2, 0)
    assert asked == []
    assert len(done.matrix) == 3
    assert 0 <= done.first <= 1
    assert [event.fraction for event in events[:-1]] == [0, 1 / 3, 2 / 3]
    assert events[-1].outcome()["simulated"]["promotions"] == 2
    assert Ledgers(evolving.workspace.home).read("Shop").to_dict() == before
    assert len(evolving.workspace.registry.versions("Shop")) == 3
    assert list(evolving.workspace.home.glob(".incoming*")) == []
    assert [type(event).__name__ for event in simulate(request, evolving.workspace, should_stop=lambda: True)] == [
        "StageStarted"
    ]


def test_the_command_tries_other_rules(evolving: Evolving, capsys: pytest.CaptureFixture[str]) -> None:
    evolving.put("day.csv", reviews(100, seed=1))
    evolving.step(4)
    assert main(["policy", "simulate", "--classifier", "Shop", "--least-rows", "500", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["promotions"] == 0
    assert [batch["state"] for batch in told["batches"]] == [""]
