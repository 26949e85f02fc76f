"""An explanation on screen: the text with its words coloured, the same as a table, and what the colours mean."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

import pandas as pd
import streamlit as st

from core.base.wording import signed, unsigned_zero
from core.networks.explain import Attribution
from core.networks.text.words import name_of
from dashboard.shell.i18n import t
from dashboard.shell.palette import palette

STRONGEST = 0.55  # opacity behind the word that counts most: the letters stay readable in both themes
FOR, AGAINST = -3, 2  # places in the diverging colours: blue and orange, which colour-blind readers tell apart


def draw(attribution: Attribution, labels: Sequence[str], *, key: str) -> None:
    """Coloured text, legend, how the scores were found, and a table of all words."""
    st.html(Path(__file__).with_suffix(".css"))
    st.html(coloured(attribution, str(labels[attribution.output])))
    st.caption(manner(attribution), help=t(f"reasons.{attribution.method}_help"))
    with st.expander(t("reasons.table")):
        config = {t("reasons.score"): st.column_config.NumberColumn(format="%+.3f")}
        st.dataframe(word_table(attribution), hide_index=True, column_config=config, key=f"{key}.words")


def coloured(attribution: Attribution, label: str) -> str:
    """HTML of the text with its words marked, and the legend below it."""
    shown = legend(t("reasons.for", label=label), t("reasons.against", label=label))
    return f"<div class='reasons'><p>{marked(attribution)}</p>{shown}</div>"


def marked(attribution: Attribution, begin: int = 0, end: int | None = None) -> str:
    """HTML of the text, escaped, each word on a ground as strong as its score; or of its signs from ``begin`` to ``end``."""
    colors = palette().diverging
    end = len(attribution.text) if end is None else end
    strongest = max((abs(word.score) for word in attribution.words), default=0.0) or 1.0
    parts, written = [], begin
    for word in attribution.words:
        if word.start < begin or word.end > end:
            continue
        color = colors[FOR if word.score > 0 else AGAINST]
        opacity = round(100 * STRONGEST * abs(word.score) / strongest)
        parts += [
            escape(attribution.text[written : word.start]),
            f"<mark style='background:color-mix(in srgb, {color} {opacity}%, transparent)' title='{signed(word.score, 3)}'>"
            f"{escape(attribution.text[word.start : word.end])}</mark>",
        ]
        written = word.end
    return "".join([*parts, escape(attribution.text[written:end])])


def legend(speaks_for: str, speaks_against: str) -> str:
    """HTML that says what the two colours mean."""
    colors = palette().diverging
    shown = "".join(
        f"<span><i style='background:color-mix(in srgb, {colors[side]} {round(100 * STRONGEST)}%, transparent)'></i>"
        f"{escape(text)}</span>"
        for side, text in ((FOR, speaks_for), (AGAINST, speaks_against))
    )
    return f"<div class='legend' aria-hidden='true'>{shown}</div>"


def manner(attribution: Attribution) -> str:
    """How the scores were found, and how far they add up."""
    if attribution.error is None:
        return t("reasons.by_occlusion")
    facts = {"error": f"{attribution.error:.2%}", "steps": attribution.steps}
    return t(f"reasons.by_{attribution.method}", **facts)


def word_table(attribution: Attribution) -> pd.DataFrame:
    """All words with their scores, the strongest first."""
    ranked = sorted(attribution.words, key=lambda word: -abs(word.score))
    return pd.DataFrame(
        {
            t("reasons.word"): [name_of(attribution.text, (word.start, word.end)) for word in ranked],
            t("reasons.score"): [unsigned_zero(word.score, 3) for word in ranked],
        }
    )
