"""Forgetting in language models of one's own texts: what they keep goes, what they learned is told."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.generation.store import GeneratorStore
from core.generation.version import (
    MEMORY,
    TESTS,
    FrozenTexts,
    Memory,
    fingerprint,
    load_memory,
    load_tests,
    save_memory,
    save_tests,
)


def generator_traces(home: Path, digests: Collection[str]) -> list[dict[str, Any]]:
    """Every version that learned, remembers or is tested on some of the texts with these digests, and on how many."""
    found, gone = [], _short(digests)
    for name, number, folder in _versions(home):
        memory, tests = load_memory(folder), load_tests(folder)
        counts = {
            "train": len(memory.learned & gone),
            "memory": sum(fingerprint(text) in gone for text in memory.texts),
            "test": sum(fingerprint(text) in gone for test in tests for text in test.texts),
        }
        if any(counts.values()):
            found.append({"generator": name, "version": number, **counts})
    return found


def kept_in_generators(home: Path, digests: Collection[str]) -> set[str]:
    """Those of the digests whose text some version remembers or is tested on."""
    if not digests:
        return set()
    kept: set[str] = set()
    for _, _, folder in _versions(home):
        kept.update(fingerprint(text) for text in load_memory(folder).texts)
        kept.update(fingerprint(text) for test in load_tests(folder) for text in test.texts)
    return {digest for digest in digests if not kept.isdisjoint(_short([digest]))}


def loses_a_test(home: Path, digests: Collection[str]) -> tuple[str, int, str] | None:
    """Generator, version and name of a frozen test that would lose all its texts."""
    gone = _short(digests)
    for name, number, folder in _versions(home):
        for test in load_tests(folder):
            if all(fingerprint(text) in gone for text in test.texts):
                return name, number, test.name
    return None


def scrub_generators(home: Path, digests: Collection[str]) -> None:
    """Take the texts out of the memories and frozen tests of all versions; weights stay as they are."""
    gone = _short(digests)

    def kept_of(texts: Sequence[str]) -> list[str]:
        return [text for text in texts if fingerprint(text) not in gone]

    for _, _, folder in _versions(home):
        memory, tests = load_memory(folder), load_tests(folder)
        kept = replace(memory, texts=kept_of(memory.texts))  # hashes stay: the weights still carry what they stand for
        left = [replace(test, texts=tuple(kept_of(test.texts))) for test in tests]
        if kept != memory or left != tests:
            _replace(folder, left, kept)


def _replace(folder: Path, tests: list[FrozenTexts], memory: Memory) -> None:
    """Write both files anew; a killed process leaves the old or the new one of each."""
    part = folder / ".part"
    part.mkdir(exist_ok=True)
    save_tests(part, tests)
    save_memory(part, memory)
    for name in (TESTS, MEMORY):
        os.replace(part / name, folder / name)
    part.rmdir()


def _versions(home: Path) -> Iterator[tuple[str, int, Path]]:
    store = GeneratorStore(home)
    for info in store.list():
        for number in info.versions:
            yield info.name, number, store.folder(info.name, number)


def _short(digests: Collection[str]) -> frozenset[str]:
    """Fingerprints of generators are the beginning of the digests that a request to forget names."""
    return frozenset(digest[: len(fingerprint(""))] for digest in digests)
