"""Does the exported file say what the PyTorch model says? Measured at export, on ordinary and nasty inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.networks.encoders.base import TextNetwork
from core.networks.encoders.batches import predict_logits
from core.networks.text.examples import encode_examples
from core.serving.onnx.temperature import AS_IT_IS, Scaling
from core.tasks.answering import Engine
from core.tasks.base import Task

SOFTMAX, SIGMOID = "softmax", "sigmoid"
NASTY = (
    "",
    " \t\n",
    "a",
    "好",
    "。。。！！！",
    "😀😃 👍🏽",
    "qzxv jkqw wvzx",
    "This one is 混合 of two languages，really。",
    "ＦＵＬＬ ｗｉｄｔｈ ﬁnd",
    "e\u0301 \u200b\ufeff \x00 \ud800",
    "word " * 2000,
    "很" * 3000,
)


@dataclass(frozen=True)
class Parity:
    """Agreement of two implementations of one model.

    Parameters
    ----------
    max_abs_diff
        Largest difference of any output, such as a probability; lower is better. Of plain values it is measured against the
        largest of them, where that is above 1.
    label_agreement
        Share of texts whose largest output is the same.
    texts
        Number of texts that were compared, nasty ones included.
    provider
        The execution provider that ran the exported file.
    """

    max_abs_diff: float
    label_agreement: float
    texts: int
    provider: str

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def probabilities_of(logits: Tensor, activation: str) -> Tensor:
    """What a file answers for these logits (rows, outputs): probabilities of one output a row, or of each by itself."""
    if activation == SOFTMAX:
        return torch.softmax(logits, dim=1)
    return torch.sigmoid(logits) if activation == SIGMOID else logits


def measure_parity(
    model: TextNetwork,
    engine: Engine,
    ordinary: Sequence[str],
    *,
    activation: str | None = None,
    scaling: Scaling = AS_IT_IS,
    task: Task | None = None,
) -> Parity:
    """Compare a model with its exported file, text by text.

    All texts go through in batches sorted by length, and the nasty ones alone (batch of one) as well.

    Parameters
    ----------
    activation
        What the file makes probabilities of logits by; by default the softmax where it answers with such.
    scaling
        What the file multiplies the model's logits by, and adds.
    task
        What the model is for, where it may have its own way to compare (`Task.compared`).
    """
    texts = [*NASTY, *ordinary]
    compared = task.compared(model.cpu(), engine, texts) if task is not None else None
    if compared is not None:
        return Parity(*compared, len(texts), engine.provider)
    examples = encode_examples(engine.pipeline, texts)
    logits = predict_logits(model.cpu(), examples, torch.device("cpu"))
    if activation is None:
        activation = SOFTMAX if engine.probable else ""
    factors, offsets = (torch.from_numpy(np.asarray(value, dtype=np.float32)) for value in scaling)
    expected = probabilities_of(logits * factors + offsets, activation).numpy()
    exported = engine.compute(texts)
    alone = np.concatenate([engine.compute([text]) for text in NASTY])
    largest = max(float(np.abs(expected - exported).max()), float(np.abs(expected[: len(NASTY)] - alone).max()))
    largest /= max(1.0, float(np.abs(expected).max()))  # float32 has so many digits, not so many decimals
    agreement = float((expected.argmax(axis=1) == exported.argmax(axis=1)).mean())
    return Parity(largest, agreement, len(texts), engine.provider)
