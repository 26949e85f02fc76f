"""``search``: which settings suit a dataset, within so many minutes."""

from __future__ import annotations

import argparse
from typing import Any

from core.base.wording import points, points_interval, score
from core.cli.printing import plain, show
from core.cli.workflow import carry_out


def search(asked: argparse.Namespace) -> None:
    stored = plain(carry_out(asked).search)
    content = {**stored, "best_settings": stored["trials"][stored["best"]]["values"]}
    show(asked, content, as_text(content))


def as_text(record: dict[str, Any]) -> str:
    """The best settings, and what they gained."""
    defaults, best = (
        score(estimate["value"], estimate["low"], estimate["high"])
        for estimate in (record["default_score"], record["best_score"])
    )
    lines = [
        f"{len(record['trials'])} trials on {record['rows']['validation']:,} validation rows; no test row was read."
    ]
    lines.append(f"macro-F1 with the defaults: {defaults}")
    gain = record["difference"]
    if gain is None:
        return "\n".join([*lines, "Nothing was better than the defaults."])
    lines.append(
        f"macro-F1 with the best (trial {record['best'] + 1}): {best}; "
        f"difference {points(gain['value'])} points ({points_interval(gain['low'], gain['high'])})"
    )
    lines.append("The best of many on the same rows looks better than it is: train, and see the test.")
    pairs = [f"{name}={value}" for name, value in record["best_settings"].items()]
    return "\n".join([*lines, "--set " + " ".join(pairs)])
