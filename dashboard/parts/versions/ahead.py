"""What *Auto* may still have for a model: a version of its ladder that is better than the one that serves, or rungs for which it
had no time. In a sentence, with the way to get there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.networks.architectures.blend import BLEND
from core.tasks import task_of
from core.workflows.requests import AUTO
from core.workflows.train.ladder import untried
from dashboard.parts import tables
from dashboard.parts.names import name_of
from dashboard.parts.versions import same_tests
from dashboard.parts.versions.decisions import served
from dashboard.shell import job_news, state
from dashboard.shell.i18n import t
from dashboard.shell.navigation import go

if TYPE_CHECKING:
    from core.jobs import Job
    from core.registry import VersionInfo

NO_TIME = ("auto.no_time", "auto.time_up")  # why a rung was left out


@dataclass(frozen=True)
class Ahead:
    """What may be better than the version that serves.

    Parameters
    ----------
    sentence
        Markdown.
    job
        The training whose ladder has it already; nothing where another training is needed.
    """

    sentence: str
    button: str
    classifier: str
    job: str = ""


def ahead(champion: VersionInfo | None, *, more_urgent: bool = False) -> Ahead | None:
    """Look at the last *Auto* training of the model that has ended.

    Parameters
    ----------
    more_urgent
        Whether something else has to be done first, or another training is the next step anyway: then what there was no time for
        is not told.
    """
    job = None if champion is None else _last_ladder(champion.classifier)
    if champion is None or job is None:
        return None
    rungs = state.jobs().rungs(job.id)
    return _better(champion, job, rungs) or (None if more_urgent else _untried(champion, job, rungs))


def go_there(better: Ahead) -> None:
    """To the ladder, or to a training of the same model on the same table."""
    state.choose_classifier(better.classifier)
    if better.job:
        st.session_state[job_news.TRAIN_JOB] = better.job
    else:
        state.choose_dataset(state.first_learned(better.classifier))
        st.session_state[job_news.TRAIN_NAME], st.session_state[job_news.TRAIN_NAME_TYPED] = better.classifier, True
    go("train", "new")


def _last_ladder(classifier: str) -> Job | None:
    trainings = (job for job in state.jobs().list() if job.kind == "train" and job.classifier == classifier)
    ladders = (job for job in trainings if job.config.get("model") == AUTO and job.result is not None)
    return next(ladders, None)


def _better(champion: VersionInfo, job: Job, rungs: list[dict[str, Any]]) -> Ahead | None:
    """The best rung where it does not serve and is better beyond chance on the same tests."""
    best = next((rung["version"] for rung in reversed(rungs) if rung["serves"]), None)
    if best is None or best == champion.number or best in served(champion.classifier):
        return None
    same = same_tests.stored(champion.classifier)
    difference = None if same is None else same.difference(champion.number, best)
    before = None if same is None else same.report(champion.number)
    if same is None or difference is None or before is None:
        return None
    gain = same.task.score.gain(difference, before.scores[same.task.score.name].value)
    if gain.low <= 0:
        return None
    facts = {"version": best, "points": tables.size_in_points(gain.value)}
    return Ahead(t("overview.ahead_better", **facts), t("overview.ahead_better_button"), champion.classifier, job.id)


def _untried(champion: VersionInfo, job: Job, rungs: list[dict[str, Any]]) -> Ahead | None:
    """What the ladder that made the champion had no time for."""
    if champion.number not in {rung["version"] for rung in rungs}:
        return None
    left = [rung["rung"] for rung in rungs if (rung.get("left_out") or {}).get("key") in NO_TIME]
    if job.state == "stopped":
        left += [rung.name for rung in untried(task_of(str(job.config["task"])), (rung["rung"] for rung in rungs))]
    names = [name_of("rung", name) for name in left if name != BLEND.name]
    if not names:
        return None
    told = t("overview.ahead_time", names=[t("overview.ahead_name", name=name) for name in names])
    return Ahead(told, t("overview.ahead_time_button"), champion.classifier)
