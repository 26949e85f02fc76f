"""The words of ``generate``: a language model over one's own texts."""

from __future__ import annotations

import argparse

from core.cli.arguments.tables import add_file

SIZES = ("tiny", "small", "medium")


def add_generate(parser: argparse.ArgumentParser) -> None:
    """Its four verbs, with their options."""
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="verb", parser_class=type(parser))
    train = verbs.add_parser("train", help="learn texts from random start")
    train.add_argument("--size", choices=SIZES, default=SIZES[0], help=f"default: {SIZES[0]}")
    _add_texts(train)
    _add_texts(verbs.add_parser("update", help="go on from the current version with more texts"))

    sample = verbs.add_parser("sample", help="write a text")
    _add_name(sample)
    sample.add_argument("--version", type=int, metavar="N", help="default: the current one")
    sample.add_argument("--prompt", default="", metavar="TEXT", help="the beginning; default: the model's own")
    sample.add_argument("--count", type=int, default=1, metavar="N", help="how many texts; default: 1")
    sample.add_argument(
        "--set", nargs="+", action="extend", default=[], metavar="NAME=VALUE", help="such as temperature=0.5 top_p=0.9"
    )
    sample.add_argument("--json", action="store_true")

    rollback = verbs.add_parser("rollback", help="let an earlier version write again")
    _add_name(rollback)
    rollback.add_argument("--version", type=int, required=True, metavar="N")

    verbs.add_parser("list", help="all generators with their versions").add_argument("--json", action="store_true")


def _add_name(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--name", required=True, metavar="NAME", help="of the generator")


def _add_texts(verb: argparse.ArgumentParser) -> None:
    _add_name(verb)
    add_file(verb)
    verb.add_argument("--text", required=True, metavar="COLUMN")
    verb.add_argument("--label", metavar="COLUMN", help="only stored with the dataset; nothing is learned from it")
    verb.add_argument("--split", metavar="COLUMN", help="holds train, validation and test")
    verb.add_argument("--group", metavar="COLUMN", help="rows of one group stay on one side of the split")
    verb.add_argument("--set", nargs="+", action="extend", default=[], metavar="NAME=VALUE", help="such as epochs=3")
    verb.add_argument("--json", action="store_true")
