"""The reasons tab of the Results page: which words an answer rests on, and which words a label rests on."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.networks.explain import Attribution, Influence, most_influential
from dashboard.evaluate.page import Shown, predictions
from dashboard.parts import reasons, tables
from dashboard.parts.plots import charts
from dashboard.shell import layout, state
from dashboard.shell.i18n import t, tn
from dashboard.shell.palette import label_colors

KEY = "evaluate.reasons"
MOST_ROWS = 500  # offered to choose from
MOST_WORDS = 12
EXAMPLE = 160  # characters


def draw(shown: Shown) -> None:
    """One answer with its words coloured; below, the words that count most for each label."""
    rows = ordered(predictions(shown))
    if rows.empty:
        st.info(t("reasons.no_rows"), icon=":material/info:")
        return
    layout.section(t("reasons.one_title"), help=t("reasons.one_help"))
    row = _chosen(rows)
    text = str(rows["text"].iloc[row])
    labels = list(shown.classes)
    _facts(rows.iloc[row])
    asked = st.selectbox(
        t("reasons.label"),
        labels,
        index=labels.index(str(rows["predicted"].iloc[row])),
        key=f"{KEY}.label.{shown.version.number}.{row}",
        help=t("reasons.label_help"),
        width=320,
    )
    with st.spinner(t("reasons.working")):
        attribution = explained(
            str(state.version_folder(shown.version)), text, labels.index(asked), _version=shown.version
        )
    if attribution.words:
        reasons.draw(attribution, labels, key=KEY)
    else:
        st.info(t("reasons.no_words"), icon=":material/info:")
    _words_of_labels(shown, rows)


def ordered(rows: pd.DataFrame) -> pd.DataFrame:
    """The surest errors first, then the other rows."""
    wrong = rows["truth"] != rows["predicted"]
    order = rows.assign(_wrong=wrong).sort_values(["_wrong", "probability"], ascending=[False, False], kind="stable")
    return order.drop(columns="_wrong").head(MOST_ROWS).reset_index(drop=True)


def _chosen(rows: pd.DataFrame) -> int:
    """The row that is explained: the one that was clicked, at first the surest error."""
    columns = ["text", "truth", "predicted", "probability"]
    config = {
        "text": st.column_config.TextColumn(t("evaluate.column_text"), width="large"),
        "truth": st.column_config.TextColumn(t("evaluate.column_truth")),
        "predicted": st.column_config.TextColumn(t("evaluate.column_predicted")),
        "probability": st.column_config.NumberColumn(t("evaluate.column_probability"), format="%.3f"),
    }
    event = st.dataframe(
        rows[columns],
        hide_index=True,
        column_config=config,
        height=212,
        key=f"{KEY}.rows",
        on_select="rerun",
        selection_mode="single-row-required",
        selection_default={"selection": {"rows": [0]}},
    )
    picked = event["selection"]["rows"]
    return min(int(picked[0]), len(rows) - 1) if picked else 0


def _facts(row: pd.Series) -> None:
    facts = {
        "truth": tables.plain(str(row["truth"])),
        "predicted": tables.plain(str(row["predicted"])),
        "share": tables.score(float(row["probability"])),
    }
    st.caption(t("reasons.right" if row["truth"] == row["predicted"] else "reasons.wrong", **facts))


@st.cache_resource(show_spinner=False, max_entries=200)
def explained(folder: str, text: str, label: int, _version: object) -> Attribution:
    """An explanation from inside the model where there is one; remembered."""
    from pathlib import Path

    from core.workflows.versions.explaining import explain_answer

    return explain_answer(Path(folder), state.engine(_version), text, label)  # type: ignore[arg-type]


def _words_of_labels(shown: Shown, rows: pd.DataFrame) -> None:
    layout.section(t("reasons.all_title"), help=t("reasons.all_help"))
    files = state.files_of(shown.version)
    wanted = f"{KEY}.wanted"
    if st.session_state.get(wanted) != (files, shown.test):
        st.caption(t("reasons.all_offer"))
        st.button(
            t("reasons.all_button"),
            icon=":material/manage_search:",
            key=f"{KEY}.all",
            on_click=lambda: st.session_state.update({wanted: (files, shown.test)}),
        )
        return
    with st.spinner(t("reasons.working")):
        attributions = _many(files, shown.test, _shown=shown)
    st.caption(tn("reasons.all_rows", len(attributions)))
    labels = list(shown.classes)
    number = labels.index(st.selectbox(t("reasons.all_label"), labels, key=f"{KEY}.all_label", width=320))
    words = most_influential(attributions, number, most=MOST_WORDS)
    if not words:
        st.info(t("reasons.all_none"), icon=":material/info:")
        return
    _bars(words, labels, number)
    table = pd.DataFrame(
        {
            t("reasons.word"): [influence.word for influence in words],
            t("reasons.score"): [influence.score for influence in words],
            t("reasons.texts"): [influence.texts for influence in words],
            t("reasons.example"): [attributions[influence.example].text[:EXAMPLE] for influence in words],
        }
    )
    config = {
        t("reasons.score"): st.column_config.NumberColumn(format="%+.3f"),
        t("reasons.example"): st.column_config.TextColumn(width="large"),
    }
    st.dataframe(table, hide_index=True, column_config=config, key=f"{KEY}.influence")


@st.cache_resource(show_spinner=False, max_entries=4)
def _many(files: state.Files, test: int, _shown: Shown) -> list[Attribution]:
    from core.workflows.versions.explaining import explain_many

    rows = predictions(_shown)
    labels = list(_shown.classes)
    answers = [labels.index(str(name)) for name in rows["predicted"]]
    return explain_many(state.engine(_shown.version), [str(text) for text in rows["text"]], answers)


def _bars(words: list[Influence], labels: list[str], number: int) -> None:
    chart = charts.figure(height=60 + 26 * len(words))
    names = [charts.text(influence.word) for influence in words]
    chart.add_bar(
        x=[influence.score for influence in words],
        y=names,
        orientation="h",
        marker_color=label_colors(labels)[labels[number]],
        customdata=[influence.texts for influence in words],
        hovertemplate="%{y}: %{x:+.2f} (%{customdata})<extra></extra>",
    )
    chart.update_yaxes(autorange="reversed", type="category")
    chart.update_xaxes(title_text=t("reasons.score"))
    title = t("reasons.chart", word=words[0].word, label=labels[number])
    charts.draw(chart, key=f"{KEY}.bars", alt=t("reasons.chart_alt", label=labels[number]), title=title)
