"""A toy generator, trained once for all tests that only read it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from core.generation.config import GeneratorConfig, resolve
from core.generation.engine import MODEL, GeneratorEngine
from core.generation.export import export_onnx
from core.generation.model import CausalTransformer
from core.generation.tokens import Vocabulary
from tests.core.conftest import reviews

TINY: dict[str, Any] = {
    "embedding_size": 16,
    "hidden_size": 32,
    "layers": 2,
    "heads": 2,
    "vocabulary_size": 500,
    "max_length": 16,
    "epochs": 2,
    "memory_size": 30,
}


def tiny_config(**changed: Any) -> GeneratorConfig:
    return resolve("tiny", {**TINY, **changed})[0]


def tiny_model(vocabulary_size: int = 50, **changed: Any) -> CausalTransformer:
    # A generator of its own: a training that another test left unfinished gives the global one its old state back whenever
    # it is collected, which may be in the middle of this.
    generator = torch.Generator().manual_seed(0)
    with torch.random.fork_rng():
        model = CausalTransformer(tiny_config(**changed), vocabulary_size)
    for parameter in model.parameters():  # far enough from zero to make mistakes visible
        torch.nn.init.normal_(parameter, std=0.3, generator=generator)
    return model.eval()


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> tuple[CausalTransformer, GeneratorEngine, Path]:
    """A model of random weights over the words of made-up reviews, and its export."""
    folder = tmp_path_factory.mktemp("toy")
    vocabulary = Vocabulary.fit(reviews(60).texts, size=500, lowercase=False)
    model = tiny_model(len(vocabulary))
    (folder / "tokenizer.json").write_text(vocabulary.to_text(), encoding="utf-8")
    shape = {"model": model.config.model_dump(), "segmentation": vocabulary.segmentation}
    (folder / "config.json").write_text(json.dumps(shape), encoding="utf-8")
    export_onnx(model, folder / MODEL)
    return model, GeneratorEngine(folder, threads=1), folder
