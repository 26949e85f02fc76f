"""A table being labelled in the background of one session, so that the page stays alive and may even be left.

Knows nothing of how it is shown.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from core.serving.engines import predict_table
from core.serving.engines.tables import TRUNCATED, Noted, added_column
from core.tasks import task_of

if TYPE_CHECKING:
    import pandas as pd

    from core.tasks.answering import Engine


class Stopped(Exception):
    """Raised inside the work when the reader stops it."""


class TableRun:
    """Labels one table in a thread of its own; read its attributes from the page at any time.

    Parameters
    ----------
    token
        The token of the upload that is labelled; another upload makes this run a past one.
    version
        The number of the version that labels.
    noted
        What counts the answers.
    threshold
        The probability from which an answer counts; with one, the table has a column of decisions, as `predict_table` writes it.

    Attributes
    ----------
    fraction
        The share that is done, 0 to 1.
    """

    def __init__(
        self,
        engine: Engine,
        table: pd.DataFrame,
        text: str,
        *,
        token: str,
        name: str,
        version: int,
        noted: Noted,
        threshold: float | None = None,
    ) -> None:
        self.threshold = threshold
        self.token, self.name, self.version, self.text = token, name, version, text
        self.rows, self.width = table.shape
        self.probable = task_of(engine.task).distribution
        self.fraction = 0.0
        self.result: pd.DataFrame | None = None
        self.error: Exception | None = None
        self.seconds = 0.0
        self._engine, self._table, self._noted = engine, table, noted
        self._stopping = threading.Event()
        self._started = time.monotonic()
        self._thread = threading.Thread(target=self._work, name="evergreen-predict", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    @property
    def stopped(self) -> bool:
        """Whether it ended without a result because the reader wanted so."""
        return self._stopping.is_set() and self.result is None

    @property
    def limit(self) -> int:
        """Tokens of a text that the engine reads."""
        return self._engine.pipeline.limit

    @property
    def writes(self) -> bool:
        """Whether the engine goes on with texts, of which it then reads the end."""
        return not task_of(self._engine.task).reads_targets

    @property
    def truncated(self) -> int:
        """Rows whose text is longer than what was read of it."""
        return 0 if self.result is None else int(self.result[added_column(TRUNCATED, self._table)].sum())

    @property
    def seconds_left(self) -> float | None:
        """Estimate from what is done so far; None while there is nothing to tell from."""
        if self.fraction < 0.02:
            return None
        return (time.monotonic() - self._started) * (1 - self.fraction) / self.fraction

    def stop(self) -> None:
        self._stopping.set()

    def wait(self, seconds: float | None = None) -> None:
        """Block until it is over."""
        self._thread.join(seconds)

    def _work(self) -> None:
        try:
            self.result = predict_table(
                self._engine,
                self._table,
                self.text,
                progress=self._advance,
                threshold=self.threshold,
                noted=self._noted,
            )
        except Stopped:
            pass
        except Exception as error:  # told on the page, in the reader's words
            self.error = error
        self.seconds = time.monotonic() - self._started

    def _advance(self, fraction: float) -> None:
        if self._stopping.is_set():
            raise Stopped
        self.fraction = fraction
