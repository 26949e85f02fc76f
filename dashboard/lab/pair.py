"""Two strategies against each other on the same test rows, and what each strategy forgot of each label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import streamlit as st

from dashboard.lab.words import said
from dashboard.parts import tables
from dashboard.parts.plots.comparison_figures import (
    ROW_HEIGHT,
    best_name,
    chart_name,
    ranked,
    signed,
    strategy_name,
    table_height,
)
from dashboard.shell import layout
from dashboard.shell.i18n import t
from dashboard.shell.palette import palette, readable_on

if TYPE_CHECKING:
    from pandas.io.formats.style import Styler

CHANCE = 0.05
LABELS_SHOWN = 10


def better(result: dict[str, Any]) -> None:
    """Choose two; a sentence says whether the second is better, by how much, and whether that may be chance."""
    names = [strategy["strategy"] for strategy in ranked(result)]
    if len(names) < 2:
        return
    layout.section(t("lab.pair"), help=said(result, "lab.pair_help"))
    best = best_name(result)
    first, second = _two(names, next(name for name in names if name != best), best)
    if first == second:
        st.caption(t("lab.pair_same"))
        return
    by_name = {strategy["strategy"]: strategy for strategy in result["strategies"]}
    against = by_name[second]["against"].get(first)
    if against is None:
        st.caption(t("lab.pair_unknown"))
        return
    st.markdown(tables.plain(sentence(result, strategy_name(first), strategy_name(second), against)))


def _two(names: list[str], *start: str) -> tuple[str, str]:
    shown = {name: strategy_name(name) for name in names}
    picked = []
    for column, side, default in zip(st.columns(2, gap="medium"), ("first", "second"), start, strict=True):
        key = f"lab.pair_{side}"
        if st.session_state.get(key) not in names:
            st.session_state[key] = default
        with column:
            picked.append(str(st.selectbox(t(key), names, format_func=shown.__getitem__, key=key)))
    return picked[0], picked[1]


def sentence(result: dict[str, Any], first: str, second: str, against: dict[str, Any]) -> str:
    """What the paired difference (second − first) and the test between the two say, in words."""
    value, low, high = against["difference"]
    chance = against["p"]
    verdict = "level" if value == 0 else "perhaps"
    if chance < CHANCE and (low > 0 or high < 0):  # only what both the interval and the test say is sure
        verdict = "better" if value > 0 else "worse"
    return said(
        result,
        f"lab.pair_{verdict}",
        first=first,
        second=second,
        points=tables.size_in_points(value),
        signed=tables.points(value),
        low=tables.points(low),
        high=tables.points(high),
        p=_probability(chance),
    )


def _probability(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"


def by_label(result: dict[str, Any]) -> None:
    """Forgetting of each label, or type of entities, under each strategy, with the strategy's plasticity beside it."""
    layout.section(said(result, "lab.labels"), help=said(result, "lab.labels_help"))
    forgotten = forgotten_labels(result)
    labels = [str(label) for label in forgotten.columns]
    if not labels:
        st.caption(said(result, "lab.labels_none"))
        return
    st.dataframe(
        _styled(result, forgotten.iloc[:, :LABELS_SHOWN]),
        hide_index=True,
        key="lab.labels",
        height=table_height(len(forgotten)),
        row_height=ROW_HEIGHT,
        column_config={
            "strategy": st.column_config.TextColumn(t("lab.strategy"), pinned=True),
            "plasticity": st.column_config.NumberColumn(t("lab.plasticity"), help=said(result, "lab.plasticity_help")),
            **{str(number): st.column_config.NumberColumn(label) for number, label in enumerate(labels)},
        },
        alt=said(result, "lab.labels_alt"),
    )
    if len(labels) > LABELS_SHOWN:
        st.caption(said(result, "lab.labels_left_out", count=LABELS_SHOWN, total=len(labels)))
    tables.download_table(_to_take_home(result, forgotten), "labels", key="lab.labels.download")


def forgotten_labels(result: dict[str, Any]) -> pd.DataFrame:
    """Rows: strategies, best average score first; columns: labels or types, the one forgotten most on average first."""
    forgotten = pd.DataFrame([strategy["per_class_forgetting"] for strategy in ranked(result)], dtype=float)
    order = forgotten.mean().sort_values(ascending=False, kind="stable").index
    return forgotten[order].dropna(axis=1, how="all")


def _styled(result: dict[str, Any], forgotten: pd.DataFrame) -> Styler:
    # Numbers as columns' names: a label may be called anything, "strategy" too.
    numbers = forgotten.set_axis([str(number) for number in range(forgotten.shape[1])], axis=1)
    labels = list(numbers.columns)
    numbers.insert(0, "plasticity", [strategy["plasticity"] for strategy in ranked(result)])
    numbers.insert(0, "strategy", [chart_name(strategy["strategy"]) for strategy in ranked(result)])
    largest = float(np.nanmax(np.abs(forgotten.to_numpy()), initial=0.05))
    style = numbers.style.format(signed, subset=["plasticity", *labels], na_rep=tables.NOTHING)
    return style.map(lambda value: _tint(value, largest), subset=pd.IndexSlice[:, labels])


def _tint(value: float, largest: float) -> str:
    """From orange (forgotten) to blue (gained), as all differences are coloured."""
    if np.isnan(value):
        return ""
    ramp = palette().diverging
    share = (1 - value / largest) / 2
    color = ramp[round(share * (len(ramp) - 1))]
    return f"background-color: {color}; color: {readable_on(ramp, share)}"


def _to_take_home(result: dict[str, Any], forgotten: pd.DataFrame) -> pd.DataFrame:
    table = forgotten.copy()
    table.insert(0, t("lab.plasticity"), [strategy["plasticity"] for strategy in ranked(result)], allow_duplicates=True)
    names = [strategy_name(strategy["strategy"]) for strategy in ranked(result)]
    table.insert(0, t("lab.strategy"), names, allow_duplicates=True)
    return table
