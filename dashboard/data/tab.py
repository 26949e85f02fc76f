"""The Tables tab: add a table, look it over, save it; all saved datasets."""

from __future__ import annotations

from dashboard.data import page, saved


def draw() -> None:
    """The way of a new table, and those that are saved."""
    page.add_table()
    saved.saved_datasets(primary=not page.in_progress())
