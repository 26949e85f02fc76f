"""A new labelling session: a saved dataset whose labels are doubted, or new texts without labels, in a useful order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import streamlit as st

from core.base.config import home
from core.base.errors import CoreError
from core.data.dataset.row_targets import SetAside
from core.data.dataset.store import DatasetStore
from core.data.spans.targets import types_of_outputs
from core.registry.records import InspectionStore
from dashboard.data.labelling.page import ASKED, close, open_session, store
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
    from core.data.dataset.store import StoredDataset
    from core.data.labelling.sessions import SessionInfo
    from core.registry import VersionInfo

KINDS = ("dataset", "texts")
KIND = "label.kind"  # in the session: what is to be labelled
TEXTS_OF = "label.texts_of"  # in the session: the dataset whose texts are to be labelled
NEW_FILE = ""
TEXT_ORDERS = ("margin", "entropy", "disagreement", "random")
SET_ORDERS = ("margin", "random")
MARK_ORDERS = ("unsure", "file", "random")
DATASET_ORDERS = ("inspection", "doubt", "disputed", "file", "random")
TARGETS = ("label", "labels", "spans")  # what a text may get


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
        _texts(bare)
    elif labelled:
        _dataset(labelled)
    else:
        layout.empty_state(
            t("label.no_datasets"), t("label.no_datasets_text"), action=t("label.to_data"), to=("data", "tables")
        )


def label(dataset: str) -> NoReturn:
    """Go and give labels to the texts of a saved dataset that has none."""
    state.choose_dataset(dataset)
    st.session_state[KIND], st.session_state[TEXTS_OF] = "texts", dataset
    st.session_state[ASKED] = True
    close()
    go("data", "labelling")


def _dataset(datasets: list[StoredDataset]) -> None:
    picked = choose_dataset(
        datasets, "label.dataset", label=t("label.dataset"), about=lambda dataset: tn("label.rows", dataset.rows)
    )
    champion = _champion()
    spans = picked.kind == "spans"
    fits = champion is not None and task_of_version(champion).reads == picked.kind
    knows = champion is not None and fits and set(picked.label_rows) <= set(_known(champion))
    rows = _suspicious(picked.id) if picked.kind == "label" else []
    possible = {
        "inspection": bool(rows),
        "doubt": knows and not spans,
        "disputed": knows and spans,
        "file": spans,
        "random": True,
    }
    order = _order(tuple(order for order in DATASET_ORDERS if possible[order]), "dataset")
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

    _start(begin)


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


@dataclass(frozen=True)
class _Texts:
    """What is to be labelled; ``mark`` tells what the reader says of it from what was said of others."""

    name: str
    mark: str
    source: dict[str, Any]
    read: Callable[[], Sequence[str]]


def _texts(bare: list[StoredDataset]) -> None:
    """Texts without labels: the labels to begin with, and the order."""
    wanted = _of_dataset(bare) if bare else _of_file()
    if wanted is None:
        return
    champion = _asked_champion()
    known = _known(champion) if champion is not None else []
    targets = task_of_version(champion).reads if champion is not None else _targets()
    named = "types" if targets == "spans" else "labels"
    if known:
        st.caption(tn(f"label.{named}_of_model", len(known)))
    typed = st.multiselect(
        t(f"label.{named}_more" if known else f"label.{named}"),
        st.session_state.get(f"label.labels.{wanted.mark}", []),
        key=f"label.labels.{wanted.mark}",
        accept_new_options=True,
        help=t(f"label.{named}_help"),
        placeholder=t(f"label.{named}_placeholder"),
        persist_state="session",
    )
    if targets == "spans":
        _to_mark(wanted, champion, [*known, *typed])
    else:
        _to_label(wanted, champion, [*known, *typed], several=targets == "labels")


def _asked_champion() -> VersionInfo | None:
    """The version that suggests what a text gets, where there is one and the reader wants it to."""
    champion = _champion()
    if champion is None:
        return None
    own = "_spans" if task_of_version(champion).reads == "spans" else ""
    facts = {"classifier": tables.plain(champion.classifier), "version": champion.number}
    wanted = st.toggle(
        t(f"label.ask_model{own}", **facts),
        True,
        key="label.ask_model",
        help=t(f"label.ask_model{own}_help"),
        persist_state="session",
    )
    return champion if wanted else None


def _targets() -> str:
    """What a text gets, in plain words, where no model has said so."""
    names = {targets: t(f"label.targets_{targets}") for targets in TARGETS}
    return choices.segmented(t("label.targets"), names, key="label.targets", help=t("label.targets_help"), wrap=True)


def _known(champion: VersionInfo) -> list[str]:
    """The labels that a version gives, or the types that it marks."""
    outputs = state.report(champion)["classes"]
    return types_of_outputs(outputs) if task_of_version(champion).reads == "spans" else list(outputs)


def _to_mark(wanted: _Texts, champion: VersionInfo | None, types: Sequence[str]) -> None:
    order = _order(MARK_ORDERS if champion is not None else MARK_ORDERS[1:], "marks")

    def begin(progress: Callable[[float], None]) -> SessionInfo:
        from core.workflows.marking import begin_marking_texts

        return begin_marking_texts(
            store(),
            wanted.read(),
            name=wanted.name,
            types=types,
            order=order,
            engine=state.engine(champion) if champion is not None else None,
            source=wanted.source,
            progress=progress,
        )

    _start(begin)


def _to_label(wanted: _Texts, champion: VersionInfo | None, labels: Sequence[str], *, several: bool) -> None:
    orders = ("random",) if champion is None else SET_ORDERS if several else TEXT_ORDERS
    order = _order(orders, "texts")

    def begin(progress: Callable[[float], None]) -> SessionInfo:
        from core.workflows.labelling import begin_with_texts, second_opinion

        asked = order != "random" and champion is not None
        differs = order == "disagreement" and champion is not None
        return begin_with_texts(
            store(),
            wanted.read(),
            name=wanted.name,
            labels=labels,
            order=order,
            engine=state.engine(champion) if champion is not None and asked else None,
            second=second_opinion(champion, state.workspace(), state.engine)
            if champion is not None and differs
            else None,
            source=wanted.source,
            several=several,
            progress=progress,
        )

    _start(begin)


def _of_dataset(bare: list[StoredDataset]) -> _Texts | None:
    """A saved dataset without labels, or a new file after all."""
    known = {dataset.id: dataset for dataset in bare}
    names = {dataset.id: f"{dataset.name} · {tn('label.rows', dataset.rows)}" for dataset in bare}
    doubled = {name for name in names.values() if list(names.values()).count(name) > 1}
    names = {identity: f"{name} · {identity[:4]}" if name in doubled else name for identity, name in names.items()}
    chosen = state.chosen_dataset()
    first = chosen if chosen in known else bare[0].id
    picked = choices.listed(t("label.dataset"), {**names, NEW_FILE: t("label.new_file")}, key=TEXTS_OF, first=first)
    if picked == NEW_FILE:
        return _of_file()
    stored = known[picked]
    return _Texts(stored.name, stored.id, {"parent": stored.id}, lambda: state.store().load(stored.id).texts)


def _of_file() -> _Texts | None:
    uploaded = upload_table("label", need_label=False)
    if uploaded is None:
        return None
    texts = uploaded.table[uploaded.roles.text].fillna("").tolist()
    without = SetAside(tuple(row for row, text in enumerate(texts) if not text.strip()), (), ())
    tell_left_out(uploaded, without)
    return _Texts(Path(uploaded.name).stem, uploaded.file_token, uploaded.source(without), lambda: texts)


def _champion() -> VersionInfo | None:
    """The version that labels or entities are doubted and suggested by; None where the chosen model has none of them."""
    classifier = state.chosen_classifier()
    champion = state.champion(classifier) if classifier else None
    if champion is None:
        return None
    task = task_of_version(champion)
    return champion if task.activation or task.reads == "spans" else None


def _order(orders: tuple[str, ...], part: str) -> Any:
    if len(orders) == 1:  # nothing to choose
        st.caption(t("label.order_about_random"))
        return orders[0]
    key = f"label.order.{part}"
    names = {order: t(f"label.order_{order}") for order in orders}
    picked = choices.segmented(t("label.order"), names, key=key, help=t("label.order_help"), wrap=True)
    st.caption(t(f"label.order_about_{picked}"))
    return picked


def _say_who(champion: VersionInfo | None) -> None:
    """Who doubts the labels; nothing while there is no model at all."""
    if champion is not None:
        facts = {"classifier": tables.plain(champion.classifier), "version": champion.number}
        st.caption(t("label.asks_dataset", **facts))
    elif state.chosen_classifier() is not None:
        st.caption(t("label.nobody_dataset"))


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
    return "primary" if st.session_state.get(ASKED) or not store().list() else "secondary"
