"""The two sample datasets that come with the project: product reviews in English and in Chinese.

Every row is synthetic: `benchmarks/make_samples.py` expands them from grammars written for this project, so no
shop's or person's text is in them, and the project's MIT license covers them. A screen that shows one says
"synthetic sample", and figures measured on them say nothing about real reviews.

This module only knows where the files are; reading them is `core.data.reading.tables`'s business.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.base.errors import DataError

FOLDER = Path(__file__).resolve().parent / "samples"


@dataclass(frozen=True)
class Sample:
    """A sample dataset: a first table to train on, and later batches that drift.

    Parameters
    ----------
    parts
        The first table, then the batches in the order in which they arrive. ``"batch_2"`` brings new products and
        new ways of praising and complaining; ``"batch_3"`` drifts again and brings a label not seen before.
    """

    id: str
    language: str
    parts: tuple[str, ...] = ("first", "batch_2", "batch_3")


SAMPLES: dict[str, Sample] = {
    sample.id: sample for sample in (Sample("reviews_en", language="en"), Sample("reviews_zh", language="zh"))
}


def sample_path(sample_id: str, part: str) -> Path:
    """Return the CSV file (columns ``text`` and ``label``, UTF-8) of one part of a sample.

    Raises
    ------
    DataError
        When there is no such sample, or the sample has no such part.
    """
    sample = SAMPLES.get(sample_id)
    if sample is None or part not in sample.parts:
        raise DataError(
            "data.sample_missing",
            "There is no sample '{sample}' with a part '{part}'. The samples are: {samples}. Their parts are: {parts}.",
            sample=sample_id,
            part=part,
            samples=list(SAMPLES),
            parts=list(Sample.parts),
        )
    return FOLDER / f"{sample_id}_{part}.csv"
