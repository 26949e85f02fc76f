"""The Errors tab of a model that marks entities: each text that is not marked exactly as it should be as a card."""

from __future__ import annotations

from html import escape

import pandas as pd
import streamlit as st

from core.data.spans.targets import spans_of
from dashboard.evaluate.errors import put_right
from dashboard.evaluate.page import Shown, predictions
from dashboard.parts import choices, tables
from dashboard.parts.marking import marked
from dashboard.shell.errors import guarded_fragment
from dashboard.shell.i18n import t, tn

KEY = "evaluate.entities"
PAGE = 10
ANY = ""


def draw(shown: Shown) -> None:
    """The texts with most mistakes first, ten a page, and under each whether the table or the model is wrong."""
    guarded_fragment()(_draw)(shown)


def _draw(shown: Shown) -> None:
    marked.styles()
    table = predictions(shown)
    wrong = _wrong(table)
    tested = put_right.tables_of(shown)
    with st.container(
        key=f"{KEY}.standing", gap="small"
    ):  # stands there empty, too, so that nothing below changes its place
        put_right.standing(tested)
    types = [*shown.figures.per_type]
    names = {ANY: t("evaluate.errors_any"), **{name: name for name in types}}
    kind = choices.listed(t("evaluate.entity_type"), names, key=f"{KEY}.kind")
    if kind != ANY:
        wrong = wrong[[kind in mistaken for mistaken in wrong["types"]]]
    st.caption(tn("evaluate.entity_errors", len(wrong), rows=tables.thousands(len(table))))
    page = f"{KEY}.page.{shown.version.number}.{shown.test}.{kind}"
    number = st.session_state.get(page, 1)
    for _, row in wrong.iloc[(number - 1) * PAGE : number * PAGE].iterrows():
        _card(shown, row, types, tested.get(int(row["test"])))
    if len(wrong) > PAGE:
        st.pagination(-(-len(wrong) // PAGE), key=page)
    if set(shown.tests) - set(tested):
        st.caption(t("evaluate.right_gone"))


def _wrong(table: pd.DataFrame) -> pd.DataFrame:
    """The rows with mistakes, those with most first, and of each the types of what is missed or marked wrongly."""
    apart = [
        set(spans_of(truth)) ^ set(spans_of(answer))
        for truth, answer in zip(table["truth"], table["predicted"], strict=True)
    ]
    told = table.assign(mistakes=[len(spans) for spans in apart])
    told["types"] = pd.Series([{span.type for span in spans} for spans in apart], index=told.index, dtype=object)
    return told[told["mistakes"] > 0].sort_values("mistakes", ascending=False, kind="stable")


def _card(shown: Shown, row: pd.Series, types: list[str], table: put_right.Table | None) -> None:
    key = f"{shown.version.number}.{row['test']}.{row.name}"
    with st.container(border=True, gap="small", key=f"{KEY}.card.{key}"):
        sides = "".join(
            f"<span class='side'>{escape(t(f'evaluate.column_{side}'))}</span>"
            f"{marked.html(str(row['text']), spans_of(str(row[side])), types)}"
            for side in ("truth", "predicted")
        )
        st.html(f"<div class='marked-sides'>{sides}</div>")
        if table is not None:
            put_right.draw(shown, row, table, key=key)
