"""How all versions of a classifier do on the same frozen tests. Imports no torch, so that a page of figures opens fast."""

from core.workflows.standings.answers import AnswerStore
from core.workflows.standings.comparing import Known, SameTests, known_to, on_tests_of, today
from core.workflows.standings.tests import (
    FrozenRows,
    experience_records,
    predictions_path,
    read_test,
    rows_key,
    rows_path,
)

__all__ = [
    "AnswerStore",
    "FrozenRows",
    "Known",
    "SameTests",
    "experience_records",
    "known_to",
    "on_tests_of",
    "predictions_path",
    "read_test",
    "rows_key",
    "rows_path",
    "today",
]
