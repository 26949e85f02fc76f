"""Find entities in texts with an exported model: needs onnxruntime, tokenizers, numpy and (for Chinese) rjieba.

    python extract.py "Tim Cook runs Apple."                    marks one text
    python extract.py < texts.txt                               marks one text a line
    python extract.py --csv reviews.csv                         marks the rows of a table with a column text

Prints a line of JSON for each text: ``{"text": "…", "entities": [{"start": 0, "end": 8, "type": "PER", "text": "Tim Cook",
"probability": 0.98}]}``. Start and end count characters; the end is not part of the entity.

or, in your own program::

    from extract import Extractor
    extractor = Extractor("path/to/the/folder/of/this/file")
    extractor.entities(["Tim Cook runs Apple."])                # a list of entities for each text

The folder holds model.onnx, tokenizer.json, labels.json, config.json and the programs beside this file. Nothing of a text is cut:
a long one is read in parts.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

if __package__:
    from core.networks.standalone.marking import TokenPipeline, TokenRow
    from core.networks.standalone.pipeline import batches_under_budget, pad
    from core.networks.standalone.predict import TOKENS_AT_ONCE, Answers, Classifier, asked_rows, kind_of, told_at_once
else:  # in a bundle, however it is started
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    from marking import TokenPipeline, TokenRow  # type: ignore[import-not-found,no-redef]
    from pipeline import batches_under_budget, pad  # type: ignore[import-not-found,no-redef]
    from predict import (  # type: ignore[import-not-found,no-redef]
        TOKENS_AT_ONCE,
        Answers,
        Classifier,
        asked_rows,
        kind_of,
        told_at_once,
    )

OUTSIDE = "O"
NEVER = -1e4  # in place of a score, for what cannot be
Run = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Entity(NamedTuple):
    """A stretch of a text that is marked.

    Parameters
    ----------
    start, end
        Its first character, and that behind its last one.
    probability
        How sure the model is that exactly these tokens are marked so, 0 to 1.
    """

    start: int
    end: int
    type: str
    probability: float


class Extractor(Classifier):
    """An exported model that marks entities. May be shared by threads."""

    pipeline: TokenPipeline
    pipeline_class = TokenPipeline

    @property
    def probable(self) -> bool:
        """It does not answer with one probability for each of its outputs."""
        return False

    def answer(self, texts: Sequence[str], progress: Callable[[float], None] | None = None) -> Answers:
        """Entities of each text as a list, in an array of objects (texts, 1), and how many tokens it has: all are read."""
        entities, held = marked(
            self.pipeline, self.labels, texts, self.run, progress, TOKENS_AT_ONCE[kind_of(self.provider)]
        )
        return Answers(as_values(entities), held, held)

    def entities(self, texts: Sequence[str]) -> list[list[Entity]]:
        """The entities of each text, from left to right."""
        return [row[0] for row in self.answer(texts).values]


def as_values(marks: Sequence[list[Entity]]) -> np.ndarray:
    """Lists of entities as an array of objects, (texts, 1)."""
    values = np.empty((len(marks), 1), dtype=object)
    for row, entities in enumerate(marks):
        values[row, 0] = entities
    return values


def marked(
    pipeline: TokenPipeline,
    labels: Sequence[str],
    texts: Sequence[str],
    run: Run,
    progress: Callable[[float], None] | None = None,
    budget: int = TOKENS_AT_ONCE["cpu"],
) -> tuple[list[list[Entity]], np.ndarray]:
    """The entities of each text, and how many tokens it has, int64 (texts,).

    Parameters
    ----------
    run
        Scores of a padded batch (rows, 1 + labels + answers, labels): how well a text begins with each label, how well each
        follows each, and how well each suits each token.
    budget
        Ids in one batch at most, padding included.
    """
    parts: list[TokenRow] = []
    text_of: list[int] = []
    held = np.zeros(len(texts), dtype=np.int64)
    for number, text in enumerate(texts):
        for part in pipeline.rows(text):
            held[number] += len(part.places)
            if part.places:
                parts.append(part)
                text_of.append(number)
    marks: list[list[Entity]] = [[] for _ in texts]
    allowed = followers(labels)
    done = 0
    for numbers in batches_under_budget([part.ids for part in parts], budget):
        own = [parts[number] for number in numbers]
        scores = run(*pad([part.ids for part in own]))
        for number, entities in zip(numbers, decoded(scores, own, labels, allowed), strict=True):
            marks[text_of[number]] += entities
        done += len(numbers)
        if progress is not None:
            progress(done / len(parts))
    return marks, held


def followers(labels: Sequence[str]) -> np.ndarray:
    """What is added to the score of each label (column) behind another one (row), and at a beginning (last row): an entity
    goes on only behind one of its type. Float32 (labels + 1, labels).
    """
    table = np.zeros((len(labels) + 1, len(labels)), dtype=np.float32)
    for column, label in enumerate(labels):
        if label.startswith("I-"):
            for row, before in enumerate([*labels, OUTSIDE]):
                if before[2:] != label[2:]:
                    table[row, column] = NEVER
    return table


def decoded(
    scores: np.ndarray, rows: Sequence[TokenRow], labels: Sequence[str], allowed: np.ndarray
) -> list[list[Entity]]:
    """The entities of each row: the labels that together score most, and how probable each stretch of them is.

    References
    ----------
    A. Viterbi (1967); L. Rabiner (1989), "A Tutorial on Hidden Markov Models", for the sums forward and backward.
    """
    count = len(labels)
    lengths = np.array([len(row.steps) for row in rows])
    longest = int(lengths.max())
    steps = np.zeros((len(rows), longest), dtype=np.int64)
    for number, row in enumerate(rows):
        steps[number, : len(row.steps)] = row.steps
    scores = np.asarray(scores, dtype=np.float64)
    follow = scores[0, 1 : count + 1] + allowed[:-1]
    emitted = np.take_along_axis(scores[:, count + 1 :], steps[:, :, None], axis=1)
    inside = np.arange(longest)[None, :] < lengths[:, None]
    best, forward, back = _forward(scores[:, 0] + allowed[-1], follow, emitted, inside)
    path = _path(best, back, lengths)
    backward = _backward(follow, emitted, inside)
    total = _log_sum(forward[np.arange(len(rows)), lengths - 1], axis=1)
    results = []
    for number, row in enumerate(rows):
        tags = [labels[label] for label in path[number, : lengths[number]]]
        entities = []
        for start, end in stretches(tags):
            score = forward[number, start, path[number, start]]
            for step in range(start + 1, end):
                score += follow[path[number, step - 1], path[number, step]] + emitted[number, step, path[number, step]]
            if end < lengths[number]:
                score += _ended(path[number, end - 1], labels, follow, emitted[number, end] + backward[number, end])
            probability = float(np.exp(min(score - total[number], 0.0)))
            entities.append(Entity(row.places[start][0], row.places[end - 1][1], tags[start][2:], probability))
        results.append(entities)
    return results


def stretches(tags: Sequence[str]) -> list[tuple[int, int]]:
    """First token, and that behind the last one, of each entity that tags of the scheme BIO mark."""
    spans: list[tuple[int, int]] = []
    start = -1
    for index, tag in enumerate([*tags, OUTSIDE]):
        if start >= 0 and not (tag.startswith("I-") and tag[2:] == tags[start][2:]):
            spans.append((start, index))
            start = -1
        if start < 0 and tag != OUTSIDE:
            start = index
    return spans


def _forward(
    first: np.ndarray, follow: np.ndarray, emitted: np.ndarray, inside: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The best and the summed scores of all ways to each label of each token, and from which label the best comes."""
    best, summed = np.empty_like(emitted), np.empty_like(emitted)
    back = np.zeros(emitted.shape, dtype=np.int64)
    best[:, 0] = summed[:, 0] = first + emitted[:, 0]
    for step in range(1, emitted.shape[1]):
        ways = best[:, step - 1, :, None] + follow
        back[:, step] = ways.argmax(axis=1)
        here = inside[:, step, None]
        best[:, step] = np.where(here, ways.max(axis=1) + emitted[:, step], best[:, step - 1])
        sums = _log_sum(summed[:, step - 1, :, None] + follow, axis=1) + emitted[:, step]
        summed[:, step] = np.where(here, sums, summed[:, step - 1])
    return best, summed, back


def _path(best: np.ndarray, back: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The labels that together score most, (rows, tokens)."""
    path = np.zeros(best.shape[:2], dtype=np.int64)
    rows = np.arange(len(best))
    label = best[:, -1].argmax(axis=1)
    for step in range(best.shape[1] - 1, -1, -1):
        path[:, step] = label
        moves = step < lengths
        label = np.where(moves, back[rows, step, label], label)
    return path


def _backward(follow: np.ndarray, emitted: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """The summed scores of all ways on from each label of each token."""
    summed = np.zeros_like(emitted)
    for step in range(emitted.shape[1] - 2, -1, -1):
        ways = follow + (emitted[:, step + 1] + summed[:, step + 1])[:, None, :]
        summed[:, step] = np.where(inside[:, step + 1, None], _log_sum(ways, axis=2), 0.0)
    return summed


def _ended(last: int, labels: Sequence[str], follow: np.ndarray, after: np.ndarray) -> float:
    """The summed scores of all ways on from the last token of an entity that end it there; ``after`` are those of the next
    one.
    """
    goes_on = [label == f"I-{labels[last][2:]}" for label in labels]
    return float(_log_sum(np.where(goes_on, NEVER, follow[last] + after), axis=0))


def _log_sum(values: np.ndarray, axis: int) -> np.ndarray:
    largest = values.max(axis=axis, keepdims=True)
    return np.asarray(np.log(np.exp(values - largest).sum(axis=axis)) + largest.squeeze(axis))


def as_object(text: str, entities: Sequence[Entity]) -> dict[str, Any]:
    """A text with its entities, as a line of JSON tells it."""
    listed = [
        {
            "start": entity.start,
            "end": entity.end,
            "type": entity.type,
            "text": text[entity.start : entity.end],
            "probability": round(entity.probability, 6),
        }
        for entity in entities
    ]
    return {"text": text, "entities": listed}


def main(arguments: list[str]) -> None:
    for stream in (sys.stdin, sys.stdout):  # UTF-8 wherever it runs, and a broken byte stops nothing
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    if told_at_once(arguments, __doc__ or ""):
        return
    extractor = Extractor(Path(__file__).resolve().parent)
    texts = asked_rows(arguments, [])
    for text, entities in zip(texts, extractor.entities(texts), strict=True):
        sys.stdout.write(json.dumps(as_object(text, entities), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
