"""The language model as an ONNX graph: one step that goes on from a key/value cache; what `CausalTransformer.step` computes."""

from __future__ import annotations

import onnx
import torch
from onnx import TensorProto, helper
from torch import Tensor

from core.networks.causal.decoder import Block, CausalTransformer
from core.networks.encoders.graph import Graph

TOKENS, PAST_KEYS, PAST_VALUES = INPUTS = ("tokens", "past_keys", "past_values")
LOGITS, KEYS, VALUES = OUTPUTS = ("logits", "keys", "values")


@torch.no_grad()
def write_step(model: CausalTransformer) -> onnx.ModelProto:
    """Tokens and cache in; logits, and the cache with the new tokens, out."""
    graph = Graph()
    table = graph.constant(model.embedding.weight)
    hidden = graph.add("Gather", table, TOKENS)  # (batch, new, width)
    past = graph.add("Shape", PAST_KEYS, start=3, end=4)
    length = graph.add("Add", past, graph.add("Shape", TOKENS, start=1, end=2))
    positions = _range(graph, past, length)  # of the new tokens
    rotation = _write_rotation(graph, positions, model.frequencies)
    before = graph.add(
        "LessOrEqual", _range(graph, graph.constant([0]), length), graph.add("Unsqueeze", positions, [1])
    )
    visible = graph.add("Where", before, 0.0, float("-inf"))  # (new, length): a token sees itself and all before it
    keys, values = [], []
    for number, block in enumerate(model.blocks):
        assert isinstance(block, Block)
        cache = tuple(graph.add("Gather", name, number) for name in (PAST_KEYS, PAST_VALUES))
        hidden, key, value = _write_block(graph, block, hidden, rotation, (cache[0], cache[1]), visible)
        keys.append(graph.add("Unsqueeze", key, [0]))
        values.append(graph.add("Unsqueeze", value, [0]))
    graph.add("Concat", *keys, axis=0, result=KEYS)
    graph.add("Concat", *values, axis=0, result=VALUES)
    graph.add("MatMul", graph.norm(hidden, model.norm), graph.add("Transpose", table, perm=[1, 0]), result=LOGITS)
    return graph.finish(*_outside(model))


def _outside(model: CausalTransformer) -> tuple[list[onnx.ValueInfoProto], list[onnx.ValueInfoProto]]:
    """Inputs and outputs with their shapes."""
    layers, heads = model.config.layers, model.config.heads
    size = model.config.embedding_size // heads

    def cache(name: str, length: str) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [layers, "batch", heads, length, size])

    tokens = helper.make_tensor_value_info(TOKENS, TensorProto.INT64, ["batch", "new"])
    logits = helper.make_tensor_value_info(LOGITS, TensorProto.FLOAT, ["batch", "new", model.vocabulary_size])
    inputs = [tokens, *(cache(name, "past") for name in (PAST_KEYS, PAST_VALUES))]
    return inputs, [logits, *(cache(name, "length") for name in (KEYS, VALUES))]


def _range(graph: Graph, first: str, last: str) -> str:
    """Whole numbers from one value of a single element to before another."""
    return graph.add("Range", graph.add("Squeeze", first), graph.add("Squeeze", last), 1)


def _write_rotation(graph: Graph, positions: str, frequencies: Tensor) -> tuple[str, str]:
    """Cosines and sines (new, half of the head size)."""
    angles = graph.add("Mul", graph.as_float(graph.add("Unsqueeze", positions, [1])), frequencies.unsqueeze(0))
    return graph.add("Cos", angles), graph.add("Sin", angles)


def _write_block(
    graph: Graph, block: Block, hidden: str, rotation: tuple[str, str], past: tuple[str, str], visible: str
) -> tuple[str, str, str]:
    """New hidden states, and the keys and values of all tokens so far."""
    width = block.query_key_value.in_features
    read = graph.norm(hidden, block.attention_norm)
    parts = []
    for number, weight in enumerate(block.query_key_value.weight.chunk(3)):
        scale = (width // block.heads) ** -0.5 if number == 0 else 1.0
        split = graph.add(
            "Reshape", graph.add("MatMul", read, weight.T * scale), [0, 0, block.heads, width // block.heads]
        )
        parts.append(graph.add("Transpose", split, perm=[0, 2, 1, 3]))  # (batch, heads, new, head size)
    query, key = (_write_rotated(graph, part, rotation, width // block.heads) for part in parts[:2])
    key = graph.add("Concat", past[0], key, axis=2)
    value = graph.add("Concat", past[1], parts[2], axis=2)
    scores = graph.add("MatMul", query, graph.add("Transpose", key, perm=[0, 1, 3, 2]))
    shares = graph.add("Softmax", graph.add("Add", scores, visible), axis=-1)
    mixed = graph.add("Transpose", graph.add("MatMul", shares, value), perm=[0, 2, 1, 3])
    hidden = graph.add("Add", hidden, graph.linear(graph.add("Reshape", mixed, [0, 0, width]), block.mix_heads))
    wide = graph.add("Gelu", graph.linear(graph.norm(hidden, block.forward_norm), block.widen))
    return graph.add("Add", hidden, graph.linear(wide, block.narrow)), key, value


def _write_rotated(graph: Graph, states: str, rotation: tuple[str, str], size: int) -> str:
    """Each pair of numbers turned by its place times its frequency."""
    cosine, sine = rotation
    first, second = graph.slice(states, 0, size // 2, 3), graph.slice(states, size // 2, None, 3)
    turned = [
        graph.add("Sub", graph.add("Mul", first, cosine), graph.add("Mul", second, sine)),
        graph.add("Add", graph.add("Mul", first, sine), graph.add("Mul", second, cosine)),
    ]
    return graph.add("Concat", *turned, axis=3)
