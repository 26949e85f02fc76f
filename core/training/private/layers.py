"""Layers of which PyTorch computes many steps at once, taken apart so that the gradient of each row can be told.

Weights, their names and what is computed stay as they are. Knows nothing of noise or texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

# Called with weight, bias, what a linear step read (rows, …, in), and what it made of that (rows, …, out).
Linear = Callable[[Tensor, Tensor | None, Tensor, Tensor], None]


@contextmanager
def taken_apart(network: nn.Module, told: Linear) -> Iterator[None]:
    """Let attention and LSTM layers of a network compute step by step, and tell of each linear step."""
    changed: list[nn.Module] = []
    for module in network.modules():
        if not any(parameter.requires_grad for parameter in module.parameters(recurse=False)):
            continue
        if isinstance(module, nn.MultiheadAttention):
            module.forward = _attention(module, told)  # type: ignore[method-assign]
            changed.append(module)
        elif isinstance(module, nn.LSTM):
            module.forward = _lstm(module, told)  # type: ignore[method-assign]
            changed.append(module)
    try:
        yield
    finally:
        for module in changed:
            del module.forward


def _attention(layer: nn.MultiheadAttention, told: Linear) -> Callable[..., Any]:
    """Attention of texts to themselves, which `core.networks.encoders.transformer` uses: batch first, no weights wanted."""

    def forward(query: Tensor, *_: Any, key_padding_mask: Tensor | None = None, **__: Any) -> tuple[Tensor, None]:
        rows, length, width = query.shape
        weight, bias = layer.in_proj_weight, layer.in_proj_bias
        assert weight is not None
        together = functional.linear(query, weight, bias)  # (rows, length, 3 · width)
        told(weight, bias, query, together)
        heads = together.reshape(rows, length, 3, layer.num_heads, width // layer.num_heads).permute(2, 0, 3, 1, 4)
        visible = None
        if key_padding_mask is not None:
            hidden = key_padding_mask if key_padding_mask.dtype == torch.bool else key_padding_mask < 0
            visible = ~hidden[:, None, None, :]
        dropout = layer.dropout if layer.training else 0.0
        mixed = functional.scaled_dot_product_attention(heads[0], heads[1], heads[2], visible, dropout)
        answer: Tensor = layer.out_proj(mixed.transpose(1, 2).reshape(rows, length, width))
        return answer, None

    return forward


def _lstm(layer: nn.LSTM, told: Linear) -> Callable[..., Any]:
    """One layer in one direction, batch first, from a state of zeros."""
    assert layer.num_layers == 1
    assert layer.batch_first
    assert not layer.bidirectional
    names = ("weight_ih_l0", "bias_ih_l0", "weight_hh_l0", "bias_hh_l0")

    def forward(inputs: Tensor) -> tuple[Tensor, None]:
        size = layer.hidden_size
        entry_weight, entry_bias, weight, bias = (getattr(layer, name) for name in names)
        entering = functional.linear(inputs, entry_weight, entry_bias)  # (rows, length, 4 · size)
        told(entry_weight, entry_bias, inputs, entering)
        hidden = cell = inputs.new_zeros(len(inputs), size)
        before, after = [], []
        for step in range(inputs.shape[1]):
            before.append(hidden)
            gates = entering[:, step] + functional.linear(hidden, weight, bias)
            entry, forget, fresh, output = gates.chunk(4, dim=1)
            cell = torch.sigmoid(forget) * cell + torch.sigmoid(entry) * torch.tanh(fresh)
            hidden = torch.sigmoid(output) * torch.tanh(cell)
            after.append(hidden)
        # The gates are a sum, so what is entered and what is remembered have the same gradient.
        told(weight, bias, torch.stack(before, dim=1), entering)
        return torch.stack(after, dim=1), None

    return forward
