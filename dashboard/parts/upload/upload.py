"""The upload step of Home, Data, Update and Use: file or sample → format → preview → columns.

Ends with a table and the roles of its columns; knows nothing of what is done with them.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas
import streamlit as st

from core.base.config import home
from core.base.errors import DataError
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.row_targets import SetAside
from core.data.loading.column_memory import ColumnMemory
from core.data.loading.load import left_out_of, origin_of, reading_notes
from core.data.reading.isolation.pool import warm
from core.data.reading.tables import TableFormat, notes_of, skipped_of
from core.jobs.keeper import SETTING
from dashboard.parts import tables
from dashboard.parts.marking.told import readable
from dashboard.parts.upload import format
from dashboard.parts.upload.columns import choose_columns, note_several_labels, tell_entities
from dashboard.parts.upload.files import (
    Reading,
    SamplePart,
    Source,
    detected,
    excerpt,
    fetched,
    keep_upload,
    let_tables_go,
    lies_elsewhere,
    reading,
    sample_source,
    sheets,
)
from dashboard.shell.errors import show_error
from dashboard.shell.i18n import t, t_message, tn

PREVIEW_ROWS = 5
ANSWERED = "predict"  # prefix of the table that a model answers, on the Use page
STYLE = Path(__file__).with_name("upload.css")


@dataclass(frozen=True, eq=False)
class UploadedTable:
    """What the reader uploaded and how it is to be read.

    Parameters
    ----------
    table
        All columns as strings; shared between reruns, so never change it. ``table.attrs`` says what was left out.
    roles
        Which column is what; ``label`` is None where only texts are wanted.
    token
        A hash of file, format and roles: the key for caches of what is made of this table.
    file_token
        A hash of the file alone: the key for what the reader says of it, such as a name.
    sample
        The sample's name and part, where the table is one of the samples; its dataset is to be marked synthetic.
    """

    table: pandas.DataFrame
    roles: ColumnRoles
    form: TableFormat
    name: str
    token: str
    file_token: str
    sample: SamplePart | None = None

    @property
    def skipped(self) -> list[dict[str, Any]]:
        """Rows of the file that are not in the table, as `core.data.reading.tables.read_table` lists them."""
        return skipped_of(self.table)

    def source(self, set_aside: SetAside | None = None) -> dict[str, Any]:
        """Where the rows come from and what was left out, to be stored with their dataset."""
        written = {"encoding": self.form.encoding, "delimiter": self.form.delimiter}
        if self.form.kind != "text":
            written = {"format": self.form.kind, "sheet": self.form.part}
        origin = {"file": self.name, **written}
        sample = dict(zip(("sample", "part"), self.sample, strict=True)) if self.sample else {}
        way = origin_of(
            left_out_of(self.table, set_aside, spans=self.roles.spans),
            reading_notes(self.table, self.roles, set_aside),
            set_aside,
        )
        return {**origin, **sample, **way}


def upload_table(
    key: str,
    *,
    need_label: bool = True,
    optional_columns: bool | None = None,
    texts_alone: bool = False,
    tell_texts: bool = True,
    several: Sequence[str] | None = None,
    samples: Sequence[SamplePart] = (),
    inputs: Sequence[tuple[str, str]] = (),
) -> UploadedTable | None:
    """Draw the upload step; returns the table once file, format and columns are settled, None until then.

    What goes wrong is told in place. The choice stays when the reader visits another page.

    Parameters
    ----------
    key
        Prefix of the widgets' keys, one a page: ``"data"``, ``"update"``, ``"predict"``.
    need_label
        Whether to ask for a label column; without, only texts are wanted.
    optional_columns
        Whether split, group and time columns may be chosen; by default where there is a label column.
    texts_alone
        Whether "No labels" may be chosen in place of a label column.
    tell_texts
        Whether to say then what texts alone are good for; a page that goes on from there says it itself.
    several
        Labels that a model knows, where a row may have several: then it is asked how the table has them. Empty where there is no
        model yet, None where a row has one label.
    samples
        Parts of samples offered below the drop zone, such as ``("reviews_en", "batch_2")``.
    inputs
        Further columns that the version reads which the table is for, with their kinds.
    """
    source = chosen_source(key)
    if source is None:
        _choose(key, samples)
        return None
    head = st.container(horizontal=True, vertical_alignment="center", key=f"{key}-upload-head")
    prefix = f"{key}.{source.token}"
    if lies_elsewhere(source):
        st.caption(f":material/lock: {t('upload.read_only', place=tables.plain(str(home())))}")
    form = _format(prefix, source)
    if form is None:
        _name(head, source, None, key)
        return None
    with st.spinner(t("upload.reading", name=tables.plain(source.name))):
        read = reading(source, form)
    if isinstance(read, DataError):
        _name(head, source, None, key)
        show_error(read)
        return None
    _name(head, source, read.table, key)
    _preview(read)
    optional = need_label if optional_columns is None else optional_columns
    roles = choose_columns(
        prefix,
        read,
        need_label=need_label,
        optional_columns=optional,
        texts_alone=texts_alone,
        tell_texts=tell_texts,
        several=several,
        inputs=inputs,
    )
    if roles is None:
        return None
    if roles.spans:
        tell_entities(read.table, roles)
    elif roles.label is not None and not roles.several:
        note_several_labels(read.table, roles.label)
    token = hashlib.sha256(repr((source.token, form, roles)).encode()).hexdigest()[:16]
    return UploadedTable(read.table, roles, form, source.name, token, source.token, source.sample)


def _format(prefix: str, source: Source) -> TableFormat | None:
    """How the file is written, by guesses and the reader's word, with the chips to change it; None where that fails."""
    guessed = detected(source)
    if isinstance(guessed, DataError):
        show_error(guessed)
        return None
    form = detected(source, format.corrections(prefix))
    several = any(guess.part == "sheet" for guess in guessed.guesses)
    # The chips stay when the reader's word leads nowhere, so that it can be taken back.
    format.chips(prefix, guessed if isinstance(form, DataError) else form, sheets(source) if several else ())
    if isinstance(form, DataError):
        show_error(form)
        format.offer_to_guess_again(prefix)
        return None
    return form


def discard_upload(key: str) -> None:
    """Go back to the drop zone with the next rerun, such as after the table was saved or in a button's callback."""
    st.session_state.pop(f"{key}.source", None)
    let_tables_go()


def chosen_source(key: str) -> Source | None:
    """The file or sample that is chosen."""
    source: Source | None = st.session_state.get(f"{key}.source")
    return source


def hand_over(source: Source, key: str) -> None:
    """Have another page begin with this file, so that nobody has to drop it twice."""
    st.session_state[f"{key}.source"] = source


def has_upload(key: str) -> bool:
    """Whether a file or sample is chosen."""
    return f"{key}.source" in st.session_state


def _choose(key: str, samples: Sequence[SamplePart]) -> None:
    """The drop zone, and the samples below it."""
    if os.environ.get(SETTING) != "off":
        warm()  # who looks for a file takes longer than the process that will read it takes to start
    # A new key after each file: the uploader lets go of the copy in memory, and a removed file can come again.
    turn = st.session_state.setdefault(f"{key}.turn", 0)
    words = ((part, t(f"upload.drop_{part}")) for part in ("title", "button", "limit", "failed"))
    variables = " ".join(f"--drop-{part}: {json.dumps(word, ensure_ascii=False)};" for part, word in words)
    st.html(f"<style>:root {{ {variables} }}\n{STYLE.read_text(encoding='utf-8')}</style>")
    with st.container(key=f"{key}-drop-zone"):
        uploaded = st.file_uploader(t("upload.drop"), key=f"{key}.file.{turn}", label_visibility="collapsed")
    st.caption(t("upload.formats"))
    if uploaded is not None:
        st.session_state[f"{key}.source"] = keep_upload(uploaded.name, uploaded)
        st.session_state[f"{key}.turn"] = turn + 1
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"{key}-other-ways"):
        if samples:
            st.markdown(t("upload.or_sample"), width="content")
        for sample in samples:
            label = t("upload.sample", name=t(f"upload.{'_'.join(sample)}"))
            if st.button(label, key=f"{key}.sample.{'.'.join(sample)}"):
                st.session_state[f"{key}.source"] = sample_source(sample)
                st.rerun()
        _from_hub(key)


def _from_hub(key: str) -> None:
    """A dataset of the Hugging Face Hub in place of a file."""
    with (
        st.popover(t("upload.hub"), icon=":material/cloud_download:", type="tertiary"),
        st.form(f"{key}.hub", border=False),
    ):
        name = st.text_input(
            t("label.name"), key=f"{key}.hub_name", placeholder=t("upload.hub_example"), help=t("upload.hub_help")
        )
        config = st.text_input(t("upload.hub_config"), key=f"{key}.hub_config", help=t("upload.hub_config_help"))
        if not st.form_submit_button(t("upload.hub_fetch"), key=f"{key}.hub_fetch"):
            return
        with st.spinner(t("upload.hub_working"), show_time=True):
            source = fetched(str(name or ""), str(config or "").strip() or None)
        if isinstance(source, DataError):
            show_error(source)
            return
    st.session_state[f"{key}.source"] = source
    st.rerun()


def _name(head: Any, source: Source, table: pandas.DataFrame | None, key: str) -> None:
    """The file in one line, and the way back to the drop zone."""
    if source.sample:
        name = t("upload.sample_name", name=t(f"upload.{'_'.join(source.sample)}"))
    else:
        name = tables.plain(source.name)
    facts = [tables.size(source.size)]
    if table is not None:
        facts += [tn("upload.rows", len(table)), tn("upload.columns", len(table.columns))]
    with head:
        st.markdown(f":material/description: **{name}**", width="content")
        st.caption(" · ".join(facts), width="stretch")
        st.button(
            t("upload.other_file"),
            key=f"{key}.other",
            type="tertiary",
            icon=":material/refresh:",
            on_click=discard_upload,
            args=(key,),
        )


def _preview(read: Reading) -> None:
    """The first rows, and what the reader of files did or saw."""
    columns: dict[str, Any] = {read.roles.text: st.column_config.TextColumn(width="large")}
    if (
        read.roles.label is not None and not read.roles.spans
    ):  # stays in view where the text alone fills the width, as on a phone
        columns[read.roles.label] = st.column_config.Column(pinned=True)
    head = excerpt(readable(read.table.iloc[:PREVIEW_ROWS], read.roles), slice(None))
    st.dataframe(head, hide_index=True, column_config=columns, alt=t("upload.preview"))
    for note in notes_of(read.table):
        st.caption(f":material/info: {tables.plain(t_message(note))}")


def remember_columns(uploaded: UploadedTable) -> None:
    """Offer the same columns for the next table with this header; called when the table is saved."""
    ColumnMemory(home()).put([str(name) for name in uploaded.table.columns], uploaded.roles)
