"""What learning would spend, and the sentences of what cannot be private."""

from __future__ import annotations

from typing import Any

import pytest
from opacus.accountants import PRVAccountant

from core.base.errors import ConfigError
from core.tasks import DEFAULT, TASKS
from core.workflows.learn.outside import outside_promise
from core.workflows.learn.private import Plan, plan, promise_of, protected, without_memory
from core.workflows.requests import resolve_settings

TASK = TASKS[DEFAULT]
SMALL = {"batch_size": 64, "gradient_accumulation": 1, "epochs": 3}


def asked(
    model: str = "ngrams",
    strategy: str = "finetune",
    *,
    units: int = 640,
    number: int = 1,
    later: dict[str, Any] | None = None,
    **settings: Any,
) -> Plan | None:
    resolved = resolve_settings(model, {"private": True, **SMALL, **settings})
    return plan(resolved, model, strategy, TASK, 640, units, number, **(later or {}))


def test_nothing_is_planned_where_nothing_is_promised() -> None:
    assert asked(private=False) is None


def test_a_plan_spends_what_opacus_says_of_the_same_steps() -> None:
    planned = asked()
    assert planned is not None
    accountant = PRVAccountant()
    accountant.history = [(planned.noise, 1 / 10, 30)]

    assert planned.epsilon == pytest.approx(accountant.get_epsilon(planned.delta), abs=1e-3)
    assert 2.98 < planned.epsilon <= 3.0
    assert planned.spent_after == planned.epsilon
    assert planned.delta == pytest.approx(640**-1.1)


def test_a_run_that_was_stopped_has_spent_less() -> None:
    planned = asked()
    assert planned is not None
    stopped = planned.after(1, 3)

    assert stopped.mechanism.steps == 10
    assert stopped.epsilon < planned.epsilon
    assert planned.after(3, 3) is planned


@pytest.mark.parametrize("apart", [True, False])
def test_an_update_pays_for_itself_or_together_with_what_was_paid_before(apart: bool) -> None:
    first = asked()
    assert first is not None
    later = {"before": first.spends, "delta": first.delta, "budget": 8.0, "apart": apart}
    second = asked(number=2, later=later)
    assert second is not None

    assert (second.spent_after == pytest.approx(3.0, abs=0.02)) == apart
    assert second.spent_after < 6.0
    promise = promise_of({"privacy": second.to_dict()})
    assert promise is not None
    assert promise.spent == pytest.approx(second.spent_after)


def test_an_update_that_would_exceed_the_budget_is_refused() -> None:
    first = asked(privacy_budget=3.2)
    assert first is not None
    later = {"before": first.spends, "delta": first.delta, "budget": 3.2, "apart": False}

    with pytest.raises(ConfigError, match="exceed the privacy budget") as caught:
        asked(number=2, later=later, privacy_budget=3.2)
    assert "of 3.20 are spent" in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"private": False}, "keep the promise"),
        ({"privacy_budget": 50.0}, "cannot be raised to 50"),
        ({"privacy_unit": "group"}, "settled by its first training"),
    ],
)
def test_a_promise_is_not_taken_back(settings: dict[str, Any], sentence: str) -> None:
    first = asked()
    assert first is not None
    later = {"before": first.spends, "delta": first.delta, "budget": 8.0}

    with pytest.raises(ConfigError, match=sentence):
        asked(number=2, later=later, **settings)


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        ({"units": 50}, "50 training rows are too few"),
        ({"units": 20, "privacy_unit": "group"}, "20 groups are too few"),
        ({"delta": 0.01}, "could simply be told"),
        ({"model": "linear"}, "These can: ngrams"),
        ({"model": "encoder", "tuning": "full"}, "Set tuning to one of them"),
        ({"strategy": "replay"}, "Choose finetune, lwf"),
        ({"strategy": "ewc"}, "without noise"),
        ({"strategy": "ridge"}, "Set tuning to frozen"),
        ({"class_weights": "balanced"}, "Set them to none"),
        ({"number": 2}, "learned without noise"),
    ],
)
def test_what_cannot_be_private_says_why(request_: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        asked(**request_)


def test_another_task_cannot_be_private() -> None:
    task = TASKS["multilabel_classification"]
    settings = resolve_settings("ngrams", {"private": True}, task)

    with pytest.raises(ConfigError, match="a single label"):
        plan(settings, "ngrams", "finetune", task, 640, 640, 1)


@pytest.mark.parametrize("strategy", ["ridge", "slda", "ncm"])
def test_a_frozen_encoder_is_solved_from_one_noisy_sum(strategy: str) -> None:
    planned = asked("encoder", strategy, tuning="frozen")
    assert planned is not None

    assert (planned.mechanism.kind, planned.mechanism.steps) == ("gaussian", 1)
    assert planned.epsilon == pytest.approx(3.0, abs=1e-3)


def test_groups_need_a_column_of_groups() -> None:
    settings = resolve_settings("ngrams", {"private": True, "privacy_unit": "group"})

    with pytest.raises(ConfigError, match="no column of groups"):
        protected(settings, 100, None)
    assert protected(settings, 3, ["a", "b", "a"]) == 2


def test_private_models_remember_no_text_and_say_so() -> None:
    settings, findings = without_memory(resolve_settings("ngrams", {"private": True, "memory_size": 500}))

    assert settings.data.memory_size == 0
    assert [finding.key for finding in findings] == ["privacy.no_memory"]
    assert without_memory(resolve_settings("ngrams", {}))[1] == []


def test_private_defaults_are_taken_where_privacy_is_asked_for_in_whatever_way() -> None:
    for written in (True, "yes", "true"):
        assert resolve_settings("encoder", {"private": written}).model.tuning == "frozen"  # type: ignore[attr-defined]
    assert resolve_settings("encoder", {"private": True, "tuning": "lora"}).model.tuning == "lora"  # type: ignore[attr-defined]
    assert resolve_settings("encoder", {}).model.tuning == "full"  # type: ignore[attr-defined]


def test_what_lies_outside_is_told_only_where_something_is_promised() -> None:
    planned = asked()
    assert planned is not None

    assert outside_promise({"privacy": None}) == []
    keys = [what.key for what, _ in outside_promise({"privacy": planned.to_dict()})]
    assert {"privacy.outside_vocabulary", "privacy.outside_memory", "privacy.outside_workspace"} <= set(keys)


def test_rows_of_a_group_share_a_unit_of_the_noise() -> None:
    settings = resolve_settings("ngrams", {"private": True, "privacy_unit": "group", "group_rows": 2, **SMALL})
    planned = plan(settings, "ngrams", "finetune", TASK, 1280, 640, 1)
    assert planned is not None

    noise = planned.hiding([f"person {row % 640}" for row in range(1280)], settings)

    assert (noise.most_rows, noise.multiplier, noise.sample_rate) == (2, planned.noise, 0.1)
    assert len(noise.rows_by_unit(1280)) == 640
    assert {len(rows) for rows in noise.rows_by_unit(1280)} == {2}
    assert str(noise.secret) not in repr(noise)
