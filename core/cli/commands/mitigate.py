"""``mitigate``: what each way against unequal treatment gains on a dataset, and what it costs."""

from __future__ import annotations

import argparse
from typing import Any

from core.base.messages import Message
from core.cli.printing import plain, show
from core.cli.workflow import carry_out

COLUMNS = (("macro-F1", "macro_f1"), ("accuracy", "accuracy"), ("FPR gap", "fpr_gap"), ("TPR gap", "tpr_gap"))


def mitigate(asked: argparse.Namespace) -> None:
    record = plain(carry_out(asked).record)
    show(asked, record, as_table(record))


def as_table(record: dict[str, Any]) -> str:
    """A line of figures for each mitigation, in points with 95 % intervals; below it the difference to none."""
    width = max(len(result["mitigation"]) for result in record["results"])
    lines = [f"{'':{width}}  " + "  ".join(f"{heading:>20}" for heading, _ in COLUMNS)]
    for result in record["results"]:
        lines.append(
            f"{result['mitigation']:{width}}  " + "  ".join(_cell(result["scores"][name]) for _, name in COLUMNS)
        )
        if result["differences"] is not None:
            cells = [_cell(result["differences"][name], signed=True) for _, name in COLUMNS]
            lines.append(f"{'':{width}}  " + "  ".join(cells))
    rows, groups = record["rows"]["test"], sum(group["fpr_gap"] for group in record["groups"])
    lines.append(
        f"On {rows:,} test rows, by which nothing was chosen; label '{record['positive']}', {groups} groups compared. In points, "
        "with 95 % intervals; below each, the difference to none."
    )
    return "\n".join([*lines, *(str(Message.from_dict(finding)) for finding in record["findings"])])


def _cell(estimate: dict[str, float] | None, *, signed: bool = False) -> str:
    if estimate is None:
        return f"{'too few rows':>20}"
    sign = "+" if signed else ""
    value, low, high = (100 * estimate[end] for end in ("value", "low", "high"))
    text = f"{value:{sign}.1f} ({low:{sign}.1f} – {high:{sign}.1f})"
    return f"{text:>20}"
