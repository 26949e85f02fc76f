"""What Streamlit puts around a table: nothing that carries its cells out as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

MILLISECONDS = 60_000


def test_no_table_has_a_download_of_its_own(open_page: Callable[..., Page]) -> None:
    page = open_page("/data?lang=en")
    page.get_by_role("button", name="English product reviews").first.click(timeout=MILLISECONDS)
    table = page.get_by_test_id("stDataFrame").first
    table.wait_for(timeout=MILLISECONDS)
    table.hover()
    buttons = page.get_by_test_id("stElementToolbar").first.get_by_role("button")
    buttons.first.wait_for(timeout=MILLISECONDS)
    names = [str(button.get_attribute("aria-label")) for button in buttons.all()]
    assert any(name.startswith("Search") for name in names)
    assert not any("download" in name.lower() for name in names)
