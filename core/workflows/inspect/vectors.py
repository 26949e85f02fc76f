"""What a pretrained encoder makes of texts, for the quick model of an inspection."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from core.networks.architectures.encoder import EncoderConfig
from core.networks.encoders.encoder import Encoder
from core.networks.sources import Sources
from core.networks.text import TextConfig
from core.workflows.learn.learning import training_device

BATCH = 64
LONGEST = 96  # word pieces that are read: a label rarely hangs on what comes later, and time grows with them


def read_vectors(texts: Sequence[str], encoder: str, sources: Sources) -> Iterator[float | np.ndarray]:
    """Yield how far it is, 0 to 1, and at last the vectors: float32 (texts, width).

    Raises
    ------
    ModelError
        When there is no such encoder, or it is not installed.
    """
    sources.encoders.check(encoder)
    yield 0.0
    config = EncoderConfig(encoder=encoder, tuning="frozen")
    model, pipeline = Encoder.begin(config, TextConfig(max_length=LONGEST), texts, 2, sources)
    device = training_device()
    model.to(device).eval()
    ids = pipeline.encode(list(texts))
    order = np.argsort([len(tokens) for tokens in ids], kind="stable")  # texts of one length waste no padding
    vectors = np.zeros((len(texts), model.feature_size), dtype=np.float32)
    with torch.inference_mode():
        for begin in range(0, len(order), BATCH):
            rows = order[begin : begin + BATCH]
            longest = max(len(ids[row]) for row in rows)
            tokens = torch.full((len(rows), longest), model.padding, dtype=torch.int64)  # (batch, length)
            for index, row in enumerate(rows):
                tokens[index, : len(ids[row])] = torch.tensor(ids[row])
            mask = torch.arange(longest) < torch.tensor([len(ids[row]) for row in rows])[:, None]
            vectors[rows] = model.features(tokens.to(device), mask.to(device)).cpu().numpy()
            yield (begin + len(rows)) / len(order)
    yield vectors
