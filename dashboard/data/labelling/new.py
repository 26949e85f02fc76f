"""A new labelling session: a saved dataset whose labels are doubted, or new texts without labels, in a useful order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.base.config import home
from core.base.errors import CoreError
from core.data.dataset.rows import SetAside
from core.data.dataset.store import DatasetStore
from core.registry.records import InspectionStore
from dashboard.data.labelling.page import close, open_session, store
from dashboard.parts import choices, tables
from dashboard.parts.forms.dataset_choice import choose_dataset
from dashboard.parts.scores import task_of_version
from dashboard.parts.upload.notes import tell_left_out
from dashboard.parts.upload.upload import upload_table
from dashboard.shell import layout, state
from dashboard.shell.errors import show_error
from dashboard.shell.i18n import t, tn
from dashboard.shell.navigation import go

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.data.labelling.sessions import SessionInfo
    from core.registry import VersionInfo

KINDS = ("dataset", "texts")
TEXT_ORDERS = ("margin", "entropy", "disagreement", "random")
SET_ORDERS = ("margin", "random")
DATASET_ORDERS = ("inspection", "doubt", "random")


def draw() -> None:
    """The form."""
    layout.section(t("label.new"))
    datasets = state.datasets()
    names = {kind: t(f"label.kind_{kind}") for kind in KINDS}
    kind = choices.segmented(
        t("label.kind"), names, key="label.kind", first="dataset" if datasets else "texts", bare=True
    )
    st.caption(t(f"label.about_{kind}"))
    if kind == "texts":
        _texts()
    elif datasets:
        _dataset(datasets)
    else:
        layout.empty_state(
            t("label.no_datasets"), t("label.no_datasets_text"), action=t("label.to_data"), to=("data", "tables")
        )


def _dataset(datasets: list[Any]) -> None:
    picked = choose_dataset(
        datasets, "label.dataset", label=t("label.dataset"), about=lambda dataset: tn("label.rows", dataset.rows)
    )
    champion = _champion()
    fits = champion is not None and task_of_version(champion).reads_sets == picked.roles.several
    knows = champion is not None and fits and set(picked.label_rows) <= set(state.report(champion)["classes"])
    rows = [] if picked.roles.several else _suspicious(picked.id)
    possible = {"inspection": bool(rows), "doubt": knows, "random": True}
    order = _order(tuple(order for order in DATASET_ORDERS if possible[order]), "dataset")
    if order == "doubt" or not knows:
        _say_who(champion if knows else None, "label.asks_dataset", "label.nobody_dataset")

    def begin(progress: Callable[[float], None]) -> SessionInfo:
        from core.workflows.labelling import begin_with_dataset, begin_with_rows

        datasets = DatasetStore(home())
        if order == "inspection":
            return begin_with_rows(store(), datasets, picked.id, rows)
        engine = state.engine(champion) if champion is not None and order == "doubt" else None
        return begin_with_dataset(store(), datasets, picked.id, engine=engine, progress=progress)

    _start(begin)


def offer(dataset: str) -> None:
    """Beside an inspection: the way to settle what it found wrong with labels, one row after the other."""
    rows = _suspicious(dataset)
    if rows and st.button(tn("label.offer", len(rows)), key="label.offer", icon=":material/new_label:"):
        st.session_state["label.kind"], st.session_state["label.dataset"] = "dataset", dataset
        st.session_state["label.order.dataset"] = "inspection"
        close()
        go("data", "labelling")


def _suspicious(dataset: str) -> list[dict[str, Any]]:
    """What the newest inspection of a dataset found that a person can settle; nothing without one."""
    inspection = InspectionStore(home()).get(dataset)
    if inspection is None:
        return []
    from core.workflows.labelling import inspected_rows

    return inspected_rows(inspection)


def _texts() -> None:
    uploaded = upload_table("label", need_label=False)
    if uploaded is None:
        return
    texts = uploaded.table[uploaded.roles.text].fillna("").tolist()
    without = SetAside(tuple(row for row, text in enumerate(texts) if not text.strip()), (), ())
    tell_left_out(uploaded, without)
    champion = _champion()
    classes = list(state.report(champion)["classes"]) if champion is not None else []
    key = f"label.labels.{uploaded.file_token}.{champion.classifier if champion else ''}"
    if key not in st.session_state:
        st.session_state[key] = classes
    labels = st.multiselect(
        t("label.labels"),
        list(dict.fromkeys([*classes, *st.session_state[key]])),
        key=key,
        accept_new_options=True,
        help=t("label.labels_help"),
        placeholder=t("label.labels_placeholder"),
        persist_state="session",
    )
    several = champion is not None and task_of_version(champion).reads_sets
    if champion is None:
        several = st.toggle(
            t("label.several"), key="label.several", help=t("label.several_help"), persist_state="session"
        )
    orders = ("random",) if champion is None else SET_ORDERS if several else TEXT_ORDERS
    order = _order(orders, "texts")
    _say_who(champion, "label.asks_texts", "label.nobody_texts")

    def begin(progress: Callable[[float], None]) -> SessionInfo:
        from core.workflows.labelling import begin_with_texts, second_opinion

        asked = order != "random" and champion is not None
        differs = order == "disagreement" and champion is not None
        return begin_with_texts(
            store(),
            texts,
            name=Path(uploaded.name).stem,
            labels=labels,
            order=order,
            engine=state.engine(champion) if champion is not None and asked else None,
            second=second_opinion(champion, state.workspace(), state.engine)
            if champion is not None and differs
            else None,
            source=uploaded.source(without),
            several=several,
            progress=progress,
        )

    _start(begin)


def _champion() -> VersionInfo | None:
    """The version that labels are doubted and suggested by; None where the chosen model has none, or no labels."""
    classifier = state.chosen_classifier()
    champion = state.champion(classifier) if classifier else None
    return champion if champion is not None and task_of_version(champion).activation else None


def _order(orders: tuple[str, ...], part: str) -> Any:
    key = f"label.order.{part}"
    names = {order: t(f"label.order_{order}") for order in orders}
    picked = choices.segmented(t("label.order"), names, key=key, help=t("label.order_help"), wrap=True)
    st.caption(t(f"label.order_about_{picked}"))
    return picked


def _say_who(champion: VersionInfo | None, asks: str, nobody: str) -> None:
    if champion is None:
        st.caption(t(nobody))
    else:
        st.caption(t(asks, classifier=tables.plain(champion.classifier), version=champion.number))


def _start(begin: Callable[[Callable[[float], None]], SessionInfo]) -> None:
    if not st.button(t("label.start"), key="label.start", icon=":material/play_arrow:", type=_kind()):
        return
    bar = st.progress(0.0, text=t("label.ordering"))
    try:
        session = begin(lambda share: _advance(bar, share))
    except CoreError as error:
        bar.empty()
        show_error(error)
        return
    open_session(session.id)
    st.rerun()


def _advance(bar: Any, share: float) -> None:
    bar.progress(min(1.0, share), text=t("label.ordering"))


def _kind() -> Any:
    return "secondary" if store().list() else "primary"
