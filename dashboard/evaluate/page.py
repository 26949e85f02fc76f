"""The Evaluate page: which version and test are looked at, and the figures on top. The tabs below are files beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.base.messages import Message
from core.registry.records.reports import baseline_name
from core.statistics.intervals import Estimate, unpaired_difference
from core.tasks.base import Task
from core.tasks.text_classification.reported import has_labels
from core.workflows.versions.folder import VersionFolder
from dashboard.parts import choices, scores, tables
from dashboard.parts.names import SCORES, version_line
from dashboard.parts.versions import verdict
from dashboard.shell import layout, state
from dashboard.shell.i18n import t, t_message, tn
from dashboard.shell.job_news import RESULT_ASKED
from dashboard.shell.layout import Card

if TYPE_CHECKING:
    import pandas as pd

    from core.registry import VersionInfo

ALL = 0  # all frozen tests together; experiences are counted from 1
ROW, TALL_ROW, TABLE = 35, 74, 420  # pixels: a row of one line, one of three, and the height from which a table scrolls
CELL_TEXT = 290  # pixels: leaves room for the figures beside it
VERSION_LINK = "version"  # name in a link: ``/evaluate?classifier=Shop&version=2&tab=errors``


@dataclass(frozen=True)
class Shown:
    """A version on one frozen test, or on all of them (``test`` is `ALL`); ``figures`` are what its task measures."""

    version: VersionInfo
    report: dict[str, Any]
    test: int
    figures: Any

    @property
    def task(self) -> Task:
        """What the version is for."""
        return scores.task_of_report(self.report)

    @property
    def labelled(self) -> bool:
        """Whether its figures tell of labels."""
        return has_labels(self.report)

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(self.figures.classes)

    @property
    def baseline(self) -> dict[str, Any]:
        """The baseline's figures on the same rows."""
        stored = self.report["baseline"]
        if self.test == ALL:
            return dict(stored["report"])
        numbers = [test["experience"] for test in self.report["tests"]]
        return dict(stored["tests"][numbers.index(self.test)])

    @property
    def measured(self) -> dict[str, Any]:
        """The report as if the chosen test were all there is, for who compares it with the baseline."""
        return self.report | {
            "overall": self.figures.to_dict(),
            "baseline": self.report["baseline"] | {"report": self.baseline},
        }

    @property
    def tests(self) -> tuple[int, ...]:
        """Numbers of the experiences whose frozen tests are looked at."""
        numbers = (int(test["experience"]) for test in self.report["tests"])
        return tuple(number for number in numbers if self.test in (ALL, number))


def choose(classifier: str) -> Shown:
    """The pickers of version and test, on one line; of a single test there is nothing to pick."""
    left, right = st.columns(2, gap="medium")
    with left:
        version = _version(classifier)
    report = state.report(version)
    test = int(report["tests"][0]["experience"])
    if len(report["tests"]) > 1:
        with right:
            test = _test(report)
    stored = report["overall"]
    if test != ALL:
        stored = next(tested["report"] for tested in report["tests"] if tested["experience"] == test)
    return Shown(version, report, test, scores.task_of_report(report).stored_report(stored))


def _version(classifier: str) -> VersionInfo:
    known = {version.number: version for version in state.versions(classifier)}
    champion = state.champion(classifier)
    serving = champion.number if champion is not None else None
    _open_version(classifier, known, serving)
    names = {number: version_line(known[number], serving == number) for number in sorted(known, reverse=True)}
    first = max(known) if serving is None else serving
    return known[choices.listed(t("evaluate.version"), names, key="evaluate.version", first=first)]


def _open_version(classifier: str, known: Mapping[int, VersionInfo], serving: int | None) -> None:
    """Which version comes up: the one that a link or another page asked for, else one that this session has just seen
    come about, else the one that serves; and the reader's own choice for as long as none of these changes.
    """
    newest = max(known)
    seen = st.session_state.get("evaluate.seen")
    if seen != (classifier, newest, serving):
        fresh = seen is not None and seen[0] == classifier and newest > seen[1]
        st.session_state["evaluate.seen"] = (classifier, newest, serving)
        st.session_state["evaluate.version"] = newest if fresh or serving is None else serving
    linked = st.query_params.pop(VERSION_LINK, "")
    if linked.isdecimal():
        st.session_state["evaluate.version"] = int(linked)
    asked = st.session_state.pop(RESULT_ASKED, None)
    if asked is not None and asked[0] == classifier:
        st.session_state["evaluate.version"] = asked[1]


def _test(report: dict[str, Any]) -> int:
    tests = {test["experience"]: test for test in report["tests"]}
    options = [ALL, *tests]
    if st.session_state.get("evaluate.test") not in options:
        st.session_state["evaluate.test"] = options[0]

    names = {
        number: tn("evaluate.test_name", test["rows"], number=number, name=test["name"])
        for number, test in tests.items()
    }
    names[ALL] = tn("evaluate.all_tests", len(tests), rows=tables.thousands(report["overall"]["rows"]))
    return int(
        st.selectbox(
            t("evaluate.test"),
            options,
            format_func=names.__getitem__,
            key="evaluate.test",
            help=t("evaluate.test_help"),
            persist_state="session",
        )
    )


def cards(shown: Shown) -> list[Card]:
    """The four scores, each with its interval and its distance from the baseline."""
    shown_cards = []
    for name in SCORES:
        score: Estimate = getattr(shown.figures, name)
        against = shown.baseline.get(name)  # versions of old have accuracy and macro-F1 alone on a single test
        gap = unpaired_difference(score, Estimate.from_dict(against)) if against else None
        change = layout.changed(gap, t("evaluate.against_baseline"))
        told = t(f"evaluate.{name}_help")
        card = Card(
            t(f"evaluate.{name}"),
            tables.score(score.value),
            help=with_baseline(shown, told) if change else told,
            interval=tables.interval(score.low, score.high),
            **change,
        )
        shown_cards.append(card)
    return shown_cards


def with_baseline(shown: Shown, help: str) -> str:
    """What a score means, and which method the distance beside it is measured from."""
    against = t("evaluate.against_baseline_help", method=t_message(baseline_name(shown.report)))
    return verdict.joined([help, against] if help else [against])


def message_of(stored: dict[str, Any]) -> Any:
    """A sentence from `core` as a report keeps it."""
    return Message.from_dict(stored)


def predictions(shown: Shown) -> pd.DataFrame:
    """The rows of the test with truth, prediction, its probability, and one ``p_<i>`` a label."""
    return read_predictions(state.files_of(shown.version), shown.tests)


@st.cache_data(show_spinner=False, max_entries=12)
def read_predictions(files: state.Files, tests: tuple[int, ...]) -> pd.DataFrame:
    """A version's answers on these frozen tests, one below the other."""
    from pathlib import Path

    import pandas as pd

    stored = VersionFolder(Path(files.folder))
    parts = [stored.predictions(number).assign(test=number) for number in tests]
    table = pd.concat(parts, ignore_index=True)
    table["probability"] = table.filter(regex=r"^p_\d+$").max(axis=1)
    return table


def rows_table(rows: pd.DataFrame, *, key: str, several_tests: bool, of_cell: bool = False) -> None:
    """Texts with truth, prediction and probability, as a table to scroll and to download.

    Parameters
    ----------
    of_cell
        Whether truth and prediction are the same in all rows, and said above: then only the file has them, and the text is
        shown on several lines.
    """
    columns = ["text", "truth", "predicted", "probability", *(["test"] if several_tests else [])]
    config = {
        "text": st.column_config.TextColumn(t("evaluate.column_text"), width=CELL_TEXT if of_cell else "large"),
        "truth": st.column_config.TextColumn(t("evaluate.column_truth"), width=150),
        "predicted": st.column_config.TextColumn(t("evaluate.column_predicted"), width=150),
        "probability": st.column_config.NumberColumn(t("evaluate.column_probability"), format="%.3f", width=80),
        "test": st.column_config.NumberColumn(t("evaluate.column_test"), width=60),
    }
    shown = rows[columns]
    line = TALL_ROW if of_cell else ROW
    st.dataframe(
        shown.drop(columns=["truth", "predicted"]) if of_cell else shown,
        hide_index=True,
        column_config=config,
        key=key,
        height=min(TABLE, 38 + line * max(1, len(shown))),
        row_height=line,
    )
    titles = {name: str(t(f"evaluate.column_{name}")) for name in columns}
    tables.download_table(shown.rename(columns=titles), key.replace(".", "_"), key=f"{key}.download")
