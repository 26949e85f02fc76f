"""Continued pretraining: an encoder learns from text alone, by guessing hidden words; loads no torch by itself."""

from core.training.pretraining.config import SCRATCH, PretrainConfig, ShapeConfig, resolve
from core.training.pretraining.record import read_record

__all__ = ["SCRATCH", "PretrainConfig", "ShapeConfig", "read_record", "resolve"]
