"""``inspect``: what may be wrong with a dataset."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from core.cli.progress import consume
from core.cli.search import saved_dataset
from core.config import build, home
from core.data import ColumnRoles, build_dataset, guess_roles, read_table
from core.errors import DataError
from core.messages import Message
from core.workflows.workspace import open_workspace

MARKS = {"error": "!!", "warning": " !", "info": "  "}


def inspect(asked: argparse.Namespace) -> None:
    from core.workflows.inspect import InspectionDone, InspectRequest, frozen_tests, inspect_dataset, look_over

    workspace = open_workspace(home())
    if asked.data is None:
        identity = saved_dataset(asked.dataset, workspace).id
        request = build(InspectRequest, {"dataset": identity, "encoder": asked.encoder, "seed": asked.seed})
        found = consume(inspect_dataset(request, workspace)).inspection
    else:
        dataset, _ = build_dataset(table := read_table(asked.data), roles_of(asked, table), batch=True)
        request = build(InspectRequest, {"dataset": "", "encoder": asked.encoder, "seed": asked.seed})

        def events() -> Any:
            made = yield from look_over(dataset, request, workspace, frozen=frozen_tests(workspace))
            assert made is not None, "only what is told to stop comes to nothing"
            yield InspectionDone(made)

        found = {"dataset_name": asked.data.name, **consume(events()).inspection}
    sys.stdout.write((json.dumps(as_object(found), ensure_ascii=False) if asked.json else as_text(found)) + "\n")


def roles_of(asked: argparse.Namespace, table: Any) -> ColumnRoles:
    """The columns' roles: as the program guesses them, but for those that are named."""
    guessed = guess_roles(table)
    label = asked.label or guessed.label
    if label is None:
        raise DataError(
            "inspect.no_label",
            "No column of {file} looks like a label. Name it with --label. The columns are: {columns}.",
            file=asked.data.name,
            columns=[str(column) for column in table.columns],
        )
    text = asked.text or guessed.text
    others = {name: getattr(guessed, name) for name in ("split", "group", "time")}
    free = {name: column if column not in (text, label) else None for name, column in others.items()}
    return ColumnRoles(text=text, label=label, **free)


def as_object(found: dict[str, Any]) -> dict[str, Any]:
    """The inspection with sentences instead of messages; rows count from 0."""
    return {**found, "findings": [_plain(finding) for finding in found["findings"]]}


def _plain(finding: dict[str, Any]) -> dict[str, Any]:
    said = {part: str(Message.from_dict(finding[part])) for part in ("sentence", "advice")}
    notes = [str(Message.from_dict(note)) for note in finding["notes"]]
    fixes = [{**fix, "sentence": str(Message.from_dict(fix["sentence"]))} for fix in finding["fixes"]]
    return {**finding, **said, "notes": notes, "fixes": fixes}


def as_text(found: dict[str, Any]) -> str:
    """A line for each finding, and what to do below it."""
    lines = [f"{found['dataset_name']}: {found['rows']:,} rows, {len(found['findings'])} findings"]
    for finding in as_object(found)["findings"]:
        seen = f" ({finding['seen']:,} rows looked at)" if finding["seen"] else ""
        lines.append(f"{MARKS[finding['severity']]} {finding['sentence']}{seen}")
        rows = ", ".join(f"{row + 1:,}" for row in finding["rows"][:5])
        lines.append(f"     {finding['advice']}" + (f" Rows {rows} …" if rows else ""))
        lines += [f"     → {fix['sentence']}" for fix in finding["fixes"]]
    if found["clean"]:
        lines.append(f"   Nothing found by: {', '.join(found['clean'])}.")
    return "\n".join(lines)
