"""``compare``: a table in, one JSON object or one table of figures out."""

from __future__ import annotations

import argparse
from typing import Any

from core.base.config import home
from core.base.errors import ConfigError
from core.base.messages import Message
from core.cli.printing import show
from core.cli.progress import working
from core.cli.tables import facts_of, read, refuse_without_file, roles_of, span_roles, tell
from core.cli.workflow import carry_out, request_of
from core.data.dataset.rows import rows_set_aside
from core.data.loading.load import merged_labels, reading_notes
from core.data.reading.tables import form_of
from core.registry.records.comparisons import average_of
from core.tasks import DEFAULT, Task, task_of
from core.workflows.compare.request import resolve_comparison, task_named
from core.workflows.compare.stream_cuts import left_out_of_stream, store_stream, task_asked
from core.workflows.workspace import open_workspace

# Heading, figure, and what it is multiplied with to be read in points; before them stand the averages of the task's scores.
COLUMNS = (
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
        request = request_of(asked)
        resolve_comparison(request, task_asked(request, open_workspace(home())))
        result = carry_out(asked).result
        show(asked, result, as_table(result))
        return
    task = task_named(asked.task or DEFAULT)
    if asked.label_order is not None and asked.label is not None and asked.column != asked.label:
        raise ConfigError(
            "compare.order_column",
            "An order of labels is given, but '{column}' is not the label column, '{label}'. Choose that as the experience "
            "column, or leave the order out.",
            column=asked.column,
            label=asked.label,
        )
    resolve_comparison(request_of(asked, datasets=[]), task)  # typing errors before a long file is read
    _of_file(asked, task)


def _of_file(asked: argparse.Namespace, task: Task) -> None:
    table = read(asked)
    if task.reads == "spans":
        roles = span_roles(asked, table)
        asked.label = roles.label
        asked.column = asked.column or roles.label  # types cut where nothing else is named
    else:
        roles = roles_of(asked, table)
    if asked.merge_labels and not roles.spans:
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
    """The column whose values are the experiences; None where times, labels or types cut them."""
    return None if asked.periods is not None or asked.column == asked.label else str(asked.column)


def columns_of(task: Task) -> list[tuple[str, str, int]]:
    """The columns of the table for a task: the averages of its scores, then what holds for all."""
    return [*((_spoken(score.name), average_of(score.name), 100) for score in task.scores), *COLUMNS]


def _spoken(score: str) -> str:
    return score.replace("_f1", "-F1")


def as_table(result: dict[str, Any]) -> str:
    """A line of figures for each strategy, and what they say."""
    width = max(len(strategy["strategy"]) for strategy in result["strategies"])
    columns = columns_of(task_of(result["task"]))
    lines = [f"{'':{width}}  " + "  ".join(f"{heading:>13}" for heading, _, _ in columns)]
    for strategy in result["strategies"]:
        cells = [_cell(strategy[figure], strategy["spread"][figure], scale) for _, figure, scale in columns]
        lines.append(f"{strategy['strategy']:{width}}  " + "  ".join(f"{cell:>13}" for cell in cells))
    best = result["best"]["message"]
    best = {**best, "facts": {**best["facts"], "score": _spoken(result["score"])}}
    sentences = [Message.from_dict(stored) for stored in (*result["findings"], best)]
    return "\n".join([*lines, "", *map(str, sentences)])


def _cell(value: float | None, spread: float | None, scale: int) -> str:
    if value is None:
        return "–"
    return f"{scale * value:.1f}" + (f" ± {scale * spread:.1f}" if spread is not None else "")
