"""Serving exported versions: text in, labels and probabilities out. Imports no torch."""

from core.networks.standalone.predict import Classifier
from core.serving.engines.files import predict_file
from core.serving.engines.tables import predict_table

__all__ = ["Classifier", "predict_file", "predict_table"]
