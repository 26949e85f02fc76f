"""What learns: a model from random start, or one that a version left, with room for new outputs and words."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from core.continual.methods import Method, StrategyConfig
from core.continual.strategies import Experience, Memory, Strategy
from core.networks.sources import Sources
from core.networks.text import Examples, encode_examples, extend_pipeline
from core.workflows.learn.starting import start_from_vectors
from core.workflows.requests import Settings, architecture_of, method_of
from core.workflows.versions.folder import Learner
from core.workflows.versions.past import Labelled

NOTHING: Labelled = ((), ())


def first_learner(
    model_name: str,
    texts: Sequence[str],
    outputs: tuple[str, ...],
    settings: Settings,
    sources: Sources | None = None,
) -> Learner:
    """A model that has not learned from these texts yet, but can read them.

    Parameters
    ----------
    sources
        Needed only by a model that begins from something stored, such as a pretrained encoder.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.training.seed)
        model, pipeline = (
            architecture_of(model_name, settings.task)
            .network()
            .begin(settings.model, settings.text, texts, len(outputs), sources)
        )
        vectors = start_from_vectors(model, pipeline, settings.model, sources.vectors) if sources is not None else None
    origin = model.origin if vectors is None else {**model.origin, "vectors": vectors.to_dict()}
    return Learner(model_name, model, pipeline, outputs, settings, origin)


def make_strategy(name: str, config: StrategyConfig, settings: Settings) -> Strategy:
    """The strategy of this name, with an empty memory as large and as chosen as the settings say."""
    memory = Memory(settings.data.memory_size, selection=settings.data.memory_selection)
    made: Strategy = method_of(name).strategy()(config, seed=settings.training.seed, memory=memory)
    return made


def readable_past(strategy: Strategy, past: Sequence[str]) -> Sequence[str]:
    """Which texts of earlier experiences a strategy may build a vocabulary from: all of them, or what it remembers."""
    return past if strategy.declared.uses_past else strategy.memory.examples()[0]


def next_learner(
    parent: Learner,
    texts: Sequence[str],
    outputs: tuple[str, ...],
    settings: Settings,
    method: Method,
    past: Sequence[str] = (),
    sources: Sources | None = None,
) -> Learner:
    """Who learns the next experience.

    Parameters
    ----------
    parent
        Learner of the version before; its model is taken over and changed, unless the strategy starts fresh.
    outputs
        The parent's, followed by new ones.
    past
        Texts of earlier experiences, for a strategy that starts fresh; see `readable_past`.
    """
    if method.starts_fresh:
        return first_learner(parent.model_name, [*past, *texts], outputs, settings, sources)
    pipeline, model = parent.pipeline, parent.model
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.training.seed)
        if not method.freezes_encoder:
            known = pipeline.tokenizer.get_vocab_size()
            pipeline = extend_pipeline(pipeline, texts, minimum_frequency=max(2, settings.text.minimum_frequency))
            model.grow_vocabulary(pipeline.tokenizer.get_vocab_size())
            if sources is not None:
                start_from_vectors(model, pipeline, settings.model, sources.vectors, known)
        if len(outputs) > len(parent.outputs):
            model.grow_outputs(len(outputs))
    if sources is not None:
        model.keep_features(sources.features)
    return Learner(parent.model_name, model, pipeline, outputs, settings, parent.origin)


def make_experience(
    number: int,
    learner: Learner,
    train: Labelled,
    validation: Labelled,
    *,
    known_outputs: int = 0,
    past: Labelled = NOTHING,
    past_validation: Labelled = NOTHING,
) -> Experience:
    """Everything a strategy may learn from, read with the learner's tokenizer."""
    task = learner.settings.task

    def encode(texts: Sequence[str], targets: Sequence[str]) -> Examples:
        return encode_examples(learner.pipeline, texts, task.encode(targets, learner.outputs))

    return Experience(
        number=number,
        train=encode(*train),
        validation=encode(*validation),
        past=encode(*past),
        past_validation=encode(*past_validation),
        task=task,
        config=learner.settings.own,
        targets=train[1],
        outputs=learner.outputs,
        encode=encode,
        known_outputs=known_outputs,
    )
