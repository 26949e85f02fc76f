"""Under a wrong answer: whether the label in the data is wrong, or the model.

The rows are of frozen tests, which never change and are never learned from, so nothing here goes into the queue of corrections:
what is said becomes a labelling session of the table that the test was taken from, and of that a table with better labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.base.config import home
from core.data.dataset.label_sets import labels_of
from core.data.dataset.same_text import text_key
from core.data.labelling.sessions import Item, LabellingStore
from core.workflows.versions.folder import VersionFolder
from dashboard.evaluate.page import Shown
from dashboard.parts import tables
from dashboard.parts.correcting import LABELLING
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

    def offers(self, label: str) -> bool:
        """Whether the dataset knows the label, or all labels of a set."""
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
            st.caption(
                tn("evaluate.right_standing", len(said), **facts), help=t("evaluate.right_help"), width="content"
            )
            if wrong and st.button(
                t("evaluate.right_table"), key=f"{KEY}.table.{number}", type="tertiary", icon=":material/new_label:"
            ):
                st.session_state[LABELLING] = said[-1].session
                go("data", "labelling")


def draw(shown: Shown, row: pd.Series, table: Table, *, key: str) -> None:
    """The question under a card, or what was answered and the way to take it back."""
    text, number, predicted = str(row["text"]), int(row["test"]), str(row["predicted"])
    told, several = table.told.get(text_key(text)), table.dataset.roles.several
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"{KEY}.{key}"):
        if told is not None and told.label is not None:
            _said(told, several, key)
            return
        st.button(
            t("evaluate.right_model"),
            key=f"{KEY}.model.{key}",
            type="tertiary",
            icon=":material/smart_toy:",
            help=t("evaluate.right_model_help"),
            on_click=settle,
            args=(shown, number, text),
        )
        if table.offers(predicted):
            st.button(
                t(f"evaluate.right_label{'s' if several else ''}", label=_name(predicted, several)),
                key=f"{KEY}.label.{key}",
                type="tertiary",
                icon=":material/new_label:",
                help=t("evaluate.right_help"),
                on_click=settle,
                args=(shown, number, text, predicted),
            )
        others = [label for label in table.dataset.label_rows if label not in (row["truth"], predicted)]
        if others and not several:
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
                settle(shown, number, text, picked)
                st.rerun(scope="fragment")


def _name(label: str, several: bool) -> str:
    """A label, or the labels of a set, for people."""
    names = labels_of(label) if several else [label]
    return tables.plain(t("reasons.comma").join(names)) or t("evaluate.right_none")


def _said(told: Told, several: bool, key: str) -> None:
    wrong = told.label != told.given
    sentence = (
        t("evaluate.right_said_label", label=_name(told.label or "", several))
        if wrong
        else t("evaluate.right_said_model")
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
    """Keep that a label should be another one; without one, that it stands and the model is wrong."""
    told = tables_of(shown)[number].told.get(text_key(text))
    if told is None:
        from core.workflows.labelling import begin_with_test

        folder = VersionFolder(state.version_folder(shown.version))
        begin_with_test(LabellingStore(home()), state.store(), folder, number)
        told = tables_of(shown)[number].told.get(text_key(text))
    if told is None:  # taken out of the table since
        st.toast(t("evaluate.right_missing"), icon=":material/info:")
        return
    LabellingStore(home()).answer(told.session, told.position, told.given if label is None else label)
