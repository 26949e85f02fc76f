"""WCAG AA: every colour that is written in, on every ground that it stands on, in both themes."""

from __future__ import annotations

import re
import tomllib
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from core.data.spans.targets import Span
from dashboard.lab.download import STYLE as LAB_STYLE
from dashboard.parts.components.mark_spans import MarkView, colors_of
from dashboard.parts.marking import marked
from dashboard.parts.marking.marked import GROUND
from dashboard.shell import palette
from dashboard.shell.palette import DARK, LIGHT, READABLE, Palette, contrast, readable_on

ROOT = Path(__file__).resolve().parents[2]
THEME: dict[str, Any] = tomllib.loads((ROOT / ".streamlit/config.toml").read_text("utf-8"))["theme"]
STYLE = (ROOT / "dashboard/shell/style.css").read_text("utf-8")
REPORT = (ROOT / "core/workflows/report/report.html.j2").read_text("utf-8")
PALETTES = {"light": LIGHT, "dark": DARK}
MARK = 3.0  # what lines, dots and large letters need
TINT = 0.1  # how much of its own green Streamlit puts behind what is chosen
themes = pytest.mark.parametrize("theme", ["light", "dark"])


def variable(name: str, theme: str) -> str:
    """A pair of style.css in one theme."""
    pair = re.search(rf"--{name}: light-dark\((#\w{{6}}), (#\w{{6}})\)", STYLE)
    assert pair is not None
    return pair.group(1 if theme == "light" else 2)


def mixed(color: str, ground: str, share: float) -> str:
    parts = [
        round(int(color[start : start + 2], 16) * share + int(ground[start : start + 2], 16) * (1 - share))
        for start in (1, 3, 5)
    ]
    return "#" + "".join(f"{part:02x}" for part in parts)


def grounds(theme: str) -> list[str]:
    """Everything that text stands on: page, fields, sidebar."""
    found = THEME[theme]
    return [found["backgroundColor"], found["secondaryBackgroundColor"], found["sidebar"]["backgroundColor"]]


def test_contrast_is_what_wcag_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert contrast("#1f7a4d", "#1f7a4d") == 1


@themes
def test_labels_that_outnumber_the_hues_get_colours_of_their_own(theme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = PALETTES[theme]
    monkeypatch.setattr(palette, "palette", lambda: shown)
    colors = palette.label_colors([f"label {number}" for number in range(3 * len(shown.categorical))])
    first = list(colors.values())[: len(shown.categorical)]
    assert sorted(first) == sorted(shown.categorical)
    assert shown.categorical[0] not in first[:6]  # green would say that a label is good
    assert len(set(colors.values())) == len(colors)
    assert min(contrast(color, shown.background) for color in colors.values()) >= MARK


@themes
def test_types_of_entities_keep_their_colour_and_none_reads_as_a_judgement(
    theme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = PALETTES[theme]
    monkeypatch.setattr(palette, "palette", lambda: shown)
    types = ["PER", "LOC", "ORG", "MISC", "DATE", "MONEY", *(f"T{number}" for number in range(8))]
    colors = palette.type_colors(types)
    assert colors == palette.type_colors(reversed(types))  # the order of a chart or a model changes nothing
    assert len(set(colors.values())) == len(types)
    usual = palette.type_colors(["PER", "LOC"])
    assert usual == {name: colors[name] for name in usual}
    assert palette.type_colors(["person"])["person"] == colors["PER"]
    hues = palette.TYPE_HUES[theme]
    assert len(hues) == len(set(hues))
    for hue in hues:
        red, green, blue = (int(hue[start : start + 2], 16) for start in (1, 3, 5))
        assert not (green > 1.2 * red and green > 1.2 * blue), f"{hue} is green"
        assert not (red > 1.4 * green and red > 1.4 * blue), f"{hue} is red"
    for color in colors.values():
        assert contrast(color, shown.background) >= MARK
        ground = mixed(color, shown.background, GROUND / 100)
        assert contrast(palette.as_text(color, GROUND / 100), ground) >= READABLE
        assert contrast(shown.text, ground) >= READABLE


def test_the_marker_and_a_marked_text_show_a_type_in_one_colour() -> None:
    queue = [{"place": 0, "text": "Anna in Rome", "spans": [[8, 12, "LOC"]], "model": [[0, 4, "PER"]]}]
    colors = colors_of(MarkView("one", ["ORG"], queue=queue, counts={}))
    assert set(colors) == {"ORG", "LOC", "PER"}
    shown = marked.html("Anna in Rome", [Span(8, 12, "LOC")], ["PER", "ORG", "LOC"])
    assert f"border-color:{colors['LOC'][0]}" in shown
    assert f"color:{colors['LOC'][1]}" in shown


@themes
def test_text_captions_links_and_table_heads_can_be_read(theme: str) -> None:
    found = THEME[theme]
    inks = [found["textColor"], found["linkColor"], found["redColor"], found["dataframeHeaderTextColor"]]
    inks += [variable("muted", theme), variable("accent", theme)]
    assert min(contrast(*pair) for pair in product(inks, grounds(theme))) >= READABLE
    faded = [mixed(found["textColor"], ground, 0.7) for ground in grounds(theme)]  # placeholders, limits of sliders
    assert min(contrast(*pair) for pair in zip(faded, grounds(theme), strict=True)) >= READABLE


@themes
def test_the_main_button_and_what_is_chosen_can_be_read(theme: str) -> None:
    primary = THEME[theme]["primaryColor"]
    assert primary == variable("accent", theme)
    assert contrast(variable("on-accent", theme), primary) >= READABLE
    darker = mixed(primary, "#000000", 0.85)  # while the mouse is over it
    assert contrast(variable("on-accent", theme), darker) >= READABLE
    tinted = [mixed(primary, ground, TINT) for ground in grounds(theme)]
    assert min(contrast(variable("accent-on-tint", theme), ground) for ground in tinted) >= READABLE
    marks = [primary, variable("off", theme)]  # rings, bars, dots; switches
    assert min(contrast(*pair) for pair in product(marks, grounds(theme)[::2])) >= MARK


@themes
def test_charts_can_be_read_and_their_marks_be_seen(theme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    colors = PALETTES[theme]
    monkeypatch.setattr(palette, "palette", lambda: colors)
    assert min(contrast(ink, colors.background) for ink in (colors.text, colors.muted)) >= READABLE
    assert min(contrast(color, colors.background) for color in colors.categorical) >= MARK
    assert min(contrast(palette.as_text(color), colors.background) for color in colors.categorical) >= READABLE
    assert palette.as_text(colors.text) == colors.text


@themes
@pytest.mark.parametrize("name", ["sequential", "diverging"])
def test_values_in_cells_can_be_read_on_every_colour_between(theme: str, name: str) -> None:
    ramp = getattr(PALETTES[theme], name)
    last = len(ramp) - 1
    for step in range(10 * last + 1):
        start = min(step // 10, last - 1)
        ground = mixed(ramp[start + 1], ramp[start], step / 10 - start)
        assert contrast(readable_on(ramp, step / (10 * last)), ground) >= READABLE, step


@themes
def test_words_with_a_coloured_ground_keep_their_letters_readable(theme: str) -> None:
    from dashboard.parts.reasons import AGAINST, FOR, STRONGEST

    colors = PALETTES[theme]
    for side in (FOR, AGAINST):
        assert contrast(colors.text, mixed(colors.diverging[side], colors.background, STRONGEST)) >= READABLE


@themes
def test_page_and_charts_agree(theme: str) -> None:
    found, colors = THEME[theme], PALETTES[theme]
    assert tuple(found["chartCategoricalColors"]) == colors.categorical
    assert (found["textColor"], found["backgroundColor"]) == (colors.text, colors.background)
    assert variable("muted", theme) == found["dataframeHeaderTextColor"] == colors.muted


@pytest.mark.parametrize("number", [0, 1, 2], ids=["light", "dark", "print"])
def test_the_report_can_be_read_on_screen_and_paper(number: int) -> None:
    block = re.findall(r":root \{([^}]*)\}", REPORT)[number]
    colors = dict(re.findall(r"--(\w+): (#\w{6})", block))
    for ink, ground in product(("text", "muted", "warn", "accent"), ("page", "panel")):
        assert contrast(colors[ink], colors[ground]) >= READABLE, (ink, ground)
    for step in range(101):
        assert contrast(colors["text"], mixed(colors["heat"], colors["panel"], step / 100)) >= READABLE, step


def test_the_downloaded_comparison_can_be_read() -> None:
    inks, papers = ("#1c2420", "#5d6862"), ("#fbfcfa", "#d9eadd")
    assert all(color in LAB_STYLE for color in (*inks, *papers))
    assert min(contrast(*pair) for pair in product(inks, papers)) >= READABLE


def test_no_axis_loses_its_readable_colour() -> None:
    # `title=` would replace the whole title with its font; `title_text=` keeps the font that `charts.figure` gave it
    sources = (ROOT / "dashboard").rglob("*.py")
    assert [path.name for path in sources if re.search(r"axes\([^)]*\btitle=", path.read_text("utf-8"))] == []


def test_two_themes_are_all_there_are() -> None:
    assert {name for name in THEME if isinstance(THEME[name], dict)} == set(PALETTES)
    assert all(isinstance(colors, Palette) for colors in PALETTES.values())
