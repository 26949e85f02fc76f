"""Serving exported versions: text in, labels and probabilities out. Imports no torch."""

from core.inference.files import predict_file
from core.inference.tables import predict_table
from core.standalone.predict import Classifier

__all__ = ["Classifier", "predict_file", "predict_table"]
