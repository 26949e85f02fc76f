"""Entities as what a network and its loss read, and what a network in memory marks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.data.spans.targets import spans_of, tags_of, types_of_outputs
from core.networks.encoders.base import TextNetwork
from core.networks.encoders.batches import make_batch
from core.networks.standalone.extract import NEVER, Entity, Extractor, decoded, followers, marked, stretches
from core.networks.standalone.marking import TokenPipeline, TokenRow
from core.networks.standalone.pipeline import batches_by_length, pad
from core.networks.tagging.chain import OUTSIDE, left_open, negative_log_likelihood
from core.networks.tagging.chain import drawn as log_probability_drawn
from core.networks.text.examples import Examples

AT_ONCE = 64  # texts


def encoded(pipeline: TokenPipeline, texts: Sequence[str], targets: Sequence[str], outputs: Sequence[str]) -> Examples:
    """Texts, with the number of each step's tag, int16 ``(rows, steps)``; of a long text the first part."""
    number = {tag: position for position, tag in enumerate(outputs)}
    table = np.full((len(texts), pipeline.reach), OUTSIDE, dtype=np.int16)
    ids = []
    for row, (text, target) in enumerate(zip(texts, targets, strict=True)):
        first = pipeline.rows(text)[0]
        ids.append(first.ids)
        tags = tags_of(first.places, spans_of(target))
        table[row, first.steps] = [number[tag] for tag in tags]
    return Examples(tuple(texts), table, tuple(ids))


def criterion(scores: torch.Tensor, tags: torch.Tensor) -> torch.Tensor:
    """Nats per token by which the tags of a batch surprise."""
    tokens = (tags != OUTSIDE).sum().clamp_min(1)
    return negative_log_likelihood(scores, tags).sum() / tokens


def opened(examples: Examples, known: int, *, later: bool) -> Examples:
    """Rows whose tokens outside of entities may have one of the tags but the first ``known``, or of the first ones."""
    return replace(examples, targets=np.where(examples.targets == 0, left_open(known, later=later), examples.targets))


def drawn(scores: torch.Tensor, tags: torch.Tensor, known: int, generator: torch.Generator) -> torch.Tensor:
    """Log-probability of tags of one row, drawn as often as they are probable among the first ``known``."""
    count = scores.shape[1]
    own = torch.cat([scores[: 1 + known, :known], scores[1 + count :, :known]])
    return log_probability_drawn(own.unsqueeze(0), tags.unsqueeze(0), generator)[0]


@torch.no_grad()
def validated(
    model: TextNetwork,
    examples: Examples,
    loss_of: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    device: torch.device,
    outputs: Sequence[str],
) -> tuple[NDArray[Any], float]:
    """Of each type how many entities the rows have, how many were found, how many were marked, ``(3, types)``; and the mean
    loss.
    """
    was_training = model.training
    model.eval()
    types = types_of_outputs(outputs)
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
        for row, (steps, entities) in zip(truth, _marks(scores.cpu().numpy(), truth, outputs, allowed), strict=True):
            tags = [outputs[max(tag, 0)] for tag in row[steps]]
            has = {(start, end, tags[start][2:]) for start, end in stretches(tags)}
            answered = {(entity.start, entity.end, entity.type) for entity in entities}
            for kind, spans in enumerate((has, has & answered, answered)):
                for _, _, name in spans:
                    sums[kind, position[name]] += 1
    model.train(was_training)
    return sums, losses / max(tokens, 1)


@torch.no_grad()
def filled(model: TextNetwork, examples: Examples, outputs: Sequence[str], known: int, least: float) -> Examples:
    """Rows whose tokens outside of entities carry what a network marks there: only entities of the first ``known`` outputs that
    touch none of the truth. Of those that are less probable than ``least``, nothing is said.
    """
    was_training, device = model.training, next(model.parameters()).device
    model.eval()
    table = examples.targets.copy()
    number = {tag: position for position, tag in enumerate(outputs)}
    allowed = followers(outputs)
    allowed[:, known:] = NEVER
    for rows in batches_by_length(examples.ids, AT_ONCE):
        batch = make_batch(examples, rows, device)
        scores = model(batch.tokens, batch.mask).float().cpu().numpy()
        for index, (row, entities) in enumerate(_marks(scores, table[rows], outputs, allowed)):
            for entity in entities:
                inside = row[entity.start : entity.end]
                if not _is_free(table[rows[index], inside]):
                    continue
                if entity.probability < least:
                    table[rows[index], inside] = left_open(1, later=True)
                else:
                    tags = [f"{'I' if step else 'B'}-{entity.type}" for step in range(len(inside))]
                    table[rows[index], inside] = [number[tag] for tag in tags]
    model.train(was_training)
    return replace(examples, targets=table)


def _is_free(tags: NDArray[Any]) -> bool:
    """Whether none of these tokens is known to be in an entity."""
    return bool(((tags == 0) | (tags < OUTSIDE)).all())


def _marks(
    scores: NDArray[Any], tags: NDArray[Any], outputs: Sequence[str], allowed: NDArray[Any]
) -> list[tuple[list[int], list[Entity]]]:
    """Of each row the steps that count, and the entities that scores mark in these; places count such steps."""
    steps = [np.flatnonzero(row != OUTSIDE).tolist() for row in tags]
    known = [number for number, row in enumerate(steps) if row]
    asked = [TokenRow([], steps[number], [(step, step + 1) for step in range(len(steps[number]))]) for number in known]
    given = dict(zip(known, decoded(scores[known], asked, outputs, allowed), strict=True)) if known else {}
    return [(row, given.get(number, [])) for number, row in enumerate(steps)]


@torch.no_grad()
def compared(
    model: TextNetwork, engine: Extractor, outputs: Sequence[str], texts: Sequence[str]
) -> tuple[float, float]:
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
    own = network_entities(model, engine.pipeline, outputs, texts)
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
    marks, _ = marked(pipeline, outputs, texts, run)
    model.train(was_training)
    return marks
