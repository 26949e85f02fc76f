"""BERT as ONNX operations (Devlin et al. 2019), with ONNX Runtime's own operation for attention: what PyTorch's exporter needs
many seconds for.
"""

from __future__ import annotations

from typing import Any

from core.networks.encoders.graph import MICROSOFT, Graph


def is_plain_bert(network: Any) -> bool:
    """Whether a network of transformers is what `write_bert` writes, and nothing more."""
    shape = network.config
    return (
        shape.model_type == "bert"
        and shape.hidden_act == "gelu"
        and not getattr(shape, "is_decoder", False)
        and getattr(shape, "position_embedding_type", "absolute") in (None, "absolute")
    )


def write_bert(graph: Graph, network: Any, tokens: str, mask: str, padding: int) -> list[str]:
    """What each layer of a plain BERT says, lowest first, (batch, length, width) each, of tokens and mask (batch, length)."""
    embeddings = network.embeddings
    length = graph.add("Shape", tokens, start=1, end=2)
    # All texts are of the first kind of segment, so that its row can be added to every position.
    positions = embeddings.position_embeddings.weight + embeddings.token_type_embeddings.weight[0]
    words = graph.add("Gather", embeddings.word_embeddings.weight, graph.add("Where", mask, tokens, padding))
    hidden = graph.add("Add", words, graph.add("Slice", positions, [0], length, [0]))
    hidden = graph.norm(hidden, embeddings.LayerNorm)
    visible, states = graph.as_narrow(mask), []
    for layer in network.encoder.layer:
        own, joined = layer.attention.self, layer.attention.output
        attended = graph.add(
            "MultiHeadAttention",
            *(graph.linear(hidden, part) for part in (own.query, own.key, own.value)),
            "",
            visible,
            domain=MICROSOFT,
            num_heads=network.config.num_attention_heads,
        )
        hidden = graph.norm(graph.add("Add", graph.linear(attended, joined.dense), hidden), joined.LayerNorm)
        inner = graph.add("Gelu", graph.linear(hidden, layer.intermediate.dense))
        hidden = graph.norm(graph.add("Add", graph.linear(inner, layer.output.dense), hidden), layer.output.LayerNorm)
        states.append(hidden)
    return states
