"""One measurement of speed on screen: cards of what serves, the table, the machine, what did not run; charts beside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.base.messages import Message
from dashboard.parts import tables
from dashboard.shell import layout
from dashboard.shell.i18n import t, t_message
from dashboard.use.speed.charts import batch, latency, throughput, times, way_name

BUSY = 0.5  # of the cores wanted by others at the start: from here on the figures are told to be too low


def draw(shown: dict[str, Any]) -> None:
    """Everything about one measurement."""
    rows = shown["rows"]
    served = next((row for row in rows if row.get("served")), None)
    if served is not None:
        _cards(served, shown)
    left, right = st.columns(2, gap="large")
    with left:
        latency(rows)
    with right:
        throughput(rows)
    _remarks(shown)
    frame = table(rows)
    st.dataframe(frame, hide_index=True, key="benchmark.table", column_config=_columns(), alt=t("benchmark.table_alt"))
    tables.download_table(frame, f"benchmark {shown['classifier']} {shown['version']}", key="benchmark.download")


def _cards(served: dict[str, Any], shown: dict[str, Any]) -> None:
    speed, single = served["throughput"], served["latency"]
    gain = served.get("speedup")
    name = way_name(served, shown["rows"])
    cards = [
        layout.Card(
            t("benchmark.one_text"),
            tables.milliseconds(single["p50"]),
            help=t("benchmark.one_text_help", way=name),
        ),
        layout.Card(
            t("benchmark.slowest"),
            tables.milliseconds(single["p99"]),
            help=t("benchmark.slowest_help"),
        ),
        layout.Card(
            t("benchmark.many"), tables.thousands(speed["median"]), help=t("benchmark.many_help", batch=batch(served))
        ),
    ]
    if gain is not None:
        cards.append(
            layout.Card(
                t("benchmark.gain"),
                times(gain["throughput"]),
                help=t("benchmark.gain_help", **{side: f"{gain['throughput'][side]:.1f}" for side in ("low", "high")}),
            )
        )
    layout.cards(cards)


def _remarks(shown: dict[str, Any]) -> None:
    """What it was measured on and with, and what could not be measured."""
    st.caption(f":material/memory: {tables.plain(machine_line(shown['machine']))}")
    source = t("benchmark.frozen") if shown["frozen_tests"] else shown["source"]
    facts = {
        "texts": tables.thousands(shown["texts"]),
        "source": tables.plain(source),
        "characters": tables.thousands(shown["characters"]),
        "rounds": shown["rounds"],
        "time": tables.duration(shown["seconds"]),
    }
    st.caption(t("benchmark.method", **facts))
    load, cores = shown["machine"]["load"], shown["machine"]["cores"]
    if load is not None and load > BUSY * cores:
        st.warning(t("benchmark.was_busy", load=f"{load:.1f}", cores=cores), icon=":material/hourglass_top:")
    everything = [*shown["rows"], *shown["missing"]]
    for way in shown["missing"]:
        reason = tables.plain(t_message(Message.from_dict(way["reason"])))
        st.caption(f":material/block: {tables.plain(way_name(way, everything))}: {reason}")
    for problem in shown["problems"]:
        st.caption(f":material/warning: {tables.plain(t_message(Message.from_dict(problem)))}")


def machine_line(machine: dict[str, Any]) -> str:
    """The machine in one line."""
    parts = [
        machine["processor"],
        t("benchmark.cores", cores=machine["cores"], threads=machine["threads"]),
        t("benchmark.memory", size=f"{machine['memory'] / 1e9:.0f}"),
        machine["card"] or t("benchmark.no_card"),
        machine["system"],
        f"PyTorch {machine['torch']}",
        f"ONNX Runtime {machine['onnxruntime']}",
    ]
    if machine["load"] is not None:
        parts.append(t("benchmark.load", load=f"{machine['load']:.1f}"))
    return " · ".join(parts)


def table(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """All figures, one line a way."""
    return pd.DataFrame([_line(row, rows) for row in rows])


def _line(row: dict[str, Any], rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    gain, single, speed = row.get("speedup"), row["latency"], row["throughput"]
    nodes = row.get("placement", {})
    return {
        t("benchmark.way"): way_name(row, rows),
        t("benchmark.serves"): bool(row.get("served")),
        t("benchmark.p50"): single["p50"],
        t("benchmark.p95"): single["p95"],
        t("benchmark.p99"): single["p99"],
        t("benchmark.gain_latency"): times(gain["latency"], spread=True) if gain else tables.NOTHING,
        t("benchmark.speed"): round(speed["median"]),
        t("benchmark.speed_range"): f"{tables.thousands(speed['low'])}–{tables.thousands(speed['high'])}",
        t("benchmark.gain_speed"): times(gain["throughput"], spread=True) if gain else tables.NOTHING,
        t("benchmark.batch"): batch(row),
        t("benchmark.same_labels"): f"{row['agreement']:.1%}" if "agreement" in row else tables.NOTHING,
        t("benchmark.nodes"): ", ".join(f"{name.removesuffix('ExecutionProvider')} {n}" for name, n in nodes.items()),
    }


def _columns() -> dict[str, Any]:
    number = st.column_config.NumberColumn
    return {
        **{t(f"benchmark.{name}"): number(format="%.3f") for name in ("p50", "p95", "p99")},
        t("benchmark.speed"): number(format="localized"),
        t("benchmark.same_labels"): st.column_config.TextColumn(help=t("benchmark.same_labels_help")),
        t("benchmark.nodes"): st.column_config.TextColumn(help=t("benchmark.nodes_help")),
    }


def earlier(known: Sequence[dict[str, Any]]) -> None:
    """All measurements of the version beside each other."""
    if len(known) < 2:
        return
    with st.expander(t("benchmark.all", count=len(known)), icon=":material/history:"):
        summaries = pd.DataFrame([_summary(measurement) for measurement in known])
        st.dataframe(
            summaries,
            hide_index=True,
            key="benchmark.earlier",
            column_config=tables.counts(summaries),
            alt=t("benchmark.all", count=len(known)),
        )


def _summary(measurement: dict[str, Any]) -> dict[str, Any]:
    rows = measurement["rows"]
    best = max(rows, key=lambda row: float(row["throughput"]["median"]))
    quickest = min(rows, key=lambda row: float(row["latency"]["p50"]))
    return {
        t("benchmark.when"): tables.moment(measurement["created"]),
        t("benchmark.where"): machine_line(measurement["machine"]),
        t("benchmark.count"): measurement["texts"],
        t(
            "benchmark.quickest"
        ): f"{tables.digits_that_matter(quickest['latency']['p50'])} ({way_name(quickest, rows)})",
        t("benchmark.most"): f"{tables.thousands(best['throughput']['median'])} ({way_name(best, rows)})",
    }
