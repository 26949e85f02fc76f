"""Texts in use that a person should label: some drawn by chance tell what answers are worth, those in doubt teach the most."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from core.base.errors import DataError
from core.data.dataset.label_sets import BAR
from core.data.labelling.sessions import LabellingStore, SessionInfo
from core.registry import VersionInfo
from core.serving.engines.graphs import load_version
from core.serving.monitor.store import MonitorStore
from core.workflows.labelling import begin_with_texts
from core.workflows.monitor import TEXTS, Draw
from core.workflows.versions.folder import VersionFolder

MOST_OF_A_GROUP = 200
MODEL, DRAW = "monitor", "drawn"  # in a session's source: whose texts they are, and how they were drawn


def begin_from_use(
    version: VersionInfo,
    home: Path,
    folder: VersionFolder,
    *,
    draw: Draw,
    days: int,
    count: int = TEXTS,
    seed: int = 0,
) -> SessionInfo:
    """Begin a labelling session with kept texts that nobody has labelled yet.

    Raises
    ------
    DataError
        When no texts are kept, or all of them are labelled.
    """
    since = date.today() - timedelta(days=days - 1)
    texts = MonitorStore(home).texts(version.classifier, since, unlabelled=True)
    if not texts:
        raise DataError(
            "monitor.no_texts",
            "No texts of '{model}' are kept that nobody has labelled yet. Choose that a sample of the texts is kept, and wait "
            "until the model has answered some.",
            model=version.classifier,
        )
    several = folder.task.reads_sets
    chosen = [texts[row] for row in np.random.default_rng(seed).permutation(len(texts))]
    engine = load_version(folder.path) if draw == "doubt" and folder.task.activation else None
    if draw == "chance" or engine is None:
        chosen = chosen[:count]
    else:
        doubts = 1 - engine.compute(chosen).max(axis=1)
        chosen = [chosen[row] for row in np.argsort(-doubts, kind="stable")[:count]]
    return begin_with_texts(
        LabellingStore(home),
        chosen,
        name=version.classifier,
        labels=folder.task.named(folder.outputs),
        order="random" if engine is None else "margin",
        engine=engine,
        source={MODEL: version.classifier, DRAW: draw},
        several=several,
        spans=folder.task.reads == "spans",
    )


def begin_with_group(
    version: VersionInfo, home: Path, folder: VersionFolder, *, name: str, texts: Sequence[str]
) -> SessionInfo:
    """Begin a labelling session with texts that belong together and resemble nothing learned; ``name`` is a label they may get.

    Raises
    ------
    DataError
        When the name is empty, or the version's answers are no labels.
    """
    proposed, known = " ".join(name.split()), folder.task.named(folder.outputs)
    if not takes_labels(folder):
        raise DataError(
            "monitor.no_labels", "'{model}' does not answer with labels, so texts get none.", model=version.classifier
        )
    if not proposed or BAR in proposed:
        raise DataError(
            "monitor.no_name",
            "The name '{name}' is empty or holds '{sign}'. Give the group another.",
            name=name,
            sign=BAR,
        )
    alike = {label.casefold() for label in known}
    return begin_with_texts(
        LabellingStore(home),
        list(texts)[:MOST_OF_A_GROUP],
        name=version.classifier,
        labels=known if proposed.casefold() in alike else (*known, proposed),
        order="random",
        source={MODEL: version.classifier, DRAW: "group"},
        several=folder.task.reads_sets,
    )


def takes_labels(folder: VersionFolder) -> bool:
    """Whether a text of this version gets labels: not marks of entities, and not nothing at all."""
    return folder.task.reads_targets and folder.task.reads != "spans"


def tell_truths(session: SessionInfo, home: Path) -> int:
    """Let the monitor know what the texts of such a session are; returns how many answers are known by it.

    Only where they were drawn by chance: what a model is unsure of is not what it usually gets.
    """
    source = session.source or {}
    if source.get(DRAW) != "chance":
        return 0
    sessions = LabellingStore(home)
    items, labelled = sessions.items(session.id), sessions.standing(session.id).labelled
    texts = [items[place].text for place in labelled]
    return MonitorStore(home).tell(str(source[MODEL]), texts, list(labelled.values()))
