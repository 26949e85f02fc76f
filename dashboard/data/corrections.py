"""The Corrections tab: answers that readers put right, which wait for the next update."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.data.dataset.label_sets import labels_of, target_of
from core.data.spans.cells import fitting_target
from core.data.spans.targets import spans_of, types_of, types_of_outputs
from core.tasks import Task
from dashboard.parts import tables
from dashboard.parts.components.mark_spans import MarkView, mark_spans
from dashboard.parts.correcting import known_label
from dashboard.parts.corrections import JOIN, NEXT_BATCH, lacking, still_needed, told
from dashboard.parts.scores import task_of_version
from dashboard.shell import layout, state
from dashboard.shell.errors import guarded_fragment
from dashboard.shell.i18n import t, tn
from dashboard.shell.navigation import go

if TYPE_CHECKING:
    from core.data.labelling.corrections import Correction
    from core.registry import VersionInfo

EDITED = "data.corrections.edited"  # in the session: the text whose correction is being changed
LABEL = "data.corrections.label"  # beginning of the field's key: each correction has its own
LISTED = "use.listed"  # how many corrections are shown
PAGE = 20
SHOWN = 200  # characters of a text in the list


def draw() -> None:
    """The queue of the chosen model, and how many wait for others."""
    classifier = state.chosen_classifier()
    if classifier is None:
        layout.needs_classifier(t("data.corrections_none_title"), t("data.corrections_none"))
        return
    _queue(classifier)
    _of_others(classifier)


@guarded_fragment()
def _queue(classifier: str) -> None:
    """The way to learn from the corrections, and the list of them, newest first."""
    waiting = state.corrections().list(classifier)
    _unreadable(classifier)
    if not waiting:
        layout.empty_state(
            t("data.corrections_empty_title"),
            t("data.corrections_empty", classifier=tables.plain(classifier)),
            action=t("data.corrections_try"),
            to=("use", "try"),
            icon=":material/edit_note:",
        )
        return
    champion = state.champion(classifier)
    _ahead(classifier, champion, waiting)
    shown = st.session_state.get(LISTED, PAGE)
    for correction in waiting[::-1][:shown]:
        _row(classifier, champion, correction)
    if len(waiting) > shown:
        st.button(t("use.show_more"), key="use.show_more", type="tertiary", on_click=_show_more)


def _of_others(classifier: str) -> None:
    """What waits for other models, and the way there."""
    others = [known.name for known in state.classifiers() if known.name != classifier]
    waiting = {name: count for name in others if (count := state.corrections().count(name))}
    if not waiting:
        return
    layout.section(t("data.corrections_others"))
    with st.container(horizontal=True):
        for name, count in waiting.items():
            label = tn("data.corrections_of", count, classifier=tables.plain(name))
            if st.button(label, key=f"data.corrections.of.{name}", icon=":material/arrow_forward:"):
                state.choose_classifier(name)
                go("data", "corrections")


def _unreadable(classifier: str) -> None:
    """Say that lines of the queue were passed over, and where they are."""
    count = state.corrections().unreadable(classifier)
    if count:
        file = tables.plain(str(state.corrections().file(classifier)))
        st.warning(tn("use.unreadable", count, file=file), icon=":material/warning:")


def _show_more() -> None:
    st.session_state[LISTED] = st.session_state.get(LISTED, PAGE) + PAGE


def _ahead(classifier: str, champion: VersionInfo | None, waiting: list[Correction]) -> None:
    """How many there are, what is new in them, and what can be done with them."""
    fresh = sorted(_asked(champion, waiting) - set(_labels(champion)))
    missing = lacking(waiting, _task(champion))
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(gap=None, width="content"):
            layout.section(tn("data.corrections_waiting", len(waiting)))
            if fresh:
                key = "use.new_types" if _spans(champion) else "use.new_labels"
                st.caption(tn(key, len(fresh), labels=[tables.plain(label) for label in fresh]))
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            tables.download_table(lambda: _table(waiting), f"{classifier}-corrections", key="use.corrections.download")
            label = t("use.join") if missing else t("use.use")
            if st.button(label, key="use.use", type="primary", icon=":material/autorenew:"):
                st.session_state[NEXT_BATCH] = JOIN if missing else "corrections"
                go("update", "batch")
    if missing:
        st.caption(tables.plain(still_needed(missing, _task(champion), sentence="data.corrections_too_few")))


def _labels(champion: VersionInfo | None) -> list[str]:
    """The labels, or the types of entities, that a version knows."""
    if champion is None:
        return []
    labels = [str(label) for label in state.report(champion).get("classes", [])]
    return types_of_outputs(labels) if _spans(champion) else labels


def _asked(champion: VersionInfo | None, waiting: list[Correction]) -> set[str]:
    """The labels, or the types of entities, that the corrections have."""
    targets = [row.label for row in waiting]
    if _spans(champion):
        return set(types_of(targets))
    return {label for target in targets for label in (labels_of(target) if _sets(champion) else [target])}


def _task(champion: VersionInfo | None) -> Task | None:
    return None if champion is None else task_of_version(champion)


def _sets(champion: VersionInfo | None) -> bool:
    task = _task(champion)
    return task is not None and task.reads_sets


def _spans(champion: VersionInfo | None) -> bool:
    task = _task(champion)
    return task is not None and task.reads == "spans"


def _row(classifier: str, champion: VersionInfo | None, correction: Correction) -> None:
    """One correction: its text, what was answered and what it should be, which can be changed or taken back."""
    text = " ".join(correction.text.split())
    shown = text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
    task = _task(champion)
    key = f"{correction.created}.{hash(correction.text)}"
    with st.container(border=True, key=f"correction-{key}"):
        with st.container(horizontal=True, vertical_alignment="center", wrap=False):
            with st.container(gap=None, width="stretch"):
                st.markdown(tables.plain(shown))
                st.caption(
                    t(
                        "use.change",
                        predicted=tables.plain(told(task, correction.text, correction.predicted)),
                        label=tables.plain(told(task, correction.text, correction.label)),
                        version=correction.version,
                        when=tables.moment(correction.created),
                    )
                )
            layout.icon_button(
                t("data.corrections_edit"),
                of=shown,
                key=f"data.corrections.edit.{key}",
                icon=":material/edit:",
                on_click=_toggle,
                args=[correction.text],
            )
            if layout.icon_button(t("use.remove"), of=shown, key=f"use.remove.{key}", icon=":material/close:"):
                state.corrections().remove(classifier, {correction.text})
                st.rerun()
        if st.session_state.get(EDITED) == correction.text:
            if _spans(champion):
                _edit_marks(classifier, _labels(champion), correction)
            else:
                _edit(classifier, champion, correction)


def _toggle(text: str) -> None:
    st.session_state[EDITED] = None if st.session_state.get(EDITED) == text else text


def _edit(classifier: str, champion: VersionInfo | None, correction: Correction) -> None:
    """Another label in place of the one that waits; what was answered in the first place needs no correction."""
    sets = _sets(champion)
    own = list(labels_of(correction.label)) if sets else [correction.label]
    options = list(dict.fromkeys([*_labels(champion), *own]))
    with st.form("data.corrections.form", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        asked, key = t("data.corrections_label"), f"{LABEL}.{correction.created}.{hash(correction.text)}"
        if sets:
            label = target_of(st.multiselect(asked, options, own, key=key, accept_new_options=True, width=420))
        else:
            first = options.index(correction.label)
            label = st.selectbox(asked, options, first, key=key, accept_new_options=True, width=420) or ""
        if not st.form_submit_button(t("data.corrections_keep"), key="data.corrections.keep"):
            return
    st.session_state[EDITED] = None
    if label == correction.predicted:
        state.corrections().remove(classifier, {correction.text})
    elif label.strip():
        meant = known_label(label, options)
        state.corrections().add(
            classifier, correction.text, meant, predicted=correction.predicted, version=correction.version
        )
    st.rerun()


def _edit_marks(classifier: str, types: list[str], correction: Correction) -> None:
    """Other marks in the text in place of those that wait."""
    text, key = correction.text, f"{LABEL}.{correction.created}.{hash(correction.text)}"
    item = {"place": 0, "text": text, "spans": [[*span] for span in spans_of(correction.label)]}
    view = MarkView(session=key, types=types, queue=[item], counts={}, single=True, keep=t("data.corrections_keep"))
    mark_spans(view, key=key, take=lambda _, target: _keep_marks(classifier, correction, target))


def _keep_marks(classifier: str, correction: Correction, target: str | None) -> None:
    meant = fitting_target(correction.text, target or "")
    if meant is None:
        return
    st.session_state[EDITED] = None
    if meant == correction.predicted:
        state.corrections().remove(classifier, {correction.text})
    else:
        predicted, version = correction.predicted, correction.version
        state.corrections().add(classifier, correction.text, meant, predicted=predicted, version=version)


def _table(waiting: list[Correction]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "text": correction.text,
                "label": correction.label,
                "predicted": correction.predicted,
                "version": correction.version,
            }
            for correction in waiting
        ]
    )
