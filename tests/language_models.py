"""A language model small enough for tests, and its folder as a version has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from core.networks.architectures.causal import CausalConfig
from core.networks.causal.decoder import CausalTransformer
from core.networks.causal.network import OUTPUTS, CausalText
from core.networks.causal.tokens import Vocabulary
from core.serving.onnx import export_onnx
from core.tasks.language_modelling.engine import LanguageEngine
from core.tasks.language_modelling.task import LanguageModelling
from core.workflows.requests import resolve_settings
from core.workflows.versions.folder import Learner, VersionFolder

SHAPE: dict[str, Any] = {"embedding_size": 16, "hidden_size": 32, "layers": 1, "heads": 2, "context": 16}
TINY: dict[str, Any] = {**SHAPE, "vocabulary_size": 500, "epochs": 2, "memory_size": 30}
TASK = LanguageModelling()


def make_network(vocabulary_size: int = 50, **changed: Any) -> CausalText:
    """A network of random weights, far enough from zero to make mistakes visible."""
    # A generator of its own: a training that another test left unfinished gives the global one its old state back whenever
    # it is collected, which may be in the middle of this.
    generator = torch.Generator().manual_seed(0)
    with torch.random.fork_rng():
        network = CausalText(CausalConfig(**{**SHAPE, **changed}), vocabulary_size)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3, generator=generator)
    return network.eval()


def make_decoder(vocabulary_size: int = 50, **changed: Any) -> CausalTransformer:
    return make_network(vocabulary_size, **changed).decoder


def write_version(folder: Path, network: CausalText, vocabulary: Vocabulary) -> LanguageEngine:
    """Write what a version answers with, and open it."""
    settings = resolve_settings(CausalText.declared.name, network.config.model_dump(), TASK)
    VersionFolder(folder).save_model(Learner(CausalText.declared.name, network, vocabulary.pipeline, OUTPUTS, settings))
    export_onnx(network, folder / "model.onnx", TASK)
    return LanguageEngine(folder, threads=1)
