"""What learns: a model from random start, or one that a version left, with room for new outputs and words; words that have a
vector start from it, where the settings name a set of vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from core.base.config import Config
from core.base.errors import ConfigError, DataError
from core.base.messages import Message, message
from core.continual.methods import REPLAY, Method, StrategyConfig
from core.continual.strategies import Experience, Memory, Strategy
from core.fairness.rows import Swapper, terms_of
from core.fairness.treatment import copies_of, hidden_in, hidden_options, treatment_of
from core.networks.architectures import VectorsConfig
from core.networks.encoders import TextNetwork
from core.networks.encoders.embeddings import start_embedding
from core.networks.sources import Sources
from core.networks.text import Examples, TextPipeline, extend_pipeline
from core.networks.vectors import VectorStore
from core.workflows.requests import Settings, architecture_of, method_of
from core.workflows.versions.folder import ExperienceRecord, Learner
from core.workflows.versions.past import Labelled

SPECIAL = 2  # padding and the unknown token, which are no words
WORD_START = "▁"
MISSING_SHOWN = 20
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
    hidden = hidden_options(settings.fairness, texts, {})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.training.seed)
        model, pipeline = (
            architecture_of(model_name, settings.task)
            .network()
            .begin(settings.model, settings.text, _to_read(texts, settings, hidden), len(outputs), sources)
        )
        if hidden:
            pipeline = TextPipeline(pipeline.tokenizer, {**pipeline.options, **hidden})
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
    options = hidden_options(settings.fairness, texts, pipeline.options)
    if method.freezes_encoder and bool(options.get("hidden")) != bool(pipeline.options.get("hidden")):
        raise ConfigError(
            "mitigation.hidden_fixed",
            "'{strategy}' goes on from sums over what the model saw of earlier texts, so identity words can neither be hidden "
            "from now on nor shown again. Leave mitigation as it was, or choose the strategy '{other}'.",
            strategy=method.name,
            other=REPLAY.name,
        )
    if options != pipeline.options and not method.freezes_encoder:
        pipeline = TextPipeline(pipeline.tokenizer, options)
    texts = _to_read(texts, settings, options)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.training.seed)
        if not method.freezes_encoder:
            known = pipeline.tokenizer.get_vocab_size()
            pipeline = extend_pipeline(pipeline, texts, minimum_frequency=max(2, settings.text.minimum_frequency))
            model.grow_vocabulary(pipeline.tokenizer.get_vocab_size())
            model.meet(pipeline, texts)
            if sources is not None:
                start_from_vectors(model, pipeline, settings.model, sources.vectors, known)
        if len(outputs) > len(parent.outputs):
            model.grow_outputs(len(outputs), settings.task.parents(outputs, len(parent.outputs)))
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
    """Everything a strategy may learn from, read with the learner's tokenizer; new outputs begin where the task says."""
    task = learner.settings.task

    settings = learner.settings
    treatment = treatment_of(settings.fairness, [*train[0], *past[0]], learner.pipeline, settings.training.seed)

    def read(texts: Sequence[str], targets: Sequence[str]) -> Examples:
        examples = task.examples(learner.pipeline, texts, targets, learner.outputs)
        return examples if treatment is None else treatment.marked(examples)

    def encode(texts: Sequence[str], targets: Sequence[str]) -> Examples:
        """What is new now, nobody may have looked for in earlier rows."""
        examples = read(texts, targets)
        return task.left_open(examples, known_outputs, later=True) if known_outputs else examples

    examples = read(*train)
    bias = task.first_bias(examples.targets)
    if bias is not None:
        with torch.no_grad():
            learner.model.head.bias[known_outputs:] = torch.from_numpy(bias[known_outputs:])
    return Experience(
        number=number,
        train=examples,
        validation=read(*validation),
        past=encode(*past),
        past_validation=read(*past_validation),
        task=task,
        config=learner.settings.own,
        targets=train[1],
        outputs=learner.outputs,
        encode=encode,
        known_outputs=known_outputs,
        treatment=treatment,
    )


def length_remarks(record: ExperienceRecord, limit: int) -> list[Message]:
    """That training texts were longer than what was read of them, where some were."""
    if not record.cut:
        return []
    return [
        message(
            "train.texts_cut",
            "{cut:,} of {rows:,} training texts are longer than the {tokens:,} tokens that are read: their ends were not "
            "learned from. More or longer windows read on.",
            cut=record.cut,
            rows=record.train,
            tokens=limit,
        )
    ]


def _to_read(texts: Sequence[str], settings: Settings, options: dict[str, Any]) -> Sequence[str]:
    """What words are learned from: the texts, without what is hidden, and with the copies that are learned beside them."""
    config = settings.fairness
    if config.mitigation == "drop_words":
        return hidden_in(options, texts)
    if config.mitigation != "counterfactual":
        return texts
    swapper = Swapper(terms_of(config, texts), settings.training.seed)
    count = max(1, round(config.mitigation_strength))
    return [*texts, *(copy for text in texts for copy in copies_of(swapper, text, count))]


@dataclass(frozen=True)
class VectorStart:
    """What a model took over from a set of word vectors.

    Parameters
    ----------
    reference, name, licence, dimensions
        Facts of the set; its licence goes wherever the model goes.
    words, found
        Tokens that were looked up, and those among them that have a vector.
    missing
        The most frequent tokens without a vector.
    present
        False when the set has been removed since the version before: the new words then start like any others.
    """

    reference: str
    name: str
    licence: str
    dimensions: int
    words: int
    found: int
    missing: tuple[str, ...]
    tuned: bool
    present: bool = True

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "missing": list(self.missing)}


def start_from_vectors(
    model: TextNetwork, pipeline: TextPipeline, config: Config, store: VectorStore, first_token: int = 0
) -> VectorStart | None:
    """Write vectors into the model's embedding, as its config asks for; None when it does not.

    Parameters
    ----------
    first_token
        Number of tokens known before an update: only the new ones get vectors.

    Raises
    ------
    DataError
        When the set is not there at a first training; an update goes on without it.
    """
    if not isinstance(config, VectorsConfig) or not config.word_vectors:
        return None
    model.embedding.requires_grad_(config.learns_embedding)  # an embedding that has grown forgets it
    vocabulary = pipeline.tokenizer.get_vocab()
    tokens = sorted(vocabulary, key=lambda token: vocabulary[token])
    first = max(first_token, SPECIAL)
    try:
        info = store.describe(config.word_vectors)
        vectors, has_vector = store.lookup(config.word_vectors, [_as_word(token, pipeline) for token in tokens])
    except DataError:
        if not first_token:
            raise
        return VectorStart(
            config.word_vectors, "", "", 0, len(tokens) - first, 0, (), config.tune_vectors, present=False
        )
    has_vector[:SPECIAL] = False
    start_embedding(model, vectors, has_vector, first)
    missing = [tokens[number] for number in np.flatnonzero(~has_vector[first:]) + first]
    return VectorStart(
        reference=info.reference,
        name=info.name,
        licence=info.licence,
        dimensions=info.dimensions,
        words=len(tokens) - first,
        found=int(has_vector[first:].sum()),
        missing=tuple(missing[:MISSING_SHOWN]),
        tuned=config.tune_vectors,
    )


def _as_word(token: str, pipeline: TextPipeline) -> str:
    """What to look up: of subwords only those that begin a word, since the rest of one is no word of its own."""
    if pipeline.options["segmentation"] != "subwords":
        return token
    return token[1:] if token.startswith(WORD_START) else ""
