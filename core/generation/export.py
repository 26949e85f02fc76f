"""A language model to one ONNX file that goes on from a key/value cache, and the proof that it says the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.generation.engine import GeneratorEngine
from core.generation.graph import write_step
from core.generation.model import CausalTransformer
from core.generation.tokens import END
from core.serving.onnx.files import save_model


def export_onnx(model: CausalTransformer, target: Path) -> None:
    """Write ``target``: tokens int64 (batch, new) and the cache (layers, batch, heads, past, head size), all dynamic.

    Outputs: logits (batch, new, vocabulary), and the cache with the new tokens; ``past`` may be 0.
    """
    save_model(write_step(model), target)


@dataclass(frozen=True)
class CacheParity:
    """Agreement of the exported model, fed token by token, with PyTorch's single pass over the whole text.

    Parameters
    ----------
    max_abs_diff
        Largest difference of any probability, 0 to 1; lower is better.
    texts, tokens
        Numbers of texts and tokens that were compared.
    provider
        The execution provider that ran the exported file.
    """

    max_abs_diff: float
    texts: int
    tokens: int
    provider: str

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@torch.no_grad()
def measure_parity(model: CausalTransformer, engine: GeneratorEngine, texts: Sequence[Sequence[int]]) -> CacheParity:
    """Compare both on token ids: each text in steps of one, and in two halves."""
    model = model.cpu().eval()
    largest, tokens = 0.0, 0
    for text in texts:
        read = [END, *text][: engine.context]
        expected = torch.softmax(model(torch.tensor([read])), dim=-1).numpy()[0]
        half = max(1, len(read) // 2)
        for sizes in ([1] * len(read), [half, len(read) - half]):
            probabilities = _in_steps(engine, read, [size for size in sizes if size])
            largest = max(largest, float(np.abs(expected - probabilities).max()))
        tokens += len(read)
    return CacheParity(largest, len(texts), tokens, engine.provider)


def _in_steps(engine: GeneratorEngine, read: list[int], sizes: list[int]) -> np.ndarray:
    """Probabilities (length, vocabulary) after feeding so many tokens at a time."""
    cache, start, parts = engine.empty_cache(1), 0, []
    for size in sizes:
        logits, cache = engine.step(np.array([read[start : start + size]], dtype=np.int64), cache)
        parts.append(torch.softmax(torch.from_numpy(logits[0]), dim=-1).numpy())
        start += size
    return np.concatenate(parts)
