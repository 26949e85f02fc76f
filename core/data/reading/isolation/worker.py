"""The process that reads: ``python -m core.data.reading.isolation.worker`` answers questions by the folders it is told.

It ends when its input does. Whatever goes wrong with one file is an answer, unless the kernel ends the process.
"""

from __future__ import annotations

import importlib
import json
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow

from core.base.errors import CoreError
from core.data.reading import parsing
from core.data.reading.hub import fetch_dataset
from core.data.reading.isolation import wire
from core.data.reading.isolation.limits import be_the_first_to_go, held_to
from core.data.reading.row_lines import begins_of
from core.data.reading.table_format import FormatCorrections, TableFormat

Answer = Callable[[Path, dict[str, Any], Path], Any]
DONE = "done\n"
THREADS = 4  # at most: the limit of memory counts the stack of each


def main() -> None:
    """Answer until nobody asks any more."""
    be_the_first_to_go()
    pyarrow.set_cpu_count(min(THREADS, pyarrow.cpu_count()))
    while line := sys.stdin.readline():
        answer(Path(json.loads(line)))
        sys.stdout.write(DONE)
        sys.stdout.flush()


def answer(folder: Path) -> None:
    """Write the answer to the question that lies in a folder."""
    question = wire.read(folder, wire.QUESTION)
    tempfile.tempdir = str(folder)  # whatever is unpacked goes with the folder, however this process ends
    try:
        with held_to(question["memory"], question["seconds"]):
            reply = {"value": _answer_of(question["ask"])(Path(question["path"]), question, folder)}
    except CoreError as error:
        reply = {"error": wire.error_to_dict(error)}
    except MemoryError:
        reply = {"memory": True}
    except OSError as error:
        reply = {"system": [error.errno, error.strerror, error.filename]}
    except BaseException:  # a panic of a reader that is written in Rust is no Exception
        reply = {"trace": traceback.format_exc()}
    wire.write(folder, wire.ANSWER, reply)


def _answer_of(name: str) -> Answer:
    """One of those below, or a function of a package that this one knows nothing of, as ``core.package.module:function``."""
    if name in _ANSWERS:
        return _ANSWERS[name]
    module, _, function = name.partition(":")
    answer: Answer = getattr(importlib.import_module(module), function)
    return answer


def _detect(path: Path, question: dict[str, Any], folder: Path) -> Any:
    return parsing.detect_format(path, FormatCorrections(**question["corrections"])).to_dict()


def _parts(path: Path, question: dict[str, Any], folder: Path) -> Any:
    return parsing.parts_of(path)


def _table(path: Path, question: dict[str, Any], folder: Path) -> Any:
    table = parsing.read_table(path, _form(question))
    wire.write_tables(folder, [table])
    return table.attrs


def _scan(path: Path, question: dict[str, Any], folder: Path) -> Any:
    return wire.scan_to_dict(parsing.scan_table(path, _form(question)))


def _pieces(path: Path, question: dict[str, Any], folder: Path) -> Any:
    scan = wire.scan_from_dict(path, question["scan"])
    wire.write_tables(folder, parsing.table_pieces(scan, question["rows"], question["skip"]))


def _lines(path: Path, question: dict[str, Any], folder: Path) -> Any:
    form = TableFormat.from_dict(question["form"])
    return begins_of(path, form, set(question["left_out"]), question["rows"])


def _hub(path: Path, question: dict[str, Any], folder: Path) -> Any:
    wanted = {name: question[name] for name in ("config", "split", "revision")}
    return str(fetch_dataset(question["name"], path, **wanted))


def _form(question: dict[str, Any]) -> TableFormat | None:
    return TableFormat.from_dict(question["form"]) if question["form"] is not None else None


_ANSWERS: dict[str, Answer] = {
    "detect": _detect,
    "parts": _parts,
    "table": _table,
    "scan": _scan,
    "pieces": _pieces,
    "lines": _lines,
    "hub": _hub,
}


if __name__ == "__main__":
    main()
