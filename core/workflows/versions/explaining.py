"""Why a stored version answers as it does; makes nothing and stores nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from core.networks.encoders import TextNetwork
from core.networks.explain import ADDING_UP, Attribution, occlude
from core.networks.explain.networks import explain
from core.networks.standalone.personal import Personal, personal_in, personal_of
from core.networks.text import TextPipeline
from core.tasks.answering import Engine
from core.workflows.versions.folder import VersionFolder

GLOBAL_TEXTS = 200


def explain_answer(folder: Path, engine: Engine, text: str, output: int | None = None) -> Attribution:
    """Explain one answer by the best method that suits the version: from inside the model, else by occlusion.

    Parameters
    ----------
    engine
        What serves the version; it decides which output is explained where none is given.
    """
    version = VersionFolder(folder)
    explained = int(engine.compute([text])[0].argmax()) if output is None else output
    if _head_answers(personal_of(engine), text):
        return occlude(engine, [text], [explained])[0]
    attribution = explain(version.load_model(), version.load_pipeline(), text, explained)
    return attribution if attribution is not None else occlude(engine, [text], [explained])[0]


def exactly_explained(folder: Path) -> Callable[[str, int], Attribution | None] | None:
    """Who explains answers of this version exactly, at the cost of one answer each; None where its model does not add up.

    It keeps the model in memory.
    """
    version = VersionFolder(folder)
    if version.model_name not in ADDING_UP:
        return None
    model, pipeline = version.load_model(), version.load_pipeline()
    return partial(_explained, model, pipeline, personal_in(folder)) if model.additive else None


def _explained(
    model: TextNetwork, pipeline: TextPipeline, personal: Personal | None, text: str, output: int
) -> Attribution | None:
    return None if _head_answers(personal, text) else explain(model, pipeline, text, output)


def _head_answers(personal: Personal | None, text: str) -> bool:
    """Whether words count otherwise than in the shared model: then only the whole can be asked. A threshold moves no word."""
    return personal is not None and personal.reads_features and personal.key_of(text) is not None


def explain_many(engine: Engine, texts: Sequence[str], predicted: Sequence[int]) -> list[Attribution]:
    """Explain the given answers of at most 200 texts, evenly spaced over all, by occlusion."""
    rows = np.linspace(0, len(texts) - 1, min(GLOBAL_TEXTS, len(texts))).round().astype(int)
    return occlude(engine, [texts[row] for row in rows], [int(predicted[row]) for row in rows])
