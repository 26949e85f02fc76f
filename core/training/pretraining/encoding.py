"""What an encoder that is being pretrained says of texts: one vector each, as whoever uses it will pool them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from core.networks.pretrained import EncoderInfo
from core.networks.standalone.predict import TextPipeline, batches_by_length, pad

_AT_ONCE = 64


@torch.no_grad()
def encode_texts(
    encoder: Any, tokenizer_json: str, info: EncoderInfo, texts: Sequence[str], max_length: int, padding: int
) -> NDArray[np.float32]:
    """One vector for each text, (texts, width), pooled as the encoder's description says; dropout is off."""
    options = {"segmentation": "pretrained", "max_length": max_length, "prefix": info.prefix}
    ids = TextPipeline(Tokenizer.from_str(tokenizer_json), options).encode(texts)
    device = next(encoder.parameters()).device
    was_training = encoder.training
    encoder.eval()
    vectors = np.zeros((len(ids), encoder.config.hidden_size), dtype=np.float32)
    for rows in batches_by_length(ids, _AT_ONCE):
        tokens, mask = (torch.from_numpy(array).to(device) for array in pad([ids[row] for row in rows]))
        hidden = encoder(
            input_ids=tokens.masked_fill(~mask, padding), attention_mask=mask.to(torch.int64)
        ).last_hidden_state.float()
        weight = mask.unsqueeze(-1).float()
        pooled = hidden[:, 0] if info.pooling == "cls" else (hidden * weight).sum(dim=1) / weight.sum(dim=1)
        vectors[rows] = pooled.cpu().numpy()
    encoder.train(was_training)
    return vectors
