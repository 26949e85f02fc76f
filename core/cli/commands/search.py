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
    content = as_object(consume(search_settings(request, workspace)).search)
    sys.stdout.write((json.dumps(content, ensure_ascii=False) if asked.json else as_text(content)) + "\n")


def saved_dataset(wanted: str, workspace: Workspace) -> StoredDataset:
    """The dataset of this id or name; the newest, when several have the name."""
    known = workspace.datasets.list()
    for dataset in known:
        if wanted in (dataset.id, dataset.name):
            return dataset
    raise DataError(
        "search.no_dataset",
        "There is no saved dataset '{name}'. The datasets are: {known}.",
        name=wanted,
        known=[dataset.name for dataset in known] or ["–"],
    )


def as_object(stored: dict[str, Any]) -> dict[str, Any]:
    """The stored search with sentences instead of messages, and the best settings on top."""
    trials = [
        {**trial, "error": str(Message.from_dict(trial["error"])) if trial["error"] else None}
        for trial in stored["trials"]
    ]
    return {**stored, "trials": trials, "best_settings": stored["trials"][stored["best"]]["values"]}


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
