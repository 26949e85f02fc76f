"""Where things stand: every page has its script, every kind of job a place, every earlier address a page."""

from __future__ import annotations

import pytest

from core.jobs.kinds import KINDS
from dashboard.shell.i18n import catalogue
from dashboard.shell.navigation import EARLIER, ICONS, JOB_PLACES, Place
from tests.dashboard.conftest import ROOT


def test_every_page_has_its_script_and_nothing_else_lies_there() -> None:
    assert {path.stem for path in (ROOT / "pages").glob("*.py")} == set(ICONS)


def test_every_kind_of_job_is_shown_somewhere() -> None:
    assert JOB_PLACES.keys() == KINDS.keys()


@pytest.mark.parametrize("place", sorted({*EARLIER.values(), *JOB_PLACES.values()}))
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_place_is_a_page_and_a_tab_that_has_a_name(place: Place, language: str) -> None:
    assert place.page in ICONS
    assert not place.tab or f"{place.page}.tab_{place.tab}" in catalogue(language)
