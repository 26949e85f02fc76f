"""About how long a comparison takes: real learning steps of its model are timed on this machine, in the background."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.base.errors import CoreError
from core.continual.methods import STRATEGIES
from core.tasks import Task
from core.workflows.compare.request import CompareRequest, resolve_comparison
from core.workflows.requests import TrainRequest
from dashboard.lab.stream import Preview
from dashboard.parts import tables
from dashboard.parts.forms.estimator import estimator
from dashboard.shell import state
from dashboard.shell.errors import guarded_fragment
from dashboard.shell.i18n import t

SECONDS_BETWEEN_LOOKS = 1.5  # more often would slow down what is waited for
REHEARSING = 2.0  # a strategy that rehearses reads about as many remembered rows as new ones


def draw(preview: Preview, fields: dict[str, Any], task: Task) -> None:
    """One line that fills itself while the form can be used."""
    request = _timed(fields, task)
    if request is None:
        return
    waiting = not estimator().ask(request).done()
    guarded_fragment(run_every=SECONDS_BETWEEN_LOOKS if waiting else None)(_line)(request, preview, fields, waiting)


def _line(request: TrainRequest, preview: Preview, fields: dict[str, Any], waiting: bool) -> None:
    asked = estimator().ask(request)
    if waiting and asked.done():
        st.rerun()  # so that the looking ends
    prepared = estimator().texts(request)
    if not asked.done():
        st.caption(t("lab.timing"))
    elif asked.exception() is None and prepared is not None:  # what is wrong is said when it starts
        a_row = asked.result().seconds_per_epoch / max(1, prepared.train)
        rows = rows_to_read(preview, fields["strategies"], int(fields["seeds"]))
        together = max(1, min(state.device().cores, len(fields["strategies"]) * int(fields["seeds"])))
        seconds = rows * a_row * asked.result().epochs / together
        st.caption(t("lab.learning_time", time=tables.duration(max(1.0, seconds))))


def _timed(fields: dict[str, Any], task: Task) -> TrainRequest | None:
    """A training on the largest of the datasets, with the settings that all strategies share."""
    try:
        settings = resolve_comparison(CompareRequest(**fields), task).settings.flat()
    except CoreError:
        return None
    datasets = [dataset for dataset in state.datasets() if dataset.id in fields["datasets"]]
    largest = max(datasets, key=lambda dataset: dataset.rows)
    return TrainRequest(classifier="lab", dataset=largest.id, model=fields["model"], task=task.name, settings=settings)


def rows_to_read(preview: Preview, strategies: list[str], seeds: int) -> float:
    """Training rows that all runs together read in each epoch; the first experience is learned once a seed."""
    rows = [int(experience["train"]) for experience in preview.experiences]
    total = 0.0
    for name in strategies:
        kind = STRATEGIES[name]
        for number in range(1, len(rows)):
            if kind.uses_past:
                total += sum(rows[: number + 1])
            else:
                total += rows[number] * (REHEARSING if kind.rehearses else 1.0)
    return seeds * (total + rows[0])
