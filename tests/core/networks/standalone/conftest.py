"""Version folders of small models with random weights: what is tested here doesn't depend on what was learned."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import torch

from core.networks.encoders.linear import LinearNgrams
from core.networks.encoders.windows import WindowedNetwork, window_of
from core.networks.text import fit_pipeline
from core.serving.onnx import export_onnx
from core.tasks import DEFAULT
from core.workflows.bundle import write_programs
from core.workflows.requests import architecture_of, resolve_settings
from core.workflows.versions.folder import Learner, VersionFolder

LABELS = ("bad", "good", "好评")
TEXTS = [
    "The kettle is great, and it looks lovely on the table.",
    "awful phone; the screen broke after two days",
    "快递很快，味道也不错，下次还会再买",
    "包装破了，客服也没有回复，太失望了",
]
SMALL = {
    "ngrams": {"embedding_size": 8, "buckets": 1024},
    "bilstm": {"embedding_size": 16, "hidden_size": 16, "layers": 1},
    "transformer": {"embedding_size": 16, "heads": 2, "layers": 1},
    "hashed": {"hashed_features": 256},
    "linear": {},
}


@pytest.fixture(scope="session")
def make_version(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Folder of a small version: ``make_version("bilstm")``; one of each kind is made, and shared."""

    @cache
    def make(model: str = "ngrams", segmentation: str = "words", windows: int = 1) -> Path:
        folder = VersionFolder(tmp_path_factory.mktemp("version") / model)
        asked = {**SMALL[model], "segmentation": segmentation, "max_length": 50, "windows": windows}
        settings = resolve_settings(model, asked)
        pipeline = fit_pipeline(TEXTS * 2, settings.text)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            network = (
                architecture_of(model)
                .network()(settings.model, pipeline.tokenizer.get_vocab_size(), len(LABELS))
                .eval()
            )
            if isinstance(network, WindowedNetwork):
                network.window = window_of(pipeline)
            if isinstance(network, LinearNgrams):
                network.meet(pipeline, TEXTS * 2)
            for parameter in network.parameters():  # far from even, so that a difference would show
                torch.nn.init.normal_(parameter, std=0.5)
        folder.save_model(Learner(model, network, pipeline, LABELS, settings))
        export_onnx(network, folder.path / "model.onnx")
        (folder.path / "model_card.md").write_text("# Card\n", encoding="utf-8")
        write_programs(folder.path, DEFAULT)
        return folder.path

    return make
