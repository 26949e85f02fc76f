"""What the form of the Train page means: how large, how long, and how one of the reader's own texts is read."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import streamlit as st

from core.base.errors import CoreError
from core.networks.text import TextPipeline
from core.tasks import task_of
from dashboard.parts import tables
from dashboard.parts.forms.estimator import estimator
from dashboard.parts.privacy.spending import is_private
from dashboard.parts.versions.verdict import joined
from dashboard.shell import layout, state
from dashboard.shell.errors import guarded_fragment, show_error
from dashboard.shell.i18n import choice_label, t, tn
from dashboard.shell.layout import Card
from dashboard.shell.palette import palette

if TYPE_CHECKING:
    from core.networks.text import TextPipeline
    from core.workflows.requests import TrainRequest
    from core.workflows.train.estimate import Prepared, TrainingEstimate

SECONDS_BETWEEN_LOOKS = 0.4
SHOWN_TOKENS = 150
EXAMPLES = 12
LONGEST_TEXT = 20_000  # characters of a typed text that are looked at


def draw(request: TrainRequest) -> None:
    """The panel; it fills itself while the form can be used."""
    waiting = not estimator().ask(request).done()
    guarded_fragment(run_every=SECONDS_BETWEEN_LOOKS if waiting else None)(_panel)(request, waiting)


def _panel(request: TrainRequest, waiting: bool) -> None:
    asked = estimator().ask(request)
    if waiting and asked.done():
        st.rerun()  # so that the looking ends
    layout.section(t("train.meaning"), help=t("train.meaning_help"))
    prepared = estimator().texts(request)
    if not asked.done():
        _figures(None)
        st.caption(t("train.estimating"))
    elif (problem := asked.exception()) is not None:
        if not isinstance(problem, CoreError):
            raise problem
        show_error(problem)
        return
    else:
        estimate = asked.result()
        _figures(estimate)
        if prepared is not None:
            st.caption(_story(prepared, estimate, _split_of(request)))
        if state.active_jobs():
            st.caption(t("train.estimate_busy"))
    if prepared is not None:
        _preview(prepared)


def _figures(estimate: TrainingEstimate | None) -> None:
    time = tables.duration(estimate.seconds) if estimate else "…"
    parameters = tables.thousands(estimate.parameters) if estimate else "…"
    layout.cards(
        [
            Card(t("train.time"), time, help=t("train.time_help"), good="neither"),
            Card(t("train.parameters"), parameters, help=t("train.parameters_help"), good="neither"),
        ]
    )


def _split_of(request: TrainRequest) -> str:
    """Which sentence tells what validation rows are for: with differential privacy, no epoch is chosen by them."""
    if task_of(request.task).networks()[request.model].solved:
        return "train.story_split_solved"
    return "train.story_split_private" if is_private(request.settings) else "train.story_split"


def _story(prepared: Prepared, estimate: TrainingEstimate, split: str) -> str:
    """Which texts do what, and what the model will see of them."""
    sentences = [
        t(
            split,
            train=tables.thousands(prepared.train),
            validation=tables.thousands(prepared.validation),
            test=tables.thousands(prepared.test),
        ),
        t(
            "train.story_vocabulary",
            vocabulary=tables.thousands(estimate.vocabulary),
            unit=choice_label("segmentation", estimate.segmentation).lower(),
            length=tables.thousands(estimate.tokens / max(1, prepared.train)),
        ),
    ]
    if prepared.cut >= 0.005:
        sentences.append(t("train.story_cut", share=tables.percent(prepared.cut)))
    if not estimate.exact:
        sentences.append(t("train.story_sampled", rows=tables.thousands(len(prepared.examples))))
    return joined(sentences)


def _preview(prepared: Prepared) -> None:
    """One text, a row of the dataset or the reader's own, as the model will read it."""
    layout.section(t("train.preview"), help=t("train.preview_help"))
    options = example_texts(prepared)
    text = st.selectbox(
        t("train.preview_text"),
        options,
        format_func=lambda row: row if len(row) <= 90 else f"{row[:90]}…",
        accept_new_options=True,
        key="train.preview_text",
        help=t("train.preview_text_help"),
    )
    if not text:
        return
    tokens, limit = read_tokens(prepared.pipeline, str(text)[:LONGEST_TEXT])
    st.html(token_chips(tokens, limit))
    notes = [
        tn("train.preview_count", len(tokens), unit=choice_label("segmentation", _unit(prepared.pipeline)).lower())
    ]
    if len(tokens) > limit:
        notes.append(tn("train.preview_cut", len(tokens) - limit))
    st.caption(joined(notes))


def example_texts(prepared: Prepared) -> list[str]:
    """A few different training texts from all over the dataset."""
    texts = prepared.examples.texts
    step = max(1, len(texts) // EXAMPLES)
    return list(dict.fromkeys(text.strip() for text in texts[::step]))[:EXAMPLES]


def read_tokens(pipeline: TextPipeline, text: str) -> tuple[list[str], int]:
    """All tokens of a text, and how many of them the model reads."""
    return pipeline.segment(text, whole=True), pipeline.reach


def _unit(pipeline: TextPipeline) -> str:
    return str(pipeline.options["segmentation"])


def token_chips(tokens: list[str], limit: int) -> str:
    """The tokens as small boxes; unknown ones dashed, those that are cut off faint. Users' text is escaped."""
    colors = palette()
    base = "display:inline-block;padding:1px 7px;border-radius:6px;font-size:0.9rem;line-height:1.5;white-space:pre;"
    chips = []
    for number, token in enumerate(tokens[:SHOWN_TOKENS]):
        unknown = token == "[UNK]"
        style = f"border:1px {'dashed' if unknown else 'solid'} {colors.line};background:{colors.sequential[0]};"
        faint = "opacity:0.4;text-decoration:line-through;" if number >= limit else ""
        chips.append(f"<span style='{base}{style}{faint}'>{html.escape(token)}</span>")
    if len(tokens) > SHOWN_TOKENS:
        chips.append("<span>…</span>")
    return f"<div style='display:flex;flex-wrap:wrap;gap:4px'>{''.join(chips)}</div>"
