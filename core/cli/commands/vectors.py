"""``vectors``: the sets of word vectors that a model may start from."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from core.base.config import build, home, parse_assignments
from core.cli.printing import show, tell
from core.cli.progress import working
from core.cli.tables import load_texts
from core.networks.vectors import SkipGramConfig, VectorInfo, VectorStore


def vectors(asked: argparse.Namespace) -> None:
    store = VectorStore(home())
    if asked.verb == "add":
        _tell(asked, store.add_file(asked.file, asked.name, _progress, limit=asked.limit))
    elif asked.verb == "learn":
        _learn(asked, store)
    elif asked.verb == "delete":
        store.delete(asked.name)
        tell(asked, {"vectors": asked.name, "deleted": True}, f"The word vectors '{asked.name}' are deleted.")
    else:
        known = store.list()
        show(asked, {"vectors": [info.to_dict() for info in known]}, "\n".join(map(_line, known)))


def _learn(asked: argparse.Namespace, store: VectorStore) -> None:
    config = build(SkipGramConfig, parse_assignments(asked.set))
    with working():
        texts, facts = load_texts(asked)
        info = store.learn(texts, asked.name, config, source=asked.data.name, progress=_progress)
    _tell(asked, info, facts)


def _progress(fraction: float) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{100 * fraction:3.0f} %" if fraction < 1 else "\r\x1b[K")


def _tell(asked: argparse.Namespace, info: VectorInfo, facts: dict[str, Any] | None = None) -> None:
    text = f"{_line(info)}\nUse them in a training with --set word_vectors={json.dumps(info.reference, ensure_ascii=False)}"
    if info.broken:
        text += f"\n{info.broken:,} lines of the file held no vector and were left out."
    show(asked, {**info.to_dict(), **(facts or {})}, text)


def _line(info: VectorInfo) -> str:
    languages = ", ".join(info.languages) or "–"
    facts = (
        f"{info.reference:<24}  {info.words:>9,} words × {info.dimensions:<4}  {languages:<7}  {info.licence}".rstrip()
    )
    return facts if info.installed else f"{facts}  not installed: {info.install}"
