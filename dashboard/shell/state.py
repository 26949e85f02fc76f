"""What the pages know: the workspace, its lists and the choices of this session.

The only module of the dashboard that opens anything of `core`. Heavy things are opened once a process; lists are
cached under cheap change tokens, so that a rerun reads them again only after something was written.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import streamlit as st

from core.base.config import home
from core.base.device import DeviceInfo, describe_device
from core.base.integrity import RECORD, damaged, names_in
from core.jobs import JobQueue
from dashboard.shell.i18n import language

if TYPE_CHECKING:
    from core.base.messages import Message
    from core.data.dataset.rows import TextDataset
    from core.data.dataset.store import DatasetStore, StoredDataset
    from core.data.labelling.corrections import Corrections
    from core.jobs import Job, JobQueue
    from core.networks.vectors import VectorStore
    from core.registry import (
        ClassifierInfo,
        Glance,
        OverrideRequest,
        Registry,
        RunInfo,
        Statements,
        Threshold,
        VersionInfo,
    )
    from core.serving.engines.providers import ProviderReport
    from core.serving.monitor.recorder import Recorder
    from core.tasks.answering import Engine
    from core.workflows.workspace import Workspace

CLASSIFIER = "classifier"
DATASET = "dataset"
ACTIVE = ("queued", "running", "stopping")


def workspace() -> Workspace:
    """The datasets and the registry of this installation."""
    return _workspace(home())


def registry() -> Registry:
    """The registry alone: the whole workspace would load PyTorch, for which nothing should wait that only looks."""
    return _registry(home()).registry


def jobs() -> JobQueue:
    """The queue of trainings and updates."""
    return _jobs(home())


def corrections() -> Corrections:
    """The rows that readers put right on the Use page."""
    return _corrections(home())


@st.cache_resource(show_spinner=False)
def _corrections(folder: Path) -> Corrections:
    from core.data.labelling.corrections import Corrections

    return Corrections(folder)


def glance() -> Glance:
    """The registry's lists, which need neither MLflow nor PyTorch while nothing has changed."""
    return _registry(home())


@st.cache_resource(show_spinner=False)
def _registry(folder: Path) -> Glance:
    # opened by itself: core.workflows brings torch along, for which no list of names should wait
    from core.registry import Glance

    return Glance(folder)


def store() -> DatasetStore:
    """The saved datasets alone: the whole workspace would load everything that training needs."""
    return _store(home())


@st.cache_resource(show_spinner=False)
def _store(folder: Path) -> DatasetStore:
    from core.data.dataset.store import DatasetStore

    return DatasetStore(folder)


def recorder() -> Recorder:
    """What counts the answers that pages ask for."""
    return _recorder(home())


@st.cache_resource(show_spinner=False)
def _recorder(folder: Path) -> Recorder:
    from core.serving.monitor.recorder import Recorder

    return Recorder(folder)


def vectors() -> VectorStore:
    """The sets of word vectors."""
    from core.networks.vectors import VectorStore

    return VectorStore(home())


def sources(kind: str) -> dict[str, str]:
    """What a setting may name that was declared with ``source=kind``: reference → name on screen, the same in all languages."""
    sized: list[Any]
    if kind == "vectors":
        sized = [(info, f"{info.words:,} × {info.dimensions}") for info in vectors().list()]
    else:
        from core.networks.pretrained import EncoderStore

        sized = [(info, f"{info.megabytes:,.0f} MB" if info.megabytes else "") for info in EncoderStore(home()).list()]
    names: dict[str, str] = {}
    for info, size in sized:
        name = " · ".join([info.name, *info.languages, size] if size else [info.name, *info.languages])
        # The browser sends an option's text back, so no two may read alike.
        names[info.reference] = f"{name} ({info.reference})" if name in names.values() else name
    return names


@st.cache_resource(show_spinner=False)
def _workspace(folder: Path) -> Workspace:
    from core.workflows.workspace import open_workspace

    return open_workspace(folder)


@st.cache_resource(show_spinner=False)
def _jobs(folder: Path) -> JobQueue:
    return JobQueue(folder)


def engine(version: VersionInfo) -> Engine:
    """The version's bundle, loaded in ONNX Runtime and warmed up; the last few stay loaded, for the pages and the API."""
    from core.serving.engines.pool import shared_pool

    return shared_pool().get(version_folder(version))


def version_folder(version: VersionInfo) -> Path:
    """Local folder of a version's files."""
    return _registry(home()).folder(version)


class Files(NamedTuple):
    """Where a version's files lie, and when they were put there (ns): what is remembered of them ends when they are rewritten."""

    folder: str
    written: int


def files_of(version: VersionInfo) -> Files:
    """What to remember figures of a version under."""
    folder = version_folder(version)
    return Files(str(folder), folder.stat().st_mtime_ns)


def damaged_files(version: VersionInfo) -> list[str]:
    """Names of the version's damaged files; each is read once, and again when its time or size has changed."""
    if os.environ.get("MLFLOW_TRACKING_URI"):
        return []  # a server answers for its own files

    folder = version_folder(version)
    return _damaged(str(folder), _times(*(folder / name for name in (RECORD, *names_in(folder)))))


@st.cache_data(show_spinner=False, max_entries=50)
def _damaged(folder: str, token: tuple[float, ...]) -> list[str]:
    return damaged(Path(folder))


def report(version: VersionInfo) -> dict[str, Any]:
    """The version's report, as its training or update wrote it."""
    return _report(files_of(version))


@st.cache_data(show_spinner=False, max_entries=200)
def _report(files: Files) -> dict[str, Any]:
    from core.registry.records.reports import read_report

    return read_report(Path(files.folder))


def classifiers() -> list[ClassifierInfo]:
    """All classifiers."""
    return _classifiers(home(), _registry_token())


@st.cache_data(show_spinner=False, max_entries=2)
def _classifiers(folder: Path, token: tuple[float, ...]) -> list[ClassifierInfo]:
    if not os.environ.get("MLFLOW_TRACKING_URI") and not (folder / "mlflow.db").exists():
        return []  # nothing was ever trained here: do not let the first page wait for an empty database
    return list(_registry(folder).classifiers())


def threshold(classifier: str) -> Threshold | None:
    """From which probability on the classifier answers by itself, if that was decided."""
    return next((known.threshold for known in classifiers() if known.name == classifier), None)


def statements(classifier: str) -> Statements:
    """What its owner states of the classifier."""
    from core.registry import Statements

    return Statements.from_tags(next((known.statements for known in classifiers() if known.name == classifier), {}))


def override_request(version: VersionInfo) -> OverrideRequest | None:
    """What waits for a second person, where it is about this version."""
    request = next((known.request for known in classifiers() if known.name == version.classifier), None)
    return request if request is not None and request.version == version.number else None


def versions(classifier: str) -> list[VersionInfo]:
    """All versions of a classifier, oldest first."""
    return _versions(home(), classifier, _registry_token())


@st.cache_data(show_spinner=False, max_entries=50)
def _versions(folder: Path, classifier: str, token: tuple[float, ...]) -> list[VersionInfo]:
    return list(_registry(folder).versions(classifier))


def champion(classifier: str) -> VersionInfo | None:
    """The version that serves, if one was promoted."""
    return _champion(home(), classifier, _registry_token())


@st.cache_data(show_spinner=False, max_entries=50)
def _champion(folder: Path, classifier: str, token: tuple[float, ...]) -> VersionInfo | None:
    return _registry(folder).champion(classifier)


def champion_history(classifier: str) -> list[dict[str, Any]]:
    """Every move of the champion, oldest first."""
    return _registry(home()).champion_history(classifier)


def runs() -> list[RunInfo]:
    """All runs of all classifiers, newest first."""
    return _runs(home(), _registry_token())


@st.cache_data(show_spinner=False, max_entries=2)
def _runs(folder: Path, token: tuple[float, ...]) -> list[RunInfo]:
    if not os.environ.get("MLFLOW_TRACKING_URI") and not (folder / "mlflow.db").exists():
        return []
    return list(_registry(folder).registry.runs())


def datasets() -> list[StoredDataset]:
    """All saved datasets, newest first."""
    return _datasets(home(), _times(home() / "datasets"))


@st.cache_data(show_spinner=False, max_entries=2)
def _datasets(folder: Path, token: tuple[float, ...]) -> list[StoredDataset]:
    return list(_store(folder).list())


def likeliest(stored: Sequence[StoredDataset]) -> StoredDataset:
    """What to offer first: the newest table in the reader's language that is no later batch of a sample and no batch of
    corrections.
    """
    first = [dataset for dataset in stored if not _is_later_batch(dataset)] or stored
    return next((dataset for dataset in first if dataset.language == language()), first[0])


def first_learned(classifier: str) -> str:
    """Id of the dataset that a classifier was first trained on; nothing where it has no version."""
    known = versions(classifier)
    return str(known[0].summary.get("dataset", "")) if known else ""


def _is_later_batch(dataset: StoredDataset) -> bool:
    from core.data.labelling.corrections import JOINED

    source = dataset.source
    return source.get("part", "first") != "first" or "corrections" in source or JOINED in source


def load_dataset(identity: str) -> TextDataset:
    """The rows of a saved dataset."""
    return store().load(identity)


def keep_choice(key: str) -> None:
    """Call before a widget with translated options: the browser knows its choice by the shown name, lost with the language."""
    drawn_in = f"{key}.drawn_in"
    if key in st.session_state and st.session_state.get(drawn_in, language()) != language():
        st.session_state[key] = st.session_state[key]
    st.session_state[drawn_in] = language()


def active_jobs() -> list[Job]:
    """Trainings and updates that run or wait, newest first."""
    return [job for job in jobs().list() if job.state in ACTIVE]


@st.cache_resource(show_spinner=False)
def device() -> DeviceInfo:
    """What this machine computes with."""
    return describe_device()


@st.cache_resource(show_spinner=False)
def providers() -> ProviderReport:
    """What classifiers really run on here, and what keeps a graphics card idle."""
    from core.serving.engines.providers import examine

    return examine()


@st.cache_resource(show_spinner=False)
def card_problems() -> tuple[Message, ...]:
    """Why a graphics card that is there is not used. Where none answers, nothing is run to find out."""
    if device().kind == "cuda":
        return providers().problems
    from core.serving.engines.providers import problems_without_card

    return problems_without_card(device())


def _registry_token() -> tuple[float, ...]:
    """Changes whenever the registry may have; a team's server cannot be watched, so it is asked every few seconds."""
    if os.environ.get("MLFLOW_TRACKING_URI"):
        return (time.time() // 5,)
    return _times(home() / "mlflow.db", home() / "mlflow.db-wal")


def _times(*paths: Path) -> tuple[float, ...]:
    return tuple(path.stat().st_mtime_ns if path.exists() else 0.0 for path in paths)


def chosen_classifier() -> str | None:
    """The classifier picked in the sidebar; None while there is none at all."""
    classifier: str | None = st.session_state.get(CLASSIFIER)
    return classifier


def chosen_is_gone() -> bool:
    """Whether the chosen classifier is there no more."""
    classifier = chosen_classifier()
    return classifier is not None and all(known.name != classifier for known in classifiers())


def choose_classifier(name: str | None) -> None:
    """Pick a classifier from a page, or none; takes effect with the next rerun."""
    st.session_state["classifier.next"] = name


def chosen_dataset() -> str | None:
    """The dataset that the last page worked with, to start from on the next."""
    dataset: str | None = st.session_state.get(DATASET)
    return dataset


def choose_dataset(dataset: str) -> None:
    """Remember a dataset for the next page."""
    st.session_state[DATASET] = dataset
