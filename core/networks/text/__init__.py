"""From text to tokens: cleaning, segmentation, stop words, vocabulary. Knows nothing of models or targets."""

from core.networks.standalone.pipeline import TextPipeline
from core.networks.text.config import TextConfig
from core.networks.text.examples import Examples, count_cut, encode_examples
from core.networks.text.tokenizing import extend_pipeline, fit_pipeline

__all__ = ["Examples", "TextConfig", "TextPipeline", "count_cut", "encode_examples", "extend_pipeline", "fit_pipeline"]
