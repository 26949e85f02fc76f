"""Explanations that look inside the PyTorch model: integrated gradients, and exact shares where it is linear."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from core.networks.encoders import Encoder, TextNetwork
from core.networks.encoders.blend import Blend
from core.networks.encoders.windows import into_windows
from core.networks.explain.attribution import Attribution, Method, Word, completeness_error
from core.networks.explain.words import words_of_tokens
from core.networks.standalone.pipeline import PADDING, TextPipeline, pad
from core.networks.text.words import words_of

PIECES, POINTS = 16, 4  # of the way, and gradients on each
MOST_STEPS = 4096  # gradients for one text
CLOSE_ENOUGH = 0.01  # completeness error up to which no more steps are taken
AT_ONCE = 64  # windows of points of the path in a batch


def method_for(model: TextNetwork) -> Method:
    """``"linear"`` where the margin is a sum over n-grams, ``"gradients"`` for networks over embeddings, else
    ``"occlusion"``: counts of hashed n-grams have no embedding to follow."""
    if model.additive:
        return "linear"
    return "gradients" if embedding_of(model) is not None else "occlusion"


def embedding_of(model: TextNetwork) -> nn.Embedding | None:
    """The layer that turns tokens into vectors."""
    layer: Any = getattr(model, "embedding", None)
    if isinstance(model, Encoder):
        layer = model.encoder.get_input_embeddings()
    return layer if isinstance(layer, nn.Embedding) else None


def explain(model: TextNetwork, pipeline: TextPipeline, text: str, output: int | None = None) -> Attribution | None:
    """Share the margin of an output out among the words of a text.

    Integrated gradients (Sundararajan et al. 2017, "Axiomatic Attribution for Deep Networks") along the straight line from
    the padding token's vector in place of every word to the text; marks around the text, and an encoder's prefix, stay.
    Pieces of the way on which the scores miss what the margin gains are halved, up to 4,096 steps in all, until the scores add
    up to within 1 % of the difference. Where a model only adds up what
    n-grams say, every n-gram's share is exact and goes to its tokens in equal parts.

    Parameters
    ----------
    model
        The model, in evaluation mode.
    output
        Number of the output; by default the most probable one.

    Returns
    -------
    Attribution or None
        None where the method does not suit the model, or no word of the text is read; occlusion then still works.
    """
    if isinstance(model, Blend):
        return _explain_blend(model, pipeline, text, output)
    method = method_for(model)
    words = words_of(text)
    owners = words_of_tokens(pipeline, text, words)
    if method == "occlusion" or owners is None or not any(owners):
        return None
    tokens, mask = (torch.from_numpy(part) for part in pad(pipeline.encode([text])))
    with torch.no_grad():
        logits = model(tokens, mask)[0]
    target = int(logits.argmax()) if output is None else output
    inside = torch.tensor([bool(of) for of in owners])
    if method == "linear":
        scores, difference, steps = *_shares(model, tokens, mask, target), 0
    else:
        scores, difference, steps = _integrate(model, tokens, mask, inside, target)
    sums = np.zeros(len(words))
    for of, score in zip(owners, scores.tolist(), strict=True):
        sums[list(of)] += score / max(1, len(of))  # a token that holds several words counts for all alike
    error = completeness_error(float(scores.sum()), difference)
    attributed = tuple(Word(*word, float(score)) for word, score in zip(words, sums, strict=True))
    return Attribution(text, target, attributed, method, difference, steps, error)


@torch.no_grad()
def _explain_blend(model: Blend, pipeline: TextPipeline, text: str, output: int | None) -> Attribution | None:
    """Its logits are a weighted sum of its members', and so are the scores of a word."""
    if output is None:
        output = int(model(*(torch.from_numpy(part) for part in pad(pipeline.encode([text]))))[0].argmax())
    attributions = []
    for member, own in zip(model.networks(), pipeline.parts, strict=True):
        with torch.enable_grad():
            attribution = explain(member, own, text, output)
        if attribution is None:
            return None
        attributions.append(attribution)
    weights = model.weights.tolist()
    words = tuple(
        Word(same[0].start, same[0].end, sum(weight * own.score for weight, own in zip(weights, same, strict=True)))
        for same in zip(*(own.words for own in attributions), strict=True)
    )
    difference = sum(weight * own.difference for weight, own in zip(weights, attributions, strict=True))
    missed = sum(
        weight * abs((own.error or 0.0) * own.difference) for weight, own in zip(weights, attributions, strict=True)
    )
    method: Method = "linear" if all(own.method == "linear" for own in attributions) else "gradients"
    error = missed / abs(difference) if difference else float(missed > 0)
    return Attribution(text, output, words, method, difference, sum(own.steps for own in attributions), error)


def _margins(logits: Tensor, output: int) -> Tensor:
    """Logit of the output minus the mean of the others: (batch)."""
    others = torch.cat([logits[:, :output], logits[:, output + 1 :]], dim=1)
    return logits[:, output] - (others.mean(dim=1) if others.shape[1] else 0.0)


def _integrate(
    model: TextNetwork, tokens: Tensor, mask: Tensor, inside: Tensor, output: int
) -> tuple[np.ndarray, float, int]:
    """Score of each token, the difference they should add up to, and the steps that were taken."""

    from captum.attr import IntegratedGradients

    padding = model.padding if isinstance(model, Encoder) else PADDING
    nothing = torch.where(inside.unsqueeze(0), padding, tokens)
    layer = embedding_of(model)
    assert layer is not None
    with torch.no_grad():
        start, end = layer(nothing), layer(tokens)
    if isinstance(model, Encoder):
        model.cache = None  # what is remembered has no gradient
        model.encoder.requires_grad_(True)  # else nothing follows what a frozen one computes

    window = getattr(model, "window", None) or tokens.shape[1]
    windows = -(-tokens.shape[1] // window)

    def answer(vectors: Tensor) -> Tensor:
        alike = (len(vectors), tokens.shape[1])
        with _vectors_instead(layer, vectors if windows == 1 else into_windows(vectors, window)):
            return _margins(model(tokens.expand(alike), mask.expand(alike)), output)

    with torch.no_grad():
        low, high = answer(torch.cat([start, end])).tolist()
    integrated = IntegratedGradients(answer)

    def share_out(pieces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Scores of each token on each piece of the way, and by how much they miss what the margin gains there."""
        begin, stop = (torch.from_numpy(pieces[:, side, None, None]).to(start.dtype) for side in (0, 1))
        shares, missed = integrated.attribute(
            start + stop * (end - start),
            start + begin * (end - start),
            n_steps=POINTS,
            internal_batch_size=max(1, AT_ONCE // windows),
            return_convergence_delta=True,
        )
        return shares.sum(dim=2).double().numpy(), missed.double().numpy()

    scores, steps = _adaptively(share_out, CLOSE_ENOUGH * abs(high - low))
    return scores, high - low, steps


def _adaptively(
    share_out: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]], tolerated: float
) -> tuple[np.ndarray, int]:
    """Halve the pieces of the way whose scores miss most, until all together miss no more than is tolerated.

    The scores of a piece should add up to what the margin gains on it, so its error is known exactly: steps go where the
    network bends, such as where another word becomes the maximum of a pool.
    """
    edges = np.linspace(0, 1, PIECES + 1)
    pieces = np.stack([edges[:-1], edges[1:]], axis=1)
    scores, missed = share_out(pieces)
    steps = PIECES * POINTS
    while abs(missed.sum()) > tolerated and steps < MOST_STEPS:
        worst = np.abs(missed) > tolerated / len(pieces)  # some are: else the sum were small enough
        middles = pieces[worst].mean(axis=1)
        halves = np.concatenate(
            [np.stack([pieces[worst, 0], middles], axis=1), np.stack([middles, pieces[worst, 1]], axis=1)]
        )
        refined, missing = share_out(halves)
        steps += len(halves) * POINTS
        pieces = np.concatenate([pieces[~worst], halves])
        scores, missed = np.concatenate([scores[~worst], refined]), np.concatenate([missed[~worst], missing])
    return scores.sum(axis=0), steps


@contextmanager
def _vectors_instead(layer: nn.Module, vectors: Tensor) -> Iterator[None]:
    """Let an embedding layer give these vectors, whatever tokens it is asked for."""
    hook = layer.register_forward_hook(lambda *_: vectors)
    try:
        yield
    finally:
        hook.remove()


@torch.no_grad()
def _shares(model: TextNetwork, tokens: Tensor, mask: Tensor, output: int) -> tuple[np.ndarray, float]:
    """Exact share of each token, and the difference to a text of which nothing is counted."""
    values, owners = model.parts(tokens, mask)
    scores = torch.zeros(tokens.shape[1], dtype=torch.float64)
    for value, members in zip(_margins(values.double(), output), owners, strict=True):
        scores[members] += value / len(members)
    difference = _margins(model(tokens, mask), output) - _margins(model.head.bias.unsqueeze(0), output)
    return scores.numpy(), float(difference[0])
