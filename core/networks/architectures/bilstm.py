"""A long short-term memory that reads both ways: its settings and how it is declared."""

from __future__ import annotations

from core.base.config import setting
from core.networks.architectures.base import Architecture, VectorsConfig


class BiLSTMConfig(VectorsConfig):
    """Shape of the LSTM; the defaults were chosen on validation splits of English and Chinese reviews."""

    embedding_size: int = setting(
        128,
        label="Embedding size",
        help="Numbers that describe one token. More can tell finer, and overfits sooner.",
        bounds=(16, 512),
        step=16,
    )
    hidden_size: int = setting(
        128, label="Hidden size", help="Width of the network's memory, in each direction.", bounds=(16, 512), step=16
    )
    layers: int = setting(2, label="Layers", help="How many LSTM layers are stacked.", bounds=(1, 4), step=1)
    bidirectional: bool = setting(
        True,
        label="Read both ways",
        help="Also read each text from its end, so that a word knows what follows it.",
        advanced=True,
    )
    dropout: float = setting(
        0.5,
        label="Dropout",
        help="Share of values switched off at random while learning; guards against learning by heart.",
        bounds=(0.0, 0.8),
        step=0.05,
    )


BILSTM = Architecture(
    name="bilstm",
    config_class=BiLSTMConfig,
    network_class="core.networks.encoders.bilstm:BiLSTM",
    defaults={"learning_rate": 4e-3, "batch_size": 16, "epochs": 6},
    private_defaults={"dropout": 0.0, "word_dropout": 0.0, "batch_size": 512, "epochs": 20},
    presets={
        "quick": {"embedding_size": 64, "hidden_size": 64, "max_length": 120},
        "thorough": {"embedding_size": 192, "hidden_size": 192, "epochs": 10, "patience": 4, "max_length": 320},
    },
)
