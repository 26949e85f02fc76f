"""The live view of one training, update or comparison: how far it is, how it learns, what can be done about it.

Asks the queue of jobs; knows nothing of requests and results. Pages draw what came out of a run themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
import streamlit as st

from core.base.errors import JobError
from core.continual.methods import STRATEGIES
from core.jobs.kinds import KINDS
from core.networks.architectures import MODELS
from core.registry.records.reports import is_solved
from core.tasks import DEFAULT, task_of
from core.workflows.requests import AUTO
from dashboard.parts import tables
from dashboard.parts.names import job_title
from dashboard.parts.plots import charts
from dashboard.parts.plots.comparison_figures import with_names
from dashboard.parts.scores import score_name
from dashboard.shell import errors, state
from dashboard.shell.errors import guarded_fragment
from dashboard.shell.i18n import t, t_message, tn

if TYPE_CHECKING:
    from core.jobs import Job
    from core.registry import VersionInfo

COMPARE = "compare"
PRETRAIN = "pretrain"
# Kinds of job that say in their own words what stopping does
OWN_WORDS = (COMPARE, "curve", "membership", PRETRAIN, "benchmark", "search", "inspect", "simulate", "mitigate", AUTO)
FORGET = "forget"  # seconds long, and not to be left half done
SECONDS_BETWEEN_LOOKS = 1.0
VALIDATION = "validation_"  # begins the name of a score in the figures of an epoch
TOLD = "run.told"  # runs whose result this session has been told of
# Where `core.workflows` begins and `core.jobs` ends the learning part of the bar: tells how much of an epoch is done.
LEARNING = (0.03, 0.9)
ICONS = {
    "queued": ":material/hourglass_empty:",
    "running": ":material/model_training:",
    "stopping": ":material/stop_circle:",
    "finished": ":material/check_circle:",
    "stopped": ":material/stop_circle:",
    "failed": ":material/error:",
    "interrupted": ":material/power_off:",
}


def run_view(job_id: str, *, wide: bool = False, below: Callable[[str], None] | None = None) -> Job:
    """Draw a run and keep it up to date; the page is run again when its state changes.

    Parameters
    ----------
    wide
        Whether the two charts stand side by side.
    below
        Draws what belongs to the run, by its id, at the same looks, so that the two never tell of different moments.

    Returns
    -------
    Job
        The job as it was when the page was drawn: ``job.ended`` and ``job.result`` tell whether something came out.

    Raises
    ------
    JobError
        When there is no such run (any more).
    """
    job = state.jobs().get(job_id)
    guarded_fragment(run_every=None if job.ended else SECONDS_BETWEEN_LOOKS)(_view)(job_id, job.state, wide, below)
    return job


def runs_of(kind: str, started: str | None) -> list[Job]:
    """What of a kind of job works, waits or broke off, and the run that this session has started."""
    jobs = [job for job in state.jobs().list() if job.kind == kind]
    return [job for job in jobs if job.id == started or (job.result is None and job.state != "finished")]


def came_out(job: Job, started: str | None) -> bool:
    """Whether this session's run has a result that it was not told of yet; true once."""
    told: set[str] = st.session_state.setdefault(TOLD, set())
    if job.result is None or job.id in told or job.id != started:
        return False
    told.add(job.id)
    return True


def _view(job_id: str, drawn_as: str, wide: bool, below: Callable[[str], None] | None) -> None:
    try:
        job = state.jobs().get(job_id)
    except JobError:  # removed on another page
        st.rerun()
    if job.state != drawn_as:
        st.rerun()
    epochs = state.jobs().epochs(job_id) if has_epochs(job) else []
    with st.container(border=True, key=f"run.{job_id}", gap="small"):
        _head(job)
        if job.ended:
            _ending(job, len(epochs))
        else:
            _progress(job, len(epochs))
        if has_epochs(job):
            _curves(job, epochs, wide)
    if below is not None:
        below(job_id)


def has_epochs(job: Job) -> bool:
    """Whether it learns one model in epochs, and so has curves; a ladder of models has none, nor one that is solved."""
    model = str(job.config.get("model", ""))
    if not KINDS[job.kind].epochs or model == AUTO:
        return False
    if job.kind == "train":
        networks = task_of(str(job.config.get("task", DEFAULT))).all_networks()
        return not (model in networks and networks[model].solved)
    base = _base(job)
    return base is None or not is_solved_by(base, str(job.config.get("strategy", "")))


def is_solved_by(version: VersionInfo, strategy: str) -> bool:
    """Whether an update of this version solves its weights anew, instead of learning them in epochs."""
    model = str(version.summary["model"])
    return model in MODELS and MODELS[model].solved and strategy in STRATEGIES and STRATEGIES[strategy].only_chooses


def _head(job: Job) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"{ICONS[job.state]} **{tables.plain(job_title(job))}** · {_state(job)}", width="content")
        if job.state == "queued" or (job.state in ("running", "stopping") and job.kind != FORGET):
            label = t("run.leave_queue") if job.state == "queued" else t("run.stop")
            if st.button(
                label,
                key=f"run.stop.{job.id}",
                icon=":material/stop_circle:",
                help=None if job.state == "queued" else t(_of_kind("run.stop_help", job)),
                disabled=job.state == "stopping",
            ):
                _act(state.jobs().stop, job.id)


def _state(job: Job) -> str:
    return t("run.state_working") if job.state == "running" and not has_epochs(job) else t(f"run.state_{job.state}")


def _progress(job: Job, done: int) -> None:
    """The bar, what is being done, and the figures of the moment."""
    st.progress(job.fraction, text=_bar_text(job))
    st.caption(" · ".join(_facts(job, done)))


def _bar_text(job: Job) -> str:
    if job.state == "stopping":
        return t(_of_kind("run.stopping", job))
    doing = tables.plain(t_message(with_names(job.message))) if job.message is not None else ""
    return doing if job.state == "queued" else f"{tables.percent(job.fraction)} · {doing}"


def _facts(job: Job, done: int) -> list[str]:
    if job.state == "queued":
        return [tn("run.place", place_in_queue(job))]
    low, high = LEARNING
    if not job.texts_per_second and job.fraction <= low:
        return [t("run.nothing_yet")]
    facts = []
    total = total_epochs(job) if has_epochs(job) else None
    if total and low < job.fraction < high and done < total:
        share = (job.fraction - low) / (high - low) * total - done
        facts.append(t("run.epoch", epoch=done + 1, epochs=total, share=tables.percent(min(1.0, max(0.0, share)))))
    if job.seconds_left is not None:
        facts.append(t("run.left", time=tables.duration(job.seconds_left)))
    if job.texts_per_second:
        facts.append(t("run.speed", speed=tables.thousands(job.texts_per_second)))
    if job.memory_mb:
        facts.append(t("run.memory", size=tables.size(job.memory_mb * 2**20)))
    if job.device:
        facts.append(tables.plain(job.device))
    return facts


def place_in_queue(job: Job) -> int:
    """How many runs, this one included, must begin before or as this one does; 1 is next."""
    waiting = [other.id for other in reversed(state.active_jobs()) if other.state == "queued"]
    return waiting.index(job.id) + 1 if job.id in waiting else 1


def total_epochs(job: Job) -> int | None:
    """How many epochs the run was asked for; None when that is not known."""
    settings: dict[str, Any] = job.config.get("settings") or {}
    if "epochs" in settings:
        return int(settings["epochs"])
    if job.kind == "train":
        return None
    shown = _base(job)
    return int(state.report(shown)["settings"]["epochs"]) if shown else None


def _base(job: Job) -> VersionInfo | None:
    """The version that an update starts from; None where it is gone."""
    base = job.config.get("base_version")
    known = [version for version in state.versions(job.classifier) if base is None or version.number == base]
    champion = state.champion(job.classifier) if base is None else None
    return champion or (known[-1] if known else None)


def _ending(job: Job, epochs: int) -> None:
    """How it ended, and what can be done now."""
    if job.error is not None:
        show = st.warning if job.state == "interrupted" else st.error
        show(tables.plain(t_message(job.error)))
    elif job.state == "stopped":
        st.caption(_stopped(job, epochs))
    if job.state in ("failed", "interrupted"):
        log = state.jobs().log_tail(job.id, 30)
        if log.strip():
            with st.expander(t("run.log")):
                st.code(log, language=None, wrap_lines=True)
    with st.container(horizontal=True, vertical_alignment="center"):
        if job.resumable and st.button(
            t("run.resume"), key=f"run.resume.{job.id}", icon=":material/play_arrow:", type="primary"
        ):
            _act(state.jobs().resume, job.id)
        # What must fail again can only be put away, and asked for otherwise.
        label = t("run.put_away") if job.hopeless else t("run.remove")
        kind: Literal["primary", "tertiary"] = "primary" if job.hopeless else "tertiary"
        if job.result is None and st.button(label, key=f"run.remove.{job.id}", type=kind):
            _act(state.jobs().discard, job.id)


def _stopped(job: Job, epochs: int) -> str:
    if job.result is None:
        return t(_of_kind("run.stopped_before", job))
    if job.kind == COMPARE:
        return t("run.stopped_compared")
    if job.kind == PRETRAIN:
        return t("run.stopped_pretrained")
    if job.config.get("model") == AUTO:
        return t("run.stopped_auto", version=job.result["version"])
    return t("run.stopped_kept" if epochs else "run.stopped_early", version=job.result["version"])


def _of_kind(key: str, job: Job) -> str:
    """The key of a sentence that some kinds of job say in their own words."""
    kind = AUTO if job.config.get("model") == AUTO else job.kind
    return f"{key}_{kind}" if kind in OWN_WORDS else key


def _act(action: Any, job_id: str) -> None:
    """Do it and draw the page anew; a run that changed in the meantime is explained, not an accident."""
    try:
        action(job_id)
    except JobError as error:
        errors.show_error(error)
        return
    st.rerun()


def _curves(job: Job, epochs: list[dict[str, Any]], wide: bool) -> None:
    if not epochs:
        if job.state in ("running", "stopping"):
            st.caption(t("run.curves_later"))
        return
    draw_curves(epochs, key=f"run.{job.id}", wide=wide)


def _first_epoch(epoch: dict[str, Any]) -> str:
    name = _score_of(epoch)
    losses = {loss: tables.score(epoch[loss]) for loss in ("training_loss", "validation_loss")}
    return t("run.first_epoch", name=score_name(name), score=tables.score(epoch[f"{VALIDATION}{name}"]), **losses)


def _score_of(epoch: dict[str, Any]) -> str:
    """The score by which epochs were compared: macro-F1 where there is one, since old runs wrote accuracy before it."""
    names = [
        name.removeprefix(VALIDATION) for name in epoch if name.startswith(VALIDATION) and name != "validation_loss"
    ]
    return "macro_f1" if "macro_f1" in names else names[0]


def draw_learning(report: Mapping[str, Any], *, key: str) -> None:
    """How a version was learned: the curves of its epochs, or what was tried where its weights were solved."""
    if is_solved(report):
        _draw_tries(report["epochs"], key)
    else:
        draw_curves(report["epochs"], key=key, wide=True)


def _draw_tries(tries: list[dict[str, Any]], key: str) -> None:
    """The strengths of regularisation that a solved model was tried with: no epochs, and no curve."""
    if len(tries) < 2:
        st.caption(
            t("evaluate.solved_once", loss=tables.score(tries[0]["validation_loss"])) if tries else t("run.no_epochs")
        )
        return
    best = max((row["epoch"] for row in tries if row["best"]), default=None)
    rows = [
        {
            t("evaluate.column_try"): row["epoch"],
            t("evaluate.column_loss"): row["validation_loss"],
            t("evaluate.column_kept"): row["epoch"] == best,
        }
        for row in tries
    ]
    st.caption(t("evaluate.tries"))
    loss = st.column_config.NumberColumn(format="%.3f")
    table = pd.DataFrame(rows)
    st.dataframe(
        table, hide_index=True, column_config={t("evaluate.column_loss"): loss}, width="content", key=f"{key}.tries"
    )


def draw_curves(epochs: list[dict[str, Any]], *, key: str, wide: bool) -> None:
    """Scores and losses of each epoch (fields of `core.training.EpochDone`), with the best epoch marked."""
    if len(epochs) < 2:  # one point is no curve
        st.caption(_first_epoch(epochs[0]) if epochs else t("run.no_epochs"))
        return
    places = st.columns(2, gap="medium") if wide else (st.container(), st.container())
    best = max((epoch["epoch"] for epoch in epochs if epoch["best"]), default=None)
    name = _score_of(epochs[0])
    scores = [epoch[f"{VALIDATION}{name}"] for epoch in epochs]
    top = next((epoch[f"{VALIDATION}{name}"] for epoch in epochs if epoch["epoch"] == best), None)
    with places[0]:
        charts.curves(
            {score_name(name): scores},
            title=t("run.score_title", name=score_name(name), score=tables.score(top), epoch=best or tables.NOTHING),
            key=f"{key}.{name}",
            axis=score_name(name),
            alt=t("run.score_alt", name=score_name(name), epochs=len(epochs), score=tables.score(top)),
            best=best,
        )
    with places[1]:
        losses = {
            t("run.training"): [epoch["training_loss"] for epoch in epochs],
            t("run.validation"): [epoch["validation_loss"] for epoch in epochs],
        }
        charts.curves(
            losses,
            title=t("run.loss_title"),
            key=f"{key}.loss",
            axis=t("charts.loss"),
            alt=t("run.loss_alt", epochs=len(epochs), loss=tables.score(epochs[-1]["training_loss"])),
            best=best,
        )
