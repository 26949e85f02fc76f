"""A BiLSTM-CRF, which tags the tokens of a text: its settings and how it is declared."""

from __future__ import annotations

from core.base.config import like
from core.networks.architectures.base import Architecture, VectorsConfig
from core.networks.architectures.bilstm import BiLSTMConfig


class BiLstmCrfConfig(VectorsConfig):
    """Shape of the network."""

    embedding_size: int = like(
        BiLSTMConfig,
        "embedding_size",
        default=50,
        help="Numbers that describe one feature of a token, such as the word, its shape or its ending.",
        bounds=(10, 300),
        step=10,
    )
    hidden_size: int = like(BiLSTMConfig, "hidden_size", default=100, bounds=(20, 512), step=20)
    layers: int = like(BiLSTMConfig, "layers", default=1)
    dropout: float = like(BiLSTMConfig, "dropout")


BILSTM_CRF = Architecture(
    name="bilstm_crf",
    config_class=BiLstmCrfConfig,
    network_class="core.networks.tagging.bilstm:BiLstmCrf",
    defaults={
        "learning_rate": 4e-3,
        "batch_size": 16,
        "epochs": 10,
        "patience": 3,
        "word_dropout": 0.1,
        "vocabulary_size": 100_000,
        "lowercase": False,
        "max_length": 256,
        "windows": 1,
    },
    presets={
        "quick": {"embedding_size": 30, "hidden_size": 60, "epochs": 4},
        "thorough": {"embedding_size": 100, "hidden_size": 200, "epochs": 20, "patience": 4},
    },
    without_effect=frozenset(
        {"segmentation", "use_inputs", "windows", "normalise", "lowercase", "remove_stop_words", "frozen_layers"}
    ),
)
