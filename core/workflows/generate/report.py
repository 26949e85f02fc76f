"""A generator that has learned becomes a version: export, proof, measuring, report."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.base.errors import ModelError
from core.base.events import Finished, LanguageEpoch
from core.base.messages import Message, message
from core.generation.config import SamplingConfig, parameter_count
from core.generation.engine import MODEL, GeneratorEngine
from core.generation.export import export_onnx, measure_parity
from core.generation.ngrams import KneserNey, best_ngrams
from core.generation.sampling import write_text
from core.generation.scoring import GeneratorScore, forgetting, score, score_texts
from core.generation.version import GeneratorMemory, GeneratorTest, save_memory, save_model, save_report, save_tests
from core.workflows.generate.lesson import Base, GeneratorLesson

PARITY_TEXTS = 30
WORST_PARITY = 1e-3  # beyond this the export is broken, not merely rounded
SAMPLES = 3
MANY_UNKNOWN = 0.05

Matrix = list[list[float | None]]


@dataclass
class Outcome:
    """How the learning went."""

    epochs: list[LanguageEpoch] = field(default_factory=list)
    finished: Finished | None = None
    seconds: float = 0.0  # seconds of an earlier part of an interrupted run


def save_version(lesson: GeneratorLesson, base: Base | None, outcome: Outcome, folder: Path, started: float) -> None:
    """Write all files of the version into an empty folder.

    Raises
    ------
    ModelError
        When the exported model does not say the same as the trained one.
    """
    save_model(folder, lesson.model, lesson.vocabulary)
    export_onnx(lesson.model, folder / MODEL)
    # A graphics card rounds more coarsely; the proof is of the file.
    exported = GeneratorEngine(folder, providers=["CPUExecutionProvider"])
    parity = measure_parity(lesson.model, exported, lesson.vocabulary.encode(lesson.test[:PARITY_TEXTS]))
    if not parity.max_abs_diff <= WORST_PARITY:  # also when it is not a number
        raise ModelError(
            "generation.parity",
            "The exported model differs from the trained one by up to {difference} in probability. Nothing was stored. "
            "If the loss was not a number, train again with a lower learning rate.",
            difference=f"{parity.max_abs_diff:.2g}",
        )
    engine = GeneratorEngine(folder)
    tests = [*(base.tests if base is not None else []), _freeze(lesson, base)]
    scores = [score_texts(engine, test.texts) for test in tests]
    before = score_texts(GeneratorEngine(base.folder), lesson.test) if base is not None else None
    memory = _remember(lesson, base)
    save_tests(folder, tests)
    save_memory(folder, memory)
    report: dict[str, Any] = {
        "created": datetime.now(UTC).isoformat(),
        "parent": base.number if base is not None else None,
        "size": lesson.size,
        "settings": {**lesson.shape.model_dump(), **lesson.learning.model_dump()},
        "parameters": parameter_count(lesson.shape, len(lesson.vocabulary)),
        "vocabulary": len(lesson.vocabulary),
        "segmentation": lesson.vocabulary.segmentation,
        "file_size": (folder / MODEL).stat().st_size,
        "learned": [*(base.report["learned"] if base is not None else []), _record(lesson, tests[-1].experience)],
        "texts_learned": memory.seen,
        "rehearsed": len(lesson.remembered),
        "remembered": len(memory.texts),
        # Of a run that went astray after its best epoch, the losses are no numbers.
        "epochs": [asdict(epoch) for epoch in outcome.epochs if math.isfinite(epoch.validation_loss)],
        "tests": [_described(test, score) for test, score in zip(tests, scores, strict=True)],
        "before": before.to_dict() if before is not None else None,
        **_matrices(base, before, scores),
        "parity": parity.to_dict(),
        "samples": [write_text(engine, "", SamplingConfig(written_seed=seed)) for seed in range(SAMPLES)],
        "findings": [finding.to_dict() for finding in (*lesson.findings, *_unknown(scores[-1]))],
        "seconds": round(outcome.seconds + time.monotonic() - started, 1),
    }
    if outcome.finished is not None:
        report |= {"best_epoch": outcome.finished.best_epoch, "reason": outcome.finished.reason.to_dict()}
    save_report(folder, report)


def _freeze(lesson: GeneratorLesson, base: Base | None) -> GeneratorTest:
    """The new test, with what n-grams fitted on the same training texts make of it."""
    vocabulary = lesson.vocabulary
    train, validation, test = (vocabulary.encode(part) for part in (lesson.train, lesson.validation, lesson.test))
    best = best_ngrams(train, validation, len(vocabulary))
    single = KneserNey(train, len(vocabulary), 1)
    baseline = {"order": best.order, **score(best.loss(test), test, vocabulary).to_dict()}
    baseline |= {"unigram": score(single.loss(test), test, vocabulary).to_dict()}
    number = len(base.tests) + 1 if base is not None else 1
    return GeneratorTest(number, lesson.stored.name, lesson.stored.id, tuple(lesson.test), baseline)


def _remember(lesson: GeneratorLesson, base: Base | None) -> GeneratorMemory:
    memory = base.memory if base is not None else GeneratorMemory()
    return memory.after(lesson.train, lesson.learning.memory_size, lesson.learning.seed)


def _record(lesson: GeneratorLesson, experience: int) -> dict[str, Any]:
    return {
        "experience": experience,
        "dataset": lesson.stored.id,
        "name": lesson.stored.name,
        "synthetic": lesson.stored.synthetic,
        "train": len(lesson.train),
        "validation": len(lesson.validation),
        "test": len(lesson.test),
        "set_aside": lesson.set_aside,
    }


def _described(test: GeneratorTest, score: GeneratorScore) -> dict[str, Any]:
    facts = {"experience": test.experience, "name": test.name, "rows": len(test.texts)}
    return {**facts, "score": score.to_dict(), "baseline": test.baseline}


def _matrices(base: Base | None, before: GeneratorScore | None, scores: Sequence[GeneratorScore]) -> dict[str, Any]:
    """R of perplexity and of bits per character, each with what was forgotten."""
    matrices: dict[str, Any] = {"forgetting": {}}
    for figure in ("perplexity", "bits_per_character"):
        matrix = extended(
            base.report[f"{figure}_matrix"] if base is not None else [],
            getattr(before, figure) if before is not None else None,
            [getattr(score, figure) for score in scores],
        )
        matrices[f"{figure}_matrix"] = matrix
        matrices["forgetting"][figure] = forgetting(matrix)
    return matrices


def extended(earlier: Matrix, before: float | None, row: Sequence[float]) -> Matrix:
    """R with a column for the new test, of which only the version just before knows a value, and the new version's row."""
    older: Matrix = [[*values, None] for values in earlier]
    if older:
        older[-1][-1] = before
    return [*older, list(row)]


def _unknown(score: GeneratorScore) -> list[Message]:
    if score.unknown_share <= MANY_UNKNOWN:
        return []
    return [
        message(
            "generation.unknown_tokens",
            "{share} of the newest test's tokens are characters that this generator does not know, so its perplexity there "
            "says little. For texts of another kind of writing, train a new generator.",
            share=f"{score.unknown_share:.0%}",
        )
    ]
