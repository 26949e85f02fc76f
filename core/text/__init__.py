"""From text to tokens: cleaning, segmentation, stop words, vocabulary. Knows nothing of models or labels."""

from core.standalone.predict import TextPipeline
from core.text.config import TextConfig
from core.text.examples import Examples, encode_examples
from core.text.tokenizing import extend_pipeline, fit_pipeline

__all__ = ["Examples", "TextConfig", "TextPipeline", "encode_examples", "extend_pipeline", "fit_pipeline"]
