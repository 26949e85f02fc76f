"""The Table tab: upload, label with a progress bar, look, download."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from core.serving.engines.tables import ANSWERED, PERSON, Noted, columns_read, input_notes
from core.serving.monitor.recorder import TABLE
from dashboard.parts import scores, tables
from dashboard.parts.upload.notes import tell_left_out
from dashboard.parts.upload.upload import UploadedTable, has_upload, upload_table
from dashboard.shell import state
from dashboard.shell.errors import guarded_fragment
from dashboard.shell.i18n import t, t_message, tn
from dashboard.use import page as predict_page
from dashboard.use.run import TableRun

if TYPE_CHECKING:
    import pandas as pd

    from core.registry import VersionInfo

RUN = "use.run"
LOOK = 0.5  # seconds between looks at a run
PREVIEW = 100
CELL = 300  # characters of a cell in the preview
MOST_LABELS = 6


def draw(version: VersionInfo) -> None:
    """The whole tab."""
    if not has_upload("predict"):
        st.markdown(t(f"use.table_intro{_kind(version)}"))
    uploaded = upload_table("predict", need_label=False)
    run: TableRun | None = st.session_state.get(RUN)
    if uploaded is None:
        return
    tell_left_out(uploaded)
    for note in input_notes(columns_read(predict_page.warm_engine(version)), list(uploaded.table.columns)):
        st.info(tables.plain(t_message(note)), icon=":material/info:")
    used = state.threshold(version.classifier)
    threshold = used.value if used else None
    fits = run is not None and (run.token, run.version, run.threshold) == (uploaded.token, version.number, threshold)
    if run is None or not fits or run.stopped:
        _offer(version, uploaded, run, threshold)
    elif run.running:
        guarded_fragment(run_every=LOOK)(_progress)(run)
    elif run.error is not None:
        st.session_state[RUN] = None
        raise run.error
    else:
        _result(run)


def _kind(version: VersionInfo) -> str:
    """The ending of texts that say what a row gets: a label, another answer, or how it goes on."""
    task = scores.task_of_version(version)
    if task.distribution:
        return ""
    return "_plain" if task.reads_targets else "_write"


def _offer(version: VersionInfo, uploaded: UploadedTable, before: TableRun | None, threshold: float | None) -> None:
    if before is not None and before.stopped and before.token == uploaded.token:
        st.caption(t("use.was_stopped"))
    label = tn(f"use.label_rows{_kind(version)}", len(uploaded.table))
    if st.button(label, key="use.start", type="primary", icon=":material/label:", disabled=not len(uploaded.table)):
        if before is not None:
            before.stop()
        st.session_state[RUN] = TableRun(
            predict_page.warm_engine(version),
            uploaded.table,
            uploaded.roles.text,
            token=uploaded.token,
            name=uploaded.name,
            version=version.number,
            noted=_noted(version, threshold),
            threshold=threshold,
        )
        st.rerun()


def _noted(version: VersionInfo, threshold: float | None) -> Noted:
    """What counts the answers."""
    engine, folder = predict_page.warm_engine(version), state.version_folder(version)
    return state.recorder().noting(version.classifier, version.number, folder, engine, TABLE, threshold)


def _progress(run: TableRun) -> None:
    if not run.running:
        st.rerun()
    done = tn("use.done_rows", round(run.fraction * run.rows), rows=tables.thousands(run.rows))
    left = run.seconds_left
    text = done if left is None else t("use.done_left", done=done, left=tables.duration(left))
    with st.container(horizontal=True, vertical_alignment="bottom", wrap=False):
        st.progress(run.fraction, text=text)
        if st.button(t("use.stop"), key="use.stop", icon=":material/stop_circle:", type="tertiary"):
            run.stop()
            run.wait(5)
            st.rerun()


def _result(run: TableRun) -> None:
    assert run.result is not None
    answers, shares = run.result.columns[run.width], run.result.columns[run.width + 1]
    if not run.probable:
        _plain_result(run, answers)
        return
    counts = run.result[answers].value_counts()
    unanswered = int(counts.pop("")) if "" in counts else 0
    st.markdown(f":primary[:material/check_circle:] {_finding(run, counts)}")
    if unanswered:
        st.caption(tn("use.unanswered", unanswered))
    _tell_truncated(run, "use.truncated_rows")
    listed = [run.text, answers, shares]
    if run.threshold is not None:
        decisions = run.result.columns[run.width + 2]
        asked = int((run.result[decisions] == PERSON).sum())
        st.caption(f":material/person: {tn('use.for_a_person', asked, percent=tables.percent(run.threshold))}")
        listed.append(decisions)
    shown = run.result.head(PREVIEW)[listed].copy()
    shown[run.text] = shown[run.text].astype(str).str.slice(0, CELL)
    columns = {
        run.text: st.column_config.TextColumn(width="large"),
        answers: st.column_config.TextColumn(t("use.column_label"), width="small"),
        shares: st.column_config.ProgressColumn(
            t("use.column_probability"), format="percent", min_value=0.0, max_value=1.0, width="small"
        ),
    }
    if run.threshold is not None:
        shown[decisions] = shown[decisions].map({name: t(f"use.decision_{name}") for name in (ANSWERED, PERSON)})
        columns[decisions] = st.column_config.TextColumn(t("use.column_decision"), width="small")
    st.dataframe(shown, hide_index=True, column_config=columns, alt=t("use.preview_alt"), key="use.preview")
    with st.container(horizontal=True, vertical_alignment="center"):
        tables.download_table(run.result, f"{Path(run.name).stem}-v{run.version}", key="use.download")
        if len(run.result) > PREVIEW:
            st.caption(tn("use.preview_of", PREVIEW, rows=tables.thousands(len(run.result))), width="content")
        st.caption(t("use.columns_added"), width="content")


def _plain_result(run: TableRun, answers: str) -> None:
    """What came out where there are no labels to count."""
    assert run.result is not None
    facts = {"rows": tables.thousands(run.rows), "seconds": tables.duration(run.seconds), "version": run.version}
    st.markdown(f":primary[:material/check_circle:] {t('use.answered_rows', **facts)}")
    _tell_truncated(run, "use.truncated_beginnings" if run.writes else "use.truncated_rows")
    shown = run.result.head(PREVIEW)[[run.text, *run.result.columns[run.width :]]].copy()
    shown[run.text] = shown[run.text].astype(str).str.slice(0, CELL)
    columns = {
        run.text: st.column_config.TextColumn(width="large"),
        answers: st.column_config.TextColumn(t("use.column_answer"), width="small"),
    }
    st.dataframe(shown, hide_index=True, column_config=columns, alt=t("use.preview_alt"), key="use.preview")
    tables.download_table(run.result, f"{Path(run.name).stem}-v{run.version}", key="use.download")


def _tell_truncated(run: TableRun, key: str) -> None:
    if run.truncated:
        st.caption(f":material/content_cut: {tn(key, run.truncated, limit=tables.thousands(run.limit))}")


def _finding(run: TableRun, counts: pd.Series[int]) -> str:
    """How many rows got which label, in one line."""
    named = [f"{tables.plain(str(label))} {tables.thousands(count)}" for label, count in counts.items()]
    shown = " · ".join(named[:MOST_LABELS])
    if len(named) > MOST_LABELS:
        shown = t("use.and_more", labels=shown, count=len(named) - MOST_LABELS)
    facts = {"rows": tables.thousands(run.rows), "seconds": tables.duration(run.seconds), "version": run.version}
    return t("use.labelled", found=shown, **facts)
