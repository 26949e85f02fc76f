"""The colours of charts, the same for the same thing on every page; knows nothing of what is drawn.

Hues are told apart by colour-blind readers: scores run along one green from light to dark, differences from
orange (worse) to blue (better). The values agree with ``.streamlit/config.toml``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import streamlit as st

# Hues of types of entities in both themes: violet, teal, blue, ochre, magenta, grey. No green and no red are among them, since
# side by side they would read as right and wrong. Usual names have their own; what is not listed is given one by its name.
TYPE_HUES = {
    "light": ("#8a5a9e", "#34807c", "#3a6ea5", "#8f6f14", "#b0508f", "#75797c"),
    "dark": ("#b58cc7", "#74b5b0", "#6f9fd0", "#d1b04c", "#dc8bbd", "#a6a6a6"),
}
USUAL_TYPES = (
    ("PER", "PERSON", "人名"),
    ("LOC", "LOCATION", "GPE", "地名"),
    ("ORG", "ORGANIZATION", "机构"),
    ("DATE", "TIME", "日期"),
)
SHADES = (0.0, 0.45, 0.72)  # how much of the colour of text is mixed into the hues where labels outnumber them
READABLE = 4.5  # contrast of text to its ground that WCAG asks for (AA)


@dataclass(frozen=True)
class Palette:
    """One theme's chart colours."""

    categorical: tuple[str, ...]
    sequential: tuple[str, ...]
    diverging: tuple[str, ...]
    text: str
    muted: str
    line: str
    background: str


LIGHT = Palette(
    categorical=("#1f7a4d", "#c2702b", "#3a6ea5", "#8a5a9e", "#b5443c", "#6b7d2a", "#4f8f8b", "#8c8c8c"),
    sequential=(
        "#f0f6f1",
        "#d9eadd",
        "#bfdcc7",
        "#a2cdb0",
        "#82bc97",
        "#61a97e",
        "#429566",
        "#2a8053",
        "#196a41",
        "#0c5231",
    ),
    diverging=(
        "#8f3f16",
        "#b5622f",
        "#cf8b5c",
        "#e3b593",
        "#f4ebe4",
        "#e6edf4",
        "#a3c3df",
        "#6d9cc7",
        "#3f75a8",
        "#1f5282",
    ),
    text="#1c2420",
    muted="#5d6862",
    line="#dfe5dd",
    background="#fbfcfa",
)
DARK = Palette(
    categorical=("#4db380", "#df9354", "#6f9fd0", "#b58cc7", "#dd7a72", "#a3b559", "#74b5b0", "#a6a6a6"),
    sequential=(
        "#17231c",
        "#1b3226",
        "#1f4231",
        "#24533d",
        "#2a664a",
        "#337a59",
        "#419069",
        "#55a67c",
        "#72bd93",
        "#97d5b0",
    ),
    diverging=(
        "#e9a273",
        "#cf8350",
        "#a96337",
        "#7a4a2e",
        "#2f2a27",
        "#262b30",
        "#2f5272",
        "#3f75a8",
        "#6299cb",
        "#93bfe6",
    ),
    text="#e6ebe7",
    muted="#9aa59e",
    line="#2b332f",
    background="#121614",
)


def palette() -> Palette:
    """The colours of the theme that the reader's browser shows."""
    return DARK if st.context.theme.type == "dark" else LIGHT


def stylesheet() -> str:
    """The house style for `st.html`; it names the theme for dialogs, popovers and toasts, which lie outside of the app."""
    css = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
    return f"<style>:root {{ color-scheme: {'light' if palette() is LIGHT else 'dark'}; }}\n{css}</style>"


def scale(colors: Sequence[str]) -> list[list[object]]:
    """A Plotly colour scale with the colours evenly spread."""
    return [[index / (len(colors) - 1), color] for index, color in enumerate(colors)]


# Of the categorical colours: green, orange and red come last, since they would say that a label is good or bad.
LABEL_HUES = (3, 6, 2, 5, 7, 1, 0, 4)


def label_colors(labels: Sequence[str]) -> dict[str, str]:
    """A colour for each label of a classifier, by its place in the label list, so that it is the same on all charts.

    Where there are more labels than hues, each hue comes again in the next of the `SHADES`.
    """
    colors = palette()
    shown = {}
    for index, label in enumerate(labels):
        turn, place = divmod(index, len(LABEL_HUES))
        shown[label] = _mixed(colors.categorical[LABEL_HUES[place]], colors.text, SHADES[turn % len(SHADES)])
    return shown


def type_colors(types: Iterable[str]) -> dict[str, str]:
    """A colour for each type of entities, by its name, so that it is the same on every page, in whatever order types come.

    Of types that ask for the same hue, the later one in the alphabet takes the next that is free; once all are taken, each comes
    again in the next of the `SHADES`.
    """
    colors = palette()
    hues = TYPE_HUES["dark" if colors is DARK else "light"]
    usual = {name: number for number, names in enumerate(USUAL_TYPES) for name in names}
    taken = [0] * len(hues)
    shown = {}
    for name in sorted(set(types), key=lambda name: (name.upper() not in usual, name)):
        wanted = usual.get(name.upper(), crc32(name.encode("utf-8", "replace")) % len(hues))
        hue = min(range(len(hues)), key=lambda number: (taken[number], (number - wanted) % len(hues)))
        shown[name] = _mixed(hues[hue], colors.text, SHADES[taken[hue] % len(SHADES)])
        taken[hue] += 1
    return shown


def readable_on(ramp: Sequence[str], share: float) -> str:
    """Black or white, whichever is easier to read on the ramp's colour at `share` (0 to 1) of its way; at least 4.5 to 1."""
    way = min(1.0, max(0.0, share)) * (len(ramp) - 1)
    start = min(int(way), len(ramp) - 2)
    below, above = _channels(ramp[start]), _channels(ramp[start + 1])
    mixed = [low + (high - low) * (way - start) for low, high in zip(below, above, strict=True)]
    light = _luminance(mixed)
    return "#000000" if (light + 0.05) / 0.05 >= 1.05 / (light + 0.05) else "#ffffff"


def as_text(color: str, tint: float = 0.0) -> str:
    """The colour for words that belong to something drawn in it: mixed with that of text until it can be read.

    Parameters
    ----------
    tint
        The share of the colour, 0 to 1, in the ground that the words stand on.
    """
    colors = palette()
    ground = _mixed(colors.background, color, tint)
    for step in range(11):
        written = _mixed(color, colors.text, step / 10)
        if contrast(written, ground) >= READABLE:
            return written
    return colors.text


def contrast(first: str, second: str) -> float:
    """WCAG's contrast of two colours ``#rrggbb``: 1 (the same) to 21 (black on white); text needs 4.5."""
    dark, bright = sorted(_luminance(_channels(color)) for color in (first, second))
    return (bright + 0.05) / (dark + 0.05)


def _mixed(color: str, other: str, share: float) -> str:
    """The colour on its way to another: 0 is the colour itself, 1 the other."""
    channels = zip(_channels(color), _channels(other), strict=True)
    return "#" + "".join(f"{round(255 * (start + (end - start) * share)):02x}" for start, end in channels)


def _channels(color: str) -> list[float]:
    return [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]


def _luminance(channels: Sequence[float]) -> float:
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
