"""What is seen of a first training: that the first answer comes soon, and then the ladder, growing beside the text box."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from core.base.messages import Message
from core.statistics.intervals import Estimate
from core.tasks import task_of
from core.workflows.requests import AUTO
from core.workflows.train.ladder import Rung, untried
from dashboard.parts import tables
from dashboard.parts.first import start
from dashboard.parts.names import job_title, name_of
from dashboard.parts.run_view import run_view
from dashboard.parts.scores import learned_nothing, score_name
from dashboard.shell import job_news, layout, state
from dashboard.shell.errors import guarded_fragment
from dashboard.shell.i18n import t, t_message
from dashboard.shell.navigation import go

if TYPE_CHECKING:
    from core.jobs import Job

WAITING, CLIMBING = 0.5, 1.0  # seconds between looks
TITLES = {"stopping": "stopping", "queued": "in_queue"}  # of the ladder, by the state of its training


def caption(job: Job) -> str:
    """Whose training it is, in place of a model and its version; and which model is chosen, where it is another one."""
    told = [tables.plain(job_title(job)), t("first.learns")]
    if (chosen := _other_chosen(job)) is not None:
        told.append(t("first.other_chosen", classifier=tables.plain(chosen)))
    return " · ".join(told)


def _other_chosen(job: Job) -> str | None:
    chosen = state.chosen_classifier()
    return chosen if chosen != job.classifier else None


def wait(job: Job) -> None:
    """In place of the text box, until the first version answers."""
    if job.ended:
        run_view(job.id)
        _leave(job)
        return
    guarded_fragment(run_every=WAITING)(_waiting)(job.id)


def _waiting(job_id: str) -> None:
    job = state.jobs().get(job_id)
    if job.ended or _serving(state.jobs().rungs(job_id)):
        st.rerun()
    with st.container(border=True, key="first-wait", gap="small"):
        st.header(t("first.in_queue" if job.state == "queued" else "first.soon"), anchor=False)
        st.markdown(t("first.queued" if job.state == "queued" else "first.soon_why"))
        doing = t_message(job.message) if job.message is not None else ""
        st.progress(job.fraction, text=tables.plain(doing))
        _leave(job)


def _leave(job: Job) -> None:
    chosen = _other_chosen(job)
    with st.container(horizontal=True):
        if st.button(t("first.see_training"), key="first.training", type="tertiary", icon=":material/arrow_forward:"):
            st.session_state[job_news.TRAIN_JOB] = job.id
            go("train", "new")
        label = "" if chosen is None else t("first.show_chosen", classifier=tables.plain(chosen))
        if label and st.button(label, key="first.chosen", type="tertiary", icon=":material/undo:"):
            start.let_be()
            st.rerun()


def ladder(job: Job) -> None:
    """The models that were tried and those to come; when a better one takes over, the whole page is drawn anew."""
    if job.config.get("model") != AUTO:
        run_view(job.id)
        return
    drawn = (_serving(state.jobs().rungs(job.id)), job.ended)
    guarded_fragment(run_every=None if job.ended else CLIMBING)(_ladder)(job.id, drawn)


def _serving(rungs: list[dict[str, Any]]) -> int | None:
    """The version of the best rung so far."""
    return next((rung["version"] for rung in reversed(rungs) if rung["serves"]), None)


def _ladder(job_id: str, drawn: tuple[int | None, bool]) -> None:
    job, done = state.jobs().get(job_id), state.jobs().rungs(job_id)
    best = _serving(done)
    if (best, job.ended) != drawn:
        st.rerun()
    task = task_of(str(job.config["task"]))
    with st.container(border=True, key="first-ladder", gap="small"):
        title = t("first.done" if job.ended else f"first.{TITLES.get(job.state, 'climbing')}")
        with st.container(gap=None):
            st.markdown(f"**{title}**", help=t("first.ladder_help"))
            st.caption(t("first.score", score=score_name(task.score.name)))
        if not job.ended:
            left = t("run.left", time=tables.duration(job.seconds_left)) if job.seconds_left is not None else ""
            st.progress(job.fraction, text=left)
        with st.container(gap="xsmall"):
            for tried in done:
                _tried(job, tried, best)
            for number, rung in enumerate(untried(task, (tried["rung"] for tried in done))):
                _coming(
                    rung, at_work=number == 0 and job.state == "running", ended=job.ended or job.state == "stopping"
                )
        if job.ended:
            _afterwards()


def _tried(job: Job, rung: dict[str, Any], best: int | None) -> None:
    name = name_of("rung", rung["rung"])
    if rung["version"] is None:
        why = tables.plain(t_message(Message.from_dict(rung["left_out"])))
        st.caption(f":material/remove: {name} · {t('first.left_out')}", help=why)
        return
    score = tables.estimate(Estimate.from_dict(rung["score"]))
    told = [score, t("train.auto_learned_nothing")] if learned_nothing(job, rung) else [score]
    facts = " · ".join([t("first.version", version=rung["version"]), *told, tables.duration(rung["seconds"])])
    if rung["version"] == best:
        with st.container(gap=None):
            st.markdown(f":green[:material/check_circle:] **{name}** :green-badge[{t('first.answers')}]")
            st.caption(facts)
    else:
        st.caption(f":material/check: {name}  \n{facts}")


def _coming(rung: Rung, *, at_work: bool, ended: bool) -> None:
    icon = ":material/more_horiz:" if at_work else ":material/remove:" if ended else ":material/schedule:"
    told = t("first.at_work" if at_work else "first.not_tried" if ended else "first.next")
    st.caption(f"{icon} {name_of('rung', rung.name)} · {told}")


def _afterwards() -> None:
    with st.container(horizontal=True):
        if st.button(t("first.how_good"), key="first.overview", icon=":material/arrow_forward:"):
            start.put_away()
            go("overview")
        if layout.icon_button(t("first.close"), key="first.close", icon=":material/close:"):
            start.put_away()
            st.rerun()
