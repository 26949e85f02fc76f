"""The answer where a text may have several labels: those that reach their threshold, and how near the others are."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.data.dataset.label_sets import labels_of, target_of
from core.networks.standalone.predict import chosen
from dashboard.parts.correcting import JUDGED, add, known, known_label, waiting_for
from dashboard.shell.i18n import t, tn
from dashboard.shell.palette import label_colors

if TYPE_CHECKING:
    from core.registry import VersionInfo

CHOICE = "use.should_have"
MOST_BARS = 8


def given(probabilities: dict[str, float], thresholds: Sequence[float]) -> list[str]:
    """The labels that the text is given, the most probable first."""
    own = chosen(np.array([list(probabilities.values())]), np.array(thresholds))[0]
    labels = [label for label, has in zip(probabilities, own, strict=True) if has]
    return sorted(labels, key=lambda label: -probabilities[label])


def answer_html(probabilities: dict[str, float], thresholds: Sequence[float]) -> str:
    """A chip for each label that is given, and a bar for each of the likeliest ones with a mark where its threshold is."""
    labels = given(probabilities, thresholds)
    colors = label_colors(list(probabilities))
    limits = dict(zip(probabilities, thresholds, strict=True))
    chips = "".join(
        f"<b class='chip' style='border-color:{colors[label]}'>{escape(label)}<span>{share_of(probabilities[label])}</span></b>"
        for label in labels
    )
    nothing = f"<strong>{escape(t('use.none_given'))}</strong><span>{escape(t('use.none_given_why'))}</span>"
    ranked = sorted(probabilities.items(), key=lambda pair: -pair[1])
    bars = "".join(
        f"<span class='name' title='{escape(label)}'>{escape(label)}</span>"
        f"<span class='track limit'><i style='width:{share:.1%};background:{colors[label]}'></i>"
        f"<u style='left:{limits[label]:.1%}'></u></span>"
        f"<span class='share'>{share_of(share)}</span>"
        for label, share in ranked[:MOST_BARS]
    )
    rest = len(ranked) - MOST_BARS
    more = f"<div class='more'>{escape(tn('use.more_labels', rest))}</div>" if rest > 0 else ""
    return (
        f"<div class='answer' role='status' aria-live='polite'><div class='verdict'>{chips or nothing}</div>"
        f"<div class='bars' aria-hidden='true'>{bars}</div><div class='more'>{escape(t('use.limits'))}</div>{more}</div>"
    )


def share_of(share: float) -> str:
    """Per cent with one decimal; never 100 % or 0 % where something is left."""
    if 0.9995 <= share < 1:
        return "> 99.9%"
    return "< 0.1%" if 0 < share < 0.0005 else f"{share:.1%}"


def correction(version: VersionInfo, text: str, labels: list[str], all_labels: list[str]) -> None:
    """Under an answer: which labels the text should have had, or that this is known already."""
    waiting = waiting_for(version.classifier, text)
    if waiting is not None:
        known(version.classifier, waiting, ", ".join(labels_of(waiting.label)) or t("use.none_given"))
        return
    judged = (version.classifier, text)
    if st.session_state.get(JUDGED) != judged:  # a choice made for another text must not be taken for this one's
        st.session_state[JUDGED] = judged
        st.session_state[CHOICE] = labels
    with st.container(horizontal=True, vertical_alignment="bottom"):
        picked = st.multiselect(
            t("use.should_have"),
            list(dict.fromkeys([*all_labels, *st.session_state[CHOICE]])),
            key=CHOICE,
            placeholder=t("use.should_have_placeholder"),
            help=t("use.should_have_help"),
            accept_new_options=True,
            width=560,
        )
        should = target_of(known_label(label, all_labels).replace("|", " ") for label in picked)
        changed = should != target_of(labels)
        if st.button(t("use.should_have_save"), key="use.should_have_save", disabled=not changed):
            add(version, text, target_of(labels), should)
