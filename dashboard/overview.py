"""The parts of the Overview page, each a few lines over the classifier's story."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import charts, history, layout, state, tables
from dashboard.heatmaps import heatmap
from dashboard.i18n import language, t
from dashboard.layout import Card
from dashboard.navigation import go
from dashboard.next_step import next_step, test_name, worst_drop

if TYPE_CHECKING:
    from core.registry import VersionInfo

SCORES: tuple[history.Score, ...] = ("macro_f1", "accuracy")


@dataclass(frozen=True)
class Story:
    """What Overview tells of one classifier; `shown` is its champion, or its newest version while none serves."""

    classifier: str
    versions: list[VersionInfo]
    champion: VersionInfo | None
    shown: VersionInfo
    matrix: history.Matrix
    waiting: int


def read(classifier: str) -> Story:
    """Collect the story of a classifier."""
    versions = state.versions(classifier)
    champion = state.champion(classifier)
    shown = champion or versions[-1]
    waiting = len(state.corrections().list(classifier))
    return Story(classifier, versions, champion, shown, history.accuracy_matrix(shown), waiting)


def heading(story: Story) -> None:
    """The classifier's name and which version serves."""
    if story.champion is None:
        layout.heading(story.classifier, t("overview.no_champion"))
        return
    learned = sum(experience["train"] for experience in state.report(story.champion)["experiences"])
    facts = {
        "version": story.champion.number,
        "created": tables.moment(story.champion.created),
        "rows": tables.thousands(learned),
    }
    layout.heading(story.classifier, t("overview.caption", **facts))


def cards(story: Story) -> list[Card]:
    """The four numbers on top, each with its change since the version before."""
    previous = next((known for known in story.versions if known.number == story.shown.parent), None)
    against = t("overview.against", version=previous.number) if previous else None
    shown = []
    for name in SCORES:
        value = float(story.shown.summary[name])
        gain = history.accuracy_matrix(story.shown, name).gain
        delta = None if gain is None else tables.points(gain)
        found = state.report(story.shown)["overall"][name]
        interval = tables.interval(found["low"], found["high"])
        label, help_text = t(f"overview.card_{name}"), t(f"overview.card_{name}_help")
        shown.append(Card(label, tables.score(value), delta, against, help_text, interval=interval))
    shown.append(_forgetting_card(story, previous, against))
    help_text = t("overview.card_corrections_help")
    return [
        *shown,
        Card(t("overview.card_corrections"), tables.thousands(story.waiting), help=help_text, good="neither"),
    ]


def _forgetting_card(story: Story, previous: VersionInfo | None, against: str | None) -> Card:
    label, help_text = t("overview.card_forgetting"), t("overview.card_forgetting_help")
    now = story.matrix.forgetting
    if now is None:
        return Card(label, tables.NOTHING, help=help_text, good="down")
    before = history.accuracy_matrix(previous).forgetting if previous else None
    delta = tables.points(now - (before or 0.0))
    ends = state.report(story.shown).get("continual_intervals", {}).get("forgetting")  # versions of old have none
    interval = tables.interval(*ends, percentage=True) if ends else None
    return Card(label, tables.points(now).lstrip("+"), delta, against, help_text, good="down", interval=interval)


def step(story: Story) -> None:
    """The next step: one sentence, one button."""
    found = next_step(story.versions, story.champion, story.matrix if story.champion else None, story.waiting)
    with st.container(border=True, key="next-step"), st.container(horizontal=True, vertical_alignment="center"):
        with st.container(gap=None, width="stretch"):
            st.caption(t("overview.next_step"))
            st.markdown(tables.plain(found.sentence))
        if st.button(found.button, type="primary", key="next-step-button"):
            go(found.page)


def remembers(story: Story) -> None:
    """The accuracy matrix as a heatmap, under a title that says what it shows."""
    layout.section(t("overview.remembers"), help=t("overview.remembers_help"))
    matrix = story.matrix
    if len(matrix.versions) < 2:
        st.caption(t("overview.remembers_single"))
    names = [t("overview.version_name", number=number) for number in matrix.versions]
    tests = [test_name(test) for test in range(matrix.scores.shape[1])]
    values = [f"{value:.3f}" for value in matrix.scores[-1]]
    heatmap(
        matrix.scores,
        rows=names,
        columns=tests,
        key="overview.matrix",
        title=_finding(story),
        row_title=t("overview.remembers_version"),
        column_title=t("overview.remembers_test"),
        alt=t(
            "overview.remembers_alt", score=t("charts.accuracy"), versions=len(names), tests=len(tests), values=values
        ),
    )


def _finding(story: Story) -> str:
    worst = worst_drop(story.matrix)
    if worst:
        test, drop = worst
        facts = {"version": story.shown.number, "points": tables.points(drop).lstrip("+"), "test": test_name(test)}
        return t("overview.finding_forgot", **facts)
    return t("overview.finding_kept", version=story.shown.number) if len(story.matrix.versions) > 1 else ""


def timeline(story: Story) -> None:
    """All versions by their score."""
    layout.section(t("overview.timeline"))
    champion = story.champion.number if story.champion else None
    stones = [
        charts.Milestone(
            number=known.number,
            name=t("overview.version_name", number=known.number),
            score=float(known.summary["macro_f1"]),
            note=_note(known, known.number == champion),
            champion=known.number == champion,
            **{end: state.report(known)["overall"]["macro_f1"][end] for end in ("low", "high")},
        )
        for known in story.versions
    ]
    alt = t("overview.timeline_alt", count=len(stones), version=champion or tables.NOTHING)
    charts.timeline(stones, title="", key="overview.timeline", axis=t("charts.macro_f1"), alt=alt)


def _note(version: VersionInfo, serves: bool) -> str:
    strategy = str(version.summary.get("strategy") or "train")
    note = t("overview.timeline_note", strategy=t(f"names.strategy_{strategy}"), created=tables.moment(version.created))
    return f"{note}<br>{t('overview.timeline_champion')}" if serves else note


def welcome() -> None:
    """No classifier yet: what this is, and the first step."""
    layout.heading(t("overview.title"), t("overview.caption_none"))
    running = [job for job in state.active_jobs() if job.kind == "train"]
    saved = state.datasets()
    with st.container(border=True, key="welcome", gap="small"):
        st.header(t("overview.welcome_title"), anchor=False)
        st.markdown(t("overview.welcome"))
        if running:
            _invite(t("overview.training"), t("overview.see_training"), "train")
        elif saved:
            _invite(t("overview.have_data"), t("overview.train"), "train")
        else:
            _samples()


def _invite(sentence: str, button: str, page: str) -> None:
    st.markdown(sentence)
    if st.button(button, type="primary", key="welcome-button"):
        go(page)


def _samples() -> None:
    from core.data.samples import SAMPLES

    st.caption(t("overview.welcome_sample"))
    # the reader's own language first, and as the one primary button
    ordered = sorted(SAMPLES.values(), key=lambda sample: sample.language != language())
    with st.container(horizontal=True):
        for index, sample in enumerate(ordered):
            label = t(f"overview.sample_{sample.language}")
            if st.button(label, type="secondary" if index else "primary", key=f"sample.{sample.id}"):
                state.save_sample(sample.id, t(f"overview.sample_name_{sample.language}"))
                go("train")
        if st.button(t("overview.own_data"), type="tertiary", key="own-data", icon=":material/upload:"):
            go("data")
