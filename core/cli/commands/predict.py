"""``predict``: answer every row of a file."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from core.cli.printing import show
from core.cli.tables import corrections_of, facts_of, tell, tell_format
from core.cli.workflow import version_of
from core.data.reading.tables import detect_format
from core.serving.engines import predict_file
from core.serving.monitor.recorder import COMMAND, Recorder
from core.tasks import DEFAULT, task_of


def predict(asked: argparse.Namespace) -> None:
    """Answer the rows of the file; on a terminal, show how far it is."""
    workspace, version, folder = version_of(asked)
    threshold = workspace.registry.threshold(asked.classifier)
    progress = _Progress()
    recorder = Recorder(workspace.home)
    own = threshold.value if threshold else None
    try:
        labelled_file = predict_file(
            folder,
            asked.data,
            asked.text,
            asked.out,
            progress,
            threshold=own,
            form=detect_format(asked.data, corrections_of(asked)),
            seen=lambda engine: recorder.noting(asked.classifier, version.number, folder, engine, COMMAND, own),
        )
    except KeyboardInterrupt:
        sys.stderr.write("\nThe same command goes on where this one was. ")
        raise
    finally:
        recorder.close()
    labels = task_of(str(version.summary.get("task", DEFAULT))).distribution
    done, answer = ("labelled", "label") if labels else ("answered", "answer")
    tell_format(labelled_file.form)
    tell(labelled_file.left_out, labelled_file.notes)
    if labelled_file.empty:
        sys.stderr.write(f"Rows without text, which got no {answer}: {labelled_file.empty:,}.\n")
    if labelled_file.truncated:
        sys.stderr.write(
            f"Texts longer than what is read, so that their ends did not count: {labelled_file.truncated:,}; "
            "the column 'truncated' names them.\n"
        )
    if labelled_file.resumed:
        sys.stderr.write(f"{labelled_file.resumed:,} rows had been {done} by an interrupted run. ")
    labelled = labelled_file.rows - labelled_file.empty
    sys.stderr.write(f"{labelled:,} rows {done} by version {version.number} → {asked.out}\n")
    if asked.json:
        told: dict[str, Any] = {
            "version": version.number,
            "rows": labelled_file.rows,
            "labelled": labelled,
            "without_text": labelled_file.empty,
            "truncated": labelled_file.truncated,
        }
        told |= {"out": str(asked.out), **facts_of(labelled_file.left_out, labelled_file.form, labelled_file.notes)}
        show(asked, told, "")


class _Progress:
    """One line that is written again and again; nothing where nobody watches."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._first: tuple[int, float] | None = None

    def __call__(self, done: int, rows: int) -> None:
        first, since = self._first = self._first or (done, time.monotonic())
        if self._shown:
            speed = (done - first) / max(time.monotonic() - since, 1e-3)
            line = f"\r\x1b[K{done / rows:4.0%}  {done:,} of {rows:,} rows, {speed:,.0f} rows/s "
            sys.stderr.write(line if done < rows else "\r\x1b[K")
