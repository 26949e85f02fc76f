"""A blend of two versions: how it is made of them, and how it goes on learning.

In an update each member learns the batch by itself and with its own tokenizer, then their weights are fitted again on the
validation rows. A member whose head is a sum over rows goes on by its own method; others learn by the one that was asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.base.config import build, settings_of
from core.base.errors import ModelError
from core.base.events import CheckpointDue, EpochDone, Finished
from core.base.messages import message
from core.continual.memory import Memory
from core.continual.methods import StrategyConfig
from core.continual.strategies import ClosedForm, Experience, Strategy
from core.continual.strategies.base import GradientLoop
from core.networks.architectures.blend import BLEND
from core.networks.encoders import TextNetwork
from core.networks.encoders.batches import predict_logits
from core.networks.encoders.blend import Blend
from core.networks.sources import Sources
from core.networks.standalone.pipeline import FURTHER
from core.networks.text import Examples, TextPipeline
from core.tasks.text_classification.blend import EVEN, fit_weights, logarithms
from core.workflows.learn.learners import make_strategy, next_learner
from core.workflows.requests import BLENDED_BY, Settings, method_of, resolve_settings, setting_classes
from core.workflows.versions.folder import Learner, VersionFolder
from core.workflows.workspace import Workspace

LIGHTEST = 0.05  # weight from which a member can come back
CPU = torch.device("cpu")
Answered = tuple[NDArray[Any], list[NDArray[Any]]]  # class numbers of rows, and each member's logits


class Blending(Strategy):
    """Let each member of a blend learn by a strategy of its own, and fit the weights of their logits.

    Parameters
    ----------
    parts
        The members' strategies; they share one memory.
    asked
        The strategy that was asked for.
    answered
        What the members answer on validation rows, at a first training, where they have learned already.
    """

    def __init__(
        self,
        parts: Sequence[Strategy],
        asked: Strategy,
        *,
        answered: Answered | None = None,
    ) -> None:
        super().__init__(asked.config, seed=asked.seed, memory=asked.memory)
        self.declared = asked.declared  # type: ignore[misc]  # of each, not of the class
        self.parts = list(parts)
        self._answered = answered

    def needs_past(self) -> bool:
        return any(part.needs_past() for part in self.parts)

    def learn(self, model: TextNetwork, experience: Experience, gradient_loop: GradientLoop) -> Iterator[Any]:
        """An update that is killed begins again: no checkpoint says which member it belongs to."""
        assert isinstance(model, Blend)
        if self._answered is not None:
            self._weigh(model, *self._answered)
        else:
            for number, (part, member) in enumerate(zip(self.parts, model.networks(), strict=True)):
                part.memory = self.memory
                for event in part.learn(member, of_member(experience, number), gradient_loop):
                    if isinstance(event, Finished) and event.best_epoch == 0:  # stopped
                        yield event
                        return
                    if not isinstance(event, CheckpointDue | EpochDone | Finished):
                        yield event
            self._weigh_anew(model, experience)
        whole = max(float(model.weights.sum()), LIGHTEST)
        first, second = (round(100 * weight / whole) for weight in model.weights.tolist())
        told = message(
            "training.blended", "Shares of the two models: {first} % and {second} %.", first=first, second=second
        )
        yield Finished(1, 1, told)

    def end_experience(self, model: TextNetwork, experience: Experience) -> None:
        assert isinstance(model, Blend)
        if self._answered is None:
            for number, (part, member) in enumerate(zip(self.parts, model.networks(), strict=True)):
                part.memory = Memory(0)  # the texts are kept once
                part.end_experience(member, of_member(experience, number))
        super().end_experience(model, experience)

    def forget(self, model: TextNetwork, examples: Examples) -> bool:
        """Take rows out of the sums that members keep; returns whether any member keeps some. Answers stay as they are."""
        assert isinstance(model, Blend)
        changed = False
        for number, (part, member) in enumerate(zip(self.parts, model.networks(), strict=True)):
            if isinstance(part, ClosedForm) and part.statistics is not None:
                part.forget(member, _those_of(examples, number))
                changed = True
        return changed

    def state(self) -> dict[str, Any]:
        theirs = {
            f"{number}.{name}": value
            for number, part in enumerate(self.parts)
            for name, value in part.state().items()
            if name != "memory"
        }
        return {**super().state(), **theirs}

    def restore(self, state: dict[str, Any]) -> None:
        super().restore(state)
        for number, part in enumerate(self.parts):
            prefix = f"{number}."
            part.restore({name.removeprefix(prefix): own for name, own in state.items() if name.startswith(prefix)})

    def _weigh(self, model: Blend, truth: NDArray[Any], logits: Sequence[NDArray[Any]]) -> None:
        before = model.weights.clamp_min(LIGHTEST).tolist()
        model.weights.copy_(torch.from_numpy(fit_weights(truth, logits, before)))

    def _weigh_anew(self, model: Blend, experience: Experience) -> None:
        rows = experience.past_validation.joined(experience.validation)
        logits = [
            predict_logits(member, _those_of(rows, number), CPU).numpy()
            for number, member in enumerate(model.cpu().networks())
        ]
        self._weigh(model, rows.targets, logits)


def blend_of(
    classifier: str, asked: Strategy, outputs: tuple[str, ...], settings: Settings, workspace: Workspace
) -> tuple[Learner, Blending]:
    """The blend of the two versions that its settings name, and what weighs them.

    Raises
    ------
    ModelError
        When there are no such versions, or they do not answer with the same labels or were not chosen by the same rows.
    """
    names = [int(getattr(settings.model, f"{name}_version")) for name in ("first", "second")]
    stored = {version.number for version in workspace.registry.versions(classifier)}
    if not stored.issuperset(names):
        raise ModelError(
            "blend.of_versions",
            "A blend is made of two versions, not trained from texts. Choose auto, which makes one where it is better.",
        )
    folders = [VersionFolder(workspace.registry.folder(classifier, number)) for number in names]
    tables = [folder.validation() for folder in folders]
    truths = [None if table is None else table["truth"].to_numpy() for table in tables]
    alike = all(folder.outputs == outputs for folder in folders)
    if not alike or truths[0] is None or truths[1] is None or not np.array_equal(truths[0], truths[1]):
        raise ModelError(
            "blend.other_rows",
            "Versions {first} and {second} cannot be blended: they were not learned from the same rows with the same labels.",
            first=names[0],
            second=names[1],
        )
    members, facts = [], []
    for folder in folders:
        report, learner = folder.report(), folder.load_learner()
        name = report.get("updates_by", BLENDED_BY[0])
        config = report["strategy_settings"]
        facts.append(_facts(learner, name, config))
        members.append(learner)
    learner = blended(members, facts, settings)
    assert isinstance(learner.model, Blend)
    learner.model.keep_features(workspace.sources.features)
    # What was stored are probabilities at the temperature of each file.
    logits = [
        folder.temperature * logarithms(table.drop(columns="truth").to_numpy())
        for folder, table in zip(folders, tables, strict=True)
        if table is not None
    ]
    learner.model.weights.copy_(
        torch.tensor([share / own.temperature for share, own in zip(EVEN, folders, strict=True)])
    )
    strategy = blending(facts, asked, settings, (truths[0], logits))
    for number, folder in enumerate(folders):
        strategy.parts[number].restore({name: own for name, own in folder.load_state().items() if name != "memory"})
    return learner, strategy


def blended(members: Sequence[Learner], facts: Sequence[Mapping[str, Any]], settings: Settings) -> Learner:
    """Learners as one, with equal weights."""
    first, *others = (member.pipeline for member in members)
    options = {**first.options, "further": [other.options for other in others]}
    pipeline = TextPipeline(first.tokenizer, options, others)
    outputs = members[0].outputs
    model = Blend(settings.model, [member.model for member in members], facts, len(outputs))  # type: ignore[arg-type]
    origin = {name: value for member in members for name, value in member.origin.items()}
    return Learner(BLEND.name, model.eval(), pipeline, outputs, settings, origin, tuple(members))


def _facts(learner: Learner, strategy: str, config: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "model": learner.model_name,
        "settings": learner.settings.flat(),
        "origin": learner.origin,
        "strategy": strategy,
        "strategy_settings": dict(config),
    }


def strategy_of(folder: VersionFolder, name: str, config: StrategyConfig, settings: Settings) -> Strategy:
    """What updates a version: a strategy as the version left it; of a blend one for each member."""
    strategy = make_strategy(name, config, settings)
    if folder.model_name == BLEND.name:
        strategy = blending(folder.members(), strategy, settings)
    strategy.restore(folder.load_state())
    return strategy


def blending(
    members: Sequence[Mapping[str, Any]], asked: Strategy, settings: Settings, answered: Answered | None = None
) -> Blending:
    """How a blend of these members learns: those in closed form by their own method, the others as was asked for."""
    parts: list[Strategy] = []
    for own in members:
        method = method_of(own["strategy"])
        if method.freezes_encoder:
            names = {declared.name for declared in settings_of(method.config_class)}
            config = {name: value for name, value in own["strategy_settings"].items() if name in names}
            part = make_strategy(method.name, build(method.config_class, config), settings)
        else:
            part = make_strategy(asked.declared.name, asked.config, settings)
        part.memory = Memory(0)  # until it learns
        parts.append(part)
    return Blending(parts, asked, answered=answered)


def learner_after(
    strategy: Strategy,
    parent: Learner,
    texts: Sequence[str],
    outputs: tuple[str, ...],
    settings: Settings,
    past: Sequence[str],
    sources: Sources,
) -> Learner:
    """Who learns the next experience, see `next_learner`; of a blend each member by itself."""
    if not isinstance(strategy, Blending):
        return next_learner(parent, texts, outputs, settings, strategy.declared, past, sources)
    assert isinstance(parent.model, Blend)
    before = parent.settings.flat()
    changed = {name: value for name, value in settings.flat().items() if before.get(name) != value}
    members, facts = [], []
    for part, member, own in zip(strategy.parts, parent.members, parent.model.facts, strict=True):
        known = {
            declared.name
            for config in setting_classes(settings.task, member.model_name)
            for declared in settings_of(config)
        }
        asked = {name: value for name, value in changed.items() if name in known}
        theirs = resolve_settings(member.model_name, {**member.settings.flat(), **asked}, settings.task)
        members.append(next_learner(member, texts, outputs, theirs, part.declared, past, sources))
        facts.append(_facts(members[-1], own["strategy"], own["strategy_settings"]))
    learner = blended(members, facts, settings)
    assert isinstance(learner.model, Blend)
    learner.model.weights.copy_(parent.model.weights)
    return learner


def of_member(experience: Experience, number: int) -> Experience:
    """An experience as one member reads it."""
    return replace(
        experience,
        train=_those_of(experience.train, number),
        validation=_those_of(experience.validation, number),
        past=_those_of(experience.past, number),
        past_validation=_those_of(experience.past_validation, number),
        encode=lambda texts, targets: _those_of(experience.encode(texts, targets), number),
    )


def _those_of(examples: Examples, number: int) -> Examples:
    """Examples with the tokens of one member alone."""
    first, end = number * FURTHER, (number + 1) * FURTHER
    return replace(
        examples, ids=tuple([token - first for token in ids if first <= token < end] for ids in examples.ids)
    )
