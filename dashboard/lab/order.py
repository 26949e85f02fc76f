"""Several datasets in the order in which they are to be learned: add, move up and down, take out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.data.loading.samples import save_sample
from core.tasks import TASKS
from core.workflows.compare.request import task_for
from dashboard.lab.words import key_for
from dashboard.parts import tables
from dashboard.parts.names import labels_of
from dashboard.shell import layout, state
from dashboard.shell.i18n import language, t, tn

if TYPE_CHECKING:
    from core.data.dataset.store import StoredDataset

ORDER = "lab.order"  # in the session: ids of the chosen datasets
ADD = "lab.add"
PARTS = ("first", "batch_2", "batch_3")  # of each sample


def listed() -> dict[str, StoredDataset]:
    """The datasets that strategies can be compared on, by their ids; those without labels say so once they are chosen."""
    kinds = {"nothing", *(task.reads for task in TASKS.values() if task.comparable)}
    return {dataset.id: dataset for dataset in state.datasets() if dataset.kind in kinds}


def tell_left_out() -> None:
    """Say why datasets that somebody may look for are not in the lists."""
    if len(listed()) < len(state.datasets()):
        st.caption(t("lab.several_labels_left_out"))


def draw() -> list[StoredDataset]:
    """The list with its buttons, and the box that adds to it."""
    known = listed()
    order = [identity for identity in st.session_state.get(ORDER, []) if identity in known]
    st.session_state[ORDER] = order
    for index, identity in enumerate(order):
        _line(index, known[identity], len(order))
    tell_left_out()
    left = [dataset for dataset in known.values() if dataset.id not in order]
    if left:
        names = {dataset.id: describe(dataset) for dataset in left}
        st.selectbox(
            t("lab.add"),
            list(names),
            index=None,
            format_func=names.__getitem__,
            key=ADD,
            placeholder=t("lab.add_placeholder"),
            on_change=_add,
        )
    if len(order) < 2:
        st.button(
            t(f"lab.use_sample_{language()}"),
            key="lab.sample",
            icon=":material/spa:",
            on_click=_use_sample,
            args=(language(),),
        )
    return [known[identity] for identity in order]


def describe(dataset: StoredDataset) -> str:
    """A dataset in a line."""
    return " · ".join([dataset.name, *facts(dataset)])


def facts(dataset: StoredDataset) -> list[str]:
    """How large a dataset is, and whether it was made up."""
    parts = [tn("lab.rows", dataset.rows), labels_of(dataset, key_for(task_for(dataset.kind), "lab.labels_count"))]
    return [*parts, t("shell.synthetic")] if dataset.synthetic else parts


def _line(index: int, dataset: StoredDataset, count: int) -> None:
    with st.container(
        horizontal=True, vertical_alignment="center", wrap=False, gap="xxsmall", key=f"lab-order-{index}"
    ):
        with st.container(gap=None, width="stretch"):
            st.markdown(f"{index + 1} · **{tables.plain(dataset.name)}**")
            st.caption(" · ".join(facts(dataset)))
        for step, icon, word in ((-1, "arrow_upward", "up"), (1, "arrow_downward", "down")):
            layout.icon_button(
                t(f"lab.{word}"),
                of=dataset.name,
                key=f"lab.{word}.{dataset.id}",
                icon=f":material/{icon}:",
                disabled=not 0 <= index + step < count,
                on_click=_move,
                args=(index, step),
            )
        layout.icon_button(
            t("lab.out"),
            of=dataset.name,
            key=f"lab.out.{dataset.id}",
            icon=":material/close:",
            on_click=_take_out,
            args=(dataset.id,),
        )


def _add() -> None:
    dataset = st.session_state.get(ADD)
    if dataset is not None:
        st.session_state[ORDER] = [*st.session_state.get(ORDER, []), dataset]
        st.session_state[ADD] = None


def _move(index: int, step: int) -> None:
    order = list(st.session_state[ORDER])
    order[index], order[index + step] = order[index + step], order[index]
    st.session_state[ORDER] = order


def _take_out(identity: str) -> None:
    st.session_state[ORDER] = [known for known in st.session_state[ORDER] if known != identity]


def _use_sample(language: str) -> None:
    st.session_state[ORDER] = [save_sample(state.store(), f"reviews_{language}", part).id for part in PARTS]
