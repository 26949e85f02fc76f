"""The architectures a classifier can have; one file each, and one line here."""

from core.networks.encoders.base import TextNetwork
from core.networks.encoders.bilstm import BiLSTM
from core.networks.encoders.encoder import Encoder
from core.networks.encoders.feature_map import FeatureMap
from core.networks.encoders.hashed import HashedNgrams
from core.networks.encoders.ngrams import NgramBag
from core.networks.encoders.transformer import TransformerEncoder

MODELS: dict[str, type[TextNetwork]] = {
    model.name: model for model in (BiLSTM, TransformerEncoder, NgramBag, HashedNgrams, Encoder)
}

__all__ = [
    "MODELS",
    "BiLSTM",
    "Encoder",
    "FeatureMap",
    "HashedNgrams",
    "NgramBag",
    "TextNetwork",
    "TransformerEncoder",
]
