"""Linear n-grams: their settings and how they are declared."""

from __future__ import annotations

from typing import Literal

from core.base.config import Config, setting
from core.networks.architectures.base import Architecture

Regularisation = Literal["auto", "strong", "medium", "weak", "very_weak"]


class LinearConfig(Config):
    """What is counted, and how firmly weights are held back."""

    ngram_length: int = setting(
        2,
        label="Longest n-gram",
        help="2 also looks at pairs of neighbours, such as 'not good'; 3 at triples too.",
        bounds=(1, 3),
        step=1,
    )
    letter_weight: float = setting(
        0.3,
        label="Weight of letters",
        help="How much pieces of a word count beside the word, so that a rare 'disappointing' learns from a common "
        "'disappointed'; a word that no training text holds says nothing. Without effect where each token is one character, "
        "as in Chinese. 0 leaves them out.",
        bounds=(0.0, 1.0),
        step=0.1,
    )
    regularisation: Regularisation = setting(
        "auto",
        label="Regularisation",
        help="How firmly weights are held back, so that chance is not learned by heart. Automatic tries several and keeps what "
        "is best on the validation rows.",
    )


LINEAR = Architecture(
    name="linear",
    config_class=LinearConfig,
    network_class="core.networks.encoders.linear:LinearNgrams",
    defaults={
        "max_length": 1024,
        "windows": 20,
        "learning_rate": 0.1,
        "batch_size": 32,
        "epochs": 20,
        "word_dropout": 0.0,
    },
    shaped_by_texts=True,
    solved=True,
    presets={
        "quick": {"regularisation": "weak", "letter_weight": 0.0},
        "thorough": {"ngram_length": 3},
    },
)
