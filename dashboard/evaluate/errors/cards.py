"""The Errors tab: each text that was answered wrongly as a card, ten a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from core.data.dataset.label_sets import labels_of
from dashboard.evaluate.errors import deciding, put_right, texts
from dashboard.evaluate.page import Shown, predictions
from dashboard.parts import choices, reasons, tables
from dashboard.shell.errors import guarded_fragment
from dashboard.shell.i18n import t, tn
from dashboard.shell.palette import label_colors

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    Spots = tuple[DeltaGenerator, DeltaGenerator]  # of a card's text, and of the words that decided

KEY = "evaluate.errors"
PAGE = 10
SIDES = ("truth", "predicted")
EVERY = ""  # stands for no filter


def draw(shown: Shown) -> None:
    """The filters, the cards of a page, the way to the other pages."""
    guarded_fragment()(_draw)(shown)


def _draw(shown: Shown) -> None:
    table = predictions(shown)
    wrong = table[table["truth"] != table["predicted"]]
    if not len(wrong):
        st.markdown(f":material/check_circle: {t('evaluate.no_confusion')}")
        return
    texts.styles()
    st.caption(tn("evaluate.errors_note", len(wrong), rows=tables.thousands(len(table))))
    tested = put_right.tables_of(shown)
    with st.container(
        key=f"{KEY}.standing", gap="small"
    ):  # stands there empty, too, so that nothing below changes its place
        put_right.standing(tested)
    rows, place = _filtered(shown, wrong)
    with_words = legend = None
    if shown.labelled:
        with st.container(horizontal=True, vertical_alignment="center", gap="medium", key=f"{KEY}.words-row"):
            with_words = _asks_for_words(shown)
            legend = st.container(width="stretch").empty()
    pages = -(-len(rows) // PAGE)
    number = st.session_state.get(f"{KEY}.page.{place}", 1)
    on_page = rows.iloc[(number - 1) * PAGE : number * PAGE]
    spots = [_card(shown, row, tested) for _, row in on_page.iterrows()]
    if pages > 1:
        st.pagination(pages, key=f"{KEY}.page.{place}")
    if set(shown.tests) - set(tested):
        st.caption(t("evaluate.right_gone"))
    _download(rows)
    if with_words and legend is not None:  # last, so that nobody waits for the cards
        with legend, st.spinner(t("reasons.working")):
            _mark(shown, on_page, spots)
        legend.html(
            f"<div class='reasons'>{reasons.legend(t('reasons.for_answer'), t('reasons.against_answer'))}</div>"
        )


def _filtered(shown: Shown, wrong: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """The rows that are asked for, in the order that is asked for, and a name for this choice."""
    rows, asked = (_by_side if shown.labelled else _by_set)(wrong)
    return rows, ".".join([str(shown.version.number), str(shown.test), *asked])


def _by_side(wrong: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """By the label and by the answer, where there are several; ordered by how sure the model was."""
    counted = {side: wrong[side].value_counts() for side in SIDES if wrong[side].nunique() > 1}
    columns = st.columns([3] * len(counted) + [4], gap="medium", vertical_alignment="bottom")
    asked = []
    rows = wrong
    for (side, counts), column in zip(counted.items(), columns, strict=False):
        with column:
            asked.append(_ask(side, {str(label): int(rows_of) for label, rows_of in counts.items()}))
        rows = rows if asked[-1] == EVERY else rows[rows[side] == asked[-1]]
    with columns[-1]:
        names = {order: t(f"evaluate.errors_{order}") for order in ("surest", "unsure")}
        order = choices.segmented(t("evaluate.errors_order"), names, key=f"{KEY}.order")
    return rows.sort_values("probability", ascending=order == "unsure", kind="stable"), [*asked, order]


def _by_set(wrong: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Of several labels a text: by one that is missed or given wrongly; the rows with most of them first."""
    apart = [set(labels_of(str(one))) ^ set(labels_of(str(two))) for one, two in wrong[[*SIDES]].to_numpy()]
    counts = Counter(label for labels in apart for label in sorted(labels))
    with st.columns([3, 7], gap="medium")[0]:
        label = _ask("label", dict(counts.most_common()))
    kept = [label in (EVERY, *labels) for labels in apart]
    rows = wrong.assign(apart=[len(labels) for labels in apart])[kept]
    return rows.sort_values("apart", ascending=False, kind="stable"), [label]


def _ask(side: str, counts: Mapping[str, int]) -> str:
    names = {EVERY: t("evaluate.errors_any")}
    names |= {label: t("evaluate.errors_of", label=label, rows=rows) for label, rows in counts.items()}
    label = t("evaluate.label") if side == "label" else t(f"evaluate.column_{side}")
    return choices.listed(label, names, key=f"{KEY}.{side}")


def _asks_for_words(shown: Shown) -> bool:
    """At first yes where reasons cost next to nothing."""
    key = f"{KEY}.words.{'exact' if deciding.exact(shown) else 'occlusion'}"
    if key not in st.session_state:
        st.session_state[key] = deciding.exact(shown)
    help_of = "linear" if deciding.exact(shown) else "occlusion"
    return bool(st.toggle(t("reasons.show"), key=key, help=t(f"reasons.{help_of}_help"), persist_state="session"))


def _card(shown: Shown, row: pd.Series, tested: dict[int, put_right.Table]) -> Spots:
    """A card; returns where its text and the words that decided stand."""
    key = f"{shown.version.number}.{row['test']}.{row.name}"
    with st.container(border=True, gap="small", key=f"{KEY}.card.{key}"):
        st.html(_head(shown, row))
        spot, words = st.empty(), st.empty()
        spot.html(texts.html(str(row["text"])))
        table = tested.get(int(row["test"]))
        if table is not None:
            put_right.draw(shown, row, table, key=key)
    return spot, words


def _head(shown: Shown, row: pd.Series) -> str:
    """What the label is, what was answered, how sure, and on which test."""
    test = (
        f"<span class='test'>{escape(t('update.test_number', number=row['test']))}</span>"
        if len(shown.tests) > 1
        else ""
    )
    if not shown.labelled:
        truth, answer = (set(labels_of(str(row[side]))) for side in SIDES)
        facts = {"missed": truth - answer, "too_many": answer - truth, "both": truth & answer}
        parts = [
            f"<span>{escape(t(f'evaluate.errors_{name}'))} <b>{escape(t('reasons.comma').join(sorted(labels)))}</b></span>"
            for name, labels in facts.items()
            if labels
        ]
        return f"<div class='error-head'>{''.join(parts)}{test}</div>"
    colors = label_colors(list(shown.classes))
    parts = []
    for side in SIDES:
        label = str(row[side])
        share = row[f"p_{shown.classes.index(label)}"] if label in shown.classes else None
        dot = f"<i style='background:{colors[label]}'></i>" if label in colors else ""
        sure = f" {tables.score(share)}" if share is not None else ""
        parts.append(f"<span>{escape(t(f'evaluate.column_{side}'))} {dot}<b>{escape(label)}</b>{sure}</span>")
    return f"<div class='error-head'>{''.join(parts)}{test}</div>"


def _mark(shown: Shown, rows: pd.DataFrame, spots: list[Spots]) -> None:
    """Colour the words of each card, and name those that counted most."""
    found = deciding.explain(shown, rows["text"].astype(str).tolist(), rows["predicted"].astype(str).tolist())
    for text, attribution, (spot, words) in zip(rows["text"], found, spots, strict=True):
        if attribution is None:
            words.caption(t("reasons.not_shown", most=deciding.MOST_WORDS))
        else:
            spot.html(texts.html(str(text), attribution))
            if said := deciding.in_words(attribution):
                words.caption(said)


def _download(rows: pd.DataFrame) -> None:
    columns = ["text", "truth", "predicted", "probability", "test"]
    titles = {name: str(t(f"evaluate.column_{name}")) for name in columns}
    tables.download_table(rows[columns].rename(columns=titles), "evaluate_errors", key=f"{KEY}.download")
