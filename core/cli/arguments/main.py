"""The words of the command line; the settings behind ``--set`` come from the configs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import NoReturn

from core.cli.arguments.generate import add_generate
from core.cli.arguments.tables import add_columns, add_corrections, add_file, add_table, filled
from core.cli.arguments.upkeep import add_upkeep

STRATEGIES = "<strategies>"  # in a help text: their names


class _Parser(argparse.ArgumentParser):
    """One clear line instead of a page of usage."""

    def error(self, message: str) -> NoReturn:
        sys.stderr.write(f"{self.prog}: {message}. See {self.prog} --help.\n")
        raise SystemExit(2)

    def format_help(self) -> str:
        # Only who asks for help waits for the list: the strategies need torch, which takes seconds to load.
        for action in self._actions:
            if action.help and STRATEGIES in action.help:
                from core.continual.strategies import STRATEGIES as known

                action.help = action.help.replace(STRATEGIES, ", ".join(known))
        return super().format_help()


def make_parser() -> argparse.ArgumentParser:
    """All commands with their options."""
    parser = _Parser(prog="python -m core", description="Train, update, measure and use text classifiers.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command", parser_class=_Parser)

    train = commands.add_parser("train", help="train a new version from random start")
    add_table(train)
    train.add_argument("--model", required=True, metavar="MODEL", help="bilstm, transformer, ngrams or hashed")
    train.add_argument(
        "--strategy",
        default="finetune",
        metavar="STRATEGY",
        help="what updates will use: stored beside the version is what that needs, so that no old row has to be kept",
    )
    _add_settings(train)

    update = commands.add_parser("update", help="make a candidate of the champion and a new batch")
    add_table(update)
    update.add_argument("--strategy", required=True, metavar="STRATEGY", help=f"one of: {STRATEGIES}")
    update.add_argument(
        "--with-corrections", action="store_true", help="learn the answers that were put right on the Predict page, too"
    )
    update.add_argument("--promote", choices=("always", "gate", "never"), default="never", help="default: never")
    update.add_argument("--tolerance", type=float, metavar="POINTS", help="what an older test may lose; at first 1.0")
    update.add_argument(
        "--gate",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=VALUE",
        help="rules of the gate, such as label_tolerance=15 or check_calibration=no; kept for later updates",
    )
    _add_settings(update)

    _add_inspect(
        commands.add_parser("inspect", help="what may be wrong with a table: leaks, wrong labels, personal data")
    )
    _add_search(commands.add_parser("search", help="which settings suit a dataset; sees no test row"))
    _add_compare(commands.add_parser("compare", help="run strategies on a stream of experiences and compare them"))

    evaluate = commands.add_parser("evaluate", help="measure a version on labelled rows")
    add_table(evaluate)
    evaluate.add_argument("--version", type=int, metavar="N", help="default: the champion")
    evaluate.add_argument("--json", action="store_true")

    curve = commands.add_parser("curve", help="accuracy against rows: would more labels help")
    curve.add_argument("--classifier", required=True, metavar="NAME")
    curve.add_argument("--version", type=int, metavar="N", help="default: the champion")
    curve.add_argument("--runs", type=int, default=0, metavar="N", help="of each share; default: as many as are quick")
    curve.add_argument("--json", action="store_true")

    behaviour = commands.add_parser(
        "behaviour", help="tests of single abilities: negation, typing mistakes, names and others"
    )
    behaviour.add_argument("--classifier", required=True, metavar="NAME")
    behaviour.add_argument("--version", type=int, metavar="N", help="default: the champion")
    behaviour.add_argument("--json", action="store_true")

    folds = commands.add_parser(
        "folds", help="how much a version's figures owe to chance: other parts held out, or other seeds"
    )
    folds.add_argument("--classifier", required=True, metavar="NAME")
    folds.add_argument("--version", type=int, metavar="N", help="default: the champion")
    folds.add_argument("--by", choices=("folds", "seeds"), default="folds", help="what changes from run to run")
    folds.add_argument("--runs", type=int, default=5, metavar="N", help="2 to 20")
    folds.add_argument("--json", action="store_true")

    benchmark = commands.add_parser("benchmark", help="how fast a version answers here, PyTorch against ONNX Runtime")
    benchmark.add_argument("--classifier", required=True, metavar="NAME")
    benchmark.add_argument("--version", type=int, metavar="N", help="default: the champion")
    add_file(benchmark, required=False, about="texts to measure with; default: its frozen tests")
    benchmark.add_argument("--text", metavar="COLUMN", help="of --data; default: text")
    benchmark.add_argument("--texts", type=int, default=500, metavar="N", help="how many of them; default: 500")
    benchmark.add_argument("--rounds", type=int, default=5, metavar="N", help="default: 5")
    benchmark.add_argument("--threads", type=int, default=0, metavar="N", help="default: as many as PyTorch takes")
    benchmark.add_argument("--no-compile", action="store_true", help="leave torch.compile out, which takes a minute")
    benchmark.add_argument("--json", action="store_true")

    drift = commands.add_parser("drift", help="has a batch changed against what a version learned, and what to do")
    add_table(drift)
    drift.add_argument("--version", type=int, metavar="N", help="default: the champion")
    drift.add_argument("--json", action="store_true")

    predict = commands.add_parser("predict", help="label every row of a table")
    add_file(predict)
    predict.add_argument("--text", required=True, metavar="COLUMN")
    predict.add_argument("--classifier", required=True, metavar="NAME")
    predict.add_argument("--version", type=int, metavar="N", help="default: the champion")
    predict.add_argument("--out", required=True, type=Path, metavar="FILE")
    predict.add_argument("--json", action="store_true", help="print how many rows were labelled and left out")

    export = commands.add_parser("export", help="write a bundle: model.onnx and what runs it")
    export.add_argument("--classifier", required=True, metavar="NAME")
    export.add_argument("--version", type=int, metavar="N", help="default: the champion")
    export.add_argument("--out", required=True, type=Path, metavar="FILE")

    report = commands.add_parser("report", help="a version for people who were not there: one HTML file, or Markdown")
    report.add_argument("--classifier", required=True, metavar="NAME")
    report.add_argument("--version", type=int, metavar="N", help="default: the champion")
    report.add_argument("--out", required=True, type=Path, metavar="FILE", help=".html, or .md for a model card")
    report.add_argument("--language", choices=("en", "zh"), default="en", help="default: en")

    precision = commands.add_parser(
        "precision", help="in which arithmetic a version answers, and what others are worth"
    )
    precision.add_argument("--classifier", required=True, metavar="NAME")
    precision.add_argument("--version", type=int, metavar="N", help="default: the champion")
    precision.add_argument("--json", action="store_true")

    versions = commands.add_parser("versions", help="list the versions of a classifier")
    versions.add_argument("--classifier", required=True, metavar="NAME")
    versions.add_argument("--json", action="store_true")

    promote = commands.add_parser("promote", help="make a version the champion")
    promote.add_argument("--classifier", required=True, metavar="NAME")
    promote.add_argument("--version", type=int, metavar="N", help="default: the newest version")
    promote.add_argument("--reason", default="", metavar="TEXT", help="why, above all when the gate is against it")

    rollback = commands.add_parser("rollback", help="return to the previous champion")
    rollback.add_argument("--classifier", required=True, metavar="NAME")
    rollback.add_argument("--version", type=int, metavar="N", help="default: the previous champion")

    threshold = commands.add_parser("threshold", help="from which probability on a classifier answers without a person")
    threshold.add_argument("--classifier", required=True, metavar="NAME")
    change = threshold.add_mutually_exclusive_group()
    change.add_argument("--set", type=float, metavar="P", help="a probability above 0 and at most 1; without it: show")
    change.add_argument("--clear", action="store_true", help="answer every text")
    threshold.add_argument("--version", type=int, metavar="N", help="it was chosen with; default: the champion")
    threshold.add_argument("--json", action="store_true")

    forget = commands.add_parser(
        "forget", help="remove rows from everything that is stored, and print a receipt; finishes what was interrupted"
    )
    forget.add_argument("--classifier", required=True, metavar="NAME")
    forget.add_argument(
        "--group", nargs="+", default=[], metavar="VALUE", help="all rows with this value of the group column"
    )
    forget.add_argument("--texts", type=Path, metavar="FILE", help="a text file with one whole text a line")
    forget.add_argument("--encoding", metavar="NAME", help="of --texts, where the guess is wrong")
    forget.add_argument("--dry-run", action="store_true", help="only say what would be removed")
    forget.add_argument("--json", action="store_true")

    _add_vectors(commands.add_parser("vectors", help="word vectors to start from: list, add a file, learn own, delete"))

    _add_pretrain(
        commands.add_parser("pretrain", help="an encoder learns from unlabelled texts by guessing hidden words")
    )
    add_generate(commands.add_parser("generate", help="a small language model over your own texts"))
    doctor = commands.add_parser("doctor", help="what runs here (GPU or CPU), and what keeps it from running faster")
    doctor.add_argument("--json", action="store_true")

    serve = commands.add_parser("serve", help="the REST API alone, without the dashboard")
    serve.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="default: 127.0.0.1, this machine only")
    serve.add_argument("--port", type=int, default=8600, metavar="N", help="default: 8600")
    serve.add_argument(
        "--body-megabytes", type=_positive, default=2.0, metavar="N", help="largest body of a request; default: 2"
    )
    _add_keys(commands.add_parser("keys", help="keys for the REST API: create, list, revoke"))
    add_upkeep(commands)
    commands.add_parser("prepare", help="create the workspace and save the sample datasets")
    return parser


def _add_inspect(inspect: argparse.ArgumentParser) -> None:
    source = inspect.add_mutually_exclusive_group(required=True)
    source.add_argument("--dataset", metavar="NAME", help="a saved dataset, by name or id; the result is kept")
    source.add_argument("--data", type=Path, metavar="FILE", help="a table that is not saved")
    add_corrections(inspect)
    inspect.add_argument(
        "--text", type=filled, metavar="COLUMN", help="of --data; default: as its header and rows suggest"
    )
    inspect.add_argument(
        "--label", type=filled, metavar="COLUMN", help="of --data; default: as its header and rows suggest"
    )
    inspect.add_argument("--encoder", default="", metavar="REFERENCE", help="doubts labels better and slower")
    inspect.add_argument("--seed", type=int, default=0, metavar="N", help="of samples and folds; default: 0")
    inspect.add_argument("--json", action="store_true")


def _add_search(search: argparse.ArgumentParser) -> None:
    search.add_argument("--dataset", required=True, metavar="NAME", help="a saved dataset, by name or id")
    search.add_argument(
        "--model", required=True, metavar="MODEL", help="bilstm, transformer, ngrams, hashed or encoder"
    )
    search.add_argument("--minutes", type=_count, default=10, metavar="N", help="default: 10")
    search.add_argument("--trials", type=int, default=0, metavar="N", help="at most; default: as time allows")
    search.add_argument("--seed", type=int, default=0, metavar="N", help="of the search; default: 0")
    search.add_argument(
        "--vary",
        nargs="+",
        action="extend",
        default=[],
        metavar="SETTING",
        help="which settings; default: the model's sizes and dropout, and the common ones of learning",
    )
    _add_settings(search)


def _add_compare(compare: argparse.ArgumentParser) -> None:
    add_columns(compare)
    compare.add_argument(
        "--experience",
        required=True,
        metavar="COLUMN",
        help="each of its values is an experience, in order of first appearance; the label column: each label",
    )
    compare.add_argument("--periods", type=int, metavar="N", help="the experience column holds times: cut them into N")
    compare.add_argument("--labels-per-experience", type=int, metavar="N", help="with the label column; default: 1")
    compare.add_argument(
        "--label-order", choices=("appearance", "alphabetical", "random"), help="likewise; default: appearance"
    )
    compare.add_argument("--strategies", required=True, metavar="A,B,C", help=f"some of: {STRATEGIES}")
    compare.add_argument("--model", default="ngrams", metavar="MODEL", help="default: ngrams")
    compare.add_argument("--seeds", type=int, default=3, metavar="N", help="runs of each strategy; default: 3")
    compare.add_argument("--jobs", type=int, default=0, metavar="N", help="processes at a time; default: all cores")
    _add_settings(compare)


def _count(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number of at least 1")
    return number


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number above 0")
    return number


def _add_keys(command: argparse.ArgumentParser) -> None:
    actions = command.add_subparsers(dest="action", required=True, metavar="action", parser_class=_Parser)
    create = actions.add_parser("create", help="make a key and print it, this once")
    listed = actions.add_parser("list", help="names, when they were made and last used")
    revoke = actions.add_parser("revoke", help="refuse a key from now on")
    for action in (create, revoke):
        action.add_argument("--name", required=True, metavar="NAME", help="who calls with it, such as 'web shop'")
    for action in (create, listed):
        action.add_argument("--json", action="store_true")


def _add_vectors(command: argparse.ArgumentParser) -> None:
    actions = command.add_subparsers(dest="action", required=True, metavar="action", parser_class=_Parser)
    listed = actions.add_parser("list", help="what there is to start from")
    add = actions.add_parser("add", help="copy a GloVe, word2vec or fastText file into the workspace")
    add.add_argument("--file", required=True, type=Path, metavar="FILE", help="text or binary, also gzip-compressed")
    add.add_argument("--limit", type=_count, metavar="N", help="only the first so many words: the common ones")
    learn = actions.add_parser(
        "learn", help="learn vectors from the texts of a table, which need no labels (skip-gram)"
    )
    add_file(learn)
    learn.add_argument("--text", required=True, metavar="COLUMN")
    learn.add_argument("--set", nargs="+", action="extend", default=[], metavar="NAME=VALUE", help="vectors_epochs=10")
    delete = actions.add_parser("delete", help="remove an own set; what started from it keeps what it learned")
    for action in (add, learn, delete):
        action.add_argument("--name", required=True, metavar="NAME")
    for action in (listed, add, learn):
        action.add_argument("--json", action="store_true")


def _add_pretrain(command: argparse.ArgumentParser) -> None:
    add_file(command)
    command.add_argument("--text", required=True, metavar="COLUMN")
    command.add_argument("--name", required=True, metavar="NAME", help="of the encoder: afterwards own:NAME")
    command.add_argument(
        "--from",
        dest="start",
        default="scratch",
        metavar="ENCODER",
        help="scratch, packaged:…, folder:…, hub:… or own:…",
    )
    command.add_argument("--probe", type=Path, metavar="FILE", help="labelled rows that say whether it helped")
    command.add_argument("--probe-text", default="text", metavar="COLUMN", help="default: text")
    command.add_argument("--probe-label", default="label", metavar="COLUMN", help="default: label")
    command.add_argument("--probe-split", metavar="COLUMN", help="holds train, validation and test")
    add_corrections(command, "probe-")
    command.set_defaults(label=None, split=None, group=None)
    _add_settings(command)


def _add_settings(command: argparse.ArgumentParser) -> None:
    command.add_argument("--set", nargs="+", action="extend", default=[], metavar="NAME=VALUE", help="such as epochs=3")
    command.add_argument("--json", action="store_true")
