"""How all versions of a classifier do on the same frozen tests. Imports no torch, so that a page of figures opens fast."""

from core.standings.answers import AnswerStore
from core.standings.comparing import SameTests, on_tests_of, today
from core.standings.tests import FrozenRows, experience_records, predictions_path, read_test, rows_key

__all__ = [
    "AnswerStore",
    "FrozenRows",
    "SameTests",
    "experience_records",
    "on_tests_of",
    "predictions_path",
    "read_test",
    "rows_key",
    "today",
]
