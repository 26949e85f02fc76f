"""Texts that have nothing yet: which, what each is to get, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.data.dataset.row_targets import SetAside
from dashboard.data.labelling.page import store
from dashboard.data.labelling.starting import TARGETS, champion_of_choice, choose_order, known_by, start
from dashboard.parts import choices, tables
from dashboard.parts.scores import task_of_version
from dashboard.parts.upload.notes import tell_left_out
from dashboard.parts.upload.upload import upload_table
from dashboard.shell import state
from dashboard.shell.i18n import t, tn

if TYPE_CHECKING:
    from core.data.dataset.store import StoredDataset
    from core.data.labelling.sessions import SessionInfo
    from core.registry import VersionInfo

TEXTS_OF = "label.texts_of"  # in the session: the dataset whose texts are to be labelled
NEW_FILE = ""
TEXT_ORDERS = ("margin", "entropy", "disagreement", "random")
SET_ORDERS = ("margin", "random")
MARK_ORDERS = ("unsure", "file", "random")


@dataclass(frozen=True)
class _Texts:
    """What is to be labelled; ``mark`` tells what the reader says of it from what was said of others."""

    name: str
    mark: str
    source: dict[str, Any]
    read: Callable[[], Sequence[str]]


def draw(bare: list[StoredDataset]) -> None:
    """Texts without labels: the labels to begin with, and the order."""
    wanted = _of_dataset(bare) if bare else _of_file()
    if wanted is None:
        return
    champion = _asked_champion()
    known = known_by(champion) if champion is not None else []
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
    champion = champion_of_choice()
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
    """What a text gets, in plain words, where no model marks or labels it; what the chosen one is for comes first."""
    champion = champion_of_choice()
    key, first = "label.targets", TARGETS[0]
    if champion is not None:
        first = task_of_version(champion).reads
        key = f"{key}.{first}"
    names = {targets: t(f"label.targets_{targets}") for targets in sorted(TARGETS, key=lambda name: name != first)}
    return choices.segmented(t("label.targets"), names, key=key, help=t("label.targets_help"), wrap=True)


def _to_mark(wanted: _Texts, champion: VersionInfo | None, types: Sequence[str]) -> None:
    order = choose_order(MARK_ORDERS if champion is not None else MARK_ORDERS[1:], "marks")

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

    start(begin)


def _to_label(wanted: _Texts, champion: VersionInfo | None, labels: Sequence[str], *, several: bool) -> None:
    orders = ("random",) if champion is None else SET_ORDERS if several else TEXT_ORDERS
    order = choose_order(orders, "texts")

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

    start(begin)


def _of_dataset(bare: list[StoredDataset]) -> _Texts | None:
    """A saved dataset without labels, or a new file after all."""
    known = {dataset.id: dataset for dataset in bare}
    names = {dataset.id: f"{dataset.name} · {tn('label.rows', dataset.rows)}" for dataset in bare}
    doubled = {name for name in names.values() if list(names.values()).count(name) > 1}
    names = {identity: f"{name} · {identity[:4]}" if name in doubled else name for identity, name in names.items()}
    current = state.chosen_dataset()
    first = current if current in known else bare[0].id
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
