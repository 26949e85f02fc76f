"""Settings of word vectors that are learned from own texts."""

from __future__ import annotations

from typing import Literal

from core.base.config import Config, setting


class SkipGramConfig(Config):
    """Size and course of skip-gram learning (Mikolov et al. 2013), which guesses a word's neighbours from the word."""

    vectors_units: Literal["auto", "words", "characters"] = setting(
        "auto",
        label="Learn vectors of",
        help="Choose what your model will split texts into. Automatic takes words for English and single characters "
        "for Chinese.",
        group="text",
    )
    vectors_size: int = setting(
        100,
        label="Numbers per word",
        help="Length of a vector. 100 is plenty for a few thousand texts; 300 pays off with millions of words.",
        bounds=(10, 300),
        step=10,
    )
    vectors_window: int = setting(
        5,
        label="Window",
        help="How many neighbours on each side belong to a word. Small windows learn grammar, large ones topics.",
        bounds=(1, 15),
        step=1,
    )
    vectors_epochs: int = setting(
        5,
        label="Passes",
        help="How many times all texts are read. With few texts, more passes help.",
        bounds=(1, 50),
        step=1,
        group="optimisation",
    )
    vectors_minimum: int = setting(
        2,
        label="Smallest count of a word",
        help="Words seen fewer times get no vector: little can be learned about a word from one sentence.",
        bounds=(1, 50),
        step=1,
        group="text",
    )
