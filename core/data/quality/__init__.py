"""What may be wrong with a dataset: finders, each with its sentence, its rows, what to do, and the steps that do it.

A new finder is a file and its line in `FINDERS`. Light to import: what is heavy is loaded by the finder that needs it.
"""

from __future__ import annotations

from core.data.dataset.columns import Targets
from core.data.quality.base import FINDING_ROWS, Finder, Finding, Fix, FrozenTexts, Inspected, steps_of
from core.data.quality.damage import damaged_text
from core.data.quality.entities import finder
from core.data.quality.imbalance import imbalance
from core.data.quality.label_errors import label_errors
from core.data.quality.languages import language_mix
from core.data.quality.leakage import frozen_leakage, leakage
from core.data.quality.near_repeats import near_duplicates
from core.data.quality.outliers import odd_texts, outliers
from core.data.quality.private import personal_data
from core.data.quality.repeats import contradictions, duplicates
from core.data.quality.spellings import label_spellings
from core.data.quality.times import time_coverage

__all__ = ["FINDERS", "FINDING_ROWS", "Finder", "Finding", "Fix", "FrozenTexts", "Inspected", "finders_for", "steps_of"]

# Name → finder and its share of the time; in the order in which they run, the quick ones first.
FINDERS: dict[str, tuple[Finder, float]] = {
    "label_spellings": (label_spellings, 0.2),
    "contradictions": (contradictions, 1),
    "duplicates": (duplicates, 1),
    "imbalance": (imbalance, 0.2),
    "differing_entities": (finder("differing_entities"), 0.2),
    "unmarked_mentions": (finder("unmarked_mentions"), 2),
    "ambiguous_entities": (finder("ambiguous_entities"), 0.2),
    "single_types": (finder("single_types"), 0.2),
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

OF_LABELS = ("label_spellings", "contradictions", "imbalance", "label_errors")
OF_ENTITIES = ("differing_entities", "unmarked_mentions", "ambiguous_entities", "single_types")


def finders_for(kind: Targets) -> dict[str, tuple[Finder, float]]:
    """Those that make sense for rows of which this is known."""
    without = OF_LABELS if kind == "spans" else OF_ENTITIES
    return {name: each for name, each in FINDERS.items() if name not in without}
