"""The words of every command that names a table: the file, its columns, and how it is written where the guess is wrong."""

from __future__ import annotations

import argparse
from pathlib import Path

FILE_HELP = "CSV, TSV, JSON, Parquet or a workbook, also compressed"
PARTS = ("encoding", "delimiter", "header", "sheet", "skip_rows")


def add_table(command: argparse.ArgumentParser) -> None:
    """A labelled file for or against a classifier."""
    add_columns(command)
    command.add_argument("--classifier", required=True, metavar="NAME")


def add_columns(command: argparse.ArgumentParser) -> None:
    """A labelled file: where it lies, which column is what, how it is written, and what becomes of its labels."""
    add_file(command)
    command.add_argument("--text", required=True, type=filled, metavar="COLUMN")
    command.add_argument("--label", required=True, type=filled, metavar="COLUMN")
    command.add_argument("--split", type=filled, metavar="COLUMN", help="holds train, validation and test")
    command.add_argument(
        "--group", type=filled, metavar="COLUMN", help="rows of one group stay on one side of the split"
    )
    command.add_argument(
        "--merge-labels",
        action="store_true",
        help="make labels one that are probably spellings of one, such as Neg and neg",
    )


def add_file(command: argparse.ArgumentParser, *, required: bool = True, about: str = FILE_HELP) -> None:
    """``--data`` and how it is written."""
    command.add_argument("--data", required=required, type=Path, metavar="FILE", help=about)
    add_corrections(command)


def add_corrections(command: argparse.ArgumentParser, prefix: str = "") -> None:
    """How a file is written, each part guessed where it is not given.

    Parameters
    ----------
    prefix
        Prefix of the options, for a second file of a command, such as ``"probe-"``.
    """
    file = f"--{prefix.rstrip('-')}" if prefix else "--data"
    group = command.add_argument_group(f"how {file} is written (guessed where it is not said)")
    group.add_argument(f"--{prefix}encoding", type=filled, metavar="NAME", help="such as utf-8 or gb18030")
    group.add_argument(
        f"--{prefix}delimiter", type=filled, metavar="SIGNS", help="between the fields, such as ; or tab"
    )
    group.add_argument(
        f"--{prefix}header",
        action=argparse.BooleanOptionalAction,
        help="the first row names the columns, or is data",
    )
    group.add_argument(f"--{prefix}sheet", type=filled, metavar="NAME", help="of a workbook")
    group.add_argument(f"--{prefix}skip-rows", type=_rows, metavar="N", help="lines above the table to leave out")


def _rows(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of rows, such as 3")
    return number


def filled(text: str) -> str:
    """A word of the command line that would be taken for not given if it were empty."""
    if not text:
        raise argparse.ArgumentTypeError("nothing stands in it; leave the option out, or say what is meant")
    return text
