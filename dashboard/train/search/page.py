"""The form and the runs of the Search tab: which dataset and model, which settings, how long; trials as they end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from core.base.errors import CoreError
from core.networks.architectures import MODELS
from core.workflows.requests import TrainRequest
from core.workflows.search.request import SearchConfig, SearchRequest
from core.workflows.search.space import dimensions, searchable, usual
from dashboard.parts import choices
from dashboard.parts.forms import forms
from dashboard.parts.forms.dataset_choice import choose_dataset
from dashboard.parts.forms.training_form import FIRST_MODEL, preset_values
from dashboard.parts.names import titles
from dashboard.parts.run_view import came_out, run_view, runs_of
from dashboard.shell import state
from dashboard.shell.errors import guarded_fragment, show_error
from dashboard.shell.i18n import setting_help, setting_label, t, tn
from dashboard.train.search import result
from dashboard.train.search.values import ends, value

if TYPE_CHECKING:
    from core.base.config import Setting
    from core.data.dataset.store import StoredDataset

KIND = "search"
SHOWN = "search.job"  # the run that this session started
SECONDS_BETWEEN_LOOKS = 2.0


def runs() -> None:
    """What works, waits or broke off, with its trials so far."""
    started = st.session_state.get(SHOWN)
    for job in runs_of(KIND, started):
        if job.result is not None and job.state == "finished":
            if came_out(job, started):
                st.session_state[result.NEXT] = job.result["search"]
            continue
        run_view(job.id)
        guarded_fragment(run_every=None if job.ended else SECONDS_BETWEEN_LOOKS)(_live)(job.id)


def _live(job_id: str) -> None:
    trials = state.jobs().trials(job_id)
    if trials:
        result.trials_table(trials, key=f"search.live.{job_id}")


def form(datasets: list[StoredDataset], *, leading: bool) -> None:
    """What to search; ``leading`` while there is nothing else to look at."""
    dataset = choose_dataset(
        datasets,
        "search.dataset",
        label=t("search.dataset"),
        about=lambda dataset: tn("search.rows", dataset.rows),
        help_text=t("search.dataset_help"),
    )
    model = _model()
    searched = _settings(model)
    limits = forms.settings_form(SearchConfig, key="search.form")
    fields = {"dataset": dataset.id, "model": model, "searched": searched, "search": limits}
    busy = any(job.kind == KIND and job.config == _config(fields) for job in state.active_jobs())
    label = t("search.queue") if state.active_jobs() and not busy else t("search.start")
    with st.container(horizontal=True, vertical_alignment="center"):
        kind: Any = "primary" if leading else "secondary"
        pressed = st.button(
            label, key="search.go", icon=":material/tune:", type=kind, disabled=busy or not searched, width="content"
        )
        st.caption(
            t("search.busy") if busy else t("search.advice" if searched else "search.none_chosen"), width="stretch"
        )
    if pressed:
        _submit(dataset, fields)


def _config(fields: dict[str, Any]) -> dict[str, Any]:
    return SearchRequest(**fields).model_dump()


def _submit(dataset: StoredDataset, fields: dict[str, Any]) -> None:
    """Put it into the queue; what the model cannot do here is explained at once."""
    from core.workflows.train.estimate import check_request

    try:
        check_request(TrainRequest(classifier="search", dataset=dataset.id, model=fields["model"]), state.workspace())
    except CoreError as error:
        show_error(error)
        return
    named = titles("search.job", dataset=dataset.name, model=fields["model"])
    job = state.jobs().submit(KIND, classifier="", config=_config(fields), **named)
    st.session_state[SHOWN] = job.id
    st.rerun()


def _model() -> str:
    names = {name: t(f"names.model_{name}") for name in sorted(MODELS, key=lambda name: name != FIRST_MODEL)}
    return choices.segmented(t("search.model"), names, key="search.model", wrap=True)


def _settings(model: str) -> list[str]:
    """Which settings to search: those that are usually worth it are ticked, the others folded away."""
    worth = usual(model)
    known = {setting.name: setting for setting in searchable(model)}
    searched = _ticks(model, "usual", {name: known[name] for name in worth}, worth)
    others = {name: setting for name, setting in known.items() if name not in worth}
    with st.expander(t("search.others")):
        searched += _ticks(model, "others", others, [])
    if searched:
        with st.expander(t("search.ranges")):
            st.dataframe(_ranges(model, searched), hide_index=True, key="search.ranges", alt=t("search.ranges"))
    return searched


def _ticks(model: str, part: str, settings: dict[str, Setting], first: list[str]) -> list[str]:
    key = f"search.{part}.{model}"
    if key not in st.session_state:
        st.session_state[key] = first
    names = {name: setting_label(setting) for name, setting in settings.items()}
    ticked = st.pills(
        t(f"search.{part}_label"),
        list(names),
        selection_mode="multi",
        format_func=names.__getitem__,
        key=key,
        help=t(f"search.{part}_help"),
        wrap=True,
        persist_state="session",
    )
    return [name for name in names if name in ticked]


def _ranges(model: str, searched: list[str]) -> pd.DataFrame:
    rows = []
    for dimension in dimensions(model, searched, preset_values(model, "standard")):
        described = dimension.to_dict()
        rows.append(
            {
                t("search.setting"): setting_label(dimension.setting),
                t("search.default"): value(described, dimension.default),
                t("search.between"): ends(described),
                t("search.meaning"): setting_help(dimension.setting),
            }
        )
    return pd.DataFrame(rows)
