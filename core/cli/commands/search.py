"""``search``: which settings suit a dataset, within so many minutes."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from core.base.config import build, home, parse_assignments
from core.base.errors import DataError
from core.base.messages import Message
from core.base.wording import points, points_interval, score
from core.cli.progress import consume
from core.data.dataset.store import StoredDataset
from core.workflows.workspace import Workspace, open_workspace


def search(asked: argparse.Namespace) -> None:
    from core.workflows.search.run import SearchRequest, search_settings

    workspace = open_workspace(home())
    limits = {"search_minutes": asked.minutes, "search_trials": asked.trials, "search_seed": asked.seed}
    values = {"dataset": saved_dataset(asked.dataset, workspace).id, "model": asked.model, "searched": asked.vary}
    request = build(SearchRequest, {**values, "settings": parse_assignments(asked.set), "search": limits})
    found = as_object(consume(search_settings(request, workspace)).search)
    sys.stdout.write((json.dumps(found, ensure_ascii=False) if asked.json else as_text(found)) + "\n")


def saved_dataset(wanted: str, workspace: Workspace) -> StoredDataset:
    """The dataset of this id or name; the newest, when several have the name."""
    known = workspace.datasets.list()
    for one in known:
        if wanted in (one.id, one.name):
            return one
    raise DataError(
        "search.no_dataset",
        "There is no saved dataset '{name}'. The datasets are: {known}.",
        name=wanted,
        known=[one.name for one in known] or ["–"],
    )


def as_object(stored: dict[str, Any]) -> dict[str, Any]:
    """The stored search with sentences instead of messages, and the best settings on top."""
    trials = [
        {**one, "error": str(Message.from_dict(one["error"])) if one["error"] else None} for one in stored["trials"]
    ]
    return {**stored, "trials": trials, "best_settings": stored["trials"][stored["best"]]["values"]}


def as_text(found: dict[str, Any]) -> str:
    """The best settings, and what they gained."""
    defaults, best = (
        score(one["value"], one["low"], one["high"]) for one in (found["default_score"], found["best_score"])
    )
    lines = [f"{len(found['trials'])} trials on {found['rows']['validation']:,} validation rows; no test row was read."]
    lines.append(f"macro-F1 with the defaults: {defaults}")
    gain = found["difference"]
    if gain is None:
        return "\n".join([*lines, "Nothing was better than the defaults."])
    lines.append(
        f"macro-F1 with the best (trial {found['best'] + 1}): {best}; "
        f"difference {points(gain['value'])} points ({points_interval(gain['low'], gain['high'])})"
    )
    lines.append("The best of many on the same rows looks better than it is: train, and see the test.")
    pairs = [f"{name}={value}" for name, value in found["best_settings"].items()]
    return "\n".join([*lines, "--set " + " ".join(pairs)])
