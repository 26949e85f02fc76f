"""Entities in words, for tables: each as it stands in its text, with its type."""

from __future__ import annotations

from collections.abc import Sequence

import pandas
import streamlit as st

from core.data.dataset.columns import ColumnRoles
from core.data.loading.entity_survey import TypeFigures
from core.data.spans.cells import read_cell
from core.data.spans.targets import Span, spans_of
from dashboard.parts import tables
from dashboard.shell import layout
from dashboard.shell.i18n import t


def told(text: str, spans: Sequence[Span]) -> str:
    """``Tim Cook (PER), Apple (ORG)``; a dash where there is none."""
    return ", ".join(f"{text[span.start : span.end]} ({span.type})" for span in spans) or tables.NOTHING


def told_targets(texts: Sequence[str], targets: Sequence[str]) -> list[str]:
    """The entities of rows."""
    return [told(text, spans_of(target)) for text, target in zip(texts, targets, strict=True)]


def readable(table: pandas.DataFrame, roles: ColumnRoles) -> pandas.DataFrame:
    """Some rows of a file with what its column of entities says in words; texts that carry marks stay as they are written."""
    if not roles.spans or roles.label is None or not {roles.text, roles.label} <= {*table.columns}:
        return table
    texts, cells = [], []
    for written, cell in zip(table[roles.text].fillna(""), table[roles.label].fillna(""), strict=True):
        text, spans = read_cell(str(written), str(cell))
        texts.append(text)
        cells.append(str(cell) if spans is None else told(text, spans))
    return table.assign(**{roles.text: texts, roles.label: cells})


def draw_types(figures: Sequence[TypeFigures], *, key: str) -> None:
    """Each type: how many there are, how long, and what is marked most often."""
    layout.section(t("spans.types"))
    table = pandas.DataFrame(
        {
            t("spans.type"): each.name,
            t("spans.entities"): each.entities,
            t("spans.texts"): each.texts,
            t("spans.length"): each.length,
            t("spans.surfaces"): ", ".join(
                f"{surface} ({tables.thousands(count)})" for surface, count in each.surfaces
            ),
        }
        for each in figures
    )
    number = st.column_config.NumberColumn
    config = {
        t("spans.entities"): number(format="localized"),
        t("spans.texts"): number(format="localized"),
        t("spans.length"): number(help=t("spans.length_help")),
        t("spans.surfaces"): st.column_config.TextColumn(width="large"),
    }
    st.dataframe(table, hide_index=True, key=key, column_config=config, alt=t("spans.types_alt", types=len(figures)))
