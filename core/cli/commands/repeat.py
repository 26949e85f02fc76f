"""Many trainings of which no version comes.

``curve``: accuracy against the number of rows learned from, and whether more labels would help. ``folds``: cross-validation or
repeated seeds of a version's model and settings; its test rows take no part. ``membership``: can it be told which rows were
learned. ``search``: which settings suit a dataset.
``mitigate``: what each way against unequal treatment gains on a dataset, and what it costs.
"""

from __future__ import annotations

import argparse
from typing import Any

from core.base.messages import Message
from core.base.wording import points, points_interval, score
from core.cli.printing import plain, show
from core.cli.workflow import carry_out

WAY_COLUMNS = (("macro-F1", "macro_f1"), ("accuracy", "accuracy"), ("FPR gap", "fpr_gap"), ("TPR gap", "tpr_gap"))


def curve(asked: argparse.Namespace) -> None:
    content = plain(carry_out(asked).curve)
    show(asked, content, _curve_as_text(content))


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
    record = carry_out(asked).record
    show(asked, record, _folds_as_text(record))


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


def membership(asked: argparse.Namespace) -> None:
    record = plain(carry_out(asked).record)
    show(asked, record, _membership_as_text(record))


def _membership_as_text(record: dict[str, Any]) -> str:
    """A line for each attack, then what they prove."""
    lines = []
    for name in ("attack", "canaries"):
        attack = record[name]
        if attack is not None:
            auc, hits = (score(**attack[figure]) for figure in ("auc", "hits"))
            told = "rows" if name == "attack" else "canaries"
            lines.append(
                f"{attack['rows']:,} {told}, {attack['shadows']} shadow models: AUC {auc}, {hits} recognised at 1 % false alarms"
            )
    exposure = record["exposure"]
    if exposure is not None:
        means = [exposure[name]["value"] for name in ("inserted", "absent")]
        lines.append(f"exposure of canaries: {means[0]:.2f} bits where learned, {means[1]:.2f} where not")
    return "\n".join([*lines, record["verdict"], *record["remarks"]])


def search(asked: argparse.Namespace) -> None:
    stored = plain(carry_out(asked).search)
    content = {**stored, "best_settings": stored["trials"][stored["best"]]["values"]}
    show(asked, content, _search_as_text(content))


def _search_as_text(record: dict[str, Any]) -> str:
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


def mitigate(asked: argparse.Namespace) -> None:
    record = carry_out(asked).record
    show(asked, plain(record), _ways_as_table(record))


def _ways_as_table(record: dict[str, Any]) -> str:
    """A line of figures for each mitigation, in points with 95 % intervals; below it the difference to none."""
    width = max(len(result["mitigation"]) for result in record["results"])
    lines = [f"{'':{width}}  " + "  ".join(f"{heading:>20}" for heading, _ in WAY_COLUMNS)]
    for result in record["results"]:
        lines.append(
            f"{result['mitigation']:{width}}  " + "  ".join(_cell(result["scores"][name]) for _, name in WAY_COLUMNS)
        )
        if result["differences"] is not None:
            cells = [_cell(result["differences"][name], signed=True) for _, name in WAY_COLUMNS]
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
