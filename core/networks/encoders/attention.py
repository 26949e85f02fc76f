"""Attention of a pretrained encoder as one operation of ONNX Runtime, in an exported file.

Taken apart, attention is some twenty operations a layer, and the mask is built anew for each; ONNX Runtime's own optimiser
does not find them in exports of this kind. Changes no figure beyond rounding.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

NAME = "evergreen_fused"
# Networks whose layers all attend to every token that is no padding, and to nothing else.
SUITABLE = frozenset({"bert", "camembert", "distilbert", "electra", "roberta", "xlm-roberta"})


def fuse_attention(network: Any) -> bool:
    """Let a network be exported with fused attention from now on, where it is of a suitable kind; returns whether it is.

    The network can then only be exported: called directly, it would answer zeros.
    """
    shape = network.config
    if shape.model_type not in SUITABLE or getattr(shape, "is_decoder", False):
        return False
    from transformers import AttentionInterface, AttentionMaskInterface

    AttentionInterface.register(NAME, _attend)
    AttentionMaskInterface.register(NAME, _as_it_is)
    shape._attn_implementation = NAME
    return True


def _as_it_is(attention_mask: Tensor | None = None, **_: Any) -> Tensor | None:
    """The mask (batch, length) is what the fused operation reads."""
    return attention_mask


def _attend(
    module: Any,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor,
    scaling: float | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """What transformers asks of attention: (batch, heads, length, width) each; returns (batch, length, heads, width)."""
    batch, heads, length, width = query.shape
    rows = [part.transpose(1, 2).reshape(batch, length, heads * width) for part in (query, key, value)]
    answer = torch.onnx.ops.symbolic(
        "com.microsoft::MultiHeadAttention",
        (*rows, None, attention_mask.to(torch.int32)),
        {"num_heads": heads, "scale": float(scaling if scaling is not None else width**-0.5)},
        dtype=query.dtype,
        shape=(batch, length, heads * width),
        version=1,
    )
    return answer.reshape(batch, length, heads, width), None
