"""Why a model answered as it did: how much each word of a text speaks for an output."""

from __future__ import annotations

from core.networks.explain.attribution import ADDING_UP, Attribution, Influence, Word, margin, most_influential
from core.networks.explain.occlusion import occlude

__all__ = ["ADDING_UP", "Attribution", "Influence", "Word", "margin", "most_influential", "occlude"]
