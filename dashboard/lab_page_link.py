"""Which part of the Lab page is open; it stands in the link alone (``?comparison=<id>``), so that it can be shared.

By hand, not with ``bind="query-params"``: a bound parameter makes every `st.switch_page` fail.
"""

from __future__ import annotations

import streamlit as st

COMPARISON = "comparison"
NEW = "new"  # instead of an id: the form


def opened() -> str | None:
    """The id in the link, `NEW`, or None for the page's start."""
    return st.query_params.get(COMPARISON) or None


def open_comparison(identity: str) -> None:
    """Open a comparison or the form (`NEW`); in a callback, or before `st.rerun`."""
    st.query_params[COMPARISON] = identity


def leave() -> None:
    """Back to the page's start; likewise."""
    st.query_params.pop(COMPARISON, None)
