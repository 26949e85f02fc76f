"""What a generator is about to learn: the dataset divided, its tokens, the model to start from, the remembered texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.base.errors import ConfigError, DataError
from core.base.messages import Message, message
from core.data.dataset.rows import TextDataset
from core.data.dataset.splitting import Split, split_rows
from core.data.dataset.store import StoredDataset
from core.generation.config import GeneratorConfig, LearningConfig, resolve
from core.generation.model import CausalTransformer
from core.generation.store import GeneratorStore
from core.generation.tokens import Vocabulary, windows
from core.generation.version import GeneratorMemory, GeneratorTest, fingerprint, load_memory, load_model, load_tests
from core.workflows.generate.request import GenerateRequest
from core.workflows.workspace import Workspace

FEWEST = 20  # training texts; fewer teach nothing but themselves


@dataclass(frozen=True)
class Base:
    """The version that an update goes on from."""

    number: int
    folder: Path
    report: dict[str, Any]
    tests: list[GeneratorTest]
    memory: GeneratorMemory


@dataclass(frozen=True)
class GeneratorLesson:
    """One experience, ready to be learned.

    Parameters
    ----------
    train, validation, test
        Texts; ``set_aside`` counts the rows that are in none of them.
    remembered
        Earlier texts that are rehearsed; empty at a first training, and in plain fine-tuning.
    """

    stored: StoredDataset
    learning: LearningConfig
    size: str
    vocabulary: Vocabulary
    model: CausalTransformer
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    set_aside: int
    remembered: tuple[str, ...]
    findings: tuple[Message, ...]

    @property
    def shape(self) -> GeneratorConfig:
        return self.model.config

    def windows(self, texts: tuple[str, ...]) -> list[list[int]]:
        """Pieces to learn from, or to measure with."""
        return [piece for text in self.vocabulary.encode(texts) for piece in windows(text, self.shape.max_length)]

    def training_set(self) -> Callable[[int], list[list[int]]]:
        """The new pieces, and for each epoch another draw of remembered ones; none twice before all have been used."""
        new, old = self.windows(self.train), self.windows(self.remembered)
        wanted = round(self.learning.replay_ratio * len(new)) if old else 0

        def of_epoch(epoch: int) -> list[list[int]]:
            if not wanted:
                return new
            generator = np.random.default_rng([self.learning.seed, epoch])
            drawn = np.concatenate([generator.permutation(len(old)) for _ in range(-(-wanted // len(old)))])[:wanted]
            return new + [old[row] for row in drawn]

        return of_epoch


def base_of(request: GenerateRequest, workspace: Workspace, number: int | None) -> Base | None:
    """The version to go on from: this one, or the current one; None for a training from random start."""
    if request.action == "train":
        return None
    store = GeneratorStore(workspace.home)
    number = store.info(request.generator).current if number is None else number
    folder = store.folder(request.generator, number)
    report = store.report(request.generator, number)
    return Base(number, folder, report, load_tests(folder), load_memory(folder))


def settings_for(request: GenerateRequest, base: Mapping[str, Any] | None) -> tuple[GeneratorConfig, LearningConfig]:
    """All settings, checked; an update takes its base version's (of its report), overlaid with those of learning."""
    if base is None:
        return resolve(request.size, request.settings)
    fixed = sorted(set(request.settings) & set(GeneratorConfig.model_fields))
    if fixed:
        raise ConfigError(
            "generation.fixed",
            "An update keeps the shape and the tokens of its generator, so it cannot take: {names}. Train a new "
            "generator instead.",
            names=fixed,
        )
    return resolve(base["size"], {**base["settings"], **request.settings})


def prepare(request: GenerateRequest, workspace: Workspace, base: Base | None, tokens: str | None) -> GeneratorLesson:
    """Read and divide the dataset, and make or load the model.

    Parameters
    ----------
    tokens
        The tokenizer of an interrupted run of the same request, so that ids mean the same again.
    """
    shape, learning = settings_for(request, base.report if base is not None else None)
    stored = workspace.datasets.info(request.dataset)
    dataset = workspace.datasets.load(request.dataset)
    split = _divide(dataset, learning, base)
    train, validation, test = (dataset.take(rows).texts for rows in (split.train, split.validation, split.test))
    _check(dataset, split)
    model, vocabulary = _start(shape, learning, train, base, tokens)
    remembered, findings = _rehearsed(learning, base)
    return GeneratorLesson(
        stored=stored,
        learning=learning,
        size=request.size if base is None else base.report["size"],
        vocabulary=vocabulary,
        model=model,
        train=train,
        validation=validation,
        test=test,
        set_aside=len(split.set_aside),
        remembered=remembered,
        findings=(*split.findings, *findings),
    )


def _divide(dataset: TextDataset, learning: LearningConfig, base: Base | None) -> Split:
    """Divide by text, whatever the labels; what an earlier test holds is set aside, what was learned is never a test."""
    plain = TextDataset(
        dataset.texts, np.zeros(len(dataset), dtype=np.int64), ("",), dataset.splits, dataset.groups, dataset.times
    )
    shares = (1 - learning.validation_share - learning.test_share, learning.validation_share, learning.test_share)
    split = split_rows(plain, fractions=shares, seed=learning.split_seed, batch=True)
    if base is None:
        return split
    tested = {fingerprint(text) for test in base.tests for text in test.texts}
    prints = [fingerprint(text) for text in dataset.texts]
    is_tested = np.array([digest in tested for digest in prints])
    is_learned = np.array([digest in base.memory.learned for digest in prints])
    moved = np.concatenate([rows[is_learned[rows]] for rows in (split.validation, split.test)])
    train = np.sort(np.concatenate([split.train, moved]))
    validation, test = (rows[~is_learned[rows] & ~is_tested[rows]] for rows in (split.validation, split.test))
    findings = list(split.findings)
    if is_tested.any():
        findings.append(
            message(
                "generation.tested_set_aside",
                "Rows set aside because their text is in an earlier frozen test: {count:,}.",
                count=int(is_tested.sum()),
            )
        )
    aside = np.union1d(split.set_aside, np.flatnonzero(is_tested))
    return Split(train[~is_tested[train]], validation, test, aside, tuple(findings))


def _check(dataset: TextDataset, split: Split) -> None:
    if len(split.train) >= FEWEST and len(split.validation) and len(split.test):
        return
    raise DataError(
        "generation.too_few",
        "Of {rows:,} rows, {train} are left to learn from, {validation} to validate and {test} to test. A generator needs "
        "at least {fewest} different new texts to learn from, and some for the other two. Add texts.",
        rows=len(dataset),
        train=len(split.train),
        validation=len(split.validation),
        test=len(split.test),
        fewest=FEWEST,
    )


def _start(
    shape: GeneratorConfig, learning: LearningConfig, texts: tuple[str, ...], base: Base | None, tokens: str | None
) -> tuple[CausalTransformer, Vocabulary]:
    """A model of random weights, or the base version's with rows for the characters that are new."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(learning.seed)
        if base is None:
            vocabulary = Vocabulary.fit(texts, size=shape.vocabulary_size, lowercase=shape.lowercase)
            if tokens is not None:
                vocabulary = Vocabulary.from_text(tokens, vocabulary.segmentation)
            return CausalTransformer(shape, len(vocabulary)), vocabulary
        model, vocabulary = load_model(base.folder)
        vocabulary = vocabulary.extended(texts)
        model.grow_vocabulary(len(vocabulary))
        return model, vocabulary


def _rehearsed(learning: LearningConfig, base: Base | None) -> tuple[tuple[str, ...], list[Message]]:
    if base is None or not learning.replay_ratio:
        return (), []
    if not base.memory.texts:
        return (), [
            message(
                "generation.memory_empty",
                "The version kept no earlier text, so nothing could be rehearsed: this update learned the new texts alone.",
            )
        ]
    return tuple(base.memory.texts), []
