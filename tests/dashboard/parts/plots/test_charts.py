"""What charts make of names."""

from __future__ import annotations

from dashboard.parts.plots import charts


def test_a_long_name_is_cut_so_that_labels_of_a_tree_stay_apart() -> None:
    assert charts.text("camera_photo > negative > other", 18) == "…negative &gt; other"
    assert charts.text("an opinion of more than a few words", 18) == "an opinion of mor…"
    assert charts.text("Food > Pizza", 18) == "Food &gt; Pizza"
