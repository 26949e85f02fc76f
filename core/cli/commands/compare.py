"""``compare``: a table in, one JSON object or one table of figures out."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from core.base.config import build, home, parse_assignments
from core.base.errors import ConfigError
from core.base.messages import Message
from core.cli.progress import at_work_throughout, consume
from core.cli.tables import facts_of, read, tell
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import rows_set_aside
from core.data.loading.load import merged_labels, reading_notes
from core.data.reading.tables import form_of
from core.workflows.workspace import open_workspace

# Heading, figure, and what it is multiplied with to be read in points.
COLUMNS = (
    ("accuracy", "average_accuracy", 100),
    ("macro-F1", "average_macro_f1", 100),
    ("forgetting", "forgetting", 100),
    ("plasticity", "plasticity", 100),
    ("backward", "backward_transfer", 100),
    ("forward", "forward_transfer", 100),
    ("intransigence", "intransigence", 100),
    ("seconds", "seconds", 1),
)


@at_work_throughout
def compare(asked: argparse.Namespace) -> None:
    from core.workflows.compare.request import CompareRequest, resolve_comparison
    from core.workflows.compare.run import compare_strategies
    from core.workflows.compare.stream_cuts import left_out_of_stream, store_stream

    if asked.label_order is not None and asked.experience != asked.label:
        raise ConfigError(
            "compare.order_column",
            "An order of labels is given, but '{column}' is not the label column, '{label}'. Choose that as the experience "
            "column, or leave the order out.",
            column=asked.experience,
            label=asked.label,
        )
    values = {
        "strategies": [name.strip() for name in asked.strategies.split(",") if name.strip()],
        "model": asked.model,
        "seeds": asked.seeds,
        "jobs": asked.jobs,
        "label_order": asked.label_order or "appearance",
        "settings": parse_assignments(asked.set),
    }
    resolve_comparison(build(CompareRequest, {**values, "datasets": []}))  # typing errors before a long file is read
    workspace = open_workspace(home())
    roles = ColumnRoles(text=asked.text, label=asked.label, split=asked.split, group=asked.group)
    table = read(asked)
    if asked.merge_labels:
        table = merged_labels(table, asked.label)
    left_out = left_out_of_stream(table, roles, _column(asked))
    notes = reading_notes(table, roles, rows_set_aside(table, roles))
    tell(left_out, notes)
    parts = store_stream(
        table,
        roles,
        asked.experience,
        workspace,
        source=asked.data.name,
        periods=asked.periods,
        labels=asked.labels_per_experience,
    )
    request = build(CompareRequest, {**values, **parts})
    result = consume(compare_strategies(request, workspace)).result
    for finding in map(Message.from_dict, result["findings"]):
        if finding.key.startswith("spelling."):
            tell((), [finding], merge=not asked.merge_labels)
    content = {**result, **facts_of(left_out, form_of(table), notes)}
    sys.stdout.write((json.dumps(content, ensure_ascii=False) if asked.json else _table(result)) + "\n")


def _column(asked: argparse.Namespace) -> str | None:
    """The column whose values are the experiences; None where times or labels cut them."""
    return None if asked.periods is not None or asked.experience == asked.label else str(asked.experience)


def _table(result: dict[str, Any]) -> str:
    width = max(len(strategy["strategy"]) for strategy in result["strategies"])
    lines = [f"{'':{width}}  " + "  ".join(f"{heading:>13}" for heading, _, _ in COLUMNS)]
    for strategy in result["strategies"]:
        cells = [_cell(strategy[figure], strategy["spread"][figure], scale) for _, figure, scale in COLUMNS]
        lines.append(f"{strategy['strategy']:{width}}  " + "  ".join(f"{cell:>13}" for cell in cells))
    sentences = [Message.from_dict(stored) for stored in (*result["findings"], result["best"]["message"])]
    return "\n".join([*lines, "", *map(str, sentences)])


def _cell(value: float | None, spread: float | None, scale: int) -> str:
    if value is None:
        return "–"
    return f"{scale * value:.1f}" + (f" ± {scale * spread:.1f}" if spread is not None else "")
