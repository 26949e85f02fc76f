"""Estimates in the background: one at a time, each request once, so that no page waits and no slider move is repeated.

Runs in a thread of the dashboard's process, without Streamlit; real training has a process of its own.
"""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import streamlit as st

from core.base.config import home
from core.tasks import task_of
from core.workflows.requests import TrainRequest, architecture_of, resolve_settings
from dashboard.shell import state

if TYPE_CHECKING:
    from core.workflows.train.estimate import Prepared, TrainingEstimate
    from core.workflows.workspace import Workspace

REMEMBERED = 40  # estimates: small
TEXTS_REMEMBERED = 3  # datasets as tokens: large
NAMELESS = "estimate"  # the classifier's name changes nothing

Answer = tuple["Prepared", "TrainingEstimate"]


class Estimator:
    """Answers what a request would take, as a future; only the newest question waits behind the one being worked on."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="estimate")
        self._lock = Lock()
        self._answers: OrderedDict[str, Future[TrainingEstimate]] = OrderedDict()
        self._texts: OrderedDict[str, Prepared] = OrderedDict()

    def ask(self, request: TrainRequest) -> Future[TrainingEstimate]:
        """The estimate of a request: begun by the first who asks."""
        request = request.model_copy(update={"classifier": NAMELESS})
        key = request.model_dump_json()
        with self._lock:
            answer = self._answers.get(key)
            if answer is not None and not answer.cancelled():
                return answer
            for waiting in self._answers.values():
                waiting.cancel()  # whoever still wants it asks again
            self._answers[key] = self._pool.submit(self._work, request)
            while len(self._answers) > REMEMBERED:
                self._answers.popitem(last=False)
            return self._answers[key]

    def texts(self, request: TrainRequest) -> Prepared | None:
        """The request's texts as tokens, when they are there already."""
        return self._texts.get(_text_key(request))

    def _work(self, request: TrainRequest) -> TrainingEstimate:
        from core.workflows.train.estimate import check_request, estimate, prepare

        check_request(request, self._workspace)
        key = _text_key(request)
        prepared = self._texts.get(key)
        if prepared is None:
            prepared = prepare(request, self._workspace)
            self._texts[key] = prepared
            while len(self._texts) > TEXTS_REMEMBERED:
                self._texts.popitem(last=False)
        return estimate(request, self._workspace, prepared)


def _text_key(request: TrainRequest) -> str:
    """What of a request decides how its texts are split and read."""
    task = task_of(request.task)
    settings = resolve_settings(request.model, request.settings, task)
    parts = [request.dataset, request.task, settings.text.model_dump_json(), settings.data.model_dump_json()]
    if architecture_of(request.model, task).shaped_by_texts:
        parts += [request.model, settings.model.model_dump_json()]
    return " ".join(parts)


def estimator() -> Estimator:
    """The estimator of this installation."""
    return _estimator(home())


@st.cache_resource(show_spinner=False, max_entries=2)
def _estimator(folder: Path) -> Estimator:
    return Estimator(state.workspace())
