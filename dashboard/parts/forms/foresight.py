"""What *Auto* promises for a table, measured in the background: the score of its cheapest model, and how long others take.

Each question is answered once; runs in a thread of the dashboard's process, without Streamlit.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.base.config import home
from core.base.errors import CoreError
from core.base.messages import Message
from core.networks.architectures.blend import BLEND
from core.networks.architectures.encoder import ENCODER
from core.tasks import task_of
from core.workflows.train.ladder import AFTERWARDS, in_time, is_soon_known, rungs_for
from dashboard.parts.forms.estimator import NAMELESS
from dashboard.shell import state

if TYPE_CHECKING:
    from core.workflows.requests import TrainRequest
    from core.workflows.train.expected import Expected
    from core.workflows.workspace import Workspace

REMEMBERED = 60
SCORE = ""  # what is asked beside the names of rungs
CHANGES_NOTHING = {"minutes", "prefer"}
SEEN = "train.seen"  # in the session: dataset and task that Train has shown last
TIMED = "train.timed_encoders"  # in the session: datasets for which the encoder was asked to be timed


class Foresight:
    """Answers as futures, in the order in which they were asked."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="foresight")
        self._lock = Lock()
        self._answers: OrderedDict[str, Future[Any]] = OrderedDict()

    def ask(self, request: TrainRequest, rung: str, *, begin: bool) -> Future[Any] | None:
        """The expected score, or the seconds of a rung; None where nobody has asked and it shall not begin now."""
        settings = {name: value for name, value in request.settings.items() if name not in CHANGES_NOTHING}
        request = request.model_copy(update={"classifier": NAMELESS, "settings": settings})
        key = f"{rung} {request.model_dump_json()}"
        with self._lock:
            if key not in self._answers:
                if not begin:
                    return None
                self._answers[key] = self._pool.submit(self._work(rung), request)
                while len(self._answers) > REMEMBERED:
                    self._answers.popitem(last=False)
            return self._answers[key]

    def _work(self, rung: str) -> Callable[[TrainRequest], Any]:
        def work(request: TrainRequest) -> Any:
            from core.workflows.train.expected import expect, rung_seconds  # loads torch

            if rung == SCORE:
                return expect(request, self._workspace)
            return rung_seconds(request, rung, self._workspace)

        return work


@dataclass
class Outlook:
    """What is known by now of what *Auto* will do with a table.

    Parameters
    ----------
    expected
        Score of the cheapest model; None while it is measured, or where it is not.
    seconds
        How long a rung takes with all rows and at least, by its name.
    refused
        Why a rung could not be timed.
    pending
        Rungs that are being measured.
    measures
        Whether the score is measured at all for this task.
    busy
        Whether nothing is measured because a run is at work.
    """

    expected: Expected | None = None
    seconds: dict[str, tuple[float, float]] = field(default_factory=dict)
    refused: dict[str, Message] = field(default_factory=dict)
    pending: set[str] = field(default_factory=set)
    measures: bool = True
    busy: bool = False

    def problem(self, task: str) -> Message | None:
        """Why a training would be refused, since not even its first rung can be learned; None where nothing is known of that."""
        return self.refused.get(rungs_for(task_of(task))[0].name)

    def fits(self, task: str, minutes: float) -> dict[str, bool | None]:
        """Which rungs will be done in time, as far as that is known."""
        return in_time(rungs_for(task_of(task)), minutes, self.seconds)


def look(request: TrainRequest, *, begin: bool = True, soon: bool = False) -> Outlook:
    """What is known by now.

    Parameters
    ----------
    begin
        Whether what is not known is measured; never while a run is at work, which would make it slow and be made slow.
    soon
        Whether it will be measured in a moment: then it counts as pending already.
    """
    task = task_of(request.task)
    rungs = rungs_for(task)
    busy = bool(state.active_jobs())
    found = Outlook(measures=is_soon_known(task))
    first, *others = rungs
    asked = [SCORE] if found.measures else [first.name]
    asked += [rung.name for rung in others if rung.model not in (ENCODER.name, BLEND.name)]
    if request.dataset in st.session_state.get(TIMED, set()):
        asked += [rung.name for rung in others if rung.model == ENCODER.name]
    for name in asked:
        answer = foresight().ask(request, name, begin=begin and not busy)
        if answer is None:
            found.busy = busy
            if soon and not busy:
                found.pending.add(name or first.name)
        elif not answer.done():
            found.pending.add(name or first.name)
        elif (problem := answer.exception()) is not None:
            if not isinstance(problem, CoreError):
                raise problem
            found.refused[name or first.name] = problem.message
        elif name == SCORE:
            found.expected = answer.result()
            needed = answer.result().seconds + AFTERWARDS
            found.seconds[first.name] = (needed, needed)
        else:
            found.seconds[name] = answer.result()
    return found


def stays(request: TrainRequest) -> bool:
    """Whether the reader has looked at this table on Train before: measuring loads PyTorch and takes a second of a processor,
    which who only passes by should not be charged with.
    """
    asked = (request.dataset, request.task)
    seen = st.session_state.get(SEEN) == asked
    st.session_state[SEEN] = asked
    return seen


def time_encoders(dataset: str) -> None:
    """Have the encoder timed as well for this dataset, which takes some seconds of all processors."""
    st.session_state[TIMED] = {*st.session_state.get(TIMED, set()), dataset}


def foresight() -> Foresight:
    """That of this installation."""
    return _foresight(home())


@st.cache_resource(show_spinner=False, max_entries=2)
def _foresight(folder: Path) -> Foresight:
    return Foresight(state.workspace())
