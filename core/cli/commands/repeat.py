"""The same training several times.

``curve``: accuracy against the number of rows learned from, and whether more labels would help. ``folds``: cross-validation or
repeated seeds of a version's model and settings; its test rows take no part.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from core.base.config import build, home
from core.base.messages import Message
from core.base.wording import score
from core.cli.progress import consume
from core.workflows.workspace import open_workspace


def curve(asked: argparse.Namespace) -> None:
    from core.workflows.repeat.learning_curve import CurveRequest, draw_curve

    request = build(CurveRequest, {"classifier": asked.classifier, "version": asked.version, "runs": asked.runs})
    content = _curve_as_object(consume(draw_curve(request, open_workspace(home()))).curve)
    sys.stdout.write((json.dumps(content, ensure_ascii=False) if asked.json else _curve_as_text(content)) + "\n")


def _curve_as_object(stored: dict[str, Any]) -> dict[str, Any]:
    """The stored curve with a sentence instead of a message."""
    verdict = {**stored["verdict"], "message": str(Message.from_dict(stored["verdict"]["message"]))}
    return {**stored, "verdict": verdict}


def _curve_as_text(curve: dict[str, Any]) -> str:
    """A line for each point, then what they say."""
    lines = []
    for point in curve["points"]:
        scores = (point["accuracy"], point["macro_f1"])
        shown = [score(estimate["value"], estimate["low"], estimate["high"]) for estimate in scores]
        lines.append(f"{point['rows']:>8,} rows  accuracy {shown[0]}  macro-F1 {shown[1]}")
    lines.append(curve["verdict"]["message"])
    guess = curve["verdict"]["estimate"]
    if guess is not None:
        lines.append(
            f"With {2 * curve['points'][-1]['rows']:,} rows: {guess:.3f} accuracy, an estimate by a power law."
        )
    return "\n".join(lines)


def folds(asked: argparse.Namespace) -> None:
    from core.workflows.repeat.cross_validation import FoldsRequest, cross_validate

    values = {"repeat_by": asked.by, "repeat_runs": asked.runs}
    request = build(FoldsRequest, {"classifier": asked.classifier, "version": asked.version, **values})
    record = consume(cross_validate(request, open_workspace(home()))).record
    sys.stdout.write((json.dumps(record, ensure_ascii=False) if asked.json else _folds_as_text(record)) + "\n")


def _folds_as_text(record: dict[str, Any]) -> str:
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
