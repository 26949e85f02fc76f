"""Entities as what a network and its loss read, and what a network in memory marks. Loads torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.data.spans.targets import spans_of
from core.networks.encoders.base import TextNetwork
from core.networks.encoders.batches import make_batch
from core.networks.standalone.extract import Entity, Extractor, decoded, followers, marked, stretches
from core.networks.standalone.marking import TokenPipeline, TokenRow
from core.networks.standalone.pipeline import batches_by_length, pad
from core.networks.tagging.chain import OUTSIDE, negative_log_likelihood
from core.networks.text.examples import Examples
from core.tasks.base import Criterion
from core.tasks.token_classification.baseline import tags_of

AT_ONCE = 64  # texts


def encoded(pipeline: TokenPipeline, texts: Sequence[str], targets: Sequence[str], outputs: Sequence[str]) -> Examples:
    """Texts, with the number of each step's label, int16 ``(rows, steps)``; of a long text the first part."""
    number = {label: position for position, label in enumerate(outputs)}
    table = np.full((len(texts), pipeline.limit // pipeline.width), OUTSIDE, dtype=np.int16)
    ids = []
    for row, (text, target) in enumerate(zip(texts, targets, strict=True)):
        first = pipeline.rows(text)[0]
        ids.append(first.ids)
        tags = tags_of(first.places, spans_of(target))
        table[row, first.steps] = [number[tag] for tag in tags]
    return Examples(tuple(texts), table, tuple(ids))


def criterion(scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Nats per token by which the labels of a batch surprise."""
    tokens = (labels != OUTSIDE).sum().clamp_min(1)
    return negative_log_likelihood(scores, labels).sum() / tokens


@torch.no_grad()
def validated(
    model: TextNetwork, examples: Examples, loss_of: Criterion, device: torch.device, outputs: Sequence[str]
) -> tuple[NDArray[Any], float]:
    """Of each type how many entities the rows have, how many were found, how many were marked, ``(3, types)``; and the mean
    loss.
    """
    was_training = model.training
    model.eval()
    types = [label[2:] for label in outputs if label.startswith("B-")]
    position = {name: index for index, name in enumerate(types)}
    sums = np.zeros((3, len(types)))
    losses, tokens = 0.0, 0
    allowed = followers(outputs)
    for rows in batches_by_length(examples.ids, AT_ONCE):
        batch = make_batch(examples, rows, device)
        scores = model(batch.tokens, batch.mask).float()
        own = int((batch.targets != OUTSIDE).sum())
        losses, tokens = losses + float(loss_of(scores, batch.targets)) * own, tokens + own
        truth = batch.targets.cpu().numpy()
        steps = [np.flatnonzero(row != OUTSIDE).tolist() for row in truth]
        known = [number for number, row in enumerate(steps) if row]
        # Places count steps here: what is compared is which of them are marked alike.
        asked = [
            TokenRow([], steps[number], [(step, step + 1) for step in range(len(steps[number]))]) for number in known
        ]
        given = decoded(scores.cpu().numpy()[known], asked, outputs, allowed) if known else []
        for number, entities in zip(known, given, strict=True):
            tags = [outputs[label] for label in truth[number, steps[number]]]
            has = {(start, end, tags[start][2:]) for start, end in stretches(tags)}
            answered = {(entity.start, entity.end, entity.type) for entity in entities}
            for kind, spans in enumerate((has, has & answered, answered)):
                for _, _, name in spans:
                    sums[kind, position[name]] += 1
    model.train(was_training)
    return sums, losses / max(tokens, 1)


@torch.no_grad()
def compared(model: TextNetwork, engine: Extractor, texts: Sequence[str]) -> tuple[float, float]:
    """The largest difference between the scores of a network and those of its file, text by text, and the share of texts in
    which both mark the same.
    """
    largest = 0.0
    model.eval()
    for text in texts:
        for part in engine.pipeline.rows(text):
            tokens, mask = pad([part.ids])
            expected = model(torch.from_numpy(tokens), torch.from_numpy(mask)).numpy()
            difference = float(np.abs(expected - engine.run(tokens, mask)).max())
            largest = max(largest, difference / max(1.0, float(np.abs(expected).max())))
    own = network_entities(model, engine.pipeline, engine.labels, texts)
    marks = [[entity[:3] for entity in entities] for entities in own]
    given = [[entity[:3] for entity in entities] for entities in engine.entities(texts)]
    return largest, float(np.mean([mine == other for mine, other in zip(marks, given, strict=True)]))


@torch.no_grad()
def network_entities(
    model: TextNetwork, pipeline: TokenPipeline, outputs: Sequence[str], texts: Sequence[str]
) -> list[list[Entity]]:
    """What a network in memory, on the CPU, marks in texts."""

    def run(tokens: NDArray[Any], mask: NDArray[Any]) -> NDArray[Any]:
        scores: NDArray[Any] = model(torch.from_numpy(tokens), torch.from_numpy(mask)).numpy()
        return scores

    was_training = model.training
    model.eval()
    found, _ = marked(pipeline, outputs, texts, run)
    model.train(was_training)
    return found
