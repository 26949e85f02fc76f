"""One search on screen: what it gained and how sure that is, the best settings, all trials; and the way to the Train form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.base.config import home
from core.base.messages import Message
from core.registry.records import SearchStore
from core.registry.records.outgoing import without_paths
from core.workflows.requests import resolve_settings
from dashboard.parts import choices, tables
from dashboard.parts.forms import forms
from dashboard.parts.forms.training_form import SETTINGS
from dashboard.shell import layout, state
from dashboard.shell.i18n import t, t_message, tn
from dashboard.shell.navigation import go
from dashboard.train.search import chart
from dashboard.train.search.values import label, value

SHOWN = "search.shown"
NEXT = "search.next"  # a search that has just ended comes up by itself


def choose() -> dict[str, Any] | None:
    """One of the stored searches; the newest comes first."""
    known = {search["id"]: search for search in SearchStore(home()).list()}
    if not known:
        return None
    newest = st.session_state.pop(NEXT, None)
    if newest in known:
        st.session_state[SHOWN] = newest
    names = {identity: _name(search) for identity, search in known.items()}
    return known[choices.listed(t("search.shown"), names, key=SHOWN)]


def _name(search: dict[str, Any]) -> str:
    # The seconds tell apart two that were made within a minute: the browser sends an option's text back.
    clock = tables.moment(search["created"]) + search["created"][16:19]
    return f"{search['dataset_name']} · {t('names.model_' + search['model'])} · {clock}"


def draw(shown: dict[str, Any]) -> None:
    """Everything about one search."""
    best = shown["trials"][shown["best"]]
    _cards(shown)
    _verdict(shown)
    left, right = st.columns([2, 3], gap="large")
    with left:
        layout.section(t("search.best_settings"))
        st.dataframe(_beside(shown, best), hide_index=True, key="search.best", alt=t("search.best_settings"))
        if any(dataset.id == shown["dataset"] for dataset in state.datasets()):
            icon = ":material/model_training:"
            if st.button(t("search.train"), key="search.train", type="primary", icon=icon, help=t("search.train_help")):
                _train(shown, best)
        else:
            st.caption(t("search.dataset_gone"))
    with right:
        chart.draw(shown)
    layout.section(t("search.all"))
    trials_table(shown["trials"], key=f"search.trials.{shown['id']}", space=shown["space"])
    with st.container(horizontal=True):
        frame = trials_frame(shown["trials"], shown["space"])
        tables.download_table(frame, f"search {shown['dataset_name']}", key="search.download")
        st.button(
            t("search.delete"),
            key="search.delete",
            type="tertiary",
            icon=":material/delete:",
            on_click=SearchStore(home()).delete,
            args=[shown["id"]],
        )


def _cards(shown: dict[str, Any]) -> None:
    gain = shown["difference"]
    given_up = sum(trial["state"] == "pruned" for trial in shown["trials"])
    layout.cards(
        [
            layout.Card(
                t("search.card_default"), _interval(shown["default_score"]), help=t("search.card_default_help")
            ),
            layout.Card(t("search.card_best"), _interval(shown["best_score"]), help=t("search.card_best_help")),
            layout.Card(
                t("search.card_gain"),
                tables.change(gain["value"] if gain else 0.0),
                help=t("search.card_gain_help"),
            ),
            layout.Card(
                t("search.card_trials"),
                tables.thousands(len(shown["trials"])),
                help=t("search.card_trials_help", given_up=given_up, time=tables.duration(shown["seconds"])),
            ),
        ]
    )


def _interval(estimate: dict[str, float]) -> str:
    return tables.score(estimate["value"])


def _verdict(shown: dict[str, Any]) -> None:
    """What it gained with its interval, and why that is too good to be true."""
    gain, rows = shown["difference"], tables.thousands(shown["rows"]["validation"])
    if gain is None:
        st.info(t("search.nothing", rows=rows), icon=":material/check:")
    else:
        facts = {side: tables.points(gain[side]) for side in ("value", "low", "high")}
        key = "search.gained" if gain["low"] > 0 else "search.unsure"
        st.info(t(key, rows=rows, **facts), icon=":material/trending_up:" if gain["low"] > 0 else ":material/help:")
    intervals = {name: tables.score(**shown[f"{name}_score"]) for name in ("default", "best")}
    st.caption(t("search.intervals", **intervals))
    st.caption(t("search.optimistic", left_out=tables.thousands(shown["rows"]["left_out"])))


def _train(shown: dict[str, Any], best: dict[str, Any]) -> None:
    """Fill the Train form and go there."""
    values = resolve_settings(shown["model"], {**shown["settings"], **best["values"]}).flat()
    st.session_state["train.model"] = shown["model"]
    st.session_state["train.dataset"] = shown["dataset"]
    state.choose_dataset(shown["dataset"])
    forms.set_values(SETTINGS, values)
    go("train", "new")


def _beside(shown: dict[str, Any], best: dict[str, Any]) -> pd.DataFrame:
    """The searched settings: default and best."""
    return pd.DataFrame(
        [
            {
                t("search.setting"): label(setting["name"]),
                t("search.default"): value(setting, setting["default"]),
                t("search.best"): value(setting, best["values"][setting["name"]]),
            }
            for setting in shown["space"]
        ]
    )


def trials_table(trials: Sequence[dict[str, Any]], *, key: str, space: Sequence[dict[str, Any]] | None = None) -> None:
    """All trials, live and afterwards alike."""
    frame = trials_frame(trials, space)
    st.dataframe(
        frame,
        hide_index=True,
        key=key,
        height=min(420, 36 * (len(frame) + 1) + 2),
        column_config={
            t("search.trial"): st.column_config.TextColumn(width=90),
            t("search.macro_f1"): st.column_config.NumberColumn(format="%.3f"),
        },
        alt=tn("search.trials_alt", len(frame)),
    )


def trials_frame(trials: Sequence[dict[str, Any]], space: Sequence[dict[str, Any]] | None) -> pd.DataFrame:
    """One line a trial, the best first; complete ones above those that were given up."""
    described = {setting["name"]: setting for setting in space or ()}
    order = ("complete", "pruned", "cut", "failed")
    ranked = sorted(
        trials, key=lambda trial: (order.index(trial["state"]), -(trial["macro_f1"] or 0.0), trial["number"])
    )
    return pd.DataFrame([_line(trial, described) for trial in ranked])


def _line(trial: dict[str, Any], described: dict[str, dict[str, Any]]) -> dict[str, Any]:
    ended = t(f"search.state_{trial['state']}")
    if trial["error"]:
        ended = t_message(Message.from_dict(without_paths(trial["error"])))
    name = t("search.defaults") if trial["number"] == 0 else str(trial["number"] + 1)
    values = {
        label(name): value(described.get(name, {}), setting_value) for name, setting_value in trial["values"].items()
    }
    return {
        t("search.trial"): name,
        t("search.macro_f1"): trial["macro_f1"],
        t("search.ended"): ended,
        t("search.seconds"): round(trial["seconds"], 1),
        t("search.epoch"): trial["best_epoch"] or None,
        **values,
    }
