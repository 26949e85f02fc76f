"""Rows that are unlike the others: far from every label, far shorter or longer, or mostly signs."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from core.base.messages import Message, message
from core.data.dataset.inputs import body_of
from core.data.dataset.row_targets import Rows
from core.data.quality.base import CHUNK, Finding, Fix, Inspected, Severity, capped, drop
from core.data.quality.quick_model import out_of_sample

FAR = 4.0  # robust standard deviations below the middle, on the logarithm
ODD_LENGTH = 5.0
FEWEST_ROWS = 50  # below, nothing is usual
MOSTLY_SIGNS = 0.3  # share of letters and digits below which a text is mostly something else
_FEWEST_SIGNS = 3
_READ = 200  # characters of a text that are looked at for signs
_LETTER = re.compile(r"[^\W_]")


def outliers(inspected: Inspected) -> Iterator[Finding | float]:
    """Texts that have hardly a word in common with any label."""
    model = yield from out_of_sample(inspected)
    if model is None or len(model.rows) < FEWEST_ROWS:
        return
    far = far_below(model.nearness)
    if len(far):
        order = far[np.argsort(model.nearness[far], kind="stable")]
        sentence = message("quality.far", "Texts far from every label: {count:,}.", count=len(far))
        advice = message(
            "quality.far_advice",
            "They share hardly a word with the other rows: another subject, another language, a slip of the keyboard. "
            "Remove what does not belong here; keep what people will really send.",
        )
        seen = len(model.rows) if len(model.rows) < len(inspected.dataset) else None
        yield _finding(inspected, "far", "info", model.rows[order], (sentence, advice), seen)


def odd_texts(inspected: Inspected) -> Iterator[Finding | float]:
    """Texts of an odd length, and texts that are mostly signs."""
    texts = [body_of(text) for text in inspected.dataset.texts]
    if len(texts) >= FEWEST_ROWS:
        lengths = np.array([len(text) for text in texts], dtype=np.float64)
        long = odd_lengths(lengths)
        if len(long):
            order = long[np.argsort(-lengths[long], kind="stable")]
            sentence = message(
                "quality.long",
                "Texts far longer than the others: {count:,}, the longest with {longest:,} characters; usual are {usual:,}.",
                count=len(long),
                longest=int(lengths.max()),
                usual=int(np.median(lengths)),
            )
            advice = message(
                "quality.long_advice",
                "Often several texts in one cell, because a quotation mark was left open. Of a very long text "
                "only the beginning is read; cut it, or remove it.",
            )
            yield _finding(inspected, "odd_length", "info", order, (sentence, advice), None)
    rows = []
    for row, text in enumerate(texts):
        if row % CHUNK == 0:
            yield row / len(texts)
        if mostly_signs(text):
            rows.append(row)
    signs = np.array(rows, dtype=np.int64)
    if len(signs):
        sentence = message("quality.signs", "Texts that are mostly signs: {count:,}.", count=len(signs))
        advice = message(
            "quality.signs_advice",
            "Without letters a classifier can only guess. Remove them, unless signs such as emoji carry the meaning.",
        )
        yield _finding(inspected, "mostly_signs", "info", signs, (sentence, advice), None)


def far_below(values: np.ndarray) -> Rows:
    """Positions of values of 0, and of less than half the middle and `FAR` robust standard deviations below it (in logs)."""
    positive = np.log(values[values > 0])
    if not len(positive):
        return np.flatnonzero(values <= 0)
    middle = float(np.median(positive))
    spread = 1.4826 * float(np.median(np.abs(positive - middle)))
    logs = np.log(np.maximum(values, 1e-12))
    positions: Rows = np.flatnonzero((values <= 0) | (logs < middle - max(FAR * spread, float(np.log(2)))))
    return positions


def odd_lengths(lengths: np.ndarray) -> Rows:
    """Positions of lengths far above the middle, on the logarithm, and at least four times it."""
    logs = np.log(np.maximum(lengths, 1.0))
    middle = float(np.median(logs))
    spread = 1.4826 * float(np.median(np.abs(logs - middle)))
    positions: Rows = np.flatnonzero(logs > middle + max(ODD_LENGTH * spread, float(np.log(4))))
    return positions


def mostly_signs(text: str) -> bool:
    """Whether fewer than three in ten characters are letters or digits; of three characters at least."""
    visible = "".join(text[:_READ].split())
    return len(visible) >= _FEWEST_SIGNS and len(_LETTER.findall(visible)) < MOSTLY_SIGNS * len(visible)


def _finding(
    inspected: Inspected, kind: str, severity: Severity, rows: Rows, words: tuple[Message, Message], seen: int | None
) -> Finding:
    fix = message("quality.outliers_fix", "Remove these rows: {count:,}", count=len(rows))
    return Finding(
        kind,
        severity,
        len(rows),
        *words,
        rows=capped(rows),
        fixes=(Fix("drop", fix, (drop(inspected, rows, "outlier"),)),),
        seen=seen,
    )
