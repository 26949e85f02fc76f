"""Under a wrong answer: whether the label in the data is wrong, or what is marked there, or the model.

The rows are of frozen tests, which never change and are never learned from, so nothing here goes into the queue of corrections:
what is said becomes a labelling session of the table that the test was taken from, and of that a table with better targets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.base.config import home
from core.data.dataset.columns import Targets
from core.data.dataset.label_sets import labels_of
from core.data.dataset.same_text import text_key
from core.data.labelling.sessions import Item, LabellingStore
from core.data.spans.cells import fitting_target
from core.data.spans.targets import spans_of
from core.workflows.versions.folder import VersionFolder
from dashboard.evaluate.page import Shown
from dashboard.parts import tables
from dashboard.parts.components.mark_spans import MarkView, mark_spans
from dashboard.parts.correcting import LABELLING
from dashboard.parts.marking.told import told as told_spans
from dashboard.parts.names import key_for
from dashboard.shell import state
from dashboard.shell.i18n import t, tn
from dashboard.shell.navigation import go

if TYPE_CHECKING:
    from core.data.dataset.store import StoredDataset

KEY = "evaluate.right"


@dataclass(frozen=True)
class Told:
    """What was said of one text: in which session, at which position, and the label; None where it was taken back."""

    session: str
    position: int
    given: str
    label: str | None


@dataclass(frozen=True, eq=False)
class Table:
    """The dataset that a frozen test was taken from, and what was said of its texts, by `text_key`."""

    dataset: StoredDataset
    told: Mapping[str, Told]

    @property
    def reads(self) -> Targets:
        """What its targets are: one label, several, or entities."""
        return self.dataset.kind

    def offers(self, label: str) -> bool:
        """Whether the dataset knows the label, or all labels of a set; any entities can be marked."""
        if self.reads == "spans":
            return True
        wanted = labels_of(label) if self.dataset.roles.several else (label,)
        return set(wanted) <= set(self.dataset.label_rows)


def tables_of(shown: Shown) -> dict[int, Table]:
    """Test → its table; those whose table was deleted are not among them."""
    datasets = {dataset.id: dataset for dataset in state.datasets()}
    records = VersionFolder(state.version_folder(shown.version)).experiences()
    return {
        record.number: Table(datasets[record.dataset], _told(record.dataset))
        for record in records
        if record.number in shown.tests and record.dataset in datasets
    }


def _told(dataset: str) -> dict[str, Told]:
    store = LabellingStore(home())
    told: dict[str, Told] = {}
    for info in reversed(store.of_test(dataset)):  # what a newer session says of a text counts
        answers = store.standing(info.id).answers
        for position, item in enumerate(_items(str(home()), info.id)):
            told[text_key(item.text)] = Told(info.id, position, item.given, answers.get(position))
    return told


@st.cache_resource(max_entries=8, show_spinner=False)
def _items(folder: str, identity: str) -> list[Item]:
    return LabellingStore(home()).items(identity)


def standing(tested: Mapping[int, Table]) -> None:
    """How much was looked at, and the way to a table with the labels put right."""
    for number, table in tested.items():
        said = [told for told in table.told.values() if told.label is not None]
        if not said:
            continue
        wrong = sum(told.label != told.given for told in said)
        with st.container(horizontal=True, vertical_alignment="center", key=f"{KEY}.standing.{number}"):
            facts = {"name": tables.plain(table.dataset.name), "wrong": wrong}
            sentence = tn(key_for(table.reads, "evaluate.right_standing"), len(said), **facts)
            st.caption(sentence, help=_text(table, "help"), width="content")
            if wrong and st.button(
                t("evaluate.right_table"), key=f"{KEY}.table.{number}", type="tertiary", icon=":material/new_label:"
            ):
                st.session_state[LABELLING] = said[-1].session
                go("data", "labelling")


def draw(shown: Shown, row: pd.Series, table: Table, *, key: str) -> None:
    """The question under a card, or what was answered and the way to take it back."""
    text, number, predicted = str(row["text"]), int(row["test"]), str(row["predicted"])
    told = table.told.get(text_key(text))
    answered = told is not None and told.label is not None
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"{KEY}.{key}"):
        if told is not None and answered:
            _said(told, text, table, key)
            return
        st.button(
            t("evaluate.right_model"),
            key=f"{KEY}.model.{key}",
            type="tertiary",
            icon=":material/smart_toy:",
            help=_text(table, "model_help"),
            on_click=settle,
            args=(shown, number, text),
        )
        if table.offers(predicted):
            st.button(
                _text(table, "label", label=_name(table, text, predicted)),
                key=f"{KEY}.label.{key}",
                type="tertiary",
                icon=":material/new_label:",
                help=_text(table, "help"),
                on_click=settle,
                args=(shown, number, text, predicted),
            )
        if table.reads == "label":
            _another_label(shown, row, table, key)
            return
        marks_wanted = table.reads == "spans" and st.toggle(t("evaluate.right_mark"), key=f"{KEY}.mark.{key}")
    if marks_wanted:
        _another_marking(shown, row, table, key)


def _another_label(shown: Shown, row: pd.Series, table: Table, key: str) -> None:
    others = [label for label in table.dataset.label_rows if label not in (row["truth"], row["predicted"])]
    if not others:
        return
    picked = st.selectbox(
        t("evaluate.right_other"),
        others,
        index=None,
        key=f"{KEY}.other.{key}",
        placeholder=t("evaluate.right_other"),
        label_visibility="collapsed",
        width=220,
    )
    if picked:
        settle(shown, int(row["test"]), str(row["text"]), picked)
        st.rerun(scope="fragment")


def _another_marking(shown: Shown, row: pd.Series, table: Table, key: str) -> None:
    """The text with what is marked in its table, to be marked otherwise."""
    text, truth = str(row["text"]), str(row["truth"])
    item = {"place": 0, "text": text, "spans": [[*span] for span in spans_of(truth)]}
    view = MarkView(
        session=f"{key}.{hash((text, truth))}",
        types=[*table.dataset.label_rows],
        queue=[item],
        counts={},
        single=True,
        keep=t("evaluate.right_keep"),
    )

    def take(_: int | None, target: str | None) -> None:
        meant = fitting_target(text, target or "")
        if meant is not None:
            settle(shown, int(row["test"]), text, meant)

    mark_spans(view, key=f"{KEY}.marks.{key}", take=take)


def _text(table: Table, name: str, **facts: str) -> str:
    return t(key_for(table.reads, f"evaluate.right_{name}"), **facts)


def _name(table: Table, text: str, target: str) -> str:
    """A label, the labels of a set, or the entities of a text, for people."""
    if table.reads == "spans":
        return tables.plain(told_spans(text, spans_of(target))) if spans_of(target) else t("spans.none")
    names = labels_of(target) if table.reads == "labels" else [target]
    return tables.plain(t("reasons.comma").join(names)) or t("evaluate.right_none")


def _said(told: Told, text: str, table: Table, key: str) -> None:
    wrong = told.label != told.given
    sentence = (
        _text(table, "said_label", label=_name(table, text, told.label or "")) if wrong else _text(table, "said_model")
    )
    st.markdown(f":primary[:material/check:] {sentence}", width="content")
    st.button(
        t("use.undo"),
        key=f"{KEY}.undo.{key}",
        icon=":material/undo:",
        type="tertiary",
        on_click=lambda: LabellingStore(home()).answer(told.session, told.position, None),
    )


def settle(shown: Shown, number: int, text: str, label: str | None = None) -> None:
    """Keep that a label, or what is marked, should be another; without one, that it stands and the model is wrong."""
    table = tables_of(shown)[number]
    told = table.told.get(text_key(text))
    if told is None:
        from core.workflows.labelling import begin_with_test

        folder = VersionFolder(state.version_folder(shown.version))
        begin_with_test(LabellingStore(home()), state.store(), folder, number)
        told = tables_of(shown)[number].told.get(text_key(text))
    if told is None:  # taken out of the table since
        st.toast(t("evaluate.right_missing"), icon=":material/info:")
        return
    answer = told.given if label is None else label
    LabellingStore(home()).answer(told.session, told.position, answer, new=table.reads == "spans")  # a type may be new
