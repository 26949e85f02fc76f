"""Explanations that look inside the PyTorch model: integrated gradients, and exact shares where it is linear."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from core.explain.attribution import Attribution, Method, Word, completeness_error
from core.explain.words import words_of, words_of_tokens
from core.models import Encoder, NgramBag, TextClassifier
from core.standalone.predict import PADDING, TextPipeline, pad

STEPS, MOST_STEPS = 64, 2048
CLOSE_ENOUGH = 0.01  # completeness error up to which no more steps are taken
AT_ONCE = 64  # points of the path in a batch


def method_for(model: TextClassifier) -> Method:
    """``"linear"`` where the margin is a sum over n-grams, ``"gradients"`` for networks over embeddings, else
    ``"occlusion"``: counts of hashed n-grams have no embedding to follow."""
    if isinstance(model, NgramBag):
        return "linear" if model.lift is None else "occlusion"
    return "gradients" if embedding_of(model) is not None else "occlusion"


def embedding_of(model: TextClassifier) -> nn.Embedding | None:
    """The layer that turns tokens into vectors."""
    layer: Any = getattr(model, "embedding", None)
    if isinstance(model, Encoder):
        layer = model.encoder.get_input_embeddings()
    return layer if isinstance(layer, nn.Embedding) else None


def explain(model: TextClassifier, pipeline: TextPipeline, text: str, label: int | None = None) -> Attribution | None:
    """Share the margin of a label out among the words of a text.

    Integrated gradients (Sundararajan et al. 2017, "Axiomatic Attribution for Deep Networks") along the straight line from
    the padding token's vector in place of every word to the text; marks around the text, and an encoder's prefix, stay.
    Steps are doubled, up to 2,048, until the scores add up to within 1 % of the difference. An n-gram bag without random features
    is linear: every n-gram's share is exact and goes to its tokens in equal parts.

    Parameters
    ----------
    model
        In evaluation mode.
    label
        Number of the label; by default the most probable one.

    Returns
    -------
    Attribution or None
        None where the method does not suit the model, or no word of the text is read; occlusion then still works.
    """
    method = method_for(model)
    words = words_of(text)
    owners = words_of_tokens(pipeline, text, words)
    if method == "occlusion" or owners is None or not any(owners):
        return None
    tokens, mask = (torch.from_numpy(part) for part in pad(pipeline.encode([text])))
    with torch.no_grad():
        logits = model(tokens, mask)[0]
    chosen = int(logits.argmax()) if label is None else label
    inside = torch.tensor([bool(of) for of in owners])
    if method == "linear":
        assert isinstance(model, NgramBag)
        scores, difference, steps = *_shares(model, tokens, mask, chosen), 0
    else:
        scores, difference, steps = _integrate(model, tokens, mask, inside, chosen)
    sums = np.zeros(len(words))
    for of, score in zip(owners, scores.tolist(), strict=True):
        sums[list(of)] += score / max(1, len(of))  # a token that holds several words counts for all alike
    error = completeness_error(float(scores.sum()), difference)
    found = tuple(Word(*word, float(score)) for word, score in zip(words, sums, strict=True))
    return Attribution(text, chosen, found, method, difference, steps, error)


def _margins(logits: Tensor, label: int) -> Tensor:
    """Logit of the label minus the mean of the others: (batch)."""
    others = torch.cat([logits[:, :label], logits[:, label + 1 :]], dim=1)
    return logits[:, label] - (others.mean(dim=1) if others.shape[1] else 0.0)


def _integrate(
    model: TextClassifier, tokens: Tensor, mask: Tensor, inside: Tensor, label: int
) -> tuple[np.ndarray, float, int]:
    """Score of each token, the difference they should add up to, and the steps that were taken."""
    from captum.attr import LayerIntegratedGradients

    padding = model.padding if isinstance(model, Encoder) else PADDING
    nothing = torch.where(inside.unsqueeze(0), padding, tokens)

    def answer(numbers: Tensor, read: Tensor) -> Tensor:
        return _margins(model(numbers, read), label)

    if isinstance(model, Encoder):
        model.cache = None  # what is remembered has no gradient
    learns = [(value, value.requires_grad) for value in model.parameters()]
    try:
        model.requires_grad_(False)
        layer = embedding_of(model)
        assert layer is not None
        layer.weight.requires_grad_(True)  # so that a gradient reaches the vectors
        with torch.no_grad():
            difference = float(answer(tokens, mask)[0] - answer(nothing, mask)[0])
        integrated = LayerIntegratedGradients(answer, layer)
        steps = STEPS
        while True:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = integrated.attribute(
                    tokens, nothing, additional_forward_args=(mask,), n_steps=steps, internal_batch_size=AT_ONCE
                )
            scores = found.detach()[0].sum(dim=1).double().numpy()
            if completeness_error(float(scores.sum()), difference) <= CLOSE_ENOUGH or steps >= MOST_STEPS:
                return scores, difference, steps
            steps *= 2
    finally:
        for value, learned in learns:
            value.requires_grad_(learned)


@torch.no_grad()
def _shares(model: NgramBag, tokens: Tensor, mask: Tensor, label: int) -> tuple[np.ndarray, float]:
    """Exact share of each token, and the difference to a text without n-grams."""
    rows, owners = model.ngrams_of(tokens, mask)
    weights = model.head.weight
    others = torch.cat([weights[:label], weights[label + 1 :]])
    direction = weights[label] - (others.mean(dim=0) if len(others) else 0.0)
    values = (model.embedding.weight[rows] @ direction).double() / len(rows)
    scores = torch.zeros(tokens.shape[1], dtype=torch.float64)
    for value, members in zip(values, owners, strict=True):
        scores[list(members)] += value / len(members)
    bias = model.head.bias.unsqueeze(0)
    difference = _margins(model(tokens, mask), label) - _margins(bias, label)
    return scores.numpy(), float(difference[0])
