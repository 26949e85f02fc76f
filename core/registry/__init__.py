"""Classifiers, their versions, the champion, and the runs behind them, kept in an MLflow store.

The only package that knows MLflow; it knows nothing of how a version came to be.
"""

from core.registry.entries import ClassifierInfo, RunInfo, VersionInfo
from core.registry.names import check_name
from core.registry.registry import Registry

__all__ = ["ClassifierInfo", "Registry", "RunInfo", "VersionInfo", "check_name"]
