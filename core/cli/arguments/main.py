"""All commands, each with its help, the module that carries it out, and its options.

The options of a command that runs a workflow are the fields of its request, whose kind of job bears the command's name:
a new field of a request is an option without a change here. They are added when the command is chosen, so that the list
of commands shows at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from core.cli.arguments.fields import fill_in, missing_rows
from core.cli.arguments.tables import add_any_table, add_file, add_probe, add_stream, add_texts
from core.cli.arguments.words import (
    CLASSIFIER,
    COUNT,
    DATASET,
    DRY_RUN,
    KEEPING,
    MEGABYTES,
    NAME,
    NEW_NAME,
    OF_GENERATOR,
    OUT,
    REASON,
    RULES,
    SECONDS,
    SETTINGS,
    SIZE,
    STATEMENTS,
    TEXT,
    WAITING,
    WORDING,
    Command,
    Words,
    batch,
    change_of_threshold,
    fields,
    kept,
    of_version,
    option,
    several,
    table,
    texts_to_measure,
    version,
)

COMMANDS = {
    "train": Command(
        "train a new version from random start: labels, entities, or a language model",
        fields("train"),
        table,
        module="learning",
    ),
    "update": Command(
        "make a candidate of the champion and a new batch",
        fields("update"),
        table,
        option("--with-corrections", action="store_true", help="learn the answers that were put right, too"),
        module="learning",
    ),
    "inspect": Command(
        "what may be wrong with a table: leaks, wrong labels or entities, personal data",
        fields("inspect"),
        add_any_table,
    ),
    "search": Command("which settings suit a dataset; sees no test row", fields("search"), module="repeat"),
    "mitigate": Command(
        "what each way against unequal treatment gains, and what it costs", fields("mitigate"), module="repeat"
    ),
    "compare": Command("run strategies on a stream of experiences and compare them", fields("compare"), add_stream),
    "evaluate": Command("measure a version on labelled rows", of_version, batch, module="measure"),
    "curve": Command("accuracy against rows: would more labels help", fields("curve"), module="repeat"),
    "behaviour": Command(
        "tests of single abilities: negation, typing mistakes, names and others", of_version, module="measure"
    ),
    "folds": Command("how much a version's figures owe to chance", fields("folds"), module="repeat"),
    "membership": Command(
        "can it be told which rows a version learned: an attack by shadow models, and what it proves of ε",
        fields("membership"),
        module="repeat",
    ),
    "benchmark": Command("how fast a version answers here, in every way", fields("benchmark"), texts_to_measure),
    "fairness": Command(
        "how differently a version treats groups of people, by words or by a column",
        fields("fairness", "terms"),
        option(
            "--terms",
            type=Path,
            metavar="FILE",
            help="a list of words, a group a line: 'gender/women: she, her'; default: the built-in one",
        ),
        module="measure",
        learns=False,
    ),
    "drift": Command(
        "has a batch changed against what a version learned, and what to do", of_version, batch, module="measure"
    ),
    "predict": Command("answer every row of a table", of_version, add_file, TEXT, OUT, learns=False),
    "export": Command("write a bundle: model.onnx and what runs it", of_version, OUT, module="report"),
    "report": Command(
        "a version for people who were not there: one HTML file, or Markdown",
        of_version,
        OUT,
        option("--language", choices=("en", "zh"), default="en", help="default: en"),
    ),
    "card": Command(
        "what the owner states of a model, which stands in its card and its reports: show, set",
        module="report",
        learns=False,
        show=Command("all fields", CLASSIFIER),
        set=Command("change some of the fields; an empty text takes one away", CLASSIFIER, STATEMENTS),
    ),
    "precision": Command(
        "in which arithmetic a version answers, and what others are worth", of_version, module="measure"
    ),
    "versions": Command("list the versions of a classifier", CLASSIFIER),
    "policy": Command(
        "the rules by which a model updates itself: show, set, and what becomes of files that wait",
        module="evolve",
        learns=False,
        show=Command("the rules, and what was done by them", CLASSIFIER),
        set=Command("change some of the rules", CLASSIFIER, RULES),
        simulate=Command(
            "what it would have done with the batches that the model has learned; other rules may be named",
            CLASSIFIER,
            RULES,
        ),
        enter=Command("let the rows of a file in that waits", CLASSIFIER, WAITING),
        aside=Command("set a file aside that waits", CLASSIFIER, WAITING),
    ),
    "evolve": Command(
        "follow the policies of all models, until it is ended",
        option("--once", action="store_true", help="one step of each, and end"),
        option("--every", type=SECONDS, default=30.0, metavar="SECONDS", help="between two steps; default: 30"),
        option(
            "--until-closed", action="store_true", help="end when standard input is closed, as by whoever started it"
        ),
        learns=False,
    ),
    "monitor": Command(
        "a model in use: show, keep, label",
        module="in_use",
        learns=False,
        show=Command(
            "by day what it answered, what that is worth, and whether the texts have changed",
            CLASSIFIER,
            option("--days", type=COUNT, default=30, metavar="N", help="how far back; default: 30"),
        ),
        keep=Command("what may be kept of the texts, and for how long", CLASSIFIER, KEEPING),
        label=Command("what texts really are, so that the true score of their days is known", CLASSIFIER, batch),
    ),
    "promote": Command(
        "make a version the champion",
        CLASSIFIER,
        version("default: the newest version"),
        REASON,
        option(
            "--by", default="", metavar="NAME", help="who decides; needed where it takes two people against the gate"
        ),
        option("--confirm", metavar="NAME", help="the second person, who agrees to what was asked for"),
        module="versions",
    ),
    "keep": Command(
        "keep a candidate back: the champion goes on serving",
        CLASSIFIER,
        version("the candidate", required=True),
        module="versions",
    ),
    "rollback": Command(
        "return to the previous champion",
        CLASSIFIER,
        version("default: the previous champion"),
        REASON,
        module="versions",
    ),
    "threshold": Command(
        "from which probability on a classifier answers without a person",
        CLASSIFIER,
        change_of_threshold,
        version("it was chosen with; default: the champion"),
        module="in_use",
        learns=False,
    ),
    "forget": Command(
        "remove rows from everything that is stored, and print a receipt; finishes what was interrupted",
        CLASSIFIER,
        several("--group", "VALUE", "all rows with this value of the group column"),
        option("--texts", type=Path, metavar="FILE", help="a text file with one whole text a line"),
        option("--encoding", metavar="NAME", help="of --texts, where the guess is wrong"),
        DRY_RUN,
    ),
    "vectors": Command(
        "word vectors to start from: list, add a file, learn own, delete",
        list=Command("what there is to start from"),
        add=Command(
            "copy a GloVe, word2vec or fastText file into the workspace",
            NAME,
            option("--file", required=True, type=Path, metavar="FILE", help="text or binary, also gzip-compressed"),
            option("--limit", type=COUNT, metavar="N", help="only the first so many words: the common ones"),
        ),
        learn=Command("learn vectors from texts, which need no labels (skip-gram)", NAME, add_file, TEXT, SETTINGS),
        delete=Command("remove an own set; what started from it keeps what it learned", NAME),
    ),
    "pretrain": Command(
        "an encoder learns from unlabelled texts by guessing hidden words",
        fields("pretrain", "probe"),
        add_texts,
        add_probe,
    ),
    "generate": Command(
        "a small language model over your own texts",
        train=Command("learn texts from random start", OF_GENERATOR, SIZE, add_texts, SETTINGS),
        update=Command(
            "learn more texts; the result writes at once, whatever the gate says", OF_GENERATOR, add_texts, SETTINGS
        ),
        sample=Command(
            "write a text",
            NAME,
            version("default: the current one"),
            option("--prompt", default="", metavar="TEXT", help="the beginning; default: the model's own"),
            option("--count", type=int, default=1, metavar="N", help="how many texts; default: 1"),
            SETTINGS,
        ),
        rollback=Command("let an earlier version write again", NAME, version("which", required=True)),
        list=Command("all generators with their versions"),
        delete=Command("remove a generator with all versions", NAME),
    ),
    "datasets": kept(
        "saved datasets",
        save=Command("store a file of texts, with labels where a column of them is named", batch, NEW_NAME),
        clean=Command(
            "carry out fixes of the last inspection and changes of labels; what comes out is a dataset of its own",
            DATASET,
            several("--fix", "KIND.NAME", "as inspect --json names them"),
            several("--rename", "OLD=NEW", "labels; the same new name twice merges them"),
            several("--parent", "LABEL=ABOVE", "the label, or the group, that a label stands below"),
            several("--drop-labels", "LABEL", "with all their rows"),
            NEW_NAME,
        ),
    ),
    "corrections": Command(
        "answers that were put right and wait for an update: list, add, remove",
        module="stored",
        list=Command("all, the oldest first", CLASSIFIER),
        add=Command(
            "put an answer right",
            of_version,
            WORDING,
            option("--label", required=True, metavar="LABEL", help="what it should have been"),
            option("--predicted", default="", metavar="LABEL", help="what was answered"),
        ),
        remove=Command("take one out of the queue", CLASSIFIER, WORDING),
    ),
    "classifiers": kept("classifiers"),
    "encoders": kept(
        "pretrained encoders to start from",
        recommend=Command(
            "which of those at hand suits a saved dataset, tried on some of its training texts",
            DATASET,
            option("--minutes", type=float, default=10.0, metavar="N", help="that training may take; default: 10"),
        ),
    ),
    "comparisons": kept("comparisons that were made"),
    "searches": kept("searches that were made"),
    "sessions": kept("labelling sessions"),
    "doctor": Command("what runs here (GPU or CPU), and what keeps it from running faster", learns=False),
    "serve": Command(
        "the REST API alone, without the dashboard",
        option("--host", default="127.0.0.1", metavar="ADDRESS", help="default: 127.0.0.1, this machine only"),
        option("--port", type=int, default=8600, metavar="N", help="default: 8600"),
        option("--body-megabytes", type=MEGABYTES, default=2.0, metavar="N", help="of a request, at most; default: 2"),
        learns=False,
    ),
    "keys": Command(
        "keys for the REST API: create, list, revoke",
        module="serve",
        learns=False,
        create=Command("make a key and print it, this once", NAME),
        list=Command("names, when they were made and last used"),
        revoke=Command("refuse a key from now on", NAME),
    ),
    "delete": Command(
        "remove one version with its files", CLASSIFIER, version("never the champion", required=True), module="upkeep"
    ),
    "tidy": Command("remove what killed runs left, and store what is there twice once", DRY_RUN, module="upkeep"),
    "repair": Command(
        "name damaged files, mend what can be mended, and make a lost mlflow.db again",
        option("--rebuild", action="store_true", help="make mlflow.db again although it can be read"),
        DRY_RUN,
        module="upkeep",
    ),
    "audit": Command(
        "who or what did what to which model, and when: list, verify, export, shorten",
        module="upkeep",
        learns=False,
        list=Command("all entries, the oldest first", option("--classifier", metavar="NAME", help="only of this one")),
        verify=Command(
            "has the log been changed since it was written; ends with 1 where it has",
            option("--last", default="", metavar="HASH", help="of an entry that was noted elsewhere"),
        ),
        export=Command("write it to a file: .jsonl or .csv", OUT),
        shorten=Command(
            "drop old entries; the log keeps that, and why",
            option("--before", required=True, metavar="DATE", help="entries of earlier days go, such as 2026-01-31"),
            option("--reason", required=True, metavar="TEXT", help="why, such as the retention that was agreed on"),
        ),
    ),
    "prepare": Command("create the workspace with its registry", learns=False),
}


class Parser(argparse.ArgumentParser):
    """One clear line instead of a page of usage; its options are added when it is asked."""

    def __init__(self, *, words: Iterable[Words] = (), **facts: Any) -> None:
        super().__init__(**facts)
        self._words = tuple(words)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        words, self._words = self._words, ()
        for add in words:
            add(self)
        asked, rest = super().parse_known_args(args, namespace)
        if (problem := missing_rows(asked)) is not None:
            self.error(problem)
        return asked, rest

    def error(self, message: str) -> NoReturn:
        sys.stderr.write(f"{self.prog}: {message}. See {self.prog} --help.\n")
        raise SystemExit(2)

    def format_help(self) -> str:
        for action in self._actions:
            action.help = action.help and fill_in(action.help)
        return super().format_help()


def make_parser() -> argparse.ArgumentParser:
    """All commands with their options."""
    parser = Parser(
        prog="python -m core",
        description="Train, update, measure and use models of texts: one label a text, several, entities, or how a text goes on.",
    )
    _add(parser, COMMANDS, "command")
    return parser


def _add(parser: argparse.ArgumentParser, commands: Mapping[str, Command], kind: str) -> None:
    actions = parser.add_subparsers(dest=kind, required=True, metavar=kind, parser_class=Parser)
    for name, command in commands.items():
        added = actions.add_parser(name, help=command.help, words=command.words)
        if command.verbs:
            _add(added, command.verbs, "verb")
        else:
            added.add_argument("--json", action="store_true", help="print one JSON object")
