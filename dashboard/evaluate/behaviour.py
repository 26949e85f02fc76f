"""The Behaviour tab: what a version does when its texts change in ways that should not matter, or should; and its words."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.tasks.text_classification.behaviour import Result, difference, run_tests, sides_of
from dashboard.evaluate import words
from dashboard.evaluate.page import Shown, predictions
from dashboard.parts import tables
from dashboard.shell import layout, state
from dashboard.shell.i18n import t, tn

KEY = "evaluate.behaviour"


def draw(shown: Shown) -> None:
    """Behavioural tests, then the words that count most for each label."""
    _tests(shown)
    words.draw(shown)


def _tests(shown: Shown) -> None:
    """The button, then failure rates, then the cases of one test."""
    layout.section(t("behaviour.title"), help=t("behaviour.help"))
    files = state.files_of(shown.version)
    wanted = f"{KEY}.wanted"
    if st.session_state.get(wanted) != (files, shown.test):
        st.caption(t("behaviour.offer"))
        st.button(
            t("behaviour.run"),
            icon=":material/rule:",
            key=f"{KEY}.run",
            on_click=lambda: st.session_state.update({wanted: (files, shown.test)}),
        )
        return
    with st.spinner(t("behaviour.working")):
        results = _results(files, shown.test, _shown=shown)
    if sides_of(shown.classes) is None:
        st.info(t("behaviour.no_sentiment"), icon=":material/info:")
    if not results:
        st.info(t("behaviour.nothing"), icon=":material/info:")
        return
    results = sorted(results, key=lambda result: -result.rate.value)
    st.dataframe(summary(results), hide_index=True, key=f"{KEY}.table")
    names = [t(f"behaviour.test_{result.capability}") for result in results]
    picked = st.selectbox(
        t("behaviour.cases_of"), range(len(results)), format_func=names.__getitem__, key=f"{KEY}.test"
    )
    _examples(results[int(picked or 0)])


@st.cache_resource(show_spinner=False, max_entries=8)
def _results(files: state.Files, test: int, _shown: Shown) -> list[Result]:
    return run_tests(state.engine(_shown.version), [str(text) for text in predictions(_shown)["text"]])


def summary(results: list[Result]) -> pd.DataFrame:
    """A row for each test."""
    return pd.DataFrame(
        {
            t("behaviour.test"): [t(f"behaviour.test_{result.capability}") for result in results],
            t("behaviour.expected"): [t(f"behaviour.kind_{result.kind}") for result in results],
            t("behaviour.cases"): [result.cases for result in results],
            t("behaviour.failed"): [result.failures for result in results],
            t("behaviour.rate"): [tables.estimate(result.rate) for result in results],
        }
    )


def _examples(result: Result) -> None:
    st.caption(t(f"behaviour.about_{result.capability}"))
    minimum = result.kind == "minimum"
    columns = {
        t("behaviour.did_fail"): [example.failed for example in result.examples],
        t("behaviour.changed"): [difference(example.text, example.changed or "") for example in result.examples],
        t("behaviour.answer"): [_answer(example.before) for example in result.examples],
        t("behaviour.expected_answer" if minimum else "behaviour.then"): [
            _answer(example.after) for example in result.examples
        ],
    }
    columns[t("behaviour.text")] = [example.text for example in result.examples]
    if minimum:
        del columns[t("behaviour.changed")]
    st.caption(tn("behaviour.shown", len(result.examples), cases=tables.thousands(result.cases)))
    st.dataframe(pd.DataFrame(columns), hide_index=True, key=f"{KEY}.examples")


def _answer(answer: tuple[str, float]) -> str:
    return f"{answer[0]} {tables.score(answer[1])}"
