"""A search for settings: the defaults first, test rows never read, stopped and resumed as if nothing had been."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from core.base.errors import ConfigError
from core.base.events import CheckpointDue, EpochDone
from core.cli import main
from core.data.dataset.rows import TextDataset
from core.data.dataset.splitting import split_rows
from core.jobs import JobQueue
from core.jobs.worker import run_job
from core.networks.architectures import MODELS
from core.registry.records import SearchStore
from core.workflows.requests import resolve_settings
from core.workflows.search import attempt as attempt_module
from core.workflows.search import trial as trial_module
from core.workflows.search.run import Searched, SearchRequest, search_settings
from core.workflows.search.space import dimensions, searchable, usual
from core.workflows.search.state import TrialDone
from core.workflows.search.trial import SearchRows, rows_without_test
from core.workflows.workspace import Workspace
from tests.core.conftest import reviews, save

FAST = {"epochs": 2, "buckets": 1024, "embedding_size": 16, "batch_size": 8}
VARIED = ["learning_rate", "dropout", "longest_ngram"]


class Guarded(tuple[str, ...]):
    """Texts of which some may not be read once the guard is up."""

    forbidden: frozenset[int] = frozenset()

    def __getitem__(self, place: Any) -> Any:
        assert place not in self.forbidden, "a test row was read"
        return super().__getitem__(place)

    def __iter__(self) -> Iterator[str]:
        assert not self.forbidden, "all rows were read, those of the test among them"
        return super().__iter__()


def request(dataset: str, **search: int) -> SearchRequest:
    return SearchRequest(
        dataset=dataset, model="ngrams", searched=VARIED, settings=FAST, search={"search_trials": 5, **search}
    )


def outcome(events: list[Any]) -> list[tuple[Any, ...]]:
    """What a search tried and found, without the seconds."""
    return [(one.number, one.state, one.values, one.curve) for one in events if isinstance(one, TrialDone)]


def with_splits(dataset: TextDataset) -> TextDataset:
    parts = tuple(("train", "train", "train", "validation", "test")[row % 5] for row in range(len(dataset)))
    return replace(dataset, splits=parts)


def test_the_first_trial_are_the_defaults_and_the_best_is_never_worse(workspace: Workspace) -> None:
    stored = save(workspace, reviews(120))
    events = list(search_settings(request(stored.id), workspace))
    trials = [one for one in events if isinstance(one, TrialDone)]
    defaults = resolve_settings("ngrams", FAST).flat()
    assert trials[0].values == {name: defaults[name] for name in VARIED}
    assert trials[0].state == "complete"
    assert len(trials) == 5
    done = events[-1]
    assert isinstance(done, Searched)
    best = done.search["trials"][done.search["best"]]
    assert best["macro_f1"] == max(one.macro_f1 or 0 for one in trials if one.state == "complete")
    assert best["macro_f1"] == pytest.approx(done.search["best_score"]["value"])
    assert done.search["rows"] == {"train": 84, "validation": 12, "left_out": 24}
    assert SearchStore(workspace.home).list() == [json.loads(json.dumps(done.search))]
    assert not workspace.registry.classifiers()


def test_no_test_row_is_read_after_the_rows_were_divided(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = reviews(120)
    texts = Guarded(dataset.texts)
    guarded = replace(dataset, texts=texts)
    stored = save(workspace, dataset)
    monkeypatch.setattr(type(workspace.datasets), "load", lambda self, identity: guarded)

    def divide(*args: Any, **kwargs: Any) -> Any:
        split = split_rows(*args, **kwargs)
        texts.forbidden = frozenset(split.test.tolist())
        return split

    monkeypatch.setattr(trial_module, "split_rows", divide)
    events = list(search_settings(request(stored.id), workspace))
    assert len(texts.forbidden) == 24
    assert isinstance(events[-1], Searched)
    with pytest.raises(AssertionError, match="test row"):
        guarded.take(sorted(texts.forbidden))  # the guard does stand


def test_what_the_test_rows_say_changes_nothing(workspace: Workspace) -> None:
    dataset = with_splits(reviews(100))
    poisoned = replace(
        dataset,
        texts=tuple("poison" + str(row) if row % 5 == 4 else text for row, text in enumerate(dataset.texts)),
        labels=np.where(np.arange(100) % 5 == 4, 1 - dataset.labels, dataset.labels),
    )
    found = [
        outcome(list(search_settings(request(save(workspace, one, f"table {name}").id), workspace)))
        for name, one in enumerate((dataset, poisoned))
    ]
    assert found[0] == found[1]


def test_the_rows_of_a_search_hold_no_test_text() -> None:
    dataset = with_splits(reviews(50))
    rows = rows_without_test(dataset, resolve_settings("ngrams", {}).data)
    tests = {text for text, part in zip(dataset.texts, dataset.splits or (), strict=True) if part == "test"}
    assert len(tests) == rows.left_out == 10
    assert not tests & {*rows.train[0], *rows.validation[0]}


def test_a_search_that_was_stopped_goes_on_as_one_that_was_not(workspace: Workspace) -> None:
    stored = save(workspace, reviews(120))
    whole = list(search_settings(request(stored.id), workspace))
    states: list[dict[str, Any]] = []
    part: list[Any] = []
    for event in search_settings(request(stored.id), workspace, should_stop=lambda: len(states) == 2):
        part.append(event)
        if isinstance(event, CheckpointDue):
            states.append(event.state)
    assert not isinstance(part[-1], Searched)
    rest = list(search_settings(request(stored.id), workspace, resume=states[-1]))
    assert outcome(part) + outcome(rest) == outcome(whole)
    resumed, straight = (one[-1].search for one in (rest, whole))
    assert resumed["difference"] == straight["difference"]
    assert resumed["best"] == straight["best"]


def test_when_time_is_over_only_the_defaults_are_run_to_their_end(workspace: Workspace) -> None:
    stored = save(workspace, reviews(120))
    ticks = iter(range(0, 100_000, 1))
    limits = SearchRequest(
        dataset=stored.id, model="ngrams", searched=VARIED, settings=FAST, search={"search_minutes": 1}
    )
    events = list(search_settings(limits, workspace, clock=lambda: float(next(ticks))))
    trials = [one for one in events if isinstance(one, TrialDone)]
    assert trials[0].state == "complete"
    assert trials[-1].state == "cut"
    assert events[-1].search["best"] == 0
    assert events[-1].search["difference"] is None


def test_settings_that_do_not_go_together_are_a_failed_trial(workspace: Workspace) -> None:
    stored = save(workspace, reviews(60))
    asked = SearchRequest(
        dataset=stored.id,
        model="transformer",
        searched=["heads"],
        settings={"epochs": 1, "layers": 1, "embedding_size": 16, "hidden_size": 32, "max_length": 16},
        search={"search_trials": 6},
    )
    events = list(search_settings(asked, workspace))
    failed = [one for one in events if isinstance(one, TrialDone) and one.state == "failed"]
    assert failed
    assert all(16 % one.values["heads"] and one.error and one.macro_f1 is None for one in failed)


def test_numbers_that_ran_off_and_memory_that_ran_out_do_not_end_the_search(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = iter(range(10))

    def learn(rows: SearchRows, *others: Any) -> Iterator[Any]:
        turn = next(turns)
        if turn == 2:
            raise MemoryError
        yield EpochDone(
            1,
            1.0,
            math.nan if turn == 1 else 0.5,
            {"macro_f1": 0.5 - turn / 10, "accuracy": 0.5},
            best=True,
            seconds=0.1,
        )
        yield np.zeros(len(rows.validation[0]), dtype=np.int64)

    monkeypatch.setattr(attempt_module, "learn_trial", learn)
    stored = save(workspace, reviews(120))
    events = list(search_settings(request(stored.id, search_trials=4), workspace))
    trials = [one for one in events if isinstance(one, TrialDone)]
    assert [one.state for one in trials] == ["complete", "complete", "failed", "complete"]
    assert trials[1].loss is None
    (record,) = SearchStore(workspace.home).list()
    assert record["trials"][2]["error"]["key"] == "search.memory"


def test_what_cannot_be_searched_is_named() -> None:
    defaults = resolve_settings("ngrams", {}).flat()
    for names in (["seed"], ["word_vectors"], ["test_share"], []):
        with pytest.raises(ConfigError, match="learning_rate"):
            dimensions("ngrams", names, defaults)


@pytest.mark.parametrize("model", sorted(MODELS))
def test_every_model_has_settings_worth_searching_within_their_bounds(model: str) -> None:
    defaults = resolve_settings(model, {}).flat()
    names = [one.name for one in searchable(model)]
    assert ("learning_rate" in usual(model)) is not MODELS[model].solved
    assert usual(model)
    assert set(usual(model)) <= set(names)
    for one in dimensions(model, names, defaults):
        distribution = one.distribution()
        kept = one.on_grid(one.default)
        assert distribution._contains(distribution.to_internal_repr(kept)), one.setting.name
        if one.low is not None and one.high is not None:
            assert one.setting.minimum is not None
            assert one.setting.maximum is not None
            assert one.setting.minimum <= one.low <= one.default <= one.high <= one.setting.maximum


def test_ranges_come_from_the_declarations() -> None:
    defaults = resolve_settings("ngrams", {}).flat()
    found = {one.setting.name: one for one in dimensions("ngrams", [*VARIED, "lowercase", "batch_size"], defaults)}
    rate = found["learning_rate"].distribution()  # 0.005 × and ÷ 20, within 1e-5 … 0.1
    assert isinstance(rate, FloatDistribution)
    assert (rate.low, rate.high, rate.log) == (0.00025, 0.1, True)
    assert found["dropout"].distribution() == FloatDistribution(0.0, 0.8, step=0.05)
    assert found["longest_ngram"].distribution() == IntDistribution(1, 4)
    assert found["lowercase"].distribution() == CategoricalDistribution([False, True])
    assert found["batch_size"].tidy(33) == 32
    assert found["batch_size"].tidy(5) == 4


def test_a_job_leaves_its_trials_for_the_page_and_names_its_record(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobQueue, "_start_next", lambda self: None)
    queue = JobQueue(workspace.home)
    asked = request(save(workspace, reviews(120)).id, search_trials=2).model_dump()
    job = queue.submit("search", title="Settings", classifier="", config=asked)
    run_job(workspace.home / "jobs" / job.id)
    ended = queue.get(job.id)
    assert ended.error is None
    assert ended.state == "finished"
    (stored,) = SearchStore(workspace.home).list()
    assert ended.result == {"search": stored["id"]}
    assert [one["values"] for one in queue.trials(job.id)] == [one["values"] for one in stored["trials"]]


def test_the_command_line_prints_settings_that_train_takes(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], evergreen_home: Path
) -> None:
    save(workspace, reviews(120), "shop reviews")
    fast = [f"{name}={value}" for name, value in FAST.items()]
    command = ["search", "--dataset", "shop reviews", "--model", "ngrams", "--trials", "2", "--vary", "dropout"]
    assert main([*command, "--set", *fast, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["trials"]) == 2
    assert set(found["best_settings"]) == {"dropout"}
    assert main(["search", "--dataset", "none", "--model", "ngrams"]) != 0
    assert "shop reviews" in capsys.readouterr().err
