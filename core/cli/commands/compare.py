"""``compare``: a table in, one JSON object or one table of figures out."""

from __future__ import annotations

import argparse
from typing import Any

from core.base.config import home
from core.base.errors import ConfigError
from core.base.messages import Message
from core.cli.printing import show
from core.cli.progress import working
from core.cli.tables import facts_of, read, refuse_without_file, roles_of, tell
from core.cli.workflow import carry_out, request_of
from core.data.dataset.rows import rows_set_aside
from core.data.loading.load import merged_labels, reading_notes
from core.data.reading.tables import form_of
from core.workflows.compare.request import resolve_comparison
from core.workflows.compare.stream_cuts import left_out_of_stream, store_stream
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


@working()
def compare(asked: argparse.Namespace) -> None:
    if asked.data is None:
        refuse_without_file(asked, "text", "label", "split", "group", "column")
        resolve_comparison(request_of(asked))
        result = carry_out(asked).result
        show(asked, result, as_table(result))
        return
    if asked.label_order is not None and asked.column != asked.label:
        raise ConfigError(
            "compare.order_column",
            "An order of labels is given, but '{column}' is not the label column, '{label}'. Choose that as the experience "
            "column, or leave the order out.",
            column=asked.column,
            label=asked.label,
        )
    resolve_comparison(request_of(asked, datasets=[]))  # typing errors before a long file is read
    _of_file(asked)


def _of_file(asked: argparse.Namespace) -> None:
    table = read(asked)
    roles = roles_of(asked, table)
    if asked.merge_labels:
        table = merged_labels(table, asked.label)
    left_out = left_out_of_stream(table, roles, _column(asked))
    notes = reading_notes(table, roles, rows_set_aside(table, roles))
    tell(left_out, notes)
    parts = store_stream(
        table,
        roles,
        asked.column,
        open_workspace(home()),
        source=asked.data.name,
        periods=asked.periods,
        labels=asked.labels_per_experience,
    )
    result = carry_out(asked, **parts).result
    for finding in map(Message.from_dict, result["findings"]):
        if finding.key.startswith("spelling."):
            tell((), [finding], merge=not asked.merge_labels)
    show(asked, {**result, **facts_of(left_out, form_of(table), notes)}, as_table(result))


def _column(asked: argparse.Namespace) -> str | None:
    """The column whose values are the experiences; None where times or labels cut them."""
    return None if asked.periods is not None or asked.column == asked.label else str(asked.column)


def as_table(result: dict[str, Any]) -> str:
    """A line of figures for each strategy, and what they say."""
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
