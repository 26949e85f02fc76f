"""The ladder of *Auto*: what it will try, what came of each rung, and how to let another serve than the best."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.base.config import home
from core.base.errors import CoreError
from core.base.messages import Message
from core.data.dataset.store import DatasetStore
from core.networks.architectures.blend import BLEND
from core.networks.architectures.encoder import ENCODER
from core.networks.pretrained import EncoderStore
from core.networks.pretrained.known import at_hand, usual_encoder
from core.registry import promote
from core.statistics.intervals import Estimate
from core.tasks import task_of
from core.workflows.requests import DataConfig
from core.workflows.train.ladder import TRIED_FROM, Rung, rungs_for, untried
from dashboard.parts import tables
from dashboard.parts.forms import foresight
from dashboard.parts.names import name_of
from dashboard.parts.run_view import SECONDS_BETWEEN_LOOKS
from dashboard.parts.scores import learned_nothing, score_name
from dashboard.parts.versions import serving
from dashboard.shell import layout, state
from dashboard.shell.errors import guarded_fragment, show_error
from dashboard.shell.i18n import t, t_message

if TYPE_CHECKING:
    from core.jobs import Job
    from core.workflows.requests import TrainRequest
    from dashboard.parts.forms.foresight import Outlook

ADVICE = "train.encoder_advice"
PASSING_BY = 2.0  # seconds on the page before anything is measured, which loads PyTorch


def foretell(request: TrainRequest, outlook: Outlook) -> None:
    """Which models will be tried, in which order and how long each takes, and which of them cannot be."""
    layout.section(t("train.auto_plan"), help=t("train.auto_plan_help"))
    rungs = rungs_for(task_of(request.task))
    encoder = str(request.settings.get("encoder", ""))
    language = DatasetStore(home()).info(request.dataset).language
    missing = missing_encoder(request)
    minutes = float(request.settings["minutes"])
    fits = outlook.fits(request.task, minutes)
    for number, rung in enumerate(rungs, start=1):
        left_out = missing if rung.model == ENCODER.name else ""
        if rung.name in outlook.refused:
            left_out = left_out or tables.plain(t_message(outlook.refused[rung.name]))
        with st.container(key=f"rung-{number}", gap=None):
            with st.container(
                horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", wrap=False
            ):
                st.markdown(f"**{number} · {name_of('rung', rung.name)}**", width="stretch")
                if not left_out:
                    st.caption(
                        _time_of(rung, outlook, fits[rung.name], minutes), width="content", text_alignment="right"
                    )
            st.caption(left_out or name_of("about_rung", rung.name))
    champion = state.champion(request.classifier) if request.classifier else None
    how = t("train.auto_how") if champion is None else t("train.auto_waits", version=champion.number)
    st.caption(how)
    if missing or not any(rung.model == ENCODER.name for rung in rungs):
        return
    if not encoder:
        _advise(request, language)
    with st.container(horizontal=True, gap="medium"):
        known = {*outlook.seconds, *outlook.refused, *(name for name, fit in fits.items() if fit is not None)}
        untimed = any(rung.model == ENCODER.name and rung.name not in known for rung in rungs)
        if untimed and not outlook.pending and not outlook.busy:
            st.button(
                t("train.auto_time_encoders"),
                key="train.time_encoders",
                type="tertiary",
                icon=":material/timer:",
                on_click=foresight.time_encoders,
                args=(request.dataset,),
                help=t("train.auto_time_encoders_help"),
            )
        if not encoder:
            _offer_trial(request, language)


def _time_of(rung: Rung, outlook: Outlook, fits: bool | None, minutes: float) -> str:
    """How long a rung takes, measured; or that it has no chance in this time."""
    if rung.name in outlook.pending:
        return t("train.tile_measuring")
    seconds = outlook.seconds.get(rung.name)
    if fits is False:
        return t("train.auto_too_long") if seconds is None else t("train.auto_needs", time=tables.duration(seconds[1]))
    if rung.model == BLEND.name:
        return t("train.auto_if_gain")
    if seconds is None:
        return t("train.auto_if_time")
    return (
        t("train.auto_takes", time=tables.duration(seconds[0])) if seconds[0] <= 60 * minutes else t("train.auto_part")
    )


def wait(request: TrainRequest, pending: set[str], *, begin: bool) -> None:
    """Look, without drawing anything, until something more is known; then draw the page anew. Measuring begins once the
    reader has stayed for a moment.
    """
    guarded_fragment(run_every=SECONDS_BETWEEN_LOOKS)(_wait)(request, pending, time.monotonic(), begin)


def _wait(request: TrainRequest, pending: set[str], drawn: float, begin: bool) -> None:
    later = time.monotonic() - drawn > PASSING_BY
    if foresight.look(request, begin=begin and later, soon=begin).pending != pending:
        st.rerun()


def _advise(request: TrainRequest, language: str) -> None:
    """Which encoder it will be."""
    known = _advice().get(_asked_of(request))
    if known is not None:
        st.caption(tables.plain(t_message(known)))
        return
    encoders = EncoderStore(home()).list()
    fitting = at_hand(encoders, language)
    if not fitting:
        return
    usual = usual_encoder(encoders, language)
    name = next(info.name for info in fitting if info.reference == usual)
    tried = len(fitting) > 1 and float(request.settings["minutes"]) >= TRIED_FROM
    st.caption(t("train.auto_encoder_tried" if tried else "train.auto_encoder", encoder=tables.plain(name)))


def _offer_trial(request: TrainRequest, language: str) -> None:
    """Where several encoders are at hand, they can be tried here and now."""
    asked = _asked_of(request)
    if asked in _advice() or len(at_hand(EncoderStore(home()).list(), language)) < 2:
        return
    if st.button(
        t("train.auto_try_encoders"), key="train.try_encoders", type="tertiary", icon=":material/compare_arrows:"
    ):
        with st.spinner(t("train.auto_trying_encoders")):
            _advice()[asked] = _measured(request, language, asked[1])
        st.rerun()


def _advice() -> dict[tuple[str, float], Message]:
    """In the session: what trying the encoders has told, by dataset and minutes."""
    advice: dict[tuple[str, float], Message] = st.session_state.setdefault(ADVICE, {})
    return advice


def _asked_of(request: TrainRequest) -> tuple[str, float]:
    return request.dataset, float(request.settings["minutes"])


def _measured(request: TrainRequest, language: str, minutes: float) -> Message:
    from core.workflows.train.encoders import Advice, recommend  # loads torch

    workspace, task = state.workspace(), task_of(request.task)
    dataset = workspace.datasets.load(request.dataset)
    (*_, advice) = recommend(dataset, language, task, DataConfig(), minutes, workspace.sources)
    assert isinstance(advice, Advice)
    return advice.reason


def missing_encoder(request: TrainRequest) -> str:
    """Why the encoder of a request cannot be used; nothing where it can."""
    language = DatasetStore(home()).info(request.dataset).language
    try:
        encoders = EncoderStore(home())
        info = encoders.describe(str(request.settings.get("encoder", "")) or usual_encoder(encoders.list(), language))
    except CoreError as error:
        return tables.plain(t_message(error.message))
    return t("train.auto_no_encoder", command=info.install) if info.install else ""


def draw(job_id: str) -> None:
    """The rungs so far, and those to come."""
    job = state.jobs().get(job_id)
    done = state.jobs().rungs(job_id)
    coming = untried(task_of(str(job.config["task"])), (tried["rung"] for tried in done))
    champion = state.champion(job.classifier)
    serves = champion.number if champion is not None else None
    for number, tried in enumerate(done):
        with st.container(key=f"rung-{number}", gap=None):
            _rung(job, tried, serves)
    for number, rung in enumerate(coming):
        with st.container(key=f"rung-{len(done) + number}", gap=None):
            _coming(rung, at_work=number == 0 and job.state == "running", ended=job.ended or job.state == "stopping")


def _coming(rung: Rung, *, at_work: bool, ended: bool) -> None:
    st.markdown(f"**{name_of('rung', rung.name)}**")
    key = "train.auto_at_work" if at_work else ("train.auto_not_tried" if ended else "train.auto_next")
    st.caption(t(key))


def _rung(job: Job, rung: dict[str, Any], serves: int | None) -> None:
    name = name_of("rung", rung["rung"])
    if rung["version"] is None:
        st.markdown(f"**{name}**")
        st.caption(tables.plain(t_message(Message.from_dict(rung["left_out"]))))
        return
    known = rung["version"] in {version.number for version in state.versions(job.classifier)}
    marks = [t("evaluate.version_name", number=rung["version"])]
    if rung["version"] == serves:
        marks.append(t("evaluate.serves"))
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", wrap=False):
        st.markdown(f"**{name}** · {' · '.join(marks)}", width="stretch")
        if job.ended and known and rung["version"] != serves and not learned_nothing(job, rung):
            key = f"train.use.{rung['version']}"
            if st.button(t("train.auto_use"), key=key, type="tertiary", icon=":material/swap_horiz:"):
                _use(job.classifier, rung["version"])
    st.caption(" · ".join(_facts(job, rung)))


def _facts(job: Job, rung: dict[str, Any]) -> list[str]:
    score = task_of(str(job.config["task"])).score
    measured = tables.estimate(Estimate.from_dict(rung["score"]))
    facts = [t("train.auto_score", score=score_name(score.name), value=measured)]
    if learned_nothing(job, rung):
        facts.append(t("train.auto_learned_nothing"))
    elif rung["gain"] is not None:
        facts.append(t(f"train.auto_{_judged(rung)}", gain=tables.change(**rung["gain"])))
    if rung.get("learned_rows"):
        facts.append(t("train.auto_learned_rows", count=tables.thousands(rung["learned_rows"])))
    return [
        *facts,
        tables.duration(rung["seconds"]),
        tables.size(rung["megabytes"] * 1e6),
        t("train.auto_speed", count=tables.thousands(rung["answers_per_second"])),
    ]


def _judged(rung: dict[str, Any]) -> str:
    """Whether a rung is better or worse than the best before it; and if better, whether by enough."""
    if rung["serves"]:
        return "better" if rung["gain"]["low"] > 0 else "surer"
    if rung["gain"]["high"] < 0:
        return "worse"
    return "too_little" if rung["gain"]["low"] > 0 else "not_better"


def _use(classifier: str, version: int) -> None:
    try:
        promote(serving.registry(), classifier, version, how=t("models.reason"))
    except CoreError as error:
        show_error(error)
        return
    st.rerun()
