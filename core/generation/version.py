"""The files of one version of a generator: everything it needs to write, to be judged, and to learn on.

``model.onnx``, ``tokenizer.json``, ``config.json`` to write with; ``model.safetensors`` to learn on; ``tests.json``, the
frozen tests; ``memory.json``, what is remembered of earlier texts, and hashes of all that were learned;
``report.json``, every figure that the screens show.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from core.base.config import build
from core.base.files import parse_json
from core.data.dataset.same_text import text_key
from core.generation.config import GeneratorConfig
from core.generation.model import CausalTransformer
from core.generation.tokens import Vocabulary

WEIGHTS = "model.safetensors"
TESTS = "tests.json"
MEMORY = "memory.json"


@dataclass(frozen=True)
class GeneratorTest:
    """The test of one experience; it never changes, but for texts that are to be forgotten.

    Parameters
    ----------
    baseline
        What an n-gram model fitted on that experience's training texts made of it: its order and a `GeneratorScore` as mapping,
        and the same of single tokens under ``"unigram"``.
    """

    experience: int
    name: str
    dataset: str
    texts: tuple[str, ...]
    baseline: dict[str, Any]


@dataclass
class GeneratorMemory:
    """A uniform sample of all training texts ever learned (Vitter 1985, algorithm R), and hashes of all of them.

    Parameters
    ----------
    seen
        Number of texts that have passed.
    learned
        `fingerprint` of each; it tells whether a text was learned, and not what it said.
    """

    texts: list[str] = field(default_factory=list)
    seen: int = 0
    learned: set[str] = field(default_factory=set)

    def after(self, texts: Sequence[str], capacity: int, seed: int) -> GeneratorMemory:
        """The memory once these texts were learned, too; this one is left as it is. Capacity 0 keeps no text."""
        generator = np.random.default_rng([seed, self.seen])
        kept, seen = list(self.texts), self.seen
        if len(kept) > capacity:
            kept = [kept[row] for row in sorted(generator.permutation(len(kept))[:capacity].tolist())]
        for text in texts:
            seen += 1
            if len(kept) < capacity:
                kept.append(text)
            elif capacity and (index := int(generator.integers(seen))) < capacity:
                kept[index] = text
        return GeneratorMemory(kept, seen, self.learned | set(map(fingerprint, texts)))


def fingerprint(text: str) -> str:
    """16 hexadecimal digits, the same for texts that differ in case, width or white space alone."""
    return hashlib.sha256(text_key(text).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def save_model(folder: Path, model: CausalTransformer, vocabulary: Vocabulary) -> None:
    """Write weights, tokenizer and shape."""
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, str(folder / WEIGHTS))
    (folder / "tokenizer.json").write_text(vocabulary.to_text(), encoding="utf-8")
    _write(folder / "config.json", {"model": model.config.model_dump(), "segmentation": vocabulary.segmentation})


def load_model(folder: Path) -> tuple[CausalTransformer, Vocabulary]:
    """Read what `save_model` wrote, on the CPU."""
    config = build(GeneratorConfig, _read(folder / "config.json")["model"])
    vocabulary = Vocabulary.load(folder)
    weights = load_file(str(folder / WEIGHTS))
    with torch.random.fork_rng(devices=[]):  # random weights are about to be replaced
        model = CausalTransformer(config, len(weights["embedding.weight"]))
    model.load_state_dict(weights)
    return model.eval(), vocabulary


def save_tests(folder: Path, tests: Iterable[GeneratorTest]) -> None:
    """Write the frozen tests."""
    _write(folder / TESTS, [asdict(test) for test in tests])


def load_tests(folder: Path) -> list[GeneratorTest]:
    """The frozen tests, oldest first."""
    return [GeneratorTest(**{**stored, "texts": tuple(stored["texts"])}) for stored in _read(folder / TESTS)]


def save_memory(folder: Path, memory: GeneratorMemory) -> None:
    """Write what is remembered."""
    _write(folder / MEMORY, {"texts": memory.texts, "seen": memory.seen, "learned": sorted(memory.learned)})


def load_memory(folder: Path) -> GeneratorMemory:
    """What is remembered."""
    stored = _read(folder / MEMORY)
    return GeneratorMemory(stored["texts"], stored["seen"], set(stored["learned"]))


def save_report(folder: Path, report: dict[str, Any]) -> None:
    """Write the report."""
    _write(folder / "report.json", report)


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, allow_nan=False), encoding="utf-8", errors="surrogatepass")


def _read(path: Path) -> Any:
    return parse_json(path.read_text(encoding="utf-8", errors="surrogatepass"))
