"""Forgetting in language models of one's own texts: what they keep goes, what they learned is told."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.base.faults import reached
from core.base.files import incoming_folder, move_file, read_json
from core.generation.store import REPORT, GeneratorStore
from core.generation.tokens import Vocabulary
from core.generation.version import (
    MEMORY,
    TESTS,
    GeneratorMemory,
    GeneratorTest,
    fingerprint,
    load_memory,
    load_tests,
    save_memory,
    save_tests,
)

if TYPE_CHECKING:
    from core.workflows.forget.versions import Gone

TOKENIZER = "tokenizer.json"


def generator_traces(home: Path, digests: Collection[str]) -> list[dict[str, Any]]:
    """Every version that learned, remembers or is tested on some of the texts with these digests, and on how many."""
    traces, gone = [], _short(digests)
    for name, number, folder in _versions(home):
        memory, tests = load_memory(folder), load_tests(folder)
        counts = {
            "train": len(memory.learned & gone),
            "memory": sum(fingerprint(text) in gone for text in memory.texts),
            "test": sum(fingerprint(text) in gone for test in tests for text in test.texts),
        }
        if any(counts.values()):
            traces.append({"generator": name, "version": number, **counts})
    return traces


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


def scrub_generators(home: Path, gone: Gone) -> None:
    """Take the texts out of the memories and frozen tests of all versions, and the tokens that no other text holds.

    Weights stay as they are, so that every other text is as probable as before.
    """
    short = _short(gone.digests)

    def kept_of(texts: Sequence[str]) -> list[str]:
        return [text for text in texts if fingerprint(text) not in short]

    for _, _, folder in _versions(home):
        memory, tests = load_memory(folder), load_tests(folder)
        kept = replace(memory, texts=kept_of(memory.texts))  # hashes stay: the weights still carry what they stand for
        left = [replace(test, texts=tuple(kept_of(test.texts))) for test in tests]
        learned = not memory.learned.isdisjoint(short)
        if learned or kept != memory or left != tests or _learned_from(folder, gone.replaced):
            staying = [*kept.texts, *(text for test in left for text in test.texts)]
            _replace(folder, left, kept, _other_files(folder, gone, staying, learned=learned))
            reached("forget.generator")


def _other_files(folder: Path, gone: Gone, staying: Sequence[str], *, learned: bool) -> dict[str, str]:
    """Name and new content of the tokenizer, where tokens go, and of the report, whose samples may repeat a text and which
    names datasets.
    """
    changed: dict[str, str] = {}
    report, before = read_json(folder / REPORT), read_json(folder / REPORT)
    if (folder / TOKENIZER).exists():
        vocabulary = Vocabulary.load(folder)
        datasets = [str(entry["dataset"]) for entry in report.get("learned", ())]
        names = gone.wordings.to_forget(vocabulary.pipeline, datasets, staying)
        if names:
            changed[TOKENIZER] = vocabulary.without(names).to_text()
    if learned and report.get("samples"):
        report["samples"] = []
    for entry in report.get("learned", ()):
        entry["dataset"] = gone.replaced.get(entry["dataset"], entry["dataset"])
    if report != before:
        changed[REPORT] = json.dumps(report, ensure_ascii=False)
    return changed


def _learned_from(folder: Path, datasets: Collection[str]) -> bool:
    """Whether the report names one of these datasets."""
    return any(entry["dataset"] in datasets for entry in read_json(folder / REPORT).get("learned", ()))


def _replace(folder: Path, tests: list[GeneratorTest], memory: GeneratorMemory, others: Mapping[str, str]) -> None:
    """Write files anew; a killed process leaves the old or the new one of each."""
    with incoming_folder(folder) as part:
        save_tests(part, tests)
        save_memory(part, memory)
        for name, content in others.items():
            (part / name).write_text(content, encoding="utf-8")
        # The memory is the last: by it alone the texts of earlier experiences may be known.
        for name in (*others, TESTS, MEMORY):
            move_file(part / name, folder / name)


def texts_in_generators(home: Path, digests: Collection[str]) -> Iterator[str]:
    """Those of the texts with these digests that some version remembers or is tested on."""
    gone = _short(digests)
    for _, _, folder in _versions(home):
        tested = (text for test in load_tests(folder) for text in test.texts)
        yield from (text for text in (*load_memory(folder).texts, *tested) if fingerprint(text) in gone)


def _versions(home: Path) -> Iterator[tuple[str, int, Path]]:
    store = GeneratorStore(home)
    for info in store.list():
        for number in info.versions:
            yield info.name, number, store.folder(info.name, number)


def _short(digests: Collection[str]) -> frozenset[str]:
    """Fingerprints of generators are the beginning of the digests that a request to forget names."""
    return frozenset(digest[: len(fingerprint(""))] for digest in digests)
