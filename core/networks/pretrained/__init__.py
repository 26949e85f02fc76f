"""Pretrained text encoders: where they come from, and a ready folder of each in the workspace; loads no torch."""

from core.networks.pretrained.info import EncoderInfo
from core.networks.pretrained.store import EncoderStore

__all__ = ["EncoderInfo", "EncoderStore"]
