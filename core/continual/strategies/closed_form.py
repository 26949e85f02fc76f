"""What nearest class mean, ridge regression and streaming LDA share: a head solved from sums over frozen features."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from core.base.errors import DataError, ModelError
from core.base.events import EpochDone, Finished, StepDone
from core.base.messages import Message, message
from core.continual.encoding import ADDED_AT_ONCE, encoded
from core.continual.feature_statistics import FeatureStatistics
from core.continual.methods.exact import ClosedFormConfig
from core.continual.noise import Noise
from core.continual.noisy_sums import noisy_mean, shared_multipliers, with_noise
from core.continual.strategies.base import Experience, GradientLoop, Strategy
from core.continual.strategies.linear_head import Coefficients, best_line, best_scale
from core.networks.encoders.base import TextNetwork
from core.networks.encoders.batches import predict_logits
from core.networks.encoders.feature_map import MAP_PREFIX, FeatureMap, RandomFeatures, fit_feature_map
from core.networks.text.examples import Examples

SCALED_BY = 2000  # rows that mean and deviation are taken from at most
ENCODED_AGAIN = 1e-5  # of the largest sum of squares: what rows that are encoded again may differ by (measured: 2e-7)
CPU = torch.device("cpu")


class ClosedForm(Strategy):
    """Leave the encoder as the first experience made it, and compute the head from sums over all rows.

    The first experience is fine-tuned like any other; then its rows are counted. From there on an update adds its rows
    and solves, which gives the head that a refit on all rows would give, whatever the order of the batches, and no
    text has to be kept. A row is taken away again by subtraction. All three methods store the same statistics, so an
    update may change from one to another; an update of any other kind changes the features, and drops them.

    Scores are multiplied by one positive number, chosen on the validation rows, so that their softmax can be read as a
    probability; answers do not depend on it. Where a row may have several targets, something is also added, and each score's
    sigmoid is read as a probability. Coefficients are compared without either.

    With `noise`, an experience's sums are told with noise once (`noisy_sums`), and only these are kept: the first experience is
    then solved, too, and no row can be taken away again.
    """

    config: ClosedFormConfig
    statistics: FeatureStatistics | None = None
    feature_map: FeatureMap | None = None
    scale: float = 1.0
    shift: float = 0.0

    # -- what a method says

    def coefficients(self, statistics: FeatureStatistics) -> Coefficients:
        """Solve for the head; every output has rows."""
        raise NotImplementedError

    def own_coefficients(self) -> Coefficients:
        """The same from all that was learned; a method that has kept something to solve faster overrides this."""
        return self.coefficients(self.learned().known())

    def added(self, features: Tensor, targets: Tensor) -> None:
        """Rows (rows, width) with targets (rows) were added to the statistics."""

    def forgotten(self) -> None:
        """The statistics have lost rows, or begin anew."""

    # -- the update

    def learned(self) -> FeatureStatistics:
        """The statistics; raises `ModelError` when the version has none."""
        if self.statistics is None:
            raise ModelError(
                "strategy.no_statistics",
                "This version was not learned by '{strategy}', so it has no sums to solve from. Update it with "
                "'{strategy}' first.",
                strategy=self.declared.name,
            )
        return self.statistics

    def needs_past(self) -> bool:
        return self.statistics is None or self._wants_other_features()

    def training_set(self, experience: Experience, epoch: int) -> Examples:
        return experience.past.joined(experience.train) if self.needs_past() else experience.train

    def validation_set(self, experience: Experience) -> Examples:
        return experience.past_validation.joined(experience.validation)

    def learn(self, model: TextNetwork, experience: Experience, gradient_loop: GradientLoop) -> Iterator[Any]:
        """The first experience by gradients, unless nothing below the head can learn; every later one by adding its rows
        and solving: short, so never resumed.
        """
        if experience.number == 1 and not model.encodes_once and self.noise is None:
            yield from super().learn(model, experience, gradient_loop)
            return
        started = time.monotonic()
        if self.noise is None:
            rows = self.training_set(experience, 1)
            if self.needs_past():
                self._begin_anew(model, rows)
            steps = self._gather(model, rows, len(experience.outputs))
        else:
            steps = self._gather_noisily(model, experience, self.noise)
        loss = 0.0
        for step in steps:
            loss = step.loss
            yield step
        validation = self.validation_set(experience)
        logits = self._solve_into(model, validation)
        if len(validation):
            measured = experience.task.measure(logits.numpy(), validation.targets, experience.outputs)
            unseen = _surprise(logits, torch.from_numpy(validation.targets)) / len(validation)
            yield EpochDone(1, loss, unseen, measured, True, time.monotonic() - started)
        yield Finished(1, 1, self._reason(experience))

    def end_experience(self, model: TextNetwork, experience: Experience) -> None:
        super().end_experience(model, experience)
        if self.statistics is None:
            self._begin_anew(model, experience.train)
            for _ in self._gather(model, experience.train, len(experience.outputs)):
                pass
            # The fine-tuned head stays; this only finds the scale, in case rows are forgotten before the next update.
            self._solve_into(copy.deepcopy(model), experience.validation)

    def state(self) -> dict[str, Any]:
        if self.statistics is None or self.feature_map is None:
            return super().state()
        feature_map = {MAP_PREFIX + name: value for name, value in self.feature_map.state_dict().items()}
        return {
            **super().state(),
            **self.statistics.to_tensors(),
            **feature_map,
            "scale": self.scale,
            "shift": self.shift,
        }

    def restore(self, state: dict[str, Any]) -> None:
        super().restore(state)
        self.statistics = FeatureStatistics.from_tensors(state)
        if self.statistics is not None:
            stored = {
                name.removeprefix(MAP_PREFIX): value for name, value in state.items() if name.startswith(MAP_PREFIX)
            }
            self.feature_map, self.scale = FeatureMap.from_tensors(stored), state["scale"]
            self.shift = state.get("shift", 0.0)

    # -- taking back

    def forget(self, model: TextNetwork, examples: Examples) -> float:
        """Take learned rows away again and solve; the head is then what it would be had they never been learned.

        What else the rows may have left is not undone: the encoder's weights, its vocabulary and the scaling of
        features, if they belong to the first experience (with ``fixed_features`` only the vocabulary).

        Parameters
        ----------
        model
            The model of the version that this state was stored with; its head is replaced.
        examples
            Rows as they were learned, with their targets.

        Returns
        -------
        float
            The largest absolute change of any coefficient.

        Raises
        ------
        DataError
            When rows are among them that cannot have been learned, or none would be left. Nothing has changed then.
        """
        statistics = self.learned()
        if statistics.noise:
            raise DataError(
                "strategy.noisy_sums",
                "This version was learned with differential privacy, so no row can be taken out of it: it keeps noisy sums, from "
                "which none can be told. What it may tell of any row is bounded by its ε, also of the ones to be forgotten. To "
                "have never used them, train a new model without them.",
            )
        remaining = statistics.copy()
        for features, targets in self._mapped(model, examples):
            remaining.add(features, targets, sign=-1)
        # A network does not say quite the same of a text that stands in another batch.
        rounding = None if model.declared.fixed_features else ENCODED_AGAIN * statistics.largest
        if not remaining.is_possible(rounding):
            raise DataError(
                "strategy.never_learned",
                "Among these {rows:,} rows are some that this version never learned under that label, so nothing was "
                "removed. Choose rows of the datasets that it was updated with.",
                rows=len(examples),
            )
        if remaining.rows == 0:
            raise DataError(
                "strategy.nothing_left",
                "These {rows:,} rows are all that this version learned; nothing would be left. Delete it instead.",
                rows=len(examples),
            )
        before = self._current()
        self.statistics = remaining
        self.forgotten()
        after = self._current()
        self._write(model, after)
        return before.difference(after)

    def refit_difference(self, model: TextNetwork, examples: Examples) -> float:
        """Solve anew from these rows alone; the largest absolute difference of any coefficient to what was learned."""
        own = self.learned()
        refit = FeatureStatistics.empty(len(own.counts), own.width, several=own.total is not None)
        for features, targets in self._mapped(model, examples):
            refit.add(features, targets)
        return self._current().difference(self.coefficients(refit.known()).for_all(refit.seen))

    # -- inside

    def _wants_other_features(self) -> bool:
        asked = self.config.random_features
        if asked == "auto" or self.feature_map is None:
            return False
        if asked != self.feature_map.kind or (asked != "none" and self.config.feature_count != self.feature_map.width):
            return True
        return asked == "fourier" and not math.isclose(
            self.config.kernel_width, self.feature_map.kernel_width, rel_tol=0.05
        )

    def _begin_anew(self, model: TextNetwork, examples: Examples, even_around: Tensor | None = None) -> None:
        """Freeze the scaling on rows spread evenly over these, or an even map around a mean, and forget all sums."""
        asked, count = self.config.random_features, self.config.feature_count
        kind: RandomFeatures = "none" if asked == "auto" else asked
        kernel_width = self.config.kernel_width
        if asked == "auto" and model.lift is not None:  # left by an earlier version, though its sums are gone
            kind, count, kernel_width = model.lift.kind, model.lift.width, model.lift.kernel_width
        scale = even_around is None and not model.declared.fixed_features
        wanted = 1 if not scale else min(SCALED_BY, len(examples))
        some = np.linspace(0, len(examples) - 1, wanted).round().astype(np.int64)
        features = torch.cat([part for part, _ in encoded(model, examples.take(some))])
        self.feature_map = fit_feature_map(
            features, kind, count, scale=scale, kernel_width=kernel_width, even_around=even_around
        )
        self.statistics = None
        self.forgotten()

    def _gather(self, model: TextNetwork, examples: Examples, outputs: int) -> Iterator[StepDone]:
        """Add rows; the loss that is told is that of the model as it was before, on rows it is about to learn."""
        assert self.feature_map is not None
        if self.statistics is None:
            several = examples.targets.ndim == 2
            self.statistics = FeatureStatistics.empty(outputs, self.feature_map.width, several=several)
        self.statistics.grow(outputs)
        feature_map = copy.deepcopy(self.feature_map).double()
        steps, done, loss_sum, started = -(-len(examples) // ADDED_AT_ONCE), 0, 0.0, time.monotonic()
        for step, (features, targets) in enumerate(encoded(model, examples), start=1):
            loss_sum += _loss(model, features, targets)
            mapped = feature_map(features.double())
            self.statistics.add(mapped, targets)
            if self.noise is None:
                self.added(mapped, targets)
            done += len(targets)
            yield StepDone(1, 1, step, steps, loss_sum / done, done / max(time.monotonic() - started, 1e-9))

    def _gather_noisily(self, model: TextNetwork, experience: Experience, noise: Noise) -> Iterator[StepDone]:
        """Add the experience's own rows, told with noise; the first time, the mean that features are taken from before.

        Raises
        ------
        DataError
            When earlier rows would have to be read again.
        """
        if experience.number > 1 and self.needs_past():
            raise DataError(
                "strategy.private_past",
                "'{strategy}' would have to read all earlier rows again, since this version keeps no noisy sums of them for its "
                "features, and that would spend of the privacy budget a second time. Go on as before, or train a new model.",
                strategy=self.declared.name,
            )
        generator = np.random.default_rng(noise.secret)  # PyTorch's would take 32 bits of it
        kept = np.sort(np.concatenate(noise.rows_by_unit(len(experience.train))))
        rows, most_rows = experience.train.take(kept), 1 if noise.units is None else noise.most_rows
        multiplier = noise.multiplier
        if self.needs_past():
            for_mean, multiplier = shared_multipliers(multiplier)
            total = sum(functional.normalize(part.double()).sum(dim=0) for part, _ in encoded(model, rows))
            assert isinstance(total, Tensor)
            self._begin_anew(model, rows, noisy_mean(total, len(rows), for_mean, most_rows, generator))
        before, self.statistics = self.statistics, None
        yield from self._gather(model, rows, len(experience.outputs))
        told = with_noise(self.learned(), multiplier, most_rows, generator)
        if before is not None:
            before.grow(len(experience.outputs))
            told = before.plus(told)
        self.statistics = told
        self.forgotten()

    def _reason(self, experience: Experience) -> Message:
        if self.noise is None:
            return message("training.solved", "Solved from sums over {rows:,} rows.", rows=self.learned().rows)
        rows = len(experience.train)
        return message("training.solved_noisily", "Solved from noisy sums; {rows:,} rows were added.", rows=rows)

    def _mapped(self, model: TextNetwork, examples: Examples) -> Iterator[tuple[Tensor, Tensor]]:
        """What the head reads, in float64, with targets."""
        assert self.feature_map is not None
        feature_map = copy.deepcopy(self.feature_map).double()
        for features, targets in encoded(model, examples):
            yield feature_map(features.double()), targets

    def _current(self) -> Coefficients:
        """Coefficients of all outputs, those without rows among them."""
        return self.own_coefficients().for_all(self.learned().seen)

    def _solve_into(self, model: TextNetwork, validation: Examples) -> Tensor:
        """Write the head, with the scale that suits the validation rows; returns their logits (rows, outputs)."""
        coefficients, self.scale, self.shift = self._current(), 1.0, 0.0
        self._write(model, coefficients)
        if not len(validation):
            return torch.zeros(0, len(coefficients.biases))
        logits = predict_logits(model, validation, CPU)
        targets = torch.from_numpy(validation.targets)
        if targets.ndim == 2:
            self.scale, self.shift = best_line(logits, targets)
        else:
            self.scale = best_scale(logits, targets)
        self._write(model, coefficients)
        return logits * self.scale + self.shift

    @torch.no_grad()
    def _write(self, model: TextNetwork, coefficients: Coefficients) -> None:
        model.set_feature_map(copy.deepcopy(self.feature_map))
        model.head.weight.copy_(coefficients.weights * self.scale)
        model.head.bias.copy_(coefficients.biases * self.scale + self.shift)


@torch.no_grad()
def _loss(model: TextNetwork, features: Tensor, targets: Tensor) -> float:
    """Sum over rows of −log p(y | x), as the model answers now."""
    return _surprise(model.read_out(features.to(model.head.weight.device)).cpu(), targets)


def _surprise(logits: Tensor, targets: Tensor) -> float:
    """Sum over rows of −log p(y | x) for these logits."""
    if targets.ndim == 2:
        return float(functional.binary_cross_entropy_with_logits(logits, targets, reduction="sum"))
    return float(functional.cross_entropy(logits, targets, reduction="sum"))
