"""Labelling sessions: which texts come first, and what becomes of the answers.

Labels of a saved dataset are looked at again, the doubtful ones first; texts without labels get some, in an order from
which a classifier learns most. The answers become a dataset: with a recipe that says what was relabelled, or of the
labelled rows alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from core.base.errors import DataError
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.label_sets import BAR, target_of
from core.data.dataset.rows import TextDataset
from core.data.dataset.same_text import text_key
from core.data.dataset.store import DatasetStore, StoredDataset
from core.data.labelling.sessions import ERRORS_FIRST, Item, LabellingStore, SessionInfo
from core.data.recipe import RelabelTexts, text_mark
from core.networks.standalone.predict import chosen
from core.registry import VersionInfo
from core.tasks.multilabel_classification.row_statistics import multi_hot
from core.tasks.multilabel_classification.selection import doubt_of_sets, doubt_of_thresholds
from core.tasks.text_classification.baseline import fit_baseline
from core.tasks.text_classification.selection import (
    disagreement,
    doubt_of_labels,
    entropy_doubt,
    margin_doubt,
    most_doubtful_first,
)
from core.workflows.recipes import save_cleaned
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.past import read_past
from core.workflows.workspace import Workspace

Order = Literal["doubt", "margin", "entropy", "disagreement", "random"]
MOST_TEXTS = 50_000  # that are asked of a classifier; of more, so many drawn at random
SUSPICIOUS = ("label_errors", "contradictions")  # findings of an inspection that a person can settle row by row
Progress = Callable[[float], None]


class LabellingEngine(Protocol):
    """What labels texts: a served version, or the baseline in its place."""

    labels: list[str]

    @property
    def thresholds(self) -> NDArray[Any] | None: ...

    def compute(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray: ...


class _Baseline:
    """The baseline in the shape of an engine."""

    thresholds: NDArray[Any] | None = None

    def __init__(self, texts: Sequence[str], names: Sequence[str], labels: Sequence[str], language: str) -> None:
        numbers = {name: number for number, name in enumerate(labels)}
        self.labels = list(labels)
        self._model = fit_baseline(texts, [numbers[name] for name in names], labels, language=language)

    def compute(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        return self._model.predict_proba(texts)


def begin_with_dataset(
    sessions: LabellingStore,
    datasets: DatasetStore,
    identity: str,
    *,
    engine: LabellingEngine | None,
    seed: int = 0,
    progress: Progress | None = None,
) -> SessionInfo:
    """Look at a dataset's labels again: those first that the classifier doubts; without one, at random.

    Raises
    ------
    DataError
        When there is no such dataset.
    """
    info, dataset = datasets.info(identity), datasets.load(identity)
    names = dataset.label_names()
    rows = some_of(len(dataset), seed)
    if engine is None:
        items = [Item(dataset.texts[row], names[row]) for row in rows]
    elif info.roles.several:
        values = engine.compute([dataset.texts[row] for row in rows], progress)
        doubts = doubt_of_sets(values, multi_hot([names[row] for row in rows], engine.labels))
        items = [
            Item(dataset.texts[rows[index]], names[rows[index]], _set(engine, values[index]), float(doubts[index]))
            for index in most_doubtful_first(doubts)
        ]
    else:
        numbers = {name: number for number, name in enumerate(engine.labels)}
        answers = engine.compute([dataset.texts[row] for row in rows], progress)
        doubts = doubt_of_labels(answers, [numbers.get(names[row], -1) for row in rows])
        predicted = [engine.labels[number] for number in answers.argmax(axis=1)]
        items = [
            Item(dataset.texts[rows[index]], names[rows[index]], predicted[index], float(doubts[index]))
            for index in most_doubtful_first(doubts)
        ]
    return sessions.begin(
        items,
        kind="dataset",
        name=info.name,
        labels=tuple(info.label_rows) if info.roles.several else dataset.classes,
        order="random" if engine is None else "doubt",
        dataset=identity,
        several=info.roles.several,
    )


def begin_with_rows(
    sessions: LabellingStore,
    datasets: DatasetStore,
    identity: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    order: str = "inspection",
) -> SessionInfo:
    """Look at chosen rows of a dataset again, in the given order, such as those that an inspection found suspicious.

    Parameters
    ----------
    rows
        Rows to label, each with ``row``, its number in the dataset, and where known ``suggested``, a label, and ``doubt``,
        0 to 1.
    """
    info, dataset = datasets.info(identity), datasets.load(identity)
    names = dataset.label_names()
    items = [
        Item(dataset.texts[entry["row"]], names[entry["row"]], str(entry.get("suggested") or ""), entry.get("doubt"))
        for entry in rows
        if 0 <= entry["row"] < len(dataset)
    ]
    roles = info.roles
    return sessions.begin(
        items,
        kind="dataset",
        name=info.name,
        labels=tuple(info.label_rows) if roles.several or roles.spans else dataset.classes,
        order=order,
        dataset=identity,
        several=roles.several,
        spans=roles.spans,
    )


def begin_with_test(
    sessions: LabellingStore, datasets: DatasetStore, folder: VersionFolder, number: int
) -> SessionInfo:
    """Look at the labels of a version's frozen test again, its errors first.

    The answers go into a copy of the table that the test was taken from. The frozen test itself stays as it is, and an update
    from that copy sets the rows of the test aside as ever, so that nothing of it is learned.

    Parameters
    ----------
    number
        The experience that brought the test.

    Raises
    ------
    DataError
        When that table was deleted.
    """
    identity = next(record.dataset for record in folder.experiences() if record.number == number)
    places = {text_key(text): row for row, text in enumerate(datasets.load(identity).texts)}
    test = folder.predictions(number)
    right = (test["truth"] == test["predicted"]).to_numpy(dtype=bool)
    rows = [
        {"row": places[text_key(str(text))], "suggested": str(answer)}
        for text, answer in test[["text", "predicted"]].iloc[np.argsort(right, kind="stable")].to_numpy()
        if text_key(str(text)) in places
    ]
    return begin_with_rows(sessions, datasets, identity, rows, order=ERRORS_FIRST)


def inspected_rows(inspection: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The suspicious rows of a stored inspection, for `begin_with_rows`: probable label errors first, then contradictions.

    Those come with the label that the inspection's model, which had not seen the row, finds more probable.
    """
    suspicious: dict[int, dict[str, Any]] = {}
    for kind in SUSPICIOUS:
        for finding in inspection["findings"]:
            if finding["kind"] != kind:
                continue
            for index, row in enumerate(finding["rows"]):
                facts = finding["notes"][index]["facts"] if index < len(finding["notes"]) else {}
                entry: dict[str, Any] = {"row": int(row)}
                if kind == SUSPICIOUS[0] and {"label", "share", "given"} <= set(facts):
                    doubt = (1 + float(facts["share"]) - float(facts["given"])) / 2
                    entry |= {"suggested": str(facts["label"]), "doubt": doubt}
                suspicious.setdefault(int(row), entry)
    return list(suspicious.values())


def begin_with_texts(
    sessions: LabellingStore,
    texts: Sequence[str],
    *,
    name: str,
    labels: Sequence[str],
    order: Order,
    engine: LabellingEngine | None = None,
    second: LabellingEngine | None = None,
    seed: int = 0,
    source: dict[str, Any] | None = None,
    several: bool = False,
    spans: bool = False,
    progress: Progress | None = None,
) -> SessionInfo:
    """Give labels to texts that have none.

    Parameters
    ----------
    several
        Whether a text may get several labels, or none.
    spans
        Whether entities are marked.
    order
        ``"random"`` needs no classifier; ``"disagreement"`` needs two.

    Raises
    ------
    DataError
        When there are no texts, or no classifier for the order.
    """
    sample = [texts[row] for row in some_of(len(texts), seed) if texts[row].strip()]
    if order == "random" or not sample:
        items = [Item(text) for text in sample]
    elif engine is None or (order == "disagreement" and second is None):
        raise DataError(
            "labelling.no_classifier",
            "The order '{order}' asks a classifier, and there is none for it. Choose the random order, or train one first.",
            order=order,
        )
    else:
        items = (
            _ordered_sets(sample, engine, progress) if several else _ordered(sample, order, engine, second, progress)
        )
    return sessions.begin(
        items, kind="texts", name=name, labels=labels, order=order, source=source, several=several, spans=spans
    )


def second_opinion(
    version: VersionInfo, workspace: Workspace, load: Callable[[VersionInfo], LabellingEngine]
) -> LabellingEngine | None:
    """Who may disagree with a version: the version that it was updated from, else the baseline on its training rows.

    Returns
    -------
    Engine | None
        The engine, or None when the version has no parent and the rows that it learned from were deleted.
    """
    if version.parent is not None:
        return load(workspace.registry.version(version.classifier, version.parent))
    folder = VersionFolder(workspace.registry.folder_of(version))
    texts, names = read_past(folder, workspace).train
    return _Baseline(texts, names, folder.outputs, folder.report()["language"]) if texts else None


def finish(sessions: LabellingStore, datasets: DatasetStore, identity: str, *, name: str) -> StoredDataset:
    """Make a dataset of a session's answers; the session stays, and can be gone on with.

    Raises
    ------
    DataError
        When nothing was labelled, or no label differs from what it was.
    """
    info, items, standing = sessions.info(identity), sessions.items(identity), sessions.standing(identity)
    labelled = standing.labelled
    if info.kind == "dataset":
        changed = {items[index].text: label for index, label in labelled.items() if label != items[index].given}
        return _relabelled(datasets, info, changed, name)
    if not labelled:
        raise DataError(
            "labelling.nothing_labelled", "No text has a label yet. Label some, then save them as a dataset."
        )
    indices = sorted(labelled)
    used = {labelled[index] for index in indices}
    sets = info.several or info.spans
    classes = tuple(sorted(used)) if sets else tuple(label for label in standing.labels_of(info) if label in used)
    dataset = TextDataset(
        texts=tuple(items[index].text for index in indices),
        labels=np.array([classes.index(labelled[index]) for index in indices], dtype=np.int64),
        classes=classes,
    )
    source = {**(info.source or {}), "labelled": len(indices), "of": info.rows, "order": info.order}
    roles = ColumnRoles(text="text", label="label", separator=BAR if info.several else None, spans=info.spans)
    return datasets.save(dataset, name=name, roles=roles, source=source)


def changed_rows(items: Sequence[Item], labelled: Mapping[int, str]) -> int:
    """How many texts have another label now than they were given."""
    return sum(label != items[index].given for index, label in labelled.items())


def _relabelled(datasets: DatasetStore, info: SessionInfo, changed: dict[str, str], name: str) -> StoredDataset:
    if not changed:
        raise DataError(
            "labelling.nothing_changed",
            "No label differs from what it was, so the dataset '{name}' stays as it is.",
            name=info.name,
        )
    step = RelabelTexts(labels={text_mark(text): label for text, label in changed.items()})
    return save_cleaned(datasets, info.dataset, [step], name)


def some_of(count: int, seed: int) -> list[int]:
    """All row numbers in a random order, or so many of them as a classifier is asked about."""
    order = np.random.default_rng(seed).permutation(count)
    return [int(row) for row in order[:MOST_TEXTS]]


def _ordered(
    texts: Sequence[str],
    order: Order,
    engine: LabellingEngine,
    second: LabellingEngine | None,
    progress: Progress | None,
) -> list[Item]:
    """The texts with what the classifier says of each, the most useful first."""
    answers = engine.compute(texts, progress)
    if order == "disagreement" and second is not None:
        names = [*engine.labels, *(label for label in second.labels if label not in engine.labels)]
        others = second.compute(texts)
        doubts = disagreement(_aligned(answers, engine.labels, names), _aligned(others, second.labels, names))
    else:
        doubts = (entropy_doubt if order == "entropy" else margin_doubt)(answers)
    predicted = answers.argmax(axis=1)
    return [
        Item(texts[index], "", engine.labels[predicted[index]], float(doubts[index]))
        for index in most_doubtful_first(doubts)
    ]


def _ordered_sets(texts: Sequence[str], engine: LabellingEngine, progress: Progress | None) -> list[Item]:
    """The same where a text may have several labels: those first of which one is just given, or just not."""
    answers = engine.compute(texts, progress)
    doubts = doubt_of_thresholds(answers, _thresholds(engine))
    return [
        Item(texts[index], "", _set(engine, answers[index]), float(doubts[index]))
        for index in most_doubtful_first(doubts)
    ]


def _thresholds(engine: LabellingEngine) -> NDArray[Any]:
    """The probability of each label from which on it is given; a half where none was chosen."""
    return np.full(len(engine.labels), 0.5) if engine.thresholds is None else engine.thresholds


def _set(engine: LabellingEngine, values: np.ndarray) -> str:
    """The target that an engine gives for what it computed of one text."""
    given = chosen(values, _thresholds(engine))
    return target_of(engine.labels[column] for column in np.flatnonzero(given).tolist())


def _aligned(answers: np.ndarray, labels: Sequence[str], names: Sequence[str]) -> np.ndarray:
    """The columns in the order of ``names``; 0 for a label that the classifier does not know."""
    columns = np.zeros((len(answers), len(names)))
    columns[:, [names.index(label) for label in labels]] = answers
    return columns
