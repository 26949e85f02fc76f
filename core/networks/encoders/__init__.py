"""Networks that encode a text under a head that can grow; one file each, declared in `core.networks.architectures`."""

from core.networks.encoders.base import TextNetwork
from core.networks.encoders.bilstm import BiLSTM
from core.networks.encoders.encoder import Encoder
from core.networks.encoders.feature_map import FeatureMap
from core.networks.encoders.hashed import HashedNgrams
from core.networks.encoders.ngrams import NgramBag
from core.networks.encoders.transformer import TransformerEncoder

__all__ = [
    "BiLSTM",
    "Encoder",
    "FeatureMap",
    "HashedNgrams",
    "NgramBag",
    "TextNetwork",
    "TransformerEncoder",
]
