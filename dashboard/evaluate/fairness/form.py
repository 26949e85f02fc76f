"""What a person is asked before fairness is measured: the answer that matters, the groups, and the rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from core.fairness.terms import parse_terms, terms_for, write_terms
from core.statistics.intervals import MINIMUM_ROWS
from core.workflows.versions.folder import VersionFolder
from dashboard.evaluate.page import Shown
from dashboard.parts import choices, tables
from dashboard.parts.names import titles
from dashboard.shell import state
from dashboard.shell.errors import boundary
from dashboard.shell.i18n import t

KEY = "evaluate.fairness"
FROZEN = ""  # in place of a dataset's id
LIST_HEIGHT = 260  # pixels
# Labels that people usually mean when they ask whether groups are treated alike.
LIKELY = {
    "toxic",
    "offensive",
    "hate",
    "abusive",
    "insult",
    "spam",
    "positive",
    "yes",
    "1",
    "bad",
    "冒犯",
    "有害",
    "辱骂",
}


def _tested(shown: Shown, labels: tuple[str, ...]) -> str:
    """The rarest label of which the tests have rows enough; the last one where they have of none."""
    if not shown.labelled:
        return labels[-1]
    rows = dict(zip(shown.classes, shown.figures.confusion.sum(axis=1).tolist(), strict=True))
    enough = [name for name in labels if rows.get(name, 0) >= MINIMUM_ROWS]
    return min(enough, key=rows.__getitem__, default=labels[-1])


def draw(shown: Shown, kind: str) -> None:
    """The form, and the button that starts the job."""
    st.caption(t("fairness.offer"))
    labels = tuple(str(name) for name in shown.report["classes"])
    likely = next((name for name in labels if name.casefold() in LIKELY), _tested(shown, labels))
    left, right = st.columns(2, gap="medium")
    with left:
        positive = choices.listed(
            t("fairness.positive"),
            {name: name for name in labels},
            key=f"{KEY}.positive",
            first=likely,
            help=t("fairness.positive_help"),
        )
    with right:
        dataset = _rows()
    ways = {name: t(f"fairness.by_{name}") for name in ("words", "column")}
    by = choices.segmented(t("fairness.by"), ways, key=f"{KEY}.by", help=t("fairness.by_help"))
    values: dict[str, Any] = {"positive": positive, "dataset": dataset or None, "by": by}
    groups = _words(shown) if by == "words" else _column(shown, dataset)
    values |= groups or {}
    start, lacking = t("fairness.start"), groups is None
    if st.button(start, key=f"{KEY}.start", icon=":material/play_arrow:", type="primary", disabled=lacking):
        with boundary():
            parse_terms(values.get("terms") or "a/b: c")  # a line that cannot be read is told here, not by the job
            _start(shown, kind, values)


def _start(shown: Shown, kind: str, values: dict[str, Any]) -> None:
    facts = {"classifier": shown.version.classifier, "version": shown.version.number}
    named = titles("fairness.job", **facts)
    state.jobs().submit(kind, classifier=shown.version.classifier, config={**facts, **values}, **named)
    st.rerun()


def _rows() -> str:
    """The frozen tests, or a stored dataset of labelled rows."""
    names = {FROZEN: t("fairness.frozen")}
    for dataset in state.datasets():
        if dataset.labelled and dataset.kind != "spans":
            names[dataset.id] = f"{dataset.name} · {tables.thousands(dataset.rows)}"
    return choices.listed(t("fairness.rows"), names, key=f"{KEY}.rows", help=t("fairness.rows_help"))


def _words(shown: Shown) -> dict[str, str]:
    """The list of words, which can be edited; the built-in one is named by nothing."""
    language = str(shown.report["language"])
    built_in = write_terms(terms_for(language))
    with st.expander(t("fairness.words"), icon=":material/list:"):
        st.caption(t("fairness.words_help"))
        text = st.text_area(
            t("fairness.words"),
            built_in,
            key=f"{KEY}.terms.{language}",
            height=LIST_HEIGHT,
            label_visibility="collapsed",
        )
    return {"terms": "" if text.strip() == built_in else text}


def _column(shown: Shown, dataset: str) -> dict[str, str] | None:
    """The group column of the tested rows, where they have one, or a further column of the texts; None without any."""
    tested = [dataset] if dataset else [str(record["dataset"]) for record in shown.report["experiences"]]
    grouped = any(map(_has_groups, tested))
    known = VersionFolder(Path(state.files_of(shown.version).folder)).inputs
    names = {"": t("fairness.group_column")} if grouped else {}
    names |= {str(column["name"]): str(column["name"]) for column in known}
    if not names:
        st.info(t("fairness.no_column_here"), icon=":material/info:")
        return None
    if not grouped:
        st.caption(t("fairness.no_groups_here"))
    return {"column": choices.listed(t("fairness.column"), names, key=f"{KEY}.column", help=t("fairness.column_help"))}


@st.cache_data(show_spinner=False, max_entries=200, ttl=3600)
def _has_groups(dataset: str) -> bool:
    """Whether any row of a stored dataset has a group; not where it was deleted."""
    return any(state.workspace().datasets.groups(dataset) or ())
