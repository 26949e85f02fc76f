"""The architectures that a classifier can have, as they are declared: one file each, and one line here. Imports no torch."""

from core.networks.architectures.base import Architecture, VectorsConfig
from core.networks.architectures.bilstm import BILSTM
from core.networks.architectures.encoder import ENCODER
from core.networks.architectures.hashed import HASHED
from core.networks.architectures.linear import LINEAR
from core.networks.architectures.ngrams import NGRAMS
from core.networks.architectures.transformer import TRANSFORMER

MODELS: dict[str, Architecture] = {
    model.name: model for model in (LINEAR, NGRAMS, BILSTM, TRANSFORMER, HASHED, ENCODER)
}

__all__ = ["MODELS", "Architecture", "VectorsConfig"]
