"""A new labelling session: a saved dataset whose labels are doubted, or new texts without labels, in a useful order."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

import streamlit as st

from core.base.config import home
from core.data.dataset.store import DatasetStore
from core.registry.records import InspectionStore
from dashboard.data.labelling import texts
from dashboard.data.labelling.page import ASKED, close, store
from dashboard.data.labelling.starting import TARGETS, champion_of_choice, choose_order, known_by, start
from dashboard.parts import choices, tables
from dashboard.parts.forms.dataset_choice import choose_dataset
from dashboard.parts.scores import task_of_version
from dashboard.shell import layout, state
from dashboard.shell.i18n import t, tn
from dashboard.shell.navigation import go

if TYPE_CHECKING:
    from core.data.dataset.store import StoredDataset
    from core.data.labelling.sessions import SessionInfo
    from core.registry import VersionInfo

KINDS = ("dataset", "texts")
KIND = "label.kind"  # in the session: what is to be labelled
DATASET_ORDERS = ("inspection", "doubt", "disputed", "file", "random")


def draw() -> None:
    """The form."""
    layout.section(t("label.new"))
    labelled = [dataset for dataset in state.datasets() if dataset.kind in TARGETS]
    bare = [dataset for dataset in state.datasets() if not dataset.labelled]
    names = {kind: t(f"label.kind_{kind}") for kind in KINDS}
    chosen = state.chosen_dataset()
    first = "texts" if not labelled or chosen in {dataset.id for dataset in bare} else "dataset"
    kind = choices.segmented(t("label.kind"), names, key=KIND, first=first, bare=True)
    st.caption(t(f"label.about_{kind}"))
    if kind == "texts":
        texts.draw(bare)
    elif labelled:
        _dataset(labelled)
    else:
        layout.empty_state(
            t("label.no_datasets"), t("label.no_datasets_text"), action=t("label.to_data"), to=("data", "tables")
        )


def label(dataset: str) -> NoReturn:
    """Go and give labels to the texts of a saved dataset that has none."""
    state.choose_dataset(dataset)
    st.session_state[KIND], st.session_state[texts.TEXTS_OF] = "texts", dataset
    st.session_state[ASKED] = True
    close()
    go("data", "labelling")


def _dataset(datasets: list[StoredDataset]) -> None:
    picked = choose_dataset(
        datasets, "label.dataset", label=t("label.dataset"), about=lambda dataset: tn("label.rows", dataset.rows)
    )
    champion = champion_of_choice()
    spans = picked.kind == "spans"
    fits = champion is not None and task_of_version(champion).reads == picked.kind
    knows = champion is not None and fits and set(picked.label_rows) <= set(known_by(champion))
    rows = [] if picked.roles.several else _suspicious(picked.id)
    possible = {
        "inspection": bool(rows),
        "doubt": knows and not spans,
        "disputed": knows and spans,
        "file": spans,
        "random": True,
    }
    order = choose_order(tuple(order for order in DATASET_ORDERS if possible[order]), "dataset")
    if order in ("doubt", "disputed") or not knows:
        _say_who(champion if knows else None)

    def begin(progress: Callable[[float], None]) -> SessionInfo:
        from core.workflows.labelling import begin_with_dataset, begin_with_rows
        from core.workflows.marking import begin_marking_dataset

        datasets = DatasetStore(home())
        if order == "inspection":
            return begin_with_rows(store(), datasets, picked.id, rows)
        if spans:
            marker = state.engine(champion) if champion is not None and knows else None
            return begin_marking_dataset(store(), datasets, picked.id, order=order, engine=marker, progress=progress)
        engine = state.engine(champion) if champion is not None and order == "doubt" else None
        return begin_with_dataset(store(), datasets, picked.id, engine=engine, progress=progress)

    start(begin)


def offer(dataset: str) -> None:
    """Beside an inspection: the way to settle what it found wrong with labels, one row after the other."""
    rows = _suspicious(dataset)
    if rows and st.button(tn("label.offer", len(rows)), key="label.offer", icon=":material/new_label:"):
        st.session_state[KIND], st.session_state["label.dataset"] = "dataset", dataset
        st.session_state["label.order.dataset"] = "inspection"
        st.session_state[ASKED] = True
        close()
        go("data", "labelling")


def _suspicious(dataset: str) -> list[dict[str, Any]]:
    """What the newest inspection of a dataset found that a person can settle; nothing without one."""
    inspection = InspectionStore(home()).get(dataset)
    if inspection is None:
        return []
    from core.workflows.labelling import inspected_rows

    return inspected_rows(inspection)


def _say_who(champion: VersionInfo | None) -> None:
    """Who doubts the labels; nothing while there is no model at all."""
    if champion is not None:
        facts = {"classifier": tables.plain(champion.classifier), "version": champion.number}
        st.caption(t("label.asks_dataset", **facts))
    elif state.chosen_classifier() is not None:
        st.caption(t("label.nobody_dataset"))
