"""What charts make of names."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import pytest

from dashboard.parts.plots import charts


def test_a_long_name_is_cut_so_that_labels_of_a_tree_stay_apart() -> None:
    assert charts.text("camera_photo > negative > other", 18) == "…negative &gt; other"
    assert charts.text("an opinion of more than a few words", 18) == "an opinion of mor…"
    assert charts.text("Food > Pizza", 18) == "Food &gt; Pizza"


def test_the_score_beside_the_newest_version_has_room(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[go.Figure] = []

    def keep(chart: go.Figure, **_: Any) -> None:
        drawn.append(chart)

    monkeypatch.setattr(charts, "draw", keep)
    stones = [charts.Milestone(number, number - 1, f"Version {number}", 1.0, "", False, 0.9, 1.0) for number in (1, 2)]
    charts.timeline(stones, title="", key="k", axis="a", alt="b")
    assert drawn[0].data[1].text == ("1.000", "1.000")
    assert drawn[0].layout.margin.r >= 48  # "1.000" at 13 pixels, and the mark
