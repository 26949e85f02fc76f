"""What an inspection found: a short list, each finding with its rows, what to do, and fixes to tick."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Literal

import pandas
import streamlit as st

from core.base.config import home
from core.base.messages import Message
from core.data.dataset.store import DatasetStore
from core.data.loading.entity_doubts import examples, stretches
from core.data.quality import Finding, Fix
from dashboard.parts import tables
from dashboard.parts.marking.told import told, told_targets
from dashboard.parts.profile import ICONS
from dashboard.parts.upload.files import excerpt
from dashboard.shell import layout
from dashboard.shell.errors import boundary
from dashboard.shell.i18n import t, t_message, tn

if TYPE_CHECKING:
    from core.data.dataset.store import StoredDataset

PAGE_ROWS = 25
IN_A_SENTENCE = 7  # names; a longer list would be cut
SEVERITIES = ("error", "warning", "info")
PARTS = ("train", "validation", "test")


def verdict(inspection: dict[str, Any]) -> None:
    """The gravest of what was found, in one line, and how many findings of each kind there are."""
    counts: Counter[str] = Counter(finding.severity for finding in findings_of(inspection))
    worst = next((severity for severity in SEVERITIES if counts[severity]), None)
    icon = ICONS["good" if worst in (None, "info") else str(worst)]
    layout.section(f"{icon} {tn(f'quality.verdict_{worst}', counts[worst]) if worst else t('quality.nothing')}")
    rest = [tn(f"quality.also_{severity}", counts[severity]) for severity in SEVERITIES if counts[severity]]
    if len(rest) > 1:
        st.caption(" · ".join(rest))


def draw(dataset: StoredDataset, inspection: dict[str, Any]) -> None:
    """The list, and what was looked for in vain."""
    findings = findings_of(inspection)
    for number, finding in enumerate(findings):
        _finding(dataset, finding, number)
    facts = {"when": tables.moment(inspection["created"]), "time": tables.duration(inspection["seconds"])}
    st.caption(t("quality.made", **facts, against=_against(inspection)))
    if findings and inspection["clean"]:
        names = [t(f"quality.finder_{name}") for name in inspection["clean"]]
        more = t("quality.clean_more", names=names[IN_A_SENTENCE:]) if names[IN_A_SENTENCE:] else ""
        st.caption(t("quality.clean", names=names[:IN_A_SENTENCE], more=more))


def findings_of(inspection: dict[str, Any]) -> list[Finding]:
    """The findings of a stored inspection."""
    return [Finding.from_dict(finding) for finding in inspection["findings"]]


def chosen_fixes(dataset: StoredDataset, inspection: dict[str, Any]) -> list[Fix]:
    """Fixes that are ticked."""
    return [
        fix
        for number, finding in enumerate(findings_of(inspection))
        for fix in finding.fixes
        if st.session_state.get(_tick(dataset, number, finding, fix))
    ]


def _against(inspection: dict[str, Any]) -> str:
    if not inspection["frozen"]:
        return t("quality.no_frozen")
    return t("quality.frozen", names=[tables.plain(name) for name in inspection["frozen"]])


def _finding(dataset: StoredDataset, finding: Finding, number: int) -> None:
    """One finding: its sentence and rows, what to do, and its fixes."""
    with st.container(border=True, gap="xxsmall", key=f"quality-finding-{number}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
            st.markdown(ICONS[finding.severity], width="content")
            st.markdown(f"**{tables.plain(said(finding.sentence))}**", width="stretch")
            key = f"quality.rows.{number}.{finding.kind}"
            if finding.rows and st.button(t("quality.show_rows"), key=key, type="tertiary", width="content"):
                _show_rows(dataset, finding)
        named = _examples(dataset, finding)
        if named:
            st.caption(t("spans.such_as", examples=[tables.plain(name) for name in named]))
        advice = tables.plain(said(finding.advice))
        seen = t("quality.seen", rows=tables.thousands(finding.seen)) if finding.seen else ""
        st.caption(f"{advice} {seen}")
        ticks = [_tick(dataset, number, finding, fix) for fix in finding.fixes]
        for tick, fix in zip(ticks, finding.fixes, strict=True):
            others = [other for other in ticks if other != tick]
            st.checkbox(tables.plain(said(fix.sentence)), key=tick, on_change=_untick, args=(tick, others))


def said(sentence: Message) -> str:
    """The sentence in the reader's language, with the parts of a dataset by their names."""
    facts = {
        name: t(f"quality.part_{value}") if name in ("lower", "upper") and value in PARTS else value
        for name, value in sentence.facts.items()
    }
    return t_message(Message(sentence.key, sentence.text, facts))


def _examples(dataset: StoredDataset, finding: Finding) -> list[str]:
    """The first words that a finding speaks of; it stores where they stand, not what they are."""
    if not any(stretches(note) for note in finding.notes):
        return []
    texts, _, _ = _texts(home(), dataset.id, finding.rows)
    return examples(finding.rows, finding.notes, dict(zip(finding.rows, texts, strict=True)))


def _tick(dataset: StoredDataset, number: int, finding: Finding, fix: Fix) -> str:
    return f"quality.fix.{dataset.id}.{number}.{finding.kind}.{fix.name}"


def _untick(tick: str, others: list[str]) -> None:
    """Two ways to put the same thing right exclude each other."""
    if st.session_state.get(tick):
        for other in others:
            st.session_state[other] = False


def _show_rows(dataset: StoredDataset, finding: Finding) -> None:
    width: Literal["large"] = "large"

    def body() -> None:
        with boundary():
            st.markdown(tables.plain(said(finding.sentence)))
            pages = -(-len(finding.rows) // PAGE_ROWS)
            shown = 1
            if pages > 1:
                shown = st.pagination(pages, key=f"quality.page.{dataset.id}.{finding.kind}")
            begin = (shown - 1) * PAGE_ROWS
            rows = rows_behind(dataset, finding, begin, begin + PAGE_ROWS)
            widths: dict[str, Any] = {
                t("quality.row"): st.column_config.NumberColumn(width="small"),
                t("quality.text"): st.column_config.TextColumn(width="large"),
            }
            alt = t("data.rows_alt", count=tables.thousands(len(rows)))
            st.dataframe(excerpt(rows, slice(None)), hide_index=True, column_config=widths, alt=alt)
            st.caption(t("quality.rows_note", listed=tn("quality.rows", len(finding.rows))))

    st.dialog(t(f"quality.kind_{finding.kind}"), width=width)(body)()


def rows_behind(dataset: StoredDataset, finding: Finding, begin: int, end: int) -> pandas.DataFrame:
    """Some of a finding's rows, numbered from 1; of one that speaks of words in them, these stand before the texts."""
    whole, names, divided = _texts(home(), dataset.id, finding.rows)
    texts, labels = whole[begin:end], names[begin:end]
    notes = finding.notes[begin:end]
    table: dict[str, Any] = {t("quality.row"): [row + 1 for row in finding.rows[begin:end]]}
    if any(stretches(note) for note in notes):
        table[t("spans.mention")] = [told(text, stretches(note)) for text, note in zip(texts, notes, strict=True)]
        table[t("quality.note")] = [t_message(note) for note in notes]
        table[t("quality.text")] = texts
        return pandas.DataFrame(table)
    table[t("quality.text")] = texts
    if dataset.roles.spans:
        table[t("spans.entities")] = told_targets(texts, labels)
    elif dataset.labelled:
        table[t("quality.label")] = labels
    if divided is not None:
        table[t("quality.part")] = [t(f"quality.part_{part}") for part in divided[begin:end]]
    if notes:
        table[t("quality.note")] = [t_message(note) for note in notes]
    return pandas.DataFrame(table)


@st.cache_data(show_spinner=False, max_entries=10)
def _texts(
    folder: Any, dataset: str, rows: tuple[int, ...]
) -> tuple[tuple[str, ...], list[str], tuple[str, ...] | None]:
    behind = DatasetStore(folder).load(dataset).take(rows)
    return behind.texts, behind.label_names(), behind.splits
