"""What a training or an update would spend of a privacy budget, computed in the background: looking for noise takes seconds.

Each question is answered once; runs in a thread of the dashboard's process, without Streamlit.
"""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import streamlit as st

from core.base.config import home
from core.workflows.requests import TrainRequest
from dashboard.shell import state

if TYPE_CHECKING:
    from core.workflows.learn.private import Plan
    from core.workflows.requests import UpdateRequest
    from core.workflows.workspace import Workspace

REMEMBERED = 60
NAMELESS = "privacy"  # the name of a model that is yet to be changes nothing


class Planner:
    """Answers as futures; only the newest question waits behind the one being worked on."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="privacy")
        self._lock = Lock()
        self._answers: OrderedDict[str, Future[Plan | None]] = OrderedDict()

    def ask(self, request: TrainRequest | UpdateRequest) -> Future[Plan | None]:
        """What a request would spend: begun by the first who asks."""
        if isinstance(request, TrainRequest):
            request = request.model_copy(update={"classifier": NAMELESS})
        key = f"{type(request).__name__} {request.model_dump_json()}"
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

    def _work(self, request: TrainRequest | UpdateRequest) -> Plan | None:
        if isinstance(request, TrainRequest):
            from core.workflows.train.foreseen import foreseen_training  # loads torch

            return foreseen_training(request, self._workspace)
        from core.workflows.update.foreseen import foreseen_update

        return foreseen_update(request, self._workspace)


def planner() -> Planner:
    """That of this installation."""
    return _planner(home())


@st.cache_resource(show_spinner=False, max_entries=2)
def _planner(folder: Path) -> Planner:
    return Planner(state.workspace())
