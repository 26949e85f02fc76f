"""The Try tab: a text box, and under it the answer of the serving version while one types.

The answer is drawn as plain HTML, not as a chart: it must be on screen before the next keystroke.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.base.errors import RegistryError
from core.base.integrity import is_damage
from core.data.dataset.inputs import parse
from core.networks.explain import Attribution, occlude
from core.networks.explain.words import words_read
from core.networks.standalone.personal import personal_of
from core.networks.standalone.predict import resolved
from core.tasks import task_of
from core.tasks.text_classification.tree import stands_below
from dashboard.parts import reasons, tables
from dashboard.parts.components.live_text import live_text, set_live_text
from dashboard.parts.correcting import correction
from dashboard.parts.names import provider_name
from dashboard.parts.versions import way_back
from dashboard.shell import state
from dashboard.shell.errors import guarded_fragment
from dashboard.shell.i18n import t, tn
from dashboard.shell.palette import label_colors
from dashboard.use import inputs, several
from dashboard.use.examples import Example, examples
from dashboard.use.several import share_of

if TYPE_CHECKING:
    from core.registry import VersionInfo
    from core.tasks.answering import Engine

TURN = "use.turn"  # which handful of examples is shown
MOST_BARS = 8
DEBOUNCE = 70  # milliseconds; an answer takes one, so there is no reason to wait for a long pause
UNKNOWN = 1  # token id of what training never saw


@dataclass(frozen=True)
class Answer:
    """What the version says to one text.

    Parameters
    ----------
    probabilities
        The probability of each label, in the order of the classifier's labels.
    milliseconds
        The time from text to probabilities, tokenisation included.
    read, tokens
        Tokens of the text that the version reads, and that it holds.
    strange
        Whether no token of the text was seen in training.
    """

    probabilities: dict[str, float]
    milliseconds: float
    read: int
    tokens: int
    strange: bool

    @property
    def label(self) -> str:
        return max(self.probabilities, key=lambda label: self.probabilities[label])


def draw(version: VersionInfo) -> None:
    """The Try tab."""
    style()
    ask(version)


def style() -> None:
    """The looks of the answer; once a page."""
    st.html(Path(__file__).with_suffix(".css"))


def warm_engine(version: VersionInfo) -> Engine:
    """The version's engine, in a process that does not stop to collect garbage between two keystrokes."""
    engine = state.engine(version)
    _settle(str(state.version_folder(version)))
    return engine


@st.cache_resource(show_spinner=False)
def _settle(folder: str) -> None:
    # Streamlit collects garbage after every rerun, and a rerun is a keystroke here. With all libraries loaded a
    # collection takes a quarter of a second; what stays loaded anyway need not be looked through again.
    gc.collect()
    gc.freeze()


def ask_engine(engine: Engine, text: str) -> Answer:
    """Label one text and measure how long it takes."""
    started = time.perf_counter()
    answers = engine.answer([text])
    milliseconds = (time.perf_counter() - started) * 1000
    read = [part.encode([text])[0] for part in engine.pipeline.parts]
    return Answer(
        probabilities=dict(zip(engine.labels, np.asarray(answers.values[0], dtype=float).tolist(), strict=True)),
        milliseconds=milliseconds,
        read=int(answers.read[0]),
        tokens=int(answers.tokens[0]),
        strange=all(token == UNKNOWN for tokens in read for token in tokens),
    )


def open_box(version: VersionInfo) -> tuple[Engine, str] | None:
    """The version's engine, and what stands in the text box with its further columns.

    None where its files are damaged; then the way back is offered.
    """
    try:
        with st.spinner(t("use.loading", version=version.number), show_time=False):
            engine = warm_engine(version)
    except RegistryError as error:
        if not is_damage(error):
            raise
        way_back.offer(error)
        return None
    key, placeholder = box_of(version.classifier), t("use.placeholder")
    text = live_text(t("use.box"), key=key, placeholder=placeholder, debounce_ms=DEBOUNCE, height=132)
    return engine, inputs.draw(engine, text, version.classifier)


def box_of(classifier: str) -> str:
    """The name of a model's text box: what was typed for one model, perhaps in another language, is no question to the next."""
    return f"use.text.{classifier}"


@guarded_fragment()
def ask(version: VersionInfo) -> None:
    """The text box with its answer; alone rerun while typing."""
    opened = open_box(version)
    if opened is None:
        return
    engine, text = opened
    offered = examples(version, st.session_state.get(TURN, 0))
    if text.strip():
        answer = ask_engine(engine, text)
        used = state.threshold(version.classifier) if engine.thresholds is None else None
        if engine.thresholds is None:
            st.html(answer_html(answer, engine.labels, used.value if used else None))
        else:
            st.html(several.answer_html(answer.probabilities, engine.thresholds.tolist()))
        _facts(version, engine, answer)
        if used is not None and used.version != version.number:
            st.caption(f":material/rule: {t('use.threshold_moved', version=used.version)}")
        _remarks(engine, answer, text, offered)
        if engine.thresholds is None:
            _reasons(version, engine, text)
            correction(version, text, answer.label, engine.labels)
        else:
            several.correction(
                version, text, several.given(answer.probabilities, engine.thresholds.tolist()), engine.labels
            )
    _examples(offered, version.classifier)


def answer_html(answer: Answer, labels: list[str], threshold: float | None = None) -> str:
    """The most probable label in large type, or that a person should decide, and a bar for each of the likeliest labels."""
    colors = label_colors(labels)
    ranked = sorted(answer.probabilities.items(), key=lambda pair: -pair[1])
    bars = "".join(
        f"<span class='name' title='{escape(label)}'>{escape(label)}</span>"
        f"<span class='track'><i style='width:{share:.1%};background:{colors[label]}'></i></span>"
        f"<span class='share'>{share_of(share)}</span>"
        for label, share in ranked[:MOST_BARS]
    )
    rest = len(ranked) - MOST_BARS
    more = f"<div class='more'>{escape(tn('use.more_labels', rest))}</div>" if rest > 0 else ""
    (given,), (sure,), (counts,) = resolved(np.array([list(answer.probabilities.values())]), labels, threshold)
    verdict = f"<strong>{escape(given)}</strong><span>{share_of(float(sure))}</span>"
    if given not in labels or stands_below(ranked[0][0], given):
        verdict += f"<span>{escape(t('use.below_unsure', label=ranked[0][0], share=share_of(ranked[0][1])))}</span>"
    if threshold is not None and not counts:
        facts = {"label": given, "share": share_of(float(sure)), "percent": tables.percent(threshold)}
        verdict = f"<strong>{escape(t('use.unsure'))}</strong><span>{escape(t('use.unsure_why', **facts))}</span>"
    return (
        f"<div class='answer' role='status' aria-live='polite'><div class='verdict'>{verdict}</div>"
        f"<div class='bars' aria-hidden='true'>{bars}</div>{more}</div>"
    )


def _facts(version: VersionInfo, engine: Engine, answer: Answer) -> None:
    facts = {
        "time": tables.milliseconds(answer.milliseconds),
        "provider": provider_name(engine.provider),
        "version": version.number,
    }
    st.caption(t("use.facts", **facts), help=t("use.facts_help"))


def _remarks(engine: Engine, answer: Answer, text: str, offered: list[Example]) -> None:
    """What a reader should know before trusting the answer."""
    if answer.strange:
        st.caption(f":material/help: {t('use.strange')}")
    elif answer.read < answer.tokens:
        remark_on_length(engine, text, answer.read, answer.tokens)
    personal = personal_of(engine)
    if personal is not None:
        group = personal.group_of(text)
        names = {"column": tables.plain(personal.column), "group": tables.plain(group or "")}
        told = t("use.settings_of", **names) if group is not None else t("use.settings_shared", **names)
        st.caption(f":material/tune: {told}")
    truth = next((example.truth for example in offered if example.text == text), None)
    if truth is not None:
        st.caption(f":material/ac_unit: {t('use.truth', label=tables.plain(task_of(engine.task).told(truth)))}")


def remark_on_length(engine: Engine, text: str, read: int, tokens: int) -> None:
    """How much of a long text was read: in words where they can be told, else in tokens."""
    if counted := words_read(engine.pipeline, text):
        facts = dict(zip(("read", "words"), map(tables.thousands, counted), strict=True))
        st.caption(f":material/content_cut: {t('use.cut', **facts)}")
    else:
        facts = {"read": tables.thousands(read), "tokens": tables.thousands(tokens)}
        st.caption(f":material/content_cut: {t('use.cut_tokens', **facts)}")


def _reasons(version: VersionInfo, engine: Engine, text: str) -> None:
    """Which words the answer rests on, where the reader wants to see it: exactly where the model adds up what words say; else it
    takes as many answers as there are words.
    """
    if st.toggle(t("reasons.why"), key="use.why", help=t("reasons.why_help"), persist_state="session"):
        explained = _exactly(str(state.version_folder(version)))
        attribution = None
        if explained is not None:
            attribution = explained(text, int(engine.compute([text])[0].argmax()))
        if attribution is None:
            (attribution,) = occlude(engine, [text])
        if attribution.words:
            reasons.draw(attribution, engine.labels, key="use.reasons")
        else:
            st.caption(t("reasons.no_words"))


@st.cache_resource(show_spinner=False, max_entries=2)
def _exactly(folder: str) -> Callable[[str, int], Attribution | None] | None:
    """Who explains this version's answers exactly; loads PyTorch, for those who ask why."""
    from core.workflows.versions.explaining import exactly_explained

    return exactly_explained(Path(folder))


def _examples(offered: list[Example], classifier: str) -> None:
    if not offered:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(t("use.examples"), help=t("use.examples_help"), width="content")
        st.button(
            t("use.other_examples"),
            key="use.others",
            icon=":material/shuffle:",
            type="tertiary",
            on_click=_turn,
        )
    with st.container(gap="xsmall", key="use-examples"):
        for number, example in enumerate(offered):
            st.button(
                tables.plain(example.short),
                key=f"use.example.{number}",
                type="secondary",
                wrap=True,
                width="stretch",
                on_click=_take,
                args=(example.text, classifier),
            )


def _take(text: str, classifier: str) -> None:
    """Put an example into the box, and its further columns into their fields."""
    body, fields = parse(text)
    set_live_text(box_of(classifier), body)
    inputs.fill(fields, classifier)


def _turn() -> None:
    st.session_state[TURN] = st.session_state.get(TURN, 0) + 1
