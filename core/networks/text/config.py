"""Settings of how text becomes tokens."""

from __future__ import annotations

from typing import Literal

from core.base.config import Config, setting

Segmentation = Literal["auto", "words", "characters", "subwords"]


class TextConfig(Config):
    """How a text is cleaned, split and cut before a model reads it."""

    segmentation: Segmentation = setting(
        "auto",
        label="Split text into",
        help="What one token is. Automatic takes words for English and single characters for Chinese; "
        "subwords are learned from your texts and handle rare words.",
        group="text",
    )
    max_length: int = setting(
        200,
        label="Length of a window (tokens)",
        help="So many tokens are read together; a longer text is read in several windows. Longer costs time; 200 covers most "
        "reviews.",
        bounds=(8, 1024),
        step=8,
        group="text",
    )
    windows: int = setting(
        4,
        label="Most windows of a text",
        help="A longer text is read in up to so many windows, and what they say is averaged; models of n-grams read them as one "
        "text. Short texts cost nothing more. What lies beyond is not read, and every answer says so.",
        bounds=(1, 32),
        step=1,
        group="text",
    )
    vocabulary_size: int = setting(
        30_000,
        label="Vocabulary size",
        help="How many different tokens the model knows; rarer ones all become 'unknown'. For subwords at most 8,000.",
        bounds=(500, 100_000),
        step=500,
        scale="log",
        group="text",
        advanced=True,
    )
    minimum_frequency: int = setting(
        1,
        label="Smallest count of a token",
        help="A token seen fewer times than this in the training texts becomes 'unknown'.",
        bounds=(1, 20),
        step=1,
        group="text",
        advanced=True,
    )
    normalise: bool = setting(
        True,
        label="Unify characters",
        help="Unicode NFKC: full-width letters, ligatures and look-alike forms become the ordinary ones, such as Ａ to A.",
        group="text",
        advanced=True,
    )
    lowercase: bool = setting(
        True,
        label="Lower-case",
        help="GREAT, Great and great become one token.",
        group="text",
        advanced=True,
    )
    remove_stop_words: bool = setting(
        False,
        label="Remove stop words",
        help="Drops frequent small words when text is split into words. Usually off: it rarely helps a neural model. "
        "Stock lists contain 'not' and 不, which would flip a review's meaning; ours never removes negations.",
        group="text",
        advanced=True,
    )
    use_inputs: bool = setting(
        True,
        label="Read further columns",
        help="A second text, numbers, categories and dates of the dataset go into the model beside the text. "
        "Without further columns it changes nothing.",
        group="text",
        advanced=True,
    )
