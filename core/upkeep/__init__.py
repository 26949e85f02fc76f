"""Looks after a workspace: sweeps up what killed processes left, and repairs what a failing disk damaged."""

from core.base.leftovers import sweep
from core.upkeep.tidy import Tidied, tidy

__all__ = ["Tidied", "sweep", "tidy"]
