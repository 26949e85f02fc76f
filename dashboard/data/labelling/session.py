"""An open labelling session: text after text by keys, or as a table; and the dataset that becomes of it."""

from __future__ import annotations

from contextlib import suppress
from itertools import islice
from typing import Any

import pandas as pd
import streamlit as st

from core.base.config import home
from core.base.errors import DataError
from core.data.dataset.store import DatasetStore
from core.data.labelling.sessions import Item, SessionInfo, Standing, more_to_mark, more_to_train
from core.workflows.monitor import SHADOW
from dashboard.data.labelling import marking
from dashboard.data.labelling.page import close, store
from dashboard.parts import choices, tables
from dashboard.parts.components.label_keys import WORDS, View, label_keys
from dashboard.shell import layout, state
from dashboard.shell.errors import guarded_fragment, show_error
from dashboard.shell.i18n import t, tn
from dashboard.shell.navigation import go

AHEAD, BEHIND = 40, 15  # texts that the browser has in hand
PAGE = 50  # rows of the table
LONGEST = 20_000  # characters of a text on screen
SAVED = "label.saved"
FILLED_THERE = {
    blank: f"{{{blank}}}" for blank in ("done", "total", "labelled", "label", "labels", "count")
}  # by the browser
COMMIT = "answer"  # column of the table


def draw(session: SessionInfo) -> None:
    """The session, then what can be made of it."""
    view = "single"
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        facts = [t(f"label.kind_{session.kind}"), t(f"label.order_{session.order}")]
        st.markdown(f"**{tables.plain(session.name)}** · {' · '.join(facts)}", width="content")
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            if not (session.several or session.spans):
                views = {view: t(f"label.view_{view}") for view in ("single", "table")}
                view = choices.segmented(t("label.view"), views, key="label.view", bare=True)
            st.button(t("label.close"), key="label.close", type="tertiary", icon=":material/list:", on_click=close)
    _decides(session)
    guarded_fragment()(_table if view == "table" else _marks if session.spans else _single)(session)


def _decides(session: SessionInfo) -> None:
    """What the labels are for, where they decide between two versions; and the way back."""
    source = session.source or {}
    if source.get("drawn") != SHADOW:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/balance: {t('label.decides', version=source.get('version'))}", width="content")
        if st.button(
            t("label.to_autopilot"), key="label.to_autopilot", type="tertiary", icon=":material/arrow_forward:"
        ):
            go("update", "autopilot")


@st.cache_resource(max_entries=4, show_spinner=False)
def _items(folder: str, identity: str) -> list[Item]:
    return store().items(identity)


def items_of(session: SessionInfo) -> list[Item]:
    """The texts of a session; read once, since they never change."""
    return _items(str(home()), session.id)


def _marks(session: SessionInfo) -> None:
    marking.draw(session, items_of(session))
    _result(session)


def take(identity: str, position: int | None, label: str | None) -> None:
    """Keep what the reader did: an answer, a skip (no label), or undoing (no position)."""
    with suppress(DataError):  # the session was deleted in another window: drawing it says so
        if position is None:
            store().undo(identity)
        else:
            store().answer(identity, position, label, new=True)


def _single(session: SessionInfo) -> None:
    label_keys(
        view_of(session, items_of(session), store().standing(session.id)),
        key=f"label.keys.{session.id}",
        take=lambda position, label: take(session.id, position, label),
    )
    _result(session)


def view_of(session: SessionInfo, items: list[Item], standing: Standing) -> View:
    """What the browser needs to go on for a while."""
    past = list(standing.answers.items())[-BEHIND:]
    words = {name: t(f"label.keys_{name}", **FILLED_THERE) for name in WORDS}
    if session.several:
        words["digits"], words["keep"] = t("label.keys_digits_several"), t("label.keys_keep_several")
    return View(
        session=session.id,
        several=session.several,
        labels=standing.labels_of(session),
        counts=standing.counts_of(session),
        queue=[_shown(position, items[position]) for position in islice(standing.waiting(session.rows), AHEAD)],
        past=[{**_shown(position, items[position]), "label": label} for position, label in past],
        done=len(standing.answers),
        labelled=len(standing.labelled),
        total=session.rows,
        words=words,
    )


def _shown(position: int, item: Item) -> dict[str, Any]:
    return {"place": position, "text": item.text[:LONGEST], "given": item.given, "suggested": item.suggested}


def _table(session: SessionInfo) -> None:
    items, standing = items_of(session), store().standing(session.id)
    pages = -(-session.rows // PAGE)
    page = 1
    if pages > 1:
        page = int(
            st.number_input(
                t("label.page", pages=tables.thousands(pages)),
                min_value=1,
                max_value=pages,
                key=f"label.page.{session.id}",
                width=200,
            )
        )
    places = list(range((page - 1) * PAGE, min(page * PAGE, session.rows)))
    key = f"label.table.{session.id}.{page}.{len(standing.answers)}"
    st.data_editor(
        frame_of(items, standing, places),
        hide_index=True,
        num_rows="fixed",
        disabled=["text", "given", "suggested", "doubt"],
        column_config={
            "text": st.column_config.TextColumn(t("label.column_text"), width="large"),
            "given": st.column_config.TextColumn(t("label.column_given"), width="small"),
            "suggested": st.column_config.TextColumn(t("label.column_suggested"), width="small"),
            "doubt": st.column_config.NumberColumn(t("label.column_doubt"), format="%.2f", width="small"),
            COMMIT: st.column_config.SelectboxColumn(
                t("label.column_answer"), options=list(standing.labels_of(session)), width="medium"
            ),
        },
        placeholder="",
        key=key,
        on_change=_edited,
        args=[session.id, key, places],
    )
    _result(session)


def frame_of(items: list[Item], standing: Standing, places: list[int]) -> pd.DataFrame:
    """One page of the table; columns that hold nothing are left out."""
    frame = pd.DataFrame(
        {
            "text": [items[position].text for position in places],
            "given": [items[position].given for position in places],
            "suggested": [items[position].suggested for position in places],
            "doubt": [items[position].doubt for position in places],
            COMMIT: [standing.answers.get(position) for position in places],
        }
    )
    empty = [name for name in ("given", "suggested") if not frame[name].any()]
    return frame.drop(columns=[*empty, *(["doubt"] if frame["doubt"].isna().all() else [])])


def _edited(identity: str, key: str, places: list[int]) -> None:
    keep_edits(identity, st.session_state[key]["edited_rows"], places)


def keep_edits(identity: str, edited: dict[Any, dict[str, Any]], places: list[int]) -> None:
    """Keep what was chosen in the table; an emptied cell skips the text."""
    for row, change in edited.items():
        if COMMIT in change:
            store().answer(identity, places[int(row)], change[COMMIT])


def _result(session: SessionInfo) -> None:
    """How far it is, and a dataset of it; with enough labels, a training."""
    from core.workflows.labelling import changed_rows

    standing = store().standing(session.id)
    labelled = standing.labelled
    again = session.kind == "dataset"
    count = changed_rows(items_of(session), labelled) if again else len(labelled)
    counts = standing.counts_of(session)
    own = "_spans" if session.spans else ""
    lack = more_to_mark(labelled.values()) if session.spans else more_to_train(counts)
    more = 0 if again or (session.source or {}).get("drawn") == SHADOW else lack
    lacking = tn(f"label.more_to_train{own}", more) if more else ""
    so_far = tn(f"label.so_far_{session.kind}{own}", count, looked=tables.thousands(len(labelled)), lacking=lacking)
    suggested = t(f"label.name_{session.kind}", name=session.name)
    layout.section(t("label.save"))
    st.caption(so_far)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(t("label.name"), suggested, key=f"label.name.{session.id}", max_chars=120)
        ready = bool(count) and not more
        train = ready and st.button(
            t("label.save_and_train"), key="label.save_and_train", type="primary", icon=":material/model_training:"
        )
        save = st.button(
            t("label.save_button"),
            key="label.save",
            type="secondary" if ready else "primary",
            icon=":material/save:",
            disabled=not count or (session.spans and not counts and not again),
        )
    if (train or save) and _save(session, (name or "").strip() or suggested) and train:
        go("train", "new")
    _after_saving(session)


def _save(session: SessionInfo, name: str) -> bool:
    """Make a dataset; returns whether that went well."""
    from core.workflows.labelling import finish
    from core.workflows.monitor.labelling import tell_truths

    try:
        stored = finish(store(), DatasetStore(home()), session.id, name=name)
    except DataError as error:
        show_error(error)
        return False
    tell_truths(session, home())
    state.choose_dataset(stored.id)
    st.session_state[SAVED] = (session.id, stored.id, stored.name, stored.rows)
    return True


def _after_saving(session: SessionInfo) -> None:
    """Where to go with the dataset that was saved."""
    saved = st.session_state.get(SAVED)
    if saved is None or saved[0] != session.id:
        return
    st.success(t("label.saved", name=tables.plain(saved[2]), rows=tables.thousands(saved[3])), icon=":material/check:")
    with st.container(horizontal=True):
        if st.button(t("label.to_train"), key="label.to_train", icon=":material/model_training:"):
            go("train", "new")
        if state.chosen_classifier() and st.button(
            t("label.to_update"), key="label.to_update", icon=":material/autorenew:"
        ):
            go("update", "batch")
