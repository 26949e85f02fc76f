"""``vectors``: the sets of word vectors that a model may start from."""

from __future__ import annotations

import argparse
import json
import sys

from core.config import build, home, parse_assignments
from core.data import read_table
from core.errors import DataError
from core.vectors import SkipGramConfig, VectorInfo, VectorStore


def vectors(asked: argparse.Namespace) -> None:
    store = VectorStore(home())
    if asked.action == "add":
        _tell(asked, store.add_file(asked.file, asked.name, _progress, limit=asked.limit))
    elif asked.action == "learn":
        config = build(SkipGramConfig, parse_assignments(asked.set))
        _tell(asked, store.learn(texts_of(asked), asked.name, config, source=asked.data.name, progress=_progress))
    elif asked.action == "delete":
        store.delete(asked.name)
        sys.stderr.write(f"The word vectors '{asked.name}' are deleted.\n")
    else:
        known = store.list()
        found = {"vectors": [info.to_dict() for info in known]}
        sys.stdout.write((json.dumps(found, ensure_ascii=False) if asked.json else "\n".join(map(_line, known))) + "\n")


def texts_of(asked: argparse.Namespace) -> list[str]:
    """The texts of the column that was named, empty ones left out."""
    table = read_table(asked.data)
    if asked.text not in table.columns:
        raise DataError(
            "data.column_missing",
            "The table has no column '{column}'. Its columns are: {columns}. Choose one of these, or rename it in the file.",
            column=asked.text,
            columns=[str(column) for column in table.columns],
        )
    return [text for text in table[asked.text].tolist() if text.strip()]


def _progress(fraction: float) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{100 * fraction:3.0f} %" if fraction < 1 else "\r\x1b[K")


def _tell(asked: argparse.Namespace, info: VectorInfo) -> None:
    text = f"{_line(info)}\nUse them in a training with --set word_vectors={json.dumps(info.reference, ensure_ascii=False)}"
    if info.broken:
        text += f"\n{info.broken:,} lines of the file held no vector and were left out."
    sys.stdout.write((json.dumps(info.to_dict(), ensure_ascii=False) if asked.json else text) + "\n")


def _line(info: VectorInfo) -> str:
    languages = ", ".join(info.languages) or "–"
    facts = (
        f"{info.reference:<24}  {info.words:>9,} words × {info.dimensions:<4}  {languages:<7}  {info.licence}".rstrip()
    )
    return facts if info.installed else f"{facts}  not installed: {info.install}"
