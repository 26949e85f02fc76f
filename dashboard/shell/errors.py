"""The last line before the reader: whatever goes wrong becomes a sentence, never a trace.

Knows nothing of what went wrong; `core` errors bring their own words, all others get a number and a line in the log.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec

import streamlit as st

from core.base.errors import CoreError
from core.base.integrity import is_damage
from core.base.storage import storage_error
from dashboard.parts.tables import plain
from dashboard.shell import state
from dashboard.shell.i18n import t, t_message

log = logging.getLogger("evergreen.dashboard")

TOLD = "damage.told"  # in the session: which damaged files this run of the script has named, outside of any fragment

Arguments = ParamSpec("Arguments")


@contextmanager
def boundary() -> Iterator[None]:
    """Show an error raised inside as a box; Streamlit's own stop and rerun signals pass through."""
    try:
        yield
    except CoreError as error:
        show_error(error)
        note_told(error)
    except Exception as error:  # every fault must end as a sentence
        told = storage_error(error)
        if told is not None:
            log.warning("on a page: %s", told)
            show_error(told)
            return
        if st.session_state.get(TOLD):
            log.exception("on a page, with a damaged file")
            st.caption(t("shell.told_above"))
            return
        number = secrets.token_hex(3)
        log.exception("error %s on a page", number)
        st.error(t("shell.unexpected", number=number), title=t("shell.unexpected_title"), icon=":material/error:")


def show_error(error: CoreError) -> None:
    """The error box of a `core` error, in the reader's language; a damaged file is named once a page."""
    if is_told(error):
        st.caption(t("shell.told_above"))
        return
    # names of files, columns and members of archives come from outside and are shown as text, never as Markdown
    st.error(plain(t_message(error.message)), icon=":material/error:")


def forget_told() -> None:
    """Call first in a run of the script."""
    st.session_state[TOLD] = set()


def note_told(error: CoreError) -> None:
    """Remember that a damaged file was named where every part of the page can refer to it."""
    if is_damage(error):
        st.session_state.setdefault(TOLD, set()).add(_about(error))


def is_told(error: CoreError) -> bool:
    """Whether the damaged file that the error is about was named already."""
    return is_damage(error) and _about(error) in st.session_state.get(TOLD, set())


def _about(error: CoreError) -> tuple[object, ...]:
    return tuple(error.message.facts.get(name) for name in ("classifier", "number", "folder", "file"))


def guarded_fragment(
    *, run_every: float | None = None
) -> Callable[[Callable[Arguments, None]], Callable[Arguments, None]]:
    """`st.fragment` with its own `boundary`: a fragment's rerun bypasses the entry's.

    Parameters
    ----------
    run_every
        Seconds between automatic reruns of the fragment alone; None for none.
    """

    def decorate(function: Callable[Arguments, None]) -> Callable[Arguments, None]:
        @wraps(function)
        def guarded(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
            with boundary():
                if state.chosen_is_gone():
                    st.rerun()  # the whole page says that it was deleted in another window
                function(*args, **kwargs)

        return st.fragment(guarded, run_every=run_every)

    return decorate
