"""A blend of two models: how it is declared. Nobody trains it from texts; *Auto* makes it of two versions."""

from __future__ import annotations

from core.base.config import Config, setting
from core.networks.architectures.base import Architecture

MOST_VERSIONS = 1_000_000


class BlendConfig(Config):
    """Which versions of the same model are put together."""

    first_version: int = setting(
        0,
        label="First version",
        help="Number of a version that goes into the blend.",
        bounds=(0, MOST_VERSIONS),
        step=1,
    )
    second_version: int = setting(
        0, label="Second version", help="Number of the other version of the blend.", bounds=(0, MOST_VERSIONS), step=1
    )


BLEND = Architecture(
    name="blend",
    config_class=BlendConfig,
    network_class="core.networks.encoders.blend:Blend",
    shaped_by_texts=True,
    general_features=True,
    without_effect=frozenset(
        {
            "segmentation",
            "max_length",
            "vocabulary_size",
            "minimum_frequency",
            "normalise",
            "lowercase",
            "remove_stop_words",
        }
    ),
    solved=True,
)
