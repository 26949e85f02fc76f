"""What may be wrong with a dataset: finders, each with its sentence, its rows, what to do, and the steps that do it.

A new finder is a file and its line in `FINDERS`. Light to import: what is heavy is loaded by the finder that needs it.
"""

from __future__ import annotations

from core.quality.base import FINDING_ROWS, Finder, Finding, Fix, FrozenTexts, Inspected
from core.quality.choosing import steps_of
from core.quality.damage import damaged_text
from core.quality.imbalance import imbalance
from core.quality.label_errors import label_errors
from core.quality.languages import language_mix
from core.quality.leakage import frozen_leakage, leakage
from core.quality.near_repeats import near_duplicates
from core.quality.outliers import odd_texts, outliers
from core.quality.private import personal_data
from core.quality.repeats import contradictions, duplicates
from core.quality.spellings import label_spellings
from core.quality.times import time_coverage

__all__ = ["FINDERS", "FINDING_ROWS", "Finder", "Finding", "Fix", "FrozenTexts", "Inspected", "steps_of"]

# Name → finder and its share of the time; in the order in which they run, the quick ones first.
FINDERS: dict[str, tuple[Finder, float]] = {
    "label_spellings": (label_spellings, 0.2),
    "contradictions": (contradictions, 1),
    "duplicates": (duplicates, 1),
    "imbalance": (imbalance, 0.2),
    "personal_data": (personal_data, 1),
    "damaged_text": (damaged_text, 1),
    "languages": (language_mix, 1),
    "times": (time_coverage, 1),
    "odd_texts": (odd_texts, 1),
    "leakage": (leakage, 5),
    "frozen_leakage": (frozen_leakage, 5),
    "near_duplicates": (near_duplicates, 5),
    "label_errors": (label_errors, 10),
    "outliers": (outliers, 1),
}
