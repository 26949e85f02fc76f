"""The versions of a model on Overview: the table of all, and the chosen one with what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from core.base.errors import RegistryError
from core.registry.records.reports import baseline_name
from core.statistics.intervals import Estimate
from dashboard.overview import details
from dashboard.parts import scores, tables
from dashboard.parts.names import name_of
from dashboard.parts.privacy import spending
from dashboard.parts.recipe import recipe_sentences
from dashboard.parts.versions import decisions, history, same_tests, serving
from dashboard.parts.versions.verdict import joined, tell_since
from dashboard.shell import layout, state
from dashboard.shell.errors import boundary
from dashboard.shell.i18n import DEFAULT as ENGLISH
from dashboard.shell.i18n import catalogue, t, t_message, tn
from dashboard.shell.layout import Card

if TYPE_CHECKING:
    from core.registry import VersionInfo
    from core.workflows.standings import SameTests

VERSION = "models.version"
SERVING = "models.serving"  # in the session: model, and which of its versions served when a version was chosen
TABLE = "models.table"
TURN = "models.turn"


def draw(versions: list[VersionInfo], champion: VersionInfo | None) -> None:
    """All versions in a table, and below it the chosen one: where it comes from, what can be done with it, its details."""
    layout.section(t("overview.versions"))
    version = choose(versions, champion)
    lineage(version)
    serving.actions(version, champion)
    with boundary():  # a version with a damaged file can still be deleted, and another one serve
        if version != (champion or versions[-1]):  # whose figures stand on top of the page
            layout.cards(cards(version), key="-of-version")
        tell_since(state.report(version))
    with boundary():
        details.tabs(version)


def choose(versions: list[VersionInfo], champion: VersionInfo | None) -> VersionInfo:
    """The table of versions, newest first; its ticked row is the chosen version, the select box below does the same."""
    newest_first = versions[::-1]
    numbers = [version.number for version in newest_first]
    serving = champion.number if champion else numbers[0]
    of_whom = (versions[0].classifier, serving)
    if st.session_state.get(VERSION) not in numbers or st.session_state.get(SERVING) != of_whom:
        st.session_state[VERSION], st.session_state[SERVING] = serving, of_whom
    # The key changes with what was chosen elsewhere, so that the tick follows.
    key = f"{TABLE}.{versions[0].classifier}.{len(numbers)}.{st.session_state.get(TURN, 0)}"
    same = same_tests.of_today(versions[0].classifier)
    st.dataframe(
        _table(newest_first, champion, same),
        hide_index=True,
        key=key,
        on_select=lambda: _take_row(key, numbers),
        selection_mode=["single-row-required", "single-cell"],
        selection_default={"selection": {"rows": [numbers.index(st.session_state[VERSION])]}},
        column_config=_columns(_scores(newest_first)),
        alt=tn("models.table_alt", len(versions)),
    )
    for sentence in same_tests.sentences(same) if same is not None else []:
        st.caption(sentence)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="models-headline"):
        picked = st.selectbox(
            t("models.version"),
            numbers,
            key=VERSION,
            format_func=lambda number: t("models.version_name", number=number),
            label_visibility="collapsed",
            on_change=_turn,
            persist_state="session",
            width=200,
        )
        version = next(version for version in versions if version.number == picked)
        _badges(version, champion)
    return version


def _take_row(key: str, numbers: list[int]) -> None:
    selection = st.session_state[key]["selection"]
    if selection["cells"]:  # a click anywhere in a row means the row
        st.session_state[VERSION] = numbers[selection["cells"][0][0]]
        _turn()
    elif selection["rows"]:
        st.session_state[VERSION] = numbers[selection["rows"][0]]


def _turn() -> None:
    st.session_state[TURN] = st.session_state.get(TURN, 0) + 1


def _badges(version: VersionInfo, champion: VersionInfo | None) -> None:
    if champion is not None and version.number == champion.number:
        st.badge(t("models.serves_badge"), icon=":material/check:", color="green")
    spending.badge(version)
    with suppress(RegistryError):
        if state.report(version).get("synthetic"):
            st.badge(t("shell.synthetic"), icon=":material/science:", color="gray")


def _name(number: int, champion: VersionInfo | None) -> str:
    if champion is not None and number == champion.number:
        return t("models.version_serving", number=number)
    return t("models.version_name", number=number)


def _table(versions: list[VersionInfo], champion: VersionInfo | None, same: SameTests | None) -> pd.DataFrame:
    rows = [
        {
            "version": _name(version.number, champion),
            **{score: history.score_shown(version, score, same) for score in _scores(versions)},
            "change": _change(version, same),
            "how": how(version),
            "created": tables.moment(version.created),
        }
        for version in versions
    ]
    return pd.DataFrame(rows)


def _change(version: VersionInfo, same: SameTests | None) -> str:
    """Against the version that it was made from, by the score that decides, in points, which the column's title names."""
    if same is None or not version.parent:
        return tables.NOTHING
    score = same.task.score
    change, before = same.difference(version.parent, version.number), same.report(version.parent)
    if change is None or before is None:
        return tables.NOTHING
    change = score.gain(change, before.scores[score.name].value)
    return f"{tables.points(change.value)} ({tables.points_interval(change.low, change.high)})"


def _scores(versions: Sequence[VersionInfo]) -> list[str]:
    """Names of the scores that the table has columns of."""
    return [score.name for score in scores.task_of_version(versions[-1]).scores]


def _columns(measured: Sequence[str]) -> dict[str, Any]:
    return {
        "version": st.column_config.TextColumn(t("models.version"), width=122),
        "how": st.column_config.TextColumn(t("models.column_how"), width=220),
        **{score: st.column_config.TextColumn(scores.score_name(score), width=145) for score in measured},
        "change": st.column_config.TextColumn(
            t("models.column_change"),
            width=165,
            help=t("models.column_change_help", score=scores.score_name(measured[0])),
        ),
        "created": st.column_config.TextColumn(t("models.column_created"), width=132),
    }


def how(version: VersionInfo) -> str:
    """How a version came to be: which model was trained, or how which version was updated."""
    strategy = str(version.summary.get("strategy", "train"))
    if version.parent is None:
        return t("models.how_train", model=name_of("model", str(version.summary.get("model", ""))))
    return t("models.how_update", strategy=name_of("strategy", strategy), parent=version.parent)


def lineage(version: VersionInfo) -> None:
    """Where a version comes from: one sentence a step, newest first."""
    line = history.lineage(version)
    st.markdown(joined([_step(known) for known in reversed(line)]))
    stored = {info.id: info for info in state.datasets()}
    for known in reversed(line):
        dataset = stored.get(str(known.summary.get("dataset")))
        if dataset is not None and (steps := recipe_sentences(dataset)):
            facts = {"dataset": tables.plain(dataset.name), "version": known.number}
            st.caption(f":material/edit: {t('models.lineage_recipe', **facts)} {' '.join(steps)}")


def _step(version: VersionInfo) -> str:
    facts = {
        "version": version.number,
        "rows": tables.thousands(float(version.summary.get("rows", 0))),
        "dataset": tables.plain(str(version.summary.get("dataset_name", tables.NOTHING))),
    }
    if version.parent is None:
        return t("models.lineage_train", **facts)
    strategy = name_of("strategy", str(version.summary.get("strategy", "")))
    sentence = t("models.lineage_update", parent=version.parent, strategy=strategy, **facts)
    return f"{sentence} {decisions.against_the_gate(version)}".rstrip()


def cards(version: VersionInfo) -> list[Card]:
    """Its scores on its own tests, with what they gain over the baseline."""
    report = state.report(version)
    overall, baseline = report["overall"], report["baseline"]["report"]
    return [
        Card(
            scores.score_name(score.name),
            tables.score(overall[score.name]["value"]),
            help=_score_help(score.name, report),
            interval=tables.interval(overall[score.name]["low"], overall[score.name]["high"]),
            basis=tn("models.own_rows", overall["rows"]),
            **layout.changed(
                scores.gain_over(
                    score, Estimate.from_dict(overall[score.name]), Estimate.from_dict(baseline[score.name])
                ),
                t("models.against_baseline"),
            ),
        )
        for score in scores.task_of_report(report).scores
    ]


def _score_help(score: str, report: dict[str, Any]) -> str | None:
    key = f"models.{score}_help"
    return t(key, method=t_message(baseline_name(report))) if key in catalogue(ENGLISH) else scores.score_help(score)
