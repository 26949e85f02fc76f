"""Tables that somebody will open in a spreadsheet: none of their cells becomes a formula."""

from __future__ import annotations

from typing import Any

import pandas as pd
from pandas.api.types import is_numeric_dtype

DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def defused(table: pd.DataFrame) -> pd.DataFrame:
    """A copy whose text cells and column names no spreadsheet takes for a formula: those get a leading apostrophe."""

    def defuse(value: Any) -> Any:
        return f"'{value}" if isinstance(value, str) and value.startswith(DANGEROUS) else value

    safe: pd.DataFrame = table.apply(lambda column: column if is_numeric_dtype(column) else column.map(defuse))
    safe.columns = [defuse(name) for name in table.columns]
    return safe
