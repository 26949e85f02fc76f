"""``fairness``: how differently a version treats groups of people."""

from __future__ import annotations

import argparse
from typing import Any

from core.base.errors import DataError
from core.cli.printing import plain, show
from core.cli.workflow import carry_out

TITLES = {
    "selection": "demographic parity difference",
    "odds": "equalised odds difference",
    "fpr": "gap in false positives",
    "tpr": "gap in true positives",
    "accuracy": "gap in accuracy",
}


def fairness(asked: argparse.Namespace) -> None:
    path, asked.terms = asked.terms, None
    words = {}
    if path is not None:
        try:
            words["terms"] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(
                "fairness.terms_file",
                "The list of words {file} cannot be read: {reason}. Name a text file in UTF-8 with a group a line.",
                file=path.name,
                reason=str(error),
            ) from error
    content = plain(carry_out(asked, **words).fairness)
    show(asked, content, as_text(content))


def as_text(record: dict[str, Any]) -> str:
    """A line for each gap, each group, and each pair of groups whose words were exchanged."""
    lines = [f"{TITLES[name]:<32} {_figure(gap)}   p {gap['p_value']:.3f}   {gap['highest']} / {gap['lowest']}"
             for name, gap in record["gaps"].items()]  # fmt: skip
    for group in record["groups"]:
        rates = "   ".join(
            f"{name} {_figure(group[name])}" for name in ("selection", "fpr", "tpr", "accuracy") if group[name]
        )
        lines.append(f"{group['name']:<32} {group['rows']:>6,} rows   {rates or 'too few rows'}")
    for pair in record["counterfactual"]:
        figures = f"{_figure(pair['gap'])}   flips {_figure(pair['flips'])}" if pair["gap"] else "too few texts"
        lines.append(
            f"{pair['first']} → {pair['second']} ({pair['source']}, {pair['texts']:,})".ljust(56) + f" {figures}"
        )
    return "\n".join(lines)


def _figure(stored: dict[str, float]) -> str:
    return f"{stored['value']:.3f} ({stored['low']:.3f}–{stored['high']:.3f})"
