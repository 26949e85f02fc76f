"""On a phone the sidebar covers the page: it is opened by who wants it, and by nobody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

MILLISECONDS = 60_000


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_opened_sidebar_is_closed_after_a_reload(open_page: Callable[..., Page], language: str) -> None:
    page = open_page(f"/train?lang={language}", width=390, height=844)
    title = page.locator("h1").first
    title.wait_for(timeout=MILLISECONDS)
    page.get_by_test_id("stExpandSidebarButton").click()
    sidebar = page.get_by_test_id("stSidebar")
    expect(sidebar).to_be_in_viewport()
    page.reload()
    title.wait_for(timeout=MILLISECONDS)
    page.get_by_test_id("stExpandSidebarButton").wait_for(timeout=MILLISECONDS)
    expect(sidebar).not_to_be_in_viewport()


def test_a_closed_sidebar_of_a_desktop_stays_closed_after_a_reload(open_page: Callable[..., Page]) -> None:
    page = open_page("/train?lang=en")
    page.locator("h1").first.wait_for(timeout=MILLISECONDS)
    page.get_by_test_id("stSidebar").hover()
    page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
    page.get_by_test_id("stExpandSidebarButton").wait_for(timeout=MILLISECONDS)
    page.reload()
    page.get_by_test_id("stExpandSidebarButton").wait_for(timeout=MILLISECONDS)
    expect(page.get_by_test_id("stSidebar")).not_to_be_in_viewport()
