"""Three tiles: how long *Auto* may take, and what score that may bring; chosen by a click or by the arrow keys."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from core.networks.architectures.blend import BLEND
from core.networks.architectures.linear import LINEAR
from core.workflows.requests import AUTO
from core.workflows.train.gains import gains
from dashboard.parts import tables
from dashboard.parts.forms import auto_form
from dashboard.parts.names import name_of
from dashboard.parts.scores import score_name
from dashboard.shell import state
from dashboard.shell.i18n import t, t_message, tn

if TYPE_CHECKING:
    from core.workflows.requests import TrainRequest
    from dashboard.parts.forms.foresight import Outlook

TILES = {"fast": 0.5, "balanced": 2.0, "best": 10.0}  # minutes
KEY = "train.tile"
STYLE = Path(__file__).with_name("train.css")


def draw(request: TrainRequest, outlook: Outlook, *, encoder: bool) -> None:
    """Ask for one, and say what the figures stand on.

    Parameters
    ----------
    encoder
        Whether there is an encoder for these texts, from which all that was gained on other tables has come.
    """
    st.html(STYLE)
    st.session_state[KEY] = chosen(request)
    names = {name: t(f"train.tile_{name}") for name in TILES}
    with st.container(key="train-tiles"):
        st.radio(
            t("train.tiles"),
            list(names),
            format_func=names.__getitem__,
            captions=[_caption(name, request, outlook, encoder=encoder) for name in TILES],
            key=KEY,
            on_change=_choose,
            horizontal=True,
            help=t("train.tiles_help"),
            width="stretch",
        )
    for line in _basis(request, outlook, encoder=encoder):
        st.caption(line)


def chosen(request: TrainRequest) -> str | None:
    """The tile whose time the form shows; None where something else was chosen under Customise."""
    if request.model != AUTO:
        return None
    return next((name for name, minutes in TILES.items() if request.settings["minutes"] == minutes), None)


def _choose() -> None:
    tile = st.session_state[KEY]
    if tile in TILES:  # where the language has just changed, the browser sends a name of before
        st.session_state["train.model"] = AUTO
        st.session_state[f"{auto_form.KEY}.minutes"] = TILES[tile]
        st.session_state.pop(auto_form.CUSTOMISED, None)


def _caption(tile: str, request: TrainRequest, outlook: Outlook, *, encoder: bool) -> str:
    """At most how long, how many models, what score; one below the other."""
    minutes = TILES[tile]
    fits = [fit for rung, fit in outlook.fits(request.task, minutes).items() if rung != BLEND.name]
    sure, open_ = fits.count(True), fits.count(None)
    models = tn("train.tile_models", sure) if not open_ else tn("train.tile_models_up_to", sure + open_)
    lines = [t("train.tile_time", time=auto_form.time_name(minutes)), models]
    score = _score(tile, request, outlook, encoder=encoder)
    return "  \n".join([*lines, score] if score else lines)


def _score(tile: str, request: TrainRequest, outlook: Outlook, *, encoder: bool) -> str:
    if not outlook.measures or outlook.problem(request.task) is not None or _has_one_label(request):
        return ""
    if tile != "fast":
        told = _gains(request, outlook, TILES[tile], encoder=encoder)
        return t("train.tile_more", low=round(told[0]), high=round(told[-1])) if told else ""
    if outlook.expected is None:
        return t("train.tile_measuring") if outlook.pending else ""
    name = score_name(outlook.expected.name)
    return t("train.tile_score", score=name, value=tables.score(outlook.expected.score.value))


def _has_one_label(request: TrainRequest) -> bool:
    """Whether there is nothing to tell apart yet, so that no score means anything."""
    stored = next((known for known in state.datasets() if known.id == request.dataset), None)
    return stored is not None and stored.labelled and len(stored.classes) == 1


def _gains(request: TrainRequest, outlook: Outlook, minutes: float, *, encoder: bool) -> tuple[float, ...]:
    """What was gained elsewhere, as far as there is room above what was measured here; nothing where the models that gained it
    are not here, or will not be done in time.
    """
    if not encoder or outlook.fits(request.task, minutes).get("frozen") is False:
        return ()
    room = 100 * (1 - outlook.expected.score.value) if outlook.expected is not None else 100.0
    told = tuple(min(gain, room) for gain in gains(request.task, minutes))
    return told if room >= 1 else ()


def _basis(request: TrainRequest, outlook: Outlook, *, encoder: bool) -> list[str]:
    """What the figures of the tiles stand on, and what is chosen where it is none of them."""
    if chosen(request) is None:
        model = name_of("model", request.model)
        if request.model == AUTO:
            model = f"{model}, {auto_form.time_name(float(request.settings['minutes']))}"
        return [t("train.tile_customised", model=model)]
    if _has_one_label(request):
        return [t("home.one_label")]
    problem = outlook.problem(request.task)
    if problem is not None:
        return [tables.plain(t_message(problem))]
    lines = []
    if outlook.expected is not None:
        rows, learned = (tables.thousands(count) for count in (outlook.expected.rows, outlook.expected.learned))
        key = "train.tile_basis" if outlook.expected.complete else "train.tile_basis_part"
        value = tables.estimate(outlook.expected.score)
        lines.append(t(key, model=name_of("model", LINEAR.name), value=value, rows=rows, learned=learned))
    elif outlook.busy and outlook.measures:
        lines.append(t("train.tile_busy"))
    told = [_gains(request, outlook, minutes, encoder=encoder) for minutes in TILES.values()]
    if outlook.measures and any(told):
        lines.append(t("train.tile_source", count=len(next(filter(None, told)))))
    return [t("evaluate.gap").join(lines)] if lines else []
