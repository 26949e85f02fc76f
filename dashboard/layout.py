"""Parts that pages share: heading, cards, empty states; the same everywhere, so that pages only say what they mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from dashboard import state
from dashboard.i18n import t, t_message
from dashboard.navigation import go
from dashboard.tables import plain


def heading(title: str, caption: str = "") -> None:
    """The page's title and one line of state below it."""
    st.title(plain(title), anchor=False)
    if caption:
        st.caption(caption)


def warn_of_idle_card() -> None:
    """On pages where classifiers answer: why a graphics card that is there is not used, and what to do."""
    for problem in state.providers().problems:
        st.warning(plain(t_message(problem)), icon=":material/memory:")


def section(title: str, *, help: str | None = None) -> None:
    """A heading inside a page, one level below its title."""
    st.header(title, anchor=False, help=help)


def icon_button(
    action: str,
    *,
    key: str,
    icon: str,
    of: str = "",
    help: str = "",
    disabled: bool = False,
    on_click: Callable[..., None] | None = None,
    args: Sequence[Any] = (),
) -> bool:
    """A button that shows only its icon: its name is hidden from the eye and read aloud, and its help tells what it does.

    Parameters
    ----------
    of
        What it acts upon, where several such buttons stand in a list.
    help
        More than the action says by itself.
    """
    name = t("shell.action_of", action=action, name=of) if of else action
    with st.container(key=f"icon-only-{key}", width="content"):  # style.css hides the name by this key
        return st.button(
            plain(name),
            key=key,
            icon=icon,
            type="tertiary",
            help=plain(help or action),
            disabled=disabled,
            on_click=on_click,
            args=tuple(args),
        )


@dataclass(frozen=True)
class Card:
    """One number on top of a page.

    Parameters
    ----------
    delta
        The change against what the card compares with, ready to read; starts with + or - (or −).
    good
        Which direction is good news: decides the colour of `delta`.
    interval
        Of the value, ready to read.
    """

    label: str
    value: str
    delta: str | None = None
    note: str | None = None
    help: str | None = None
    good: Literal["up", "down", "neither"] = "up"
    interval: str | None = None


def cards(shown: Sequence[Card]) -> None:
    """Cards side by side, equally high, two a row on a phone."""
    colors: dict[str, Literal["normal", "inverse", "off"]] = {"up": "normal", "down": "inverse", "neither": "off"}
    with st.container(horizontal=True, gap="small", key="cards"):
        for card in shown:
            with st.container(border=True, height="stretch", gap="xxsmall"):
                st.metric(
                    card.label,
                    card.value,
                    # the true minus sign reads well, but Streamlit tells a fall by the hyphen
                    card.delta.replace("−", "-") if card.delta else None,
                    colors[card.good],
                    help=card.help,
                    delta_description=card.note if card.delta else None,
                )
                if card.interval:
                    st.caption(card.interval)


def empty_state(
    title: str, text: str, *, action: str | None = None, page: str | None = None, icon: str = ":material/spa:"
) -> None:
    """What will be here, and the step that fills it: a sentence and one button to another page."""
    with st.container(border=True, key="empty", gap="small"):
        st.header(f"{icon} {title}", anchor=False)
        st.markdown(text)
        if action and page and st.button(action, type="primary", key=f"empty.{page}"):
            go(page)


def needs_classifier(title: str, text: str) -> None:
    """The empty state of pages that show a classifier, while there is none: the way leads to Overview and its samples."""
    empty_state(title, text, action=t("shell.start_here"), page="overview")
