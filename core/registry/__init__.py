"""Classifiers, their versions, the champion, and the runs behind them, kept in an MLflow store.

The only package that knows MLflow; it knows nothing of how a version came to be.
"""

from core.registry.decisions import HOW, UNWRITTEN, confirm, keep_back, promote
from core.registry.entries import ClassifierInfo, PromotionDecision, RunInfo, VersionInfo
from core.registry.glance import Glance
from core.registry.names import check_name
from core.registry.registry import Registry
from core.registry.second_person import OverrideRequest
from core.registry.statements import Statements
from core.registry.thresholds import Threshold

__all__ = [
    "HOW",
    "UNWRITTEN",
    "ClassifierInfo",
    "Glance",
    "OverrideRequest",
    "PromotionDecision",
    "Registry",
    "RunInfo",
    "Statements",
    "Threshold",
    "VersionInfo",
    "check_name",
    "confirm",
    "keep_back",
    "promote",
]
