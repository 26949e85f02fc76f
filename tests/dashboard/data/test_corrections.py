"""The Corrections tab: what readers put right is listed, taken back, and leads on to the update."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

from core.data.labelling.corrections import Corrections
from core.registry import Registry
from tests.dashboard.overview.test_versions import NAME, home, made, said

__all__ = ["home", "made"]


def test_corrections_are_listed_removed_and_lead_to_the_update(home: Path, open_page: Callable[..., AppTest]) -> None:
    Registry(home).delete_version(NAME, 2)  # no candidate waits for a decision
    queue = Corrections(home)
    for number in range(25):
        queue.add(NAME, f"text *{number}*", "brand new", predicted="a", version=1)
    page = open_page("data", "corrections", classifier=NAME)
    assert "25 corrections" in said(page)
    assert "A new label: brand new" in said(page)
    rows = [button for button in page.button if (button.key or "").startswith("use.remove.")]
    assert len(rows) == 20
    rows[0].click().run()
    assert "text *24*" not in [one.text for one in queue.list(NAME)]
    page.button(key="use.show_more").click().run()
    assert len([button for button in page.button if (button.key or "").startswith("use.remove.")]) == 24
    page.button(key="use.use").click().run()
    assert not page.exception
    assert page.title[0].value == "Update"
    assert "brand new" in said(page) + "".join(frame.value.to_string() for frame in page.dataframe)
