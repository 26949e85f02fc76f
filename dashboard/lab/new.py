"""A new comparison: choose a stream and strategies, see what that will run, start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from core.base.errors import CoreError
from core.workflows.compare.request import CompareRequest, resolve_comparison
from core.workflows.requests import TrainRequest
from dashboard.lab import cost, link, stream
from dashboard.lab import settings as lab_settings
from dashboard.lab.stream import Choice, Preview
from dashboard.parts import tables
from dashboard.shell import layout, state
from dashboard.shell.errors import show_error
from dashboard.shell.i18n import t, t_message, tn

if TYPE_CHECKING:
    from core.tasks import Task
    from core.workflows.compare.request import CompareRequest

WATCHED = "lab.watched"  # in the session: jobs whose result is opened as soon as it is there
NAME_LIMIT = 80


def draw() -> None:
    """The form, from the stream to the start."""
    if "lab.kind_next" in st.session_state:
        st.session_state[stream.SOURCE] = st.session_state.pop("lab.kind_next")
    layout.section(t("lab.stream"), help=t("lab.stream_help"))
    source = stream.source()
    left, right = st.columns([1, 1.2], gap="large") if source != "file" else (st.container(), st.container())
    with left:
        choice = stream.choose(source)
    with right:
        preview = _preview(choice)
    layout.section(t("lab.strategies"), help=t("lab.strategies_help"))
    task = choice.for_task
    strategies = lab_settings.strategies(task)
    layout.section(t("lab.learning"))
    left, right = st.columns(2, gap="medium")
    with left:
        model = lab_settings.model(task, strategies)
    with right:
        seeds = lab_settings.seeds()
    values = lab_settings.hyperparameters(task, model, strategies)
    fields = {**choice.fields(), "strategies": strategies, "model": model, "seeds": seeds, "settings": values}
    _ready(choice, preview, fields)


def _preview(choice: Choice) -> Preview | CoreError | None:
    """The experiences, or why there are none."""
    if choice.missing:
        st.caption(t("lab.preview_later"))
        return None
    with st.spinner(t("lab.cutting")):
        preview = stream.preview(choice)
    if isinstance(preview, CoreError):
        show_error(preview)
        return preview
    st.markdown(f"**{tn('lab.experiences_count', len(preview.experiences))}**")
    stream.draw_preview(preview, choice.for_task)
    return preview


def _ready(choice: Choice, preview: Preview | CoreError | None, fields: dict[str, Any]) -> None:
    """The name, what will be run, and the button; what is still missing stands beside it."""
    with st.container(border=True, key="lab-ready", gap="small"):
        name = _name(choice.name)
        missing = obstacle(choice, preview, fields["strategies"])
        if not missing and isinstance(preview, Preview):
            st.markdown(_what_runs(preview, fields))
            cost.draw(preview, fields, choice.for_task)
            if "joint" not in fields["strategies"]:
                st.caption(f":material/info: {t('lab.without_joint')}")
        busy = bool(state.active_jobs())
        with st.container(horizontal=True, vertical_alignment="center"):
            start = st.button(
                t("train.queue") if busy else t("lab.start"),
                type="primary",
                key="lab.start",
                icon=":material/play_arrow:",
                disabled=bool(missing),
            )
            if missing:
                st.caption(missing, width="stretch")
    if start:
        _start({**fields, "name": name or choice.name}, choice.for_task)


def _name(suggestion: str) -> str:
    """Ask for a name; until somebody types one, it follows what is compared."""
    suggestion = suggestion[:NAME_LIMIT]
    if st.session_state.get("lab.name") in (None, "", st.session_state.get("lab.name_suggested")):
        st.session_state["lab.name"] = suggestion
    st.session_state["lab.name_suggested"] = suggestion
    typed = st.text_input(
        t("lab.name"), key="lab.name", max_chars=NAME_LIMIT, help=t("lab.name_help"), persist_state="session"
    )
    return (typed or "").strip()


def obstacle(choice: Choice, preview: Preview | CoreError | None, strategies: list[str]) -> str:
    """Why it cannot start, in a sentence; empty when it can."""
    if choice.missing:
        return choice.missing
    if isinstance(preview, CoreError):
        return tables.plain(t_message(preview.message))
    return "" if strategies else t("lab.missing_strategies")


def _what_runs(preview: Preview, fields: dict[str, Any]) -> str:
    strategies, seeds = len(fields["strategies"]), int(fields["seeds"])
    return t(
        "lab.what_runs",
        strategies=tn("lab.strategies_count", strategies),
        seeds=tn("lab.seeds_count", seeds),
        runs=tn("lab.runs_count", strategies * seeds),
        experiences=tn("lab.experiences_count", len(preview.experiences)),
    )


def _start(fields: dict[str, Any], task: Task) -> None:
    """Check once more, so that a mistake is told here, and put the job into the queue."""
    request = CompareRequest(**fields)
    try:
        _check(request, task)
    except CoreError as error:
        show_error(error)
        return
    config = request.model_dump()
    if any(job.kind == "compare" and job.config == config for job in state.active_jobs()):
        st.info(t("lab.same"), icon=":material/content_copy:")
        return
    job = state.jobs().submit("compare", title=request.name, classifier="", config=config)
    st.session_state[WATCHED] = {*st.session_state.get(WATCHED, ()), job.id}
    link.leave()
    st.rerun()


def _check(request: CompareRequest, task: Task) -> None:
    from core.workflows.train.estimate import check_request

    settings = resolve_comparison(request, task).settings.flat()
    asked = TrainRequest(
        classifier="lab", dataset=request.datasets[0], model=request.model, task=task.name, settings=settings
    )
    check_request(asked, state.workspace())
