"""What commands are made of: their options, those that a request declares and those that it does not."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from core.cli.arguments.fields import add_fields, number
from core.cli.arguments.tables import add_file, add_table
from core.jobs.kinds import KINDS
from core.workflows.fields import VersionOf

Words = Callable[[argparse.ArgumentParser], Any]


class Command:
    """One command, or one verb of a command.

    Parameters
    ----------
    words
        What adds its options, one after the other; ``--json`` comes by itself.
    module
        The module of `core.cli.commands` that carries it out, by default of the command's name, and the function after a
        colon, by default of that name, too.
    learns
        Whether it computes long enough that freed memory is better kept.
    """

    def __init__(self, help: str, *words: Words, module: str = "", learns: bool = True, **verbs: Command) -> None:
        self.help, self.words, self.module, self.learns, self.verbs = help, words, module, learns, verbs


def option(*names: str, **shape: Any) -> Words:
    """An option that no request declares."""
    return lambda parser: parser.add_argument(*names, **shape)


def several(name: str, metavar: str, about: str) -> Words:
    """An option that takes several values, and may be given again."""
    return option(name, nargs="+", action="extend", default=[], metavar=metavar, help=about)


def fields(kind: str, *without: str) -> Words:
    """The fields of the request of a kind of job, but for those that the command itself fills in."""

    def add(parser: argparse.ArgumentParser) -> None:
        add_fields(parser, KINDS[kind].asked(), without)

    return add


def kept(what: str, **verbs: Command) -> Command:
    """The command of a kind of thing that is listed and deleted alike."""
    both = {"list": Command(f"all {what}"), "delete": Command("remove one, by its name or id", NAME)}
    command = Command(f"{what}: {', '.join([*both, *verbs])}", module="stored" if verbs else "stored:kept")
    command.verbs = both | verbs
    return command


def of_version(parser: argparse.ArgumentParser) -> None:
    """Which version of which classifier."""
    add_fields(parser, VersionOf)


def version(about: str, **shape: Any) -> Words:
    """A version whose number says something else than which is looked at."""
    return option("--version", type=int, metavar="N", help=about, **shape)


def table(parser: argparse.ArgumentParser) -> None:
    """A file that learning can do without, where a saved dataset is named."""
    add_table(parser, required=False, labels=False)


def batch(parser: argparse.ArgumentParser) -> None:
    """A file for a version, whose task says whether it needs labels."""
    add_table(parser, labels=False)


def change_of_threshold(parser: argparse.ArgumentParser) -> None:
    """Set it or clear it, not both."""
    change = parser.add_mutually_exclusive_group()
    change.add_argument("--set", type=float, metavar="P", help="a probability above 0 and at most 1; without it: show")
    change.add_argument("--clear", action="store_true", help="answer every text")


def declared(name: str, *, switches: bool = False) -> Words:
    """The fields of a config, ``"module:name"``, which is loaded when its command is asked: some load pandas."""

    def add(parser: argparse.ArgumentParser) -> None:
        module, _, config = name.partition(":")
        add_fields(parser, getattr(import_module(module), config), switches=switches)

    return add


def texts_to_measure(parser: argparse.ArgumentParser) -> None:
    """A file in place of the frozen tests."""
    add_file(parser, required=False, about="texts to measure with; default: the frozen tests")
    parser.add_argument("--text", metavar="COLUMN", help="of --data; default: text")


CLASSIFIER = option("--classifier", required=True, metavar="NAME", help="Name of the classifier.")
OF_GENERATOR = option("--name", required=True, metavar="NAME", help="of the language model")
SIZE = option("--size", choices=("tiny", "small", "medium"), default="tiny", help="default: tiny")
NAME = option("--name", required=True, metavar="NAME", help="or its id, where it has no name")
NEW_NAME = option("--name", metavar="NAME", help="of the new dataset; default: as what it is made of")
DATASET = option("--dataset", required=True, metavar="DATASET", help="A saved dataset, by name or id.")
WORDING = option("--text", required=True, metavar="TEXT")
TEXT = option("--text", required=True, metavar="COLUMN")
REASON = option(
    "--reason", default="", metavar="TEXT", help="why; of a promotion above all when the gate is against it"
)
WRITTEN = "where it is written; of a report: .html or .md; of answers: .csv, or .jsonl for a line of JSON a row"
OUT = option("--out", required=True, type=Path, metavar="FILE", help=WRITTEN)
DRY_RUN = option("--dry-run", action="store_true", help="only say what would be done")
SETTINGS = several("--set", "NAME=VALUE", "settings by name")
COUNT = number(int, 1, "a whole number of at least 1")
MEGABYTES = number(float, 1e-9, "a number above 0")
SECONDS = number(float, 0.1, "a number of at least 0.1")
WAITING = option("--file", required=True, metavar="HASH", help="its first signs, as 'policy show' has them")
RULES = declared("core.evolve.policy:Policy", switches=True)
KEEPING = declared("core.serving.monitor.keeping:Keeping")
STATEMENTS = declared("core.registry.statements:Statements", switches=True)
