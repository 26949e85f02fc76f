"""The parts of the Overview page, each a few lines over the classifier's story."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import streamlit as st

from core.base.errors import RegistryError
from core.base.integrity import is_damage
from core.statistics.intervals import Estimate
from dashboard.parts import scores, tables
from dashboard.parts.plots.heatmaps import heatmap
from dashboard.parts.versions import history, same_tests, timeline, verdict
from dashboard.parts.versions.ahead import ahead, go_there
from dashboard.parts.versions.decisions import waiting_candidate
from dashboard.parts.versions.next_step import next_step, test_name, worst_drop
from dashboard.shell import layout, state
from dashboard.shell.i18n import DEFAULT as ENGLISH
from dashboard.shell.i18n import catalogue, t, t_message, tn
from dashboard.shell.layout import Card
from dashboard.shell.navigation import go

if TYPE_CHECKING:
    from core.registry import VersionInfo
    from core.statistics.additive import Score
    from core.workflows.standings import SameTests

VERDICT_ICONS: dict[verdict.Kind, str] = {
    "better": ":green[:material/check_circle:]",
    "perhaps_better": ":material/balance:",
    "level": ":material/balance:",
    "perhaps_worse": ":material/balance:",
    "worse": ":orange[:material/trending_down:]",
}


@dataclass(frozen=True)
class Story:
    """What Overview tells of one classifier.

    Parameters
    ----------
    shown
        The champion, or the newest version while none serves.
    matrix
        The accuracy matrix R of the version shown.
    same
        All versions on today's tests; None where no version has its files.
    """

    classifier: str
    versions: list[VersionInfo]
    champion: VersionInfo | None
    shown: VersionInfo
    matrix: history.Matrix
    same: SameTests | None
    waiting: int


def read(classifier: str) -> Story:
    """Collect the story of a classifier."""
    versions = state.versions(classifier)
    champion = state.champion(classifier)
    shown = champion or versions[-1]
    waiting = state.corrections().count(classifier)
    same = same_tests.of_today(classifier)
    return Story(classifier, versions, champion, shown, history.accuracy_matrix(shown), same, waiting)


def heading(classifier: str) -> None:
    """The model's name and which version serves; how much it has learned where its files can say so."""
    champion = state.champion(classifier)
    if champion is None:
        layout.heading(classifier, t("overview.no_champion"))
        return
    caption = t("shell.serves", version=champion.number)
    with suppress(RegistryError):
        learned = sum(experience["train"] for experience in state.report(champion)["experiences"])
        facts = {"version": champion.number, "created": tables.moment(champion.created)}
        caption = tn("overview.caption", learned, **facts)
    layout.heading(classifier, caption)


def cards(story: Story) -> list[Card]:
    """The numbers on top, each with its change since the version before, on the rows that all versions share."""
    previous = next((known for known in story.versions if known.number == story.shown.parent), None)
    against = t("overview.against", version=previous.number) if previous else None
    shown = []
    task = scores.task_of_version(story.shown)
    first = scores.headline(task)
    for score in sorted(task.scores, key=lambda score: score is not first):
        label, help_text = _named(score.name)
        estimate, rows, difference = _measured(story, previous, score)
        card = Card(label, tables.score(estimate.value), help=help_text, **layout.changed(difference, against))
        shown.append(replace(card, interval=tables.interval(estimate.low, estimate.high), basis=same_tests.over(rows)))
    shown.append(_forgetting_card(story))
    if not task.reads_targets:
        return shown
    help_text = t("overview.card_corrections_help")
    return [
        *shown,
        Card(t("overview.card_corrections"), tables.thousands(story.waiting), help=help_text, good="neither"),
    ]


def _named(score: str) -> tuple[str, str | None]:
    """What a score's card is called, and its help where the catalogue has one."""
    key = f"overview.card_{score}"
    return (
        (t(key), t(f"{key}_help"))
        if key in catalogue(ENGLISH)
        else (scores.score_name(score), scores.score_help(score))
    )


def _measured(story: Story, previous: VersionInfo | None, score: Score) -> tuple[Estimate, int, Estimate | None]:
    """A score of the version shown, on how many rows, and its change on the same rows; where nothing else is known, its own
    tests'.
    """
    report = story.same.report(story.shown.number) if story.same is not None else None
    if report is None or story.same is None:
        stored = state.report(story.shown)["overall"]
        return Estimate.from_dict(stored[score.name]), int(stored["rows"]), None
    difference = story.same.difference(previous.number, story.shown.number, score.name) if previous else None
    before = story.same.report(previous.number) if previous else None
    if difference is not None and before is not None:
        difference = score.gain(difference, before.scores[score.name].value)
    return report.scores[score.name], report.rows, difference


def _forgetting_card(story: Story) -> Card:
    """Forgetting, without a change: the version before forgot on fewer tests, so the two can't be compared."""
    score = story.matrix.score
    label, help_text = (scores.named_in(score, f"overview.card_forgetting{part}") for part in ("", "_help"))
    now = story.matrix.forgetting
    if now is None:
        return Card(label, tables.NOTHING, help=help_text, good="down")
    ends = state.report(story.shown).get("continual_intervals", {}).get("forgetting")  # versions of old have none
    interval = scores.forgotten_interval(score, *ends) if ends else None
    return Card(label, scores.forgotten(score, now), help=help_text, good="down", interval=interval)


def verdict_and_step(story: Story) -> None:
    """How good the model is, in a sentence, and below it what to do next, with the one button."""
    judged = verdict.judge_today(story.shown, story.same)
    matrix = story.matrix if story.champion else None
    proposed = next_step(story.versions, story.champion, matrix, story.waiting, behind=judged.lost)
    with st.container(border=True, key="verdict", gap="small"):
        st.markdown(_verdict(story, judged), help=_about_baseline(story, judged))
        with st.container(horizontal=True, vertical_alignment="center", key="next-step"):
            with st.container(gap=None, width="stretch"):
                st.caption(t("overview.next_step"))
                st.markdown(tables.plain(proposed.sentence))
            if st.button(proposed.button, type="primary", key="next-step-button"):
                go(*proposed.to)
        _ahead(story, more_urgent=judged.lost or waiting_candidate(story.classifier) is not None)


def _ahead(story: Story, *, more_urgent: bool) -> None:
    """What may answer better than the version that serves, where that is known."""
    better = ahead(story.champion, more_urgent=more_urgent)
    if better is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="ahead"):
        st.caption(better.sentence, width="stretch")
        if st.button(better.button, type="tertiary", key="ahead-button", icon=":material/arrow_forward:"):
            go_there(better)


def _verdict(story: Story, judged: verdict.Verdict) -> str:
    """How the version shown stands beside the baseline, and whether it holds what it learned earlier."""
    facts = {
        "version": story.shown.number,
        "score": scores.score_name(judged.score),
        "value": tables.score(judged.value["value"]),
        "rows": tables.thousands(judged.rows),
        "method": t_message(judged.method),
        "baseline": tables.score(judged.baseline["value"]),
        "points": tables.size_in_points(judged.gain),
    }
    told = [t(f"overview.verdict_{judged.kind}", **facts)]
    if len(story.matrix.versions) > 1:
        worst = worst_drop(story.matrix)
        if worst is None:
            told.append(t("overview.verdict_holds"))
        else:
            told.append(t("overview.verdict_forgot", test=test_name(worst[0]), points=tables.size_in_points(worst[1])))
    return f"{VERDICT_ICONS[judged.kind]} {tables.plain(verdict.joined(told))}"


def _about_baseline(story: Story, judged: verdict.Verdict) -> str:
    """What the baseline is, and where it is another one after an update, why."""
    told = [t("overview.baseline_help", method=tables.plain(t_message(judged.method)))]
    if scores.task_of_version(story.shown).baseline_grows:
        told.append(t("overview.baseline_grows"))
    return verdict.joined(told)


def remembers(story: Story) -> None:
    """The accuracy matrix as a heatmap, under a title that says what it shows."""
    layout.section(t("overview.remembers"), help=t("overview.remembers_help"))
    if len(story.versions) < 2:
        st.caption(t("overview.remembers_single"))
        return
    newest = _newest_of_line(story)
    try:
        matrix = history.accuracy_matrix(newest)
    except RegistryError as error:
        if newest is story.shown or not is_damage(error):
            raise
        newest, matrix = story.shown, story.matrix  # the files of a version that does not serve are damaged
    if len(matrix.versions) < 2:  # one square tells nothing
        st.caption(t("overview.remembers_alone", version=newest.number))
        return
    if story.champion is not None and newest.number != story.champion.number:
        st.caption(t("overview.remembers_other", version=newest.number, champion=story.champion.number))
    names = [t("overview.version_name", number=number) for number in matrix.versions]
    tests = [test_name(test) for test in range(matrix.scores.shape[1])]
    values = [tables.score(value) for value in matrix.scores[-1]]
    heatmap(
        matrix.scores,
        rows=names,
        columns=tests,
        key="overview.matrix",
        title=_finding(newest, matrix),
        **scores.heat(matrix.score),
        row_title=t("overview.remembers_version"),
        column_title=t("overview.remembers_test"),
        alt=t(
            "overview.remembers_alt",
            score=scores.score_name(matrix.score.name),
            versions=len(names),
            tests=len(tests),
            values=values,
        ),
    )


def story_of_versions(story: Story) -> None:
    """What each version remembers, and beside it how good all of them are."""
    if len(story.versions) < 2:  # one square and one dot tell nothing
        remembers(story)
        return
    if len(story.matrix.versions) < 2 and _newest_of_line(story).number == story.shown.number:
        left, right = st.columns([3, 2], gap="medium")  # all were trained from the start: the chart has more to say
        with left:
            timeline.draw(story.classifier, story.same, tells_rows=False)
        with right:
            remembers(story)
        return
    left, right = st.columns([3, 2], gap="medium")
    with left:
        remembers(story)
    with right:
        timeline.draw(story.classifier, story.same, tells_rows=False)  # the table of versions below does


def _newest_of_line(story: Story) -> VersionInfo:
    """The version whose tests all are shown on, as in the chart of versions beside it."""
    number = story.same.reference if story.same is not None else story.shown.number
    return next((known for known in story.versions if known.number == number), story.shown)


def _finding(version: VersionInfo, matrix: history.Matrix) -> str:
    worst = worst_drop(matrix)
    if worst:
        test, drop = worst
        facts = {"version": version.number, "points": tables.size_in_points(drop), "test": test_name(test)}
        return t("overview.finding_forgot", **facts)
    if len(matrix.versions) < 2:
        return ""
    return t(
        f"overview.finding_{'kept' if any(drop > 0 for drop in matrix.drops().values()) else 'whole'}",
        version=version.number,
    )
