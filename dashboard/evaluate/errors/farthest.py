"""The tab for answers that are not simply right or wrong: the texts that were answered worst, as cards."""

from __future__ import annotations

from html import escape

import numpy as np
import pandas as pd
import streamlit as st

from core.tasks import Task
from dashboard.evaluate.errors import texts
from dashboard.evaluate.page import Shown, predictions
from dashboard.parts import scores, tables
from dashboard.shell.errors import guarded_fragment
from dashboard.shell.i18n import t, tn

KEY = "evaluate.farthest"
PAGE = 10


def draw(shown: Shown) -> None:
    """The cards of a page, the way to the other pages, and all rows to take along."""
    guarded_fragment()(_draw)(shown)


def _draw(shown: Shown) -> None:
    task = shown.task
    table = farthest(task, predictions(shown))
    texts.styles()
    st.caption(tn("evaluate.plain_rows_note", len(table)))
    place = f"{KEY}.page.{shown.version.number}.{shown.test}"
    number = st.session_state.get(place, 1)
    for _, row in table.iloc[(number - 1) * PAGE : number * PAGE].iterrows():
        with st.container(border=True, gap="small", key=f"{KEY}.card.{shown.version.number}.{row.name}"):
            st.html(_head(shown, row))
            st.html(texts.html(str(row["text"])))
    if len(table) > PAGE:
        st.pagination(-(-len(table) // PAGE), key=place)
    columns = ["text", *(["truth", "answer"] if task.reads_targets else []), "value"]
    tables.download_table(table[columns], "evaluate_farthest", key=f"{KEY}.download")


def farthest(task: Task, table: pd.DataFrame) -> pd.DataFrame:
    """The rows by how badly each was answered, the worst first, with each one's own value of the deciding score."""
    truth, answers = ([str(value) for value in table[name]] for name in ("truth", "predicted"))
    values = np.asarray(task.score.of(np.asarray(task.statistics(truth, answers), dtype=np.float64)))
    told = table.assign(value=values, answer=[task.told(answer) for answer in answers])
    if task.reads_targets:
        told = told.assign(truth=[task.told(target) for target in truth])
    return told.sort_values("value", ascending=task.score.higher_is_better, kind="stable")


def _head(shown: Shown, row: pd.Series) -> str:
    facts = [(scores.score_name(shown.task.score.name), tables.score(float(row["value"])))]
    if shown.task.reads_targets:
        facts = [(t("evaluate.column_truth"), row["truth"]), (t("evaluate.column_predicted"), row["answer"]), *facts]
    parts = "".join(f"<span>{escape(name)} <b>{escape(str(value))}</b></span>" for name, value in facts)
    return f"<div class='error-head'>{parts}</div>"
