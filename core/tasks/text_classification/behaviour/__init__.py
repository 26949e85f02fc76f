"""Behavioural tests in the manner of CheckList (Ribeiro et al. 2020, "Beyond Accuracy: Behavioral Testing of NLP Models")."""

from __future__ import annotations

from core.tasks.text_classification.behaviour.cases import AbilityTest, Case, make_tests
from core.tasks.text_classification.behaviour.difference import difference
from core.tasks.text_classification.behaviour.running import Example, Result, SentimentSides, run_tests, sides_of

__all__ = [
    "AbilityTest",
    "Case",
    "Example",
    "Result",
    "SentimentSides",
    "difference",
    "make_tests",
    "run_tests",
    "sides_of",
]
