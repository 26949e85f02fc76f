"""*Auto*: which rungs are climbed, which of them serves, and what a stop or a kill leaves."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from core.base.errors import ConfigError
from core.base.events import Advanced, CheckpointDue, Finished, RunStarted
from core.base.messages import Message
from core.networks.pretrained.packaged import PACKAGED
from core.statistics.intervals import Estimate
from core.tasks import DEFAULT, task_of
from core.training import loop
from core.workflows.learn.candidate import Completed
from core.workflows.requests import AUTO, TrainRequest
from core.workflows.train import auto, ladder, validation
from core.workflows.train.auto import Climbed, RungDone
from core.workflows.train.estimate import check_request
from core.workflows.train.ladder import EXACT, Rung
from core.workflows.train.run import train_classifier
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace
from tests.core.conftest import reviews, save
from tests.encoders import tiny_encoder
from tests.language_models import TASK, TINY

# A model that cannot have learned anything, and one that learns the made-up reviews whole.
IDLE = Rung("idle", "ngrams", {"epochs": 2, "learning_rate": 1e-5, "embedding_size": 8, "buckets": 1024})
LINEAR = Rung("linear", "linear")
AGAIN = Rung("again", "linear", {"ngram_length": 1})
ENCODER = Rung("frozen", "encoder", {"tuning": "frozen"})
SMALL = (
    LINEAR,
    Rung("ngrams", "ngrams", {"epochs": 1, "embedding_size": 8, "buckets": 1024}),
    Rung("frozen", "encoder", {"tuning": "frozen", **EXACT, "feature_count": 128}, strategy="ridge"),
    Rung("tuned", "encoder", {"tuning": "full", "epochs": 1, "max_length": 24}),
)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"folder:{tiny_encoder(tmp_path_factory.mktemp('encoder'))}"


def use(monkeypatch: pytest.MonkeyPatch, *rungs: Rung) -> None:
    monkeypatch.setattr(ladder, "RUNGS", rungs)


def asked(workspace: Workspace, rows: int = 80, **settings: Any) -> TrainRequest:
    return TrainRequest(classifier="Shop", dataset=save(workspace, reviews(rows)).id, settings=settings)


def climb(request: TrainRequest, workspace: Workspace, **others: Any) -> Climbed:
    *_, climbed = auto.train(request, workspace, **others)
    assert isinstance(climbed, Climbed)
    return climbed


def serving(workspace: Workspace) -> int:
    champion = workspace.registry.champion("Shop")
    assert champion is not None
    return champion.number


def facts_of(rung: RungDone) -> tuple[str, dict[str, Any]]:
    assert rung.left_out is not None
    assert rung.version is None
    assert not rung.serves
    return rung.left_out["key"], rung.left_out["facts"]


def models(workspace: Workspace) -> list[str]:
    return [str(version.summary["model"]) for version in workspace.registry.versions("Shop")]


def costs_nothing_besides(monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening a frozen encoder again, and comparing its file with PyTorch."""
    monkeypatch.setattr("core.workflows.train.estimate.OPENED_AGAIN", 0.0)
    monkeypatch.setattr("core.workflows.train.estimate.PROVED_AS", 0)


def slow(monkeypatch: pytest.MonkeyPatch, seconds_per_epoch: float) -> None:
    """Time stands still, and an epoch of any model is expected to take so long."""
    measured = auto.estimate
    monkeypatch.setattr(auto, "time", SimpleNamespace(monotonic=lambda: 0.0))
    monkeypatch.setattr(
        auto, "estimate", lambda *given: replace(measured(*given, budget=0), seconds_per_epoch=seconds_per_epoch)
    )


def test_a_request_without_a_model_is_for_auto() -> None:
    assert TrainRequest(classifier="Shop", dataset="0").model == AUTO


def test_every_rung_becomes_a_version_and_an_equal_one_does_not_serve(
    workspace: Workspace, encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, *SMALL)
    climbed = climb(asked(workspace, encoder=encoder, minutes=30.0), workspace)
    assert [(rung.rung, rung.version) for rung in climbed.ladder] == [
        ("linear", 1),
        ("ngrams", 2),
        ("frozen", 3),
        ("tuned", 4),
    ]
    assert models(workspace) == ["linear", "ngrams", "encoder", "encoder"]
    assert [rung.serves for rung in climbed.ladder] == [True, False, False, False]
    first, *later = climbed.ladder
    assert first.gain is None
    assert first.score is not None
    assert first.score["value"] == 1.0  # the made-up reviews are told apart by one word
    assert all(rung.gain is not None and rung.gain["low"] <= 0 for rung in later)
    assert all(rung.seconds > 0 and rung.megabytes > 0 and rung.answers_per_second > 0 for rung in climbed.ladder)
    assert climbed.version == serving(workspace) == 1
    assert climbed.report == VersionFolder(workspace.registry.folder("Shop", 1)).report()


def test_the_one_that_is_better_beyond_chance_serves(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, IDLE, LINEAR, AGAIN)
    climbed = climb(asked(workspace, 200), workspace)
    assert [rung.serves for rung in climbed.ladder] == [True, True, False]
    idle, linear, again = climbed.ladder
    assert linear.gain is not None
    assert idle.score is not None
    assert linear.gain["value"] == pytest.approx(1.0 - idle.score["value"])
    assert linear.gain["low"] > 0
    assert again.gain == {"value": 0.0, "low": again.gain["low"], "high": again.gain["high"]}  # type: ignore[index]
    assert climbed.version == serving(workspace) == 2


@pytest.mark.parametrize(
    ("prefer", "gain", "best"),
    [
        ("accuracy", Estimate(0.019, 0.001, 0.03), 2),
        ("speed", Estimate(0.019, 0.001, 0.03), 1),
        ("speed", Estimate(0.02, 0.001, 0.03), 2),
        ("speed", Estimate(0.05, -0.001, 0.1), 1),
    ],
)
def test_speed_and_size_want_two_points_and_both_want_more_than_chance(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, prefer: str, gain: Estimate, best: int
) -> None:
    use(monkeypatch, LINEAR, AGAIN)
    monkeypatch.setattr(type(task_of(DEFAULT)), "difference", lambda *_: gain)
    climbed = climb(asked(workspace, 60, prefer=prefer), workspace)
    assert climbed.ladder[1].gain == gain.to_dict()
    assert climbed.version == serving(workspace) == best


def test_what_would_take_too_long_is_left_out(
    workspace: Workspace, encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 80 rows 56 are learned from and 24 measured; a network whose texts are read once need not be learned anew."""
    use(monkeypatch, *SMALL)
    slow(monkeypatch, 1000.0)
    costs_nothing_besides(monkeypatch)
    climbed = climb(asked(workspace, encoder=encoder, minutes=0.5), workspace)
    first, *others = climbed.ladder
    assert first.version == climbed.version == 1  # the cheapest is never left out
    assert [facts_of(rung) for rung in others] == [
        ("auto.no_time", {"needed": round(0.6 * 1000 + 8 + 0.35 * 1000 * 24 / 56), "left": 30}),
        ("auto.no_time", {"needed": round(0.7 * 1000 + 8 + 0.7 * 1000 * 24 / 56), "left": 30}),
        ("auto.no_time", {"needed": round(1000 + 8 + 0.35 * 1000 * 24 / 56), "left": 30}),
    ]
    assert str(Message.from_dict(others[0].left_out or {})) == "It would need about 758 seconds, and 30 are left."
    assert models(workspace) == ["linear"]


def test_a_frozen_encoder_learns_from_as_many_rows_as_there_is_time_for(
    workspace: Workspace, encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.workflows.train.estimate.FEWEST_ROWS", 10)
    monkeypatch.setattr("core.workflows.train.estimate.ROWS_A_LABEL", 5)
    use(monkeypatch, LINEAR, SMALL[2], Rung("blend", "blend", strategy="replay"))
    slow(monkeypatch, 50.0)
    costs_nothing_besides(monkeypatch)
    request = asked(workspace, encoder=encoder, minutes=0.5)
    # Of 30 seconds, 8 and the answers to 24 rows, 15, come after it: 7 are left, enough for 11 rows of 56.
    _, frozen, blend = climb(request, workspace).ladder
    report = VersionFolder(workspace.registry.folder("Shop", 2)).report()
    (met,) = report["experiences"]
    assert frozen.learned_rows == met["train"] == 11
    assert met["set_aside"] == 56 - 11
    said = next(Message.from_dict(finding) for finding in report["findings"] if finding["key"] == "train.sampled")
    assert said.facts == {"rows": 11, "all": 56}
    linear = VersionFolder(workspace.registry.folder("Shop", 1)).report()
    assert report["baseline"] == linear["baseline"]  # which learns from all rows
    assert facts_of(blend)[0] in ("auto.nothing_to_blend", "auto.time_up")


@pytest.mark.parametrize(("share", "learns"), [(0.05, True), (0.5, False)])
def test_an_encoder_is_fine_tuned_on_some_rows_where_these_are_enough(
    workspace: Workspace, encoder: str, monkeypatch: pytest.MonkeyPatch, share: float, learns: bool
) -> None:
    monkeypatch.setattr("core.workflows.train.estimate.FEWEST_ROWS", 4)
    monkeypatch.setattr("core.workflows.train.estimate.ROWS_A_LABEL", 2)
    monkeypatch.setattr("core.workflows.train.auto.TUNED_FROM", share)
    use(monkeypatch, LINEAR, SMALL[3])
    slow(monkeypatch, 20.0)
    costs_nothing_besides(monkeypatch)
    _, tuned = climb(asked(workspace, encoder=encoder, minutes=0.5), workspace).ladder
    if not learns:
        assert facts_of(tuned)[0] == "auto.no_time"
        return
    report = VersionFolder(workspace.registry.folder("Shop", 2)).report()
    assert report["settings"]["epochs"] == 1
    assert tuned.learned_rows == report["experiences"][0]["train"]
    # Of 30 seconds, 8 and the answers to 24 rows come after it, and twice 8 rows and 8 seconds are kept for a blend.
    left = 30 - 8 - 0.35 * 20 * 24 / 56 - 8 - 0.35 * 20 * 24 / 56
    assert 4 <= tuned.learned_rows <= 56 * left / 20  # weighing takes some of the time


@pytest.mark.parametrize(
    ("gain", "surer", "best"),
    [
        (0.004, Estimate(0.02, 0.01, 0.03), 2),
        (0.0, Estimate(0.02, 0.01, 0.03), 1),
        (0.004, Estimate(0.02, -0.01, 0.05), 1),
    ],
)
def test_what_is_surer_of_the_truth_serves_where_fewer_answers_are_wrong(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, gain: float, surer: Estimate, best: int
) -> None:
    use(monkeypatch, LINEAR, AGAIN)
    monkeypatch.setattr(type(task_of(DEFAULT)), "difference", lambda *_: Estimate(gain, gain - 0.01, gain + 0.01))
    monkeypatch.setattr(validation, "less_surprised", lambda *_: surer)
    assert climb(asked(workspace), workspace).version == serving(workspace) == best


def test_nothing_is_weighed_when_time_is_up(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, LINEAR, AGAIN)
    monkeypatch.setattr(auto, "time", SimpleNamespace(monotonic=count(step=25.0).__next__))
    monkeypatch.setattr(auto, "estimate", lambda *_: pytest.fail("it was weighed"))
    climbed = climb(asked(workspace, minutes=0.5), workspace)
    assert facts_of(climbed.ladder[1]) == ("auto.time_up", {})


@pytest.mark.parametrize(("minutes", "epochs"), [(0.5, 1), (0.7, 2)])
def test_fine_tuning_has_as_many_epochs_as_leave_time_for_a_blend(
    workspace: Workspace, encoder: str, monkeypatch: pytest.MonkeyPatch, minutes: float, epochs: int
) -> None:
    use(monkeypatch, LINEAR, Rung("tuned", "encoder", {"tuning": "full", "epochs": 9, "max_length": 24}))
    slow(monkeypatch, 8.0)
    climb(asked(workspace, encoder=encoder, minutes=minutes), workspace)
    # Of 42 seconds, 8 and the answers to 24 rows, 1.2 seconds, come after it, and a blend takes 8 and answers to 56 rows, 2.8
    # seconds: 22 are left, which is twice 8. One epoch is run where there is time for nothing else.
    assert VersionFolder(workspace.registry.folder("Shop", 2)).report()["settings"]["epochs"] == epochs


def test_an_encoder_that_is_missing_is_left_out(
    workspace: Workspace, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, LINEAR, ENCODER)
    missing = tmp_path / "nothing"
    climbed = climb(asked(workspace, encoder=f"folder:{missing}"), workspace)
    key, facts = facts_of(climbed.ladder[1])
    assert key.startswith("pretrained.")
    assert str(missing) in map(str, facts.values())
    assert climbed.version == 1


def test_an_encoder_that_is_not_installed_is_left_out_with_how_to_install_it(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, LINEAR, ENCODER)
    monkeypatch.setattr(type(PACKAGED["multilingual-e5-small"]), "paths", lambda _: None)
    climbed = climb(asked(workspace), workspace)
    key, facts = facts_of(climbed.ladder[1])
    assert key == "pretrained.not_installed"
    assert "install" in facts["command"]


def test_a_stop_keeps_the_rungs_that_are_done(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, LINEAR, AGAIN)
    events, stop = [], []
    for event in auto.train(asked(workspace), workspace, should_stop=lambda: bool(stop)):
        events.append(event)
        if isinstance(event, RungDone):
            stop.append(True)
    assert isinstance(events[-1], Climbed)
    assert [rung.rung for rung in events[-1].ladder] == ["linear"]
    over = next(place for place, event in enumerate(events) if isinstance(event, RungDone))
    assert isinstance(events[over - 1], Advanced)  # while it is compared, the run says so
    assert events[over - 1].message.key == "auto.comparing"
    assert serving(workspace) == 1
    assert models(workspace) == ["linear"]


def test_a_stop_lets_go_of_the_rung_at_work(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, LINEAR, AGAIN)
    runs: list[str] = []
    stop: list[bool] = []
    *_, ended = _until_a_second_run(workspace, runs, stop)
    assert isinstance(ended, Climbed)
    assert [(rung.rung, rung.version) for rung in ended.ladder] == [("linear", 1), (AGAIN.name, None)]
    assert facts_of(ended.ladder[1])[0] == "auto.stopped"
    assert serving(workspace) == 1
    assert models(workspace) == ["linear"]
    assert [run.state for run in workspace.registry.runs() if run.run_id == runs[1]] == ["stopped"]


def _until_a_second_run(workspace: Workspace, runs: list[str], stop: list[bool]) -> Iterator[Any]:
    for event in auto.train(asked(workspace), workspace, should_stop=lambda: bool(stop)):
        if isinstance(event, RunStarted):
            runs.append(event.run_id)
            stop.extend([True] * (len(runs) == 2))
        yield event


def leave_off(events: Iterator[Any], kind: type, times: int) -> dict[str, Any]:
    """Kill a run when it has told of something for so many times; returns what its job would keep."""
    state: dict[str, Any] = {}
    known: dict[str, Any] = {}
    for event in events:
        match event:
            case CheckpointDue():
                state = event.state
            case RunStarted():
                known = {"run_id": event.run_id}
        times -= isinstance(event, kind)
        if times == 0:
            break
    assert times == 0
    events.close()  # type: ignore[attr-defined]
    return {**state, **known}


@pytest.mark.parametrize(
    ("kind", "times"),
    # Each rung saves what it was asked for, how far it is after each step (10, none and 5 of them), and that it is over.
    [(RunStarted, 2), (RungDone, 1), (RungDone, 2), *((CheckpointDue, number) for number in (5, 12, 15, 18))],
)
def test_a_killed_climb_goes_on_and_makes_nothing_twice(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, kind: type, times: int
) -> None:
    use(monkeypatch, IDLE, LINEAR, SMALL[1])
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0)
    monkeypatch.setattr(loop, "CHECKPOINT_SHARE", math.inf)
    request = asked(workspace, 200, minutes=30.0)
    resume = leave_off(auto.train(request, workspace), kind, times)
    climbed = climb(request, workspace, resume=resume)
    came_of = [("idle", 1, True), ("linear", 2, True), ("ngrams", 3, False)]
    assert [(rung.rung, rung.version, rung.serves) for rung in climbed.ladder] == came_of
    assert models(workspace) == ["ngrams", "linear", "ngrams"]
    assert climbed.version == serving(workspace) == 2
    assert len(workspace.registry.runs()) == 3


def test_a_rung_that_had_begun_goes_on_as_it_was_asked_for(
    workspace: Workspace, encoder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Meanwhile no time might be left for it."""
    use(monkeypatch, LINEAR, Rung("tuned", "encoder", {"tuning": "full", "epochs": 2, "max_length": 24}))
    request = asked(workspace, encoder=encoder, minutes=30.0)
    resume = leave_off(auto.train(request, workspace), RunStarted, 2)
    slow(monkeypatch, 1000.0)
    climbed = climb(request, workspace, resume=resume)
    assert [rung.version for rung in climbed.ladder] == [1, 2]
    assert VersionFolder(workspace.registry.folder("Shop", 2)).report()["settings"]["epochs"] == 2


def test_a_model_that_exists_keeps_the_version_that_serves(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, IDLE, LINEAR)
    request = asked(workspace, 200)
    list(train_classifier(request.model_copy(update={"model": "linear"}), workspace))
    climbed = climb(request, workspace)
    assert [rung.version for rung in climbed.ladder] == [2, 3]
    assert climbed.version == 3
    assert serving(workspace) == 1


def test_settings_that_all_models_share_reach_every_rung(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, LINEAR, SMALL[1])
    climb(asked(workspace, test_share=0.3, max_length=20), workspace)
    for number in (1, 2):
        report = VersionFolder(workspace.registry.folder("Shop", number)).report()
        assert report["overall"]["rows"] == 24
        assert report["settings"]["max_length"] == 20


@pytest.mark.parametrize("settings", [{"wings": 2}, {"minutes": 0.0}, {"prefer": "both"}, {"embedding_size": 8}])
def test_a_wrong_setting_is_refused_before_anything_happens(workspace: Workspace, settings: dict[str, Any]) -> None:
    request = asked(workspace, **settings)
    for attempt in (lambda: next(auto.train(request, workspace)), lambda: check_request(request, workspace)):
        with pytest.raises(ConfigError):
            attempt()
    assert workspace.registry.runs() == []


def test_what_not_even_the_cheapest_can_learn_from_is_an_error(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, Rung("wrong", "linear", {"ngram_length": 9}), LINEAR)
    with pytest.raises(ConfigError):
        climb(asked(workspace), workspace)


def test_a_language_model_has_a_ladder_of_its_own_model(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [rung.model for rung in ladder.rungs_for(TASK)] == ["causal"]
    use(monkeypatch, Rung("causal", "causal", TINY))
    request = asked(workspace).model_copy(update={"task": TASK.name})
    climbed = climb(request, workspace)
    (rung,) = climbed.ladder
    assert rung.version == serving(workspace) == 1
    assert rung.score is not None
    assert rung.score["low"] < rung.score["value"] < rung.score["high"]


def test_a_frozen_encoder_that_is_stopped_while_it_reads_makes_no_version(workspace: Workspace, encoder: str) -> None:
    settings = {"tuning": "frozen", "encoder": encoder, **EXACT, "feature_count": 128}
    request = asked(workspace, **settings).model_copy(update={"model": "encoder", "strategy": "ridge"})
    events = list(train_classifier(request, workspace, should_stop=lambda: True))
    assert [event.reason.key for event in events if isinstance(event, Finished)] == ["training.stopped_first"]
    assert not any(isinstance(event, Completed) for event in events)
    assert models(workspace) == []
