"""Word vectors: ready-made sets, uploaded files, and sets learned from own texts. Knows nothing of models."""

from core.networks.vectors.config import SkipGramConfig
from core.networks.vectors.info import Coverage, VectorInfo
from core.networks.vectors.store import VectorStore

__all__ = ["Coverage", "SkipGramConfig", "VectorInfo", "VectorStore"]
