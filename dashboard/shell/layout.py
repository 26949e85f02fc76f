"""Parts that pages share: heading, cards, empty states; the same everywhere, so that pages only say what they mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from dashboard.parts import tables
from dashboard.parts.tables import plain
from dashboard.shell import state
from dashboard.shell.i18n import t, t_message
from dashboard.shell.navigation import go

if TYPE_CHECKING:
    from core.statistics.intervals import Estimate


def heading(title: str, caption: str = "") -> None:
    """The page's title and one line of state below it."""
    st.title(plain(title), anchor=False)
    if caption:
        st.caption(caption)


def of_classifier(classifier: str) -> str:
    """A caption that says whose page this is: the classifier, which of its versions serves, and the ε of a private one."""
    champion = state.champion(classifier)
    facts = [plain(classifier), t("shell.serves", version=champion.number) if champion else t("shell.nobody_serves")]
    if champion is not None and "epsilon" in champion.summary:
        facts.append(t("privacy.badge", epsilon=f"{float(champion.summary['epsilon']):.2g}"))
    return " · ".join(facts)


def warn_of_idle_card() -> None:
    """On pages where classifiers answer: why a graphics card that is there is not used, and what to do."""
    for problem in state.card_problems():
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
        The thing that it acts upon, where several such buttons stand in a list.
    help
        A sentence with more than the action says by itself.
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
        The direction that is good news, which decides the colour of `delta`; ``"neither"`` is grey.
    interval
        The value's interval, ready to read.
    basis
        What the value stands on, in a few words, such as how many rows.
    """

    label: str
    value: str
    delta: str | None = None
    note: str | None = None
    help: str | None = None
    good: Literal["up", "down", "neither"] = "up"
    interval: str | None = None
    basis: str | None = None


def changed(difference: Estimate | None, against: str | None = None) -> dict[str, Any]:
    """The parts of a `Card` that tell a change: in points, and grey where its interval includes 0, so may be chance."""
    if difference is None:
        return {}
    chance = tables.may_be_chance(difference.low, difference.high)
    return {
        "delta": tables.change(difference.value),
        "note": against,
        "good": "neither" if chance else "up",
    }


def _direction(delta: str | None) -> Literal["up", "down", "off"]:
    """Told here, since Streamlit knows a fall by a hyphen alone, and a true minus sign stands everywhere else."""
    if delta is None or not any(digit in delta for digit in "123456789"):
        return "off"
    return "down" if delta.startswith("−") else "up"


def _color(card: Card) -> Literal["green", "red", "gray"]:
    direction = _direction(card.delta)
    if card.good == "neither" or direction == "off":
        return "gray"
    return "green" if direction == card.good else "red"


def cards(shown: Sequence[Card], *, key: str = "") -> None:
    """Cards side by side, equally high, two a row on a phone; ``key`` tells a second row of the page from the first."""
    with st.container(horizontal=True, gap="small", key=f"cards{key}"):
        for card in shown:
            with st.container(border=True, height="stretch", gap="xxsmall"):
                st.metric(
                    card.label,
                    card.value,
                    card.delta,
                    _color(card),
                    delta_arrow=_direction(card.delta),
                    help=card.help,
                    delta_description=card.note if card.delta else None,
                )
                if card.interval or card.basis:
                    st.caption(" · ".join(part for part in (card.interval, card.basis) if part))


def empty_state(
    title: str, text: str, *, action: str | None = None, to: tuple[str, ...] = (), icon: str = ":material/spa:"
) -> None:
    """What will be here, and the step that fills it: a sentence and one button to another page, and to a tab of it."""
    with st.container(border=True, key="empty", gap="small"):
        st.header(f"{icon} {title}", anchor=False)
        st.markdown(text)
        if action and to and st.button(action, type="primary", key=f"empty.{to[0]}"):
            go(*to)


def needs_classifier(title: str, text: str) -> None:
    """The empty state of pages that show a classifier, while there is none: the way leads to Home and its samples."""
    empty_state(title, text, action=t("shell.start_here"), to=("home",))
