"""What a training or an update promises and what it spends, asked before anything is learned. Imports no torch."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from core.base.errors import ConfigError
from core.base.messages import Message, message
from core.continual.noise import Noise
from core.tasks.base import Task
from core.training.private.accounting import Mechanism, epsilon_of, gaussian_noise, sampled_noise, usual_delta
from core.training.private.budget import Spend, spent
from core.workflows.learn.private_checks import FEWEST, ROUNDING, check_kept, check_private, solves, too_few
from core.workflows.requests import Settings


@dataclass(frozen=True)
class Plan:
    """What a step of learning will spend.

    Parameters
    ----------
    epsilon
        ε of this step by itself; ``spent_before`` and ``spent_after`` are what whoever paid most has paid.
    units
        How many rows or groups are protected.
    """

    mechanism: Mechanism
    epsilon: float
    spent_before: float
    spent_after: float
    budget: float
    delta: float
    clip_norm: float
    spends: tuple[Spend, ...]

    @property
    def noise(self) -> float:
        """The noise multiplier."""
        return self.mechanism.noise_multiplier

    @property
    def spend(self) -> Spend:
        """What this step adds."""
        return self.spends[-1]

    @property
    def left(self) -> float:
        """What is left of the budget afterwards."""
        return max(0.0, self.budget - self.spent_after)

    def after(self, epochs: int, asked: int) -> Plan:
        """The same when only some of the epochs were run that were planned."""
        if epochs >= asked or self.mechanism.kind != "dp-sgd":
            return self
        steps = self.mechanism.steps * epochs // asked
        mechanism = Mechanism("dp-sgd", self.noise, self.mechanism.sample_rate, steps)
        return _planned(mechanism, self.spends[:-1], self.spend, self.budget, self.delta, self.clip_norm)

    def hiding(self, groups: Sequence[str] | None, settings: Settings) -> Noise:
        """The noise to learn with, its seed drawn anew.

        Parameters
        ----------
        groups
            The group of each training row, where groups are protected.
        """
        units = None
        if self.spend.unit == "group":
            assert groups is not None
            units = np.unique(np.asarray(groups, dtype=object), return_inverse=True)[1].astype(np.int64)
        rate = self.mechanism.sample_rate
        return Noise(self.noise, self.clip_norm, rate, units, settings.privacy.group_rows if units is not None else 1)

    def to_dict(self) -> dict[str, Any]:
        """What a version's report keeps as ``privacy``."""
        return {
            "delta": self.delta,
            "budget": self.budget,
            "unit": self.spend.unit,
            "spent": self.spent_after,
            "spends": [spend.to_dict() for spend in self.spends],
            "epsilon": self.epsilon,
            "mechanism": self.mechanism.to_dict(),
            "clip_norm": self.clip_norm,
            "left": self.left,
        }


@dataclass(frozen=True)
class Promise:
    """What a version has promised: it holds for all that is made of it."""

    delta: float
    budget: float
    unit: str
    spends: tuple[Spend, ...]

    @property
    def spent(self) -> float:
        return spent(self.spends, self.delta)


def promise_of(report: Mapping[str, Any]) -> Promise | None:
    """What the version of this report has promised; None where it was learned without noise."""
    stored = report.get("privacy")
    if not stored:
        return None
    return Promise(
        stored["delta"], stored["budget"], stored["unit"], tuple(Spend.from_dict(each) for each in stored["spends"])
    )


def plan(
    settings: Settings,
    model_name: str,
    strategy_name: str,
    task: Task,
    rows: int,
    units: int,
    experience_number: int,
    before: Sequence[Spend] = (),
    delta: float | None = None,
    apart: bool = True,
    budget: float | None = None,
    groups: Sequence[str] | None = None,
) -> Plan | None:
    """What learning so would spend; None where nothing is promised.

    Parameters
    ----------
    rows, units
        Training rows, and how many rows or groups of them are protected.
    before, delta, budget
        What the version before has spent, and its δ and budget, which stay (`promise_of`); None at a first training.
    apart
        Whether nothing that is protected in these rows was learned from before.
    groups
        The group of each training row, where the rows have one.

    Raises
    ------
    ConfigError
        When this cannot be learned with such a promise, or the budget would be exceeded.
    """
    privacy = settings.privacy
    check_kept(settings, before, experience_number, budget)
    if not privacy.private:
        return None
    check_private(settings, model_name, strategy_name, task)
    if units < FEWEST[privacy.privacy_unit]:
        raise too_few(units, privacy.privacy_unit)
    first = delta is None  # later δ is what was promised
    delta = (privacy.delta or usual_delta(units)) if delta is None else delta
    if first and delta >= 1 / units:
        raise ConfigError(
            "privacy.delta_too_large",
            "A chance of {delta} that the promise fails is too large for {units:,} rows or groups: one of them could simply be "
            "told. Choose 0, or less than {most}.",
            delta=f"{delta:.2g}",
            units=units,
            most=f"{1 / units:.2g}",
        )
    if solves(settings, model_name, strategy_name):
        mechanism = mechanism_of_solving(privacy.epsilon, delta)
    else:
        mechanism = mechanism_of_steps(settings, units, delta)
    counted = learned_rows(settings, rows, groups)
    own = Spend(experience_number, mechanism, privacy.epsilon, counted, units, privacy.privacy_unit, apart)
    limit = privacy.privacy_budget if budget is None else min(budget, privacy.privacy_budget)
    planned = _planned(mechanism, tuple(before), own, limit, delta, privacy.clip_norm)
    if planned.epsilon > limit + ROUNDING and not before:
        raise ConfigError(
            "privacy.above_budget",
            "ε = {epsilon} is above the privacy budget of {budget}. Choose a smaller ε, or a larger budget.",
            epsilon=f"{planned.epsilon:.2f}",
            budget=f"{limit:.2f}",
        )
    if planned.spent_after > limit + ROUNDING:
        raise ConfigError(
            "privacy.budget_exceeded",
            "This would exceed the privacy budget: {spent} of {budget} are spent, these rows would cost {epsilon}, and somebody "
            "in them would then have paid {after}. Choose a smaller ε, or rows of people who were not learned from before.",
            spent=f"{planned.spent_before:.2f}",
            budget=f"{limit:.2f}",
            epsilon=f"{planned.epsilon:.2f}",
            after=f"{planned.spent_after:.2f}",
        )
    if not first and delta >= 1 / units:
        raise ConfigError(
            "privacy.batch_too_large",
            "A chance of {delta} that the promise fails was settled by this model's first training, and is too large for "
            "{units:,} rows or groups at once: one of them could simply be told. Learn them in parts of fewer than {most:,}, or "
            "train a new model.",
            delta=f"{delta:.2g}",
            units=units,
            most=int(1 / delta),
        )
    return planned


def protected(settings: Settings, rows: int, groups: Sequence[str] | None) -> int:
    """How many rows or groups are protected in these training rows.

    Raises
    ------
    ConfigError
        When groups shall be protected and the rows have none.
    """
    if settings.privacy.privacy_unit == "row":
        return rows
    if groups is None:
        raise ConfigError(
            "privacy.no_groups",
            "Groups shall be protected, and these rows have no column of groups. Choose the column that names the person or "
            "group of each row when the file is read, or protect rows.",
        )
    nameless = sum(not group.strip() for group in groups)
    if nameless:
        raise ConfigError(
            "privacy.groups_missing",
            "Groups shall be protected, and {nameless:,} of {rows:,} training rows name none, so nobody knows whose they are. "
            "Leave these rows out, or protect rows.",
            nameless=nameless,
            rows=rows,
        )
    return len(set(groups))


def learned_rows(settings: Settings, rows: int, groups: Sequence[str] | None) -> int:
    """How many of the training rows are learned from: of a protected group no more than the settings say."""
    if settings.privacy.privacy_unit == "row" or groups is None:
        return rows
    return sum(min(count, settings.privacy.group_rows) for count in Counter(groups).values())


def capped(settings: Settings, rows: int, groups: Sequence[str] | None) -> list[Message]:
    """That some rows of large groups are not learned from, where groups are protected."""
    learned = learned_rows(settings, rows, groups) if settings.privacy.private else rows
    if learned == rows:
        return []
    return [
        message(
            "privacy.rows_capped",
            "{left:,} of {rows:,} training rows are not learned from: with groups protected, {most:,} rows of a group count at "
            "most, drawn by chance.",
            left=rows - learned,
            rows=rows,
            most=settings.privacy.group_rows,
        )
    ]


def without_memory(settings: Settings) -> tuple[Settings, list[Message]]:
    """The settings of who keeps no row, as privacy asks, and what has to be said of that."""
    if not settings.privacy.private or not settings.data.memory_size:
        return settings, []
    finding = message(
        "privacy.no_memory",
        "Memory size is 0: with differential privacy no text is kept to be rehearsed in updates.",
    )
    return replace(settings, data=settings.data.model_copy(update={"memory_size": 0})), [finding]


def mechanism_of_solving(epsilon: float, delta: float) -> Mechanism:
    """One noisy sum over all rows of an experience."""
    return Mechanism("gaussian", _gaussian(epsilon, delta))


def mechanism_of_steps(settings: Settings, units: int, delta: float) -> Mechanism:
    """A noisy sum of clipped gradients in each step."""
    rate, steps = sampling(settings, units)
    return Mechanism("dp-sgd", _sampled(settings.privacy.epsilon, delta, rate, steps), rate, steps)


def sampling(settings: Settings, units: int) -> tuple[float, int]:
    """The chance of each row or group to take part in a step, and the number of steps of all epochs."""
    training = settings.training
    an_epoch = math.ceil(units / min(units, training.batch_size * training.gradient_accumulation))
    return 1 / an_epoch, an_epoch * training.epochs


_gaussian = lru_cache(maxsize=256)(gaussian_noise)
_sampled = lru_cache(maxsize=256)(sampled_noise)


@lru_cache(maxsize=1024)
def _epsilon(mechanism: Mechanism, delta: float) -> float:
    return epsilon_of([mechanism], delta)


def _planned(
    mechanism: Mechanism, before: tuple[Spend, ...], own: Spend, budget: float, delta: float, clip_norm: float
) -> Plan:
    epsilon = _epsilon(mechanism, delta)
    spends = (*before, Spend(**{**asdict(own), "mechanism": mechanism, "epsilon": epsilon}))
    return Plan(mechanism, epsilon, spent(before, delta), spent(spends, delta), budget, delta, clip_norm, spends)
