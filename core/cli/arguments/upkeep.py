"""The words of the commands that look after the workspace."""

from __future__ import annotations

import argparse
from typing import Any


def add_upkeep(commands: Any) -> None:
    """``delete``, ``tidy`` and ``repair``."""
    delete: argparse.ArgumentParser = commands.add_parser("delete", help="remove one version with its files")
    delete.add_argument("--classifier", required=True, metavar="NAME")
    delete.add_argument("--version", required=True, type=int, metavar="N", help="never the champion")
    delete.add_argument("--json", action="store_true")

    tidy = commands.add_parser("tidy", help="remove what killed runs left, and store what is there twice once")
    tidy.add_argument("--dry-run", action="store_true", help="only say what would be removed, and how much that is")
    tidy.add_argument("--json", action="store_true")

    repair = commands.add_parser(
        "repair", help="name damaged files, mend what can be mended, and make a lost mlflow.db again"
    )
    repair.add_argument("--rebuild", action="store_true", help="make mlflow.db again although it can be read")
    repair.add_argument("--dry-run", action="store_true", help="only say what is damaged")
    repair.add_argument("--json", action="store_true")
