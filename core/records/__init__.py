"""What is kept of things that were done and made no version: comparisons, curves, speeds, receipts. One JSON file each."""

from core.records.benchmarks import BenchmarkStore
from core.records.comparisons import ComparisonStore
from core.records.curves import CurveStore
from core.records.files import new_id
from core.records.folds import FoldStore
from core.records.inspections import InspectionStore
from core.records.receipts import (
    plans,
    receipts,
    refuse_half_forgotten,
    remove_plan,
    save_plan,
    save_receipt,
    solved,
    unfinished,
)
from core.records.searches import SearchStore

__all__ = [
    "BenchmarkStore",
    "ComparisonStore",
    "CurveStore",
    "FoldStore",
    "InspectionStore",
    "SearchStore",
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
