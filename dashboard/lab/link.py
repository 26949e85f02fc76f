"""Which part of the Lab page is open; it stands in the link alone (``?comparison=<id>``), so that it can be shared.

By hand, not with ``bind="query-params"``: a bound parameter makes every `st.switch_page` fail.
"""

from __future__ import annotations

import streamlit as st

COMPARISON = "comparison"
BACK = "lab.back"  # key of the button on the form and on every result
LEFT = "lab.left"  # in the session: the link was emptied by the page itself
NEW = "new"  # instead of an id: the form


def opened() -> str | None:
    """The id in the link, `NEW`, or None for the page's start."""
    linked = st.query_params.get(COMPARISON) or None
    left = st.session_state.pop(LEFT, False)
    if linked is None and BACK in st.session_state and not left:
        # The sidebar's link to this very page drops the id, but Streamlit leaves it in the browser's address.
        st.query_params.from_dict(st.query_params.to_dict())
    return linked


def open_comparison(identity: str) -> None:
    """Open a comparison or the form (`NEW`); in a callback, or before `st.rerun`."""
    st.query_params[COMPARISON] = identity


def leave() -> None:
    """Back to the page's start; likewise."""
    st.query_params.pop(COMPARISON, None)
    st.session_state[LEFT] = True
