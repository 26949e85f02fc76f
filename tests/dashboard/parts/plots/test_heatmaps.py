"""Heatmaps: colour ends, readable values, cells that can be clicked."""

from __future__ import annotations

import json
import math

import numpy as np
from streamlit.testing.v1 import AppTest

from dashboard.parts.plots import heatmaps
from dashboard.parts.plots.charts import text
from dashboard.parts.plots.heatmaps import score_limits
from dashboard.shell.palette import DARK, LIGHT, readable_on


def test_score_limits_are_rounded_and_the_same_for_all_given_matrices() -> None:
    low, high = score_limits([[0.882, math.nan]], [[0.914, 0.921]])
    assert math.isclose(low, 0.80)
    assert math.isclose(high, 0.95)


def test_score_limits_stay_within_scores() -> None:
    assert score_limits([[0.0, 1.0]]) == (0.0, 1.0)
    assert score_limits([[math.nan]]) == (0.0, 1.0)


def test_cell_values_are_dark_on_light_colours_and_white_on_dark_ones() -> None:
    assert readable_on(LIGHT.sequential, 0.0) == "#000000"
    assert readable_on(LIGHT.sequential, 1.0) == "#ffffff"
    assert readable_on(DARK.sequential, 0.0) == "#ffffff"
    assert readable_on(DARK.sequential, 1.0) == "#000000"


def heatmap_script() -> None:
    import streamlit as st

    from dashboard.parts.plots.heatmaps import clickable_heatmap

    names = ["good", "bad"]
    st.session_state["cell"] = clickable_heatmap(
        [[5, 1], [2, 7]], rows=names, columns=names, key="h", alt="x", row_title="truth", column_title="predicted"
    )


def test_a_cell_can_be_chosen_without_a_mouse() -> None:
    at = AppTest.from_function(heatmap_script, default_timeout=30).run()
    assert at.session_state["cell"] is None
    at.selectbox(key="h.row").set_value(1).run()
    at.selectbox(key="h.column").set_value(0).run()
    assert not at.exception
    assert at.session_state["cell"] == (1, 0)


def test_names_in_a_figure_are_text() -> None:
    assert text("<b>x</b> & %{y}") == "&lt;b&gt;x&lt;/b&gt; &amp; %\u2060{y}"
    assert text("a" * 30, 10) == "a" * 9 + "…"
    matrix = np.array([[1.0, 2.0], [3.0, 4.0]])
    chart = heatmaps._chart(matrix, ["<i>r", "r"], ["<a href=x>", "c"], "", "", "count", None)
    heatmaps._add_click_targets(chart, matrix, ["<i>r", "r"], ["<a href=x>", "c"])
    drawn = json.dumps(json.loads(chart.to_json()))  # Plotly itself writes < as a number
    assert "<i>" not in drawn
    assert "<a " not in drawn
