"""``folds``: cross-validation or repeated seeds of a version's model and settings; its test rows take no part."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from core.base.config import build, home
from core.base.wording import score
from core.cli.progress import consume
from core.workflows.workspace import open_workspace


def folds(asked: argparse.Namespace) -> None:
    from core.workflows.repeat.cross_validation import FoldsRequest, cross_validate

    values = {"repeat_by": asked.by, "repeat_runs": asked.runs}
    request = build(FoldsRequest, {"classifier": asked.classifier, "version": asked.version, **values})
    record = consume(cross_validate(request, open_workspace(home()))).record
    sys.stdout.write((json.dumps(record, ensure_ascii=False) if asked.json else as_text(record)) + "\n")


def as_text(record: dict[str, Any]) -> str:
    """A line for each run, then mean and deviation."""
    lines = []
    for run in record["runs"]:
        scores = [score(**run[name]) for name in record["summary"]]
        lines.append(
            f"run {run['run']}, seed {run['seed']}: {run['rows']:,} rows  accuracy {scores[0]}  macro-F1 {scores[1]}"
        )
    for name, figure in record["summary"].items():
        lines.append(f"{name}: {figure['mean']:.3f} ± {figure['deviation']:.3f}")
    return "\n".join(lines)
