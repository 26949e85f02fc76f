"""The form and the runs of the Base models tab: which texts, from what start, how long, and the curve as it goes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.base.config import build, settings_of
from core.base.errors import CoreError
from core.training.pretraining.config import (
    SCRATCH,
    PretrainConfig,
    ShapeConfig,
    defaults_for,
    parameter_count,
    shape_class,
)
from core.training.pretraining.tokens import rough_tokens
from core.workflows.pretrain.request import PretrainRequest
from dashboard.parts import tables
from dashboard.parts.forms import forms
from dashboard.parts.forms.dataset_choice import choose_dataset
from dashboard.parts.run_view import came_out, run_view, runs_of
from dashboard.shell import layout, state
from dashboard.shell.errors import guarded_fragment, show_error
from dashboard.shell.i18n import t, tn
from dashboard.train.base import result

if TYPE_CHECKING:
    from core.data.dataset.store import StoredDataset

KIND = "pretrain"
SHOWN = "pretrain.job"  # the run that this session started
CONTINUED = "continued"
NO_PROBE = ""
COUNTED = 2_000  # texts that the estimate looks at
SECONDS_BETWEEN_LOOKS = 2.0
MAIN = ("epochs", "layers", "embedding_size", "max_length")  # what stands open; all else is folded away


def form(datasets: list[StoredDataset], *, leading: bool) -> None:
    """What to learn from, and how; ``leading`` when starting a run is what this page is for at the moment."""
    if not datasets:
        st.caption(t("pretrain.no_datasets"))
        return
    dataset = choose_dataset(
        datasets,
        "pretrain.dataset",
        label=t("pretrain.dataset"),
        about=lambda dataset: tn("pretrain.texts", dataset.rows),
        help_text=t("pretrain.dataset_help"),
    )
    start = _start_from()
    name = _name(dataset)
    probe = _probe(datasets, dataset)
    values = _settings(start)
    _estimate(dataset, start, values)
    label = t("train.queue") if state.active_jobs() else t("pretrain.start")
    if st.button(label, key="pretrain.go", icon=":material/play_arrow:", type="primary" if leading else "secondary"):
        _submit({"name": name, "dataset": dataset.id, "start": start, "probe": probe, "settings": values})


def _start_from() -> str:
    """Random weights, or one of the encoders that there are."""
    kinds = {kind: t(f"pretrain.from_{kind}") for kind in (SCRATCH, CONTINUED)}
    kind = st.segmented_control(
        t("pretrain.from"),
        list(kinds),
        format_func=kinds.__getitem__,
        key="pretrain.kind",
        default=SCRATCH,
        required=True,
        help=t("pretrain.from_help"),
        persist_state="session",
    )
    if kind == SCRATCH:
        return SCRATCH
    names = state.sources("encoders")
    if st.session_state.get("pretrain.base") not in names:
        st.session_state["pretrain.base"] = next(iter(names))
    base = st.selectbox(
        t("pretrain.base"), list(names), format_func=names.__getitem__, key="pretrain.base", persist_state="session"
    )
    return str(base)


def _name(dataset: StoredDataset) -> str:
    typed = st.text_input(
        t("pretrain.name"), key="pretrain.name", max_chars=40, help=t("pretrain.name_help"), persist_state="session"
    )
    return (typed or "").strip() or _free_name(dataset)


def _free_name(dataset: StoredDataset) -> str:
    """The dataset's name, as far as it may name an encoder, with a number when there is one of it already."""
    kept = "".join(sign for sign in dataset.name.rsplit(".", 1)[0] if sign.isalnum() or sign in " _-")
    base = kept[:34].strip() or t("pretrain.name_default")
    taken = {info.name for info in result.own_encoders()}
    numbers = (f"{base} {number}" for number in range(2, len(taken) + 3))
    return next(name for name in (base, *numbers) if name not in taken)


def _probe(datasets: list[StoredDataset], dataset: StoredDataset) -> str:
    """Labelled rows that tell whether it helped; first those of the texts themselves."""
    labelled = [probe for probe in datasets if len(probe.classes) > 1]
    names = {NO_PROBE: t("pretrain.no_probe")}
    names |= {probe.id: f"{probe.name} · {tn('pretrain.labels', len(probe.classes))}" for probe in labelled}
    if st.session_state.get("pretrain.probe") not in names:
        st.session_state["pretrain.probe"] = dataset.id if dataset.id in names else NO_PROBE
    picked = st.selectbox(
        t("pretrain.probe"),
        list(names),
        format_func=names.__getitem__,
        key="pretrain.probe",
        help=t("pretrain.probe_help"),
        persist_state="session",
    )
    return str(picked or NO_PROBE)


def _settings(start: str) -> dict[str, Any]:
    settings = [*settings_of(PretrainConfig), *settings_of(shape_class(start))]
    settings = [replace(setting, advanced=setting.name not in MAIN) for setting in settings]
    settings.sort(key=lambda setting: MAIN.index(setting.name) if setting.name in MAIN else len(MAIN))
    key = "pretrain.scratch" if start == SCRATCH else "pretrain.continued"
    return forms.settings_form(settings, key=key, defaults=defaults_for(start))


def _estimate(dataset: StoredDataset, start: str, values: dict[str, Any]) -> None:
    """About how many tokens will be read, and how large an encoder from scratch will be."""
    tokens = _tokens(dataset.id)
    total = tokens * int(values["epochs"])
    st.caption(t("pretrain.estimate", tokens=_round(tokens), total=_round(total)))
    if start == SCRATCH:
        shape = build(ShapeConfig, {name: values[name] for name in ShapeConfig.model_fields})
        count = parameter_count(shape, shape.vocabulary_size, int(values["max_length"]))
        st.caption(t("pretrain.size", parameters=_round(count)))


def _round(count: int) -> str:
    """Two leading digits: more would not be true of an estimate."""
    return tables.thousands(round(count, 2 - len(str(count)))) if count else "0"


@st.cache_data(show_spinner=False, max_entries=20)
def _tokens(dataset: str) -> int:
    texts = state.load_dataset(dataset).texts
    some = texts[:: -(-len(texts) // COUNTED)]
    return round(rough_tokens(some) * len(texts) / len(some))


def _submit(config: dict[str, Any]) -> None:
    """Check once more, so that a mistake is told here, and put the run into the queue."""
    from core.workflows.pretrain.run import check_pretraining

    request = PretrainRequest(**config)
    try:
        check_pretraining(request, state.workspace())
    except CoreError as error:
        show_error(error)
        return
    if any(job.kind == KIND and job.config["name"] == request.name for job in state.active_jobs()):
        st.info(t("pretrain.same"), icon=":material/content_copy:")
        return
    job = state.jobs().submit(KIND, title=request.name, classifier="", config=request.model_dump())
    st.session_state[SHOWN] = job.id
    st.rerun()


def runs() -> None:
    """What works, waits or broke off, and the run that this session started, with its curves."""
    started = st.session_state.get(SHOWN)
    shown = runs_of(KIND, started)
    if not shown:
        layout.section(t("pretrain.then"))
        st.markdown(t("pretrain.then_text"))
    for job in shown:
        seen = run_view(job.id)
        if seen.result is not None and came_out(seen, started):
            st.session_state[result.NEXT] = seen.result["encoder"]
            st.rerun()
        guarded_fragment(run_every=None if job.ended else SECONDS_BETWEEN_LOOKS)(_live)(job.id)


def _live(job_id: str) -> None:
    epochs = state.jobs().epochs(job_id)
    if epochs:
        result.curves(epochs, key=f"pretrain.live.{job_id}")
