"""The architectures a classifier can have; one file each, and one line here."""

from core.models.base import TextClassifier
from core.models.bilstm import BiLSTM
from core.models.encoder import Encoder
from core.models.hashed import HashedNgrams
from core.models.lift import Lift
from core.models.ngrams import NgramBag
from core.models.transformer import TransformerEncoder

MODELS: dict[str, type[TextClassifier]] = {
    model.name: model for model in (BiLSTM, TransformerEncoder, NgramBag, HashedNgrams, Encoder)
}

__all__ = ["MODELS", "BiLSTM", "Encoder", "HashedNgrams", "Lift", "NgramBag", "TextClassifier", "TransformerEncoder"]
