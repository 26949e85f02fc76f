"""Word vectors: ready-made sets, uploaded files, and sets learned from own texts. Knows nothing of models."""

from core.vectors.config import SkipGramConfig
from core.vectors.info import Coverage, VectorInfo
from core.vectors.store import VectorStore

__all__ = ["Coverage", "SkipGramConfig", "VectorInfo", "VectorStore"]
