"""The words of every command that names a table: the file, its columns, and how it is written where the guess is wrong."""

from __future__ import annotations

import argparse
from pathlib import Path

from core.cli.arguments.fields import filled, number

FILE_HELP = "CSV, TSV, JSON, Parquet, a workbook, or a token and its tag a line (entities); also compressed"
PARTS = ("encoding", "delimiter", "header", "sheet", "skip_rows")
ROLES = {
    "text": "of the texts",
    "label": "of the labels, or of the entities",
    "split": "holds train, validation and test",
    "group": "rows of one group stay on one side of the split",
}


def add_table(command: argparse.ArgumentParser, *, required: bool = True, labels: bool = True) -> None:
    """A labelled file: where it lies, which column is what, how it is written, and what becomes of its labels.

    Parameters
    ----------
    required
        Whether the rows must come from a file; a saved dataset may stand in its place otherwise.
    labels
        Whether a column of labels must be named; otherwise the task of a model decides that, once it is known.
    """
    add_texts(command, required=required, labels=labels)
    if not labels:
        _add_several(command)
    command.add_argument(
        "--below",
        type=_names,
        metavar="COLUMNS",
        help="columns whose values stand below those of --label, from the top down: Food and Pizza become Food > Pizza",
    )
    command.add_argument(
        "--input",
        action="append",
        type=filled,
        metavar="COLUMN[:KIND]",
        help="read beside the text: a second text, or of the kind number, category or date, such as price:number; may be "
        "given again",
    )
    command.add_argument(
        "--merge-labels",
        action="store_true",
        help="make labels one that are probably spellings of one, such as Neg and neg",
    )


def add_texts(command: argparse.ArgumentParser, *, required: bool = False, labels: bool = False) -> None:
    """A file of texts and its columns, where labels need not be."""
    add_file(command, required=required)
    needed = ("text", "label") if labels else ("text",)
    command.set_defaults(columns=None if required else {role: role for role in needed})
    for role, about in ROLES.items():
        asked = required and role in needed
        command.add_argument(f"--{role}", required=asked, type=filled, metavar="COLUMN", help=about)


def _add_several(command: argparse.ArgumentParser) -> None:
    """How a file says that a text has several labels."""
    command.add_argument(
        "--labels",
        type=_names,
        metavar="COLUMNS",
        help="columns of yes and no, a label each, such as joy,anger: for a model that gives several labels to a text",
    )
    command.add_argument(
        "--separator",
        type=filled,
        metavar="SIGN",
        help="between several labels in a cell of --label, or [] where cells are lists; guessed where it is not said",
    )


def _names(value: str) -> tuple[str, ...]:
    """Names with commas between them."""
    return tuple(name.strip() for name in value.split(",") if name.strip())


def add_any_table(command: argparse.ArgumentParser) -> None:
    """A file whose columns are guessed where they are not named."""
    add_texts(command)
    command.set_defaults(columns={})


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
        f"--{prefix}header", action=argparse.BooleanOptionalAction, help="the first row names the columns, or is data"
    )
    group.add_argument(f"--{prefix}sheet", type=filled, metavar="NAME", help="of a workbook")
    rows = number(int, 0, "a number of rows, such as 3")
    group.add_argument(f"--{prefix}skip-rows", type=rows, metavar="N", help="lines above the table to leave out")


def add_probe(command: argparse.ArgumentParser) -> None:
    """The labelled file that says whether a pretraining helped."""
    command.add_argument(
        "--probe", dest="probe_file", type=Path, metavar="FILE", help="labelled rows that say whether it helped"
    )
    for role, column in (("text", "text"), ("label", "label"), ("split", None)):
        about = f"default: {column}" if column else ROLES[role]
        command.add_argument(f"--probe-{role}", default=column, metavar="COLUMN", help=about)
    add_corrections(command, "probe-")


def add_stream(command: argparse.ArgumentParser) -> None:
    """A labelled file, and what cuts it into experiences."""
    add_table(command, required=False)
    command.add_argument(
        "--experience",
        dest="column",
        metavar="COLUMN",
        help="of --data: each of its values is an experience, in order of first appearance; the label column: each label. "
        "With --periods it holds times. With --task token_classification it may be left out: types of entities then arrive one "
        "after the other",
    )
    command.set_defaults(columns={"text": "text", "label": "label", "experience": "column"})
