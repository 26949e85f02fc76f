"""The upper part of the Quality tab: which dataset, the run that inspects it, and what it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import streamlit as st

from core.base.config import home
from core.base.errors import ModelError
from core.data.dataset.store import DatasetStore
from core.data.loading.entity_survey import TypeFigures, type_figures
from core.networks.pretrained import EncoderStore
from core.registry.records import InspectionStore
from dashboard.data.quality import personal
from dashboard.parts import choices, tables
from dashboard.parts.forms.dataset_choice import SEEN, choose_dataset
from dashboard.parts.marking.told import draw_types
from dashboard.parts.names import titles
from dashboard.parts.run_view import run_view
from dashboard.shell import state
from dashboard.shell.errors import show_error
from dashboard.shell.i18n import t, tn
from dashboard.shell.navigation import go

if TYPE_CHECKING:
    from core.data.dataset.store import StoredDataset

KIND = "inspect"
DATASET = "quality.dataset"
NEXT = "quality.next_dataset"  # another page, or a button here, asks for a dataset
NO_ENCODER = ""
SUGGESTED = "packaged:multilingual-e5-small"
QUICK_TO_READ = 5000  # rows: a minute or two on two cores


def choose(datasets: list[StoredDataset]) -> StoredDataset:
    """The dataset to look at; the one that the last page worked with comes first."""
    asked = st.session_state.pop(NEXT, None)
    if asked in {dataset.id for dataset in datasets}:
        st.session_state[DATASET] = asked
    picked = choose_dataset(
        datasets,
        DATASET,
        label=t("quality.dataset"),
        about=lambda dataset: f"{tn('quality.rows', dataset.rows)} · {tables.moment(dataset.created)}",
        help_text=t("quality.dataset_help"),
    )
    state.choose_dataset(picked.id)
    st.session_state[f"{DATASET}{SEEN}"] = picked.id  # else the next choice here would be taken for an older one
    return picked


def inspect(dataset: str) -> NoReturn:
    """Go and look a saved dataset over."""
    state.choose_dataset(dataset)
    st.session_state[NEXT] = dataset
    go("data", "quality")


def inspection(dataset: StoredDataset) -> dict[str, Any] | None:
    """What the newest inspection of a dataset found; None while there is none."""
    return InspectionStore(home()).get(dataset.id)


def runs(dataset: StoredDataset) -> None:
    """The newest inspection of this dataset while it works or waits, or when it broke off."""
    jobs = [job for job in state.jobs().list() if job.kind == KIND and job.config.get("dataset") == dataset.id]
    if jobs and not (jobs[0].ended and jobs[0].result):
        run_view(jobs[0].id)


def types(dataset: StoredDataset) -> None:
    """The types of entities in the texts."""
    draw_types(_figures(home(), dataset.id), key="quality.types")


@st.cache_data(show_spinner=False, max_entries=10)
def _figures(folder: Any, dataset: str) -> list[TypeFigures]:
    stored = DatasetStore(folder).load(dataset)
    return type_figures(stored.texts, stored.label_names())


def form(dataset: StoredDataset, *, leading: bool) -> None:
    """Start an inspection; ``leading`` while there is nothing else to look at."""
    if any(job.kind == KIND and job.config.get("dataset") == dataset.id for job in state.active_jobs()):
        st.caption(t("quality.busy"))
        return
    what = "quality.what_entities" if dataset.roles.spans else "quality.what"
    st.markdown(t(what) if leading else t("quality.what_again"))
    encoder = _encoder(dataset)
    named = personal.ask(dataset.id)
    label = t("quality.queue") if state.active_jobs() else t("quality.start")
    kind: Any = "primary" if leading else "secondary"
    if st.button(
        label, key="quality.go", icon=":material/fact_check:", type=kind, width="content", disabled=named is None
    ):
        _submit(dataset, encoder, named or (personal.NO_MODEL, []))


def _encoder(dataset: StoredDataset) -> str:
    """Which encoder helps the quick model; suggested where reading takes a minute or two at most, not asked for entities."""
    if dataset.roles.spans:
        return NO_ENCODER
    installed = {info.reference for info in EncoderStore(home()).list() if info.installed}
    known = {reference: name for reference, name in state.sources("encoders").items() if reference in installed}
    names = {NO_ENCODER: t("quality.no_encoder"), **known}
    key = f"quality.encoder.{dataset.id}"
    first = SUGGESTED if dataset.rows <= QUICK_TO_READ and SUGGESTED in names else NO_ENCODER
    return choices.listed(t("quality.encoder"), names, key=key, first=first, help=t("quality.encoder_help"))


def _submit(dataset: StoredDataset, encoder: str, named: tuple[str, list[str]]) -> None:
    """Put it into the queue; an encoder that is not there is explained at once."""
    if encoder:
        try:
            EncoderStore(home()).check(encoder)
        except ModelError as error:
            show_error(error)
            return
    model, types = named
    config = {"dataset": dataset.id, "encoder": encoder, "personal_model": model, "personal_types": types, "seed": 0}
    state.jobs().submit(KIND, classifier="", config=config, **titles("quality.job", dataset=dataset.name))
    st.rerun()
