"""What is kept of things that were done and made no version: comparisons, curves, speeds, receipts. One JSON file each."""

from core.registry.records.comparisons import ComparisonStore
from core.registry.records.fairness import FairnessStore
from core.registry.records.files import about_version, new_id
from core.registry.records.inspections import InspectionStore
from core.registry.records.mitigations import MitigationStore
from core.registry.records.receipts import (
    plans,
    receipts,
    refuse_half_forgotten,
    remove_plan,
    save_plan,
    save_receipt,
    solved,
    unfinished,
)
from core.registry.records.searches import SearchStore
from core.registry.records.versions import BenchmarkStore, CurveStore, FoldStore, MembershipStore

__all__ = [
    "BenchmarkStore",
    "ComparisonStore",
    "CurveStore",
    "FairnessStore",
    "FoldStore",
    "InspectionStore",
    "MembershipStore",
    "MitigationStore",
    "SearchStore",
    "about_version",
    "new_id",
    "plans",
    "receipts",
    "refuse_half_forgotten",
    "remove_plan",
    "save_plan",
    "save_receipt",
    "solved",
    "unfinished",
]
