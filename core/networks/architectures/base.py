"""What is known of an architecture before any of its networks is built. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, ClassVar

from core.base.config import Config, setting

FEATURES = "features"  # what a file calls what its encoder says, where the encoder never learns


@dataclass(frozen=True, eq=False)
class Architecture:
    """An architecture as forms, lists and requests know it; what computes is loaded by `network`.

    Parameters
    ----------
    network_class
        Where its `core.networks.encoders.TextNetwork` stands, as ``module:class``.
    defaults
        Settings of other configs which suit this model better than theirs.
    presets
        The settings of "quick" and "thorough".
    fixed_features
        Whether what `features` returns is neither trained nor in need of scaling.
    without_effect
        Settings of other configs that this model never looks at.
    shaped_by_texts
        Whether its settings alone do not say what texts become: it brings a tokenizer, or counts what they hold.
    general_features
        Whether what `features` returns tells texts apart that the first training knew nothing of.
    solved
        Whether a first training computes its weights to the end. Settings of learning step by step then only count in updates.
    private_defaults
        Settings that suit learning with noise better: large batches, and no more weights than the noise leaves readable.
    """

    name: str
    config_class: type[Config]
    network_class: str
    defaults: Mapping[str, Any] = field(default_factory=dict)
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    fixed_features: bool = False
    without_effect: frozenset[str] = frozenset()
    shaped_by_texts: bool = False
    general_features: bool = False
    solved: bool = False
    private_defaults: Mapping[str, Any] = field(default_factory=dict)

    def network(self) -> Any:
        """The class of its networks; the first call loads PyTorch."""
        module, _, name = self.network_class.partition(":")
        return getattr(import_module(module), name)


class VectorsConfig(Config):
    """Settings of every model whose embedding may start from word vectors."""

    vector_length: ClassVar[float | None] = None  # that vectors are brought to; None: that of the model's own rows

    word_vectors: str = setting(
        "",
        label="Word vectors",
        help="Start from vectors that were learned on other texts, so that words are known which your own texts hold "
        "only a few times. Without, words start from random numbers.",
        source="vectors",
    )
    tune_vectors: bool = setting(
        True,
        label="Tune vectors",
        help="Learns the vectors further, so that they fit your labels. Without, they stay as they are: with very few texts that "
        "can be better.",
    )

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """In forms and lists a model's own settings come before these."""
        for name in VectorsConfig.model_fields:
            cls.model_fields[name] = cls.model_fields.pop(name)

    @property
    def learns_embedding(self) -> bool:
        """False where vectors were taken over to be kept."""
        return self.tune_vectors or not self.word_vectors
