"""Let a generator learn: a new one or one more dataset, with few sliders; the runs as they go."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.base.config import build, settings_of
from core.base.errors import CoreError
from core.generation.config import DEFAULT_SIZE, SIZES, GeneratorConfig, LearningConfig, parameter_count
from dashboard.parts import tables
from dashboard.parts.forms import forms
from dashboard.parts.run_view import came_out, run_view, runs_of
from dashboard.shell import layout, state
from dashboard.shell.errors import show_error
from dashboard.shell.i18n import t, tn
from dashboard.write import page as write_page
from dashboard.write.measures import live_curve

if TYPE_CHECKING:
    from core.data.dataset.store import StoredDataset
    from core.generation.store import GeneratorInfo

KIND = "generate"
SHOWN = "write.job"  # the run that this session started
MAIN = {"train": ("epochs", "memory_size"), "update": ("epochs", "replay_ratio", "memory_size")}
SHAPE = ("max_length", "vocabulary_size", "lowercase")


def draw(generator: GeneratorInfo | None) -> None:
    """The form on the left, runs on the right."""
    left, right = st.columns(2, gap="large")
    with left:
        _form(generator)
    with right:
        _runs()


def _form(generator: GeneratorInfo | None) -> None:
    datasets = state.datasets()
    if not datasets:
        st.caption(t("write.no_datasets"))
        return
    action = _action(generator)
    name = generator.name if generator is not None and action == "update" else _name(datasets)
    dataset = _dataset(datasets, generator, action)
    size = _size(dataset) if action == "train" else DEFAULT_SIZE
    values = _settings(action, generator)
    label = t("write.queue") if state.active_jobs() else t("write.start" if action == "train" else "write.update")
    if st.button(label, key="write.start", icon=":material/play_arrow:", type="secondary" if generator else "primary"):
        _start({"generator": name, "dataset": dataset.id, "action": action, "size": size, "settings": values})


def _action(generator: GeneratorInfo | None) -> str:
    if generator is None:
        return "train"
    names = {
        "update": t("write.action_update", generator=tables.plain(generator.name), version=generator.current),
        "train": t("write.action_train"),
    }
    state.keep_choice("write.action")
    return str(
        st.radio(
            t("write.action"), list(names), format_func=names.__getitem__, key="write.action", persist_state="session"
        )
    )


def _name(datasets: list[StoredDataset]) -> str:
    typed = st.text_input(
        t("write.name"), key="write.name", max_chars=60, help=t("write.name_help"), persist_state="session"
    )
    return (typed or "").strip() or t("write.name_default")


def _dataset(datasets: list[StoredDataset], generator: GeneratorInfo | None, action: str) -> StoredDataset:
    """Ask for the dataset; an update begins with one that was not learned yet."""
    learned = set()
    if generator is not None and action == "update":
        learned = {record["dataset"] for record in write_page.report(generator)["learned"]}
    known = {dataset.id: dataset for dataset in datasets}
    names = {dataset.id: f"{dataset.name} · {tn('write.rows', dataset.rows)}" for dataset in datasets}
    key = f"write.dataset.{action}"
    if st.session_state.get(key) not in known:
        fresh = [identity for identity in known if identity not in learned] or list(known)
        before = state.chosen_dataset()
        st.session_state[key] = before if before in fresh else fresh[0]
    picked = st.selectbox(
        t("write.dataset"), list(known), format_func=names.__getitem__, key=key, help=t("write.dataset_help")
    )
    if picked in learned:
        st.caption(f":material/info: {t('write.learned_already')}")
    return known[picked]


def _size(dataset: StoredDataset) -> str:
    """Ask for a size, each with its parameters for this dataset's tokens."""
    tokens = _vocabulary(dataset.id, dataset.language)
    most = st.session_state.get("write.learn.vocabulary_size", GeneratorConfig().vocabulary_size)
    counts = {size: parameter_count(build(GeneratorConfig, shape), min(most, tokens)) for size, shape in SIZES.items()}
    names = {size: t(f"write.size_{size}", count=tables.thousands(round(counts[size], -3))) for size in SIZES}
    state.keep_choice("write.size")
    size = st.radio(
        t("write.size"),
        list(SIZES),
        format_func=names.__getitem__,
        key="write.size",
        help=t("write.size_help"),
        persist_state="session",
    )
    return str(size)


@st.cache_data(show_spinner=False, max_entries=20)
def _vocabulary(dataset: str, language: str) -> int:
    """How many tokens there will be at most: characters of Chinese texts, else as many subwords as are allowed."""
    from core.base.config import home
    from core.data.dataset.store import DatasetStore

    if language != "zh":
        return 8_000
    return len(set().union(*DatasetStore(home()).load(dataset).texts)) + 2


def _settings(action: str, generator: GeneratorInfo | None) -> dict[str, Any]:
    """The sliders; an update has none for the shape, and begins with what its base version used."""
    main = MAIN[action]
    shown = [replace(setting, advanced=setting.name not in main) for setting in settings_of(LearningConfig)]
    shown.sort(key=lambda setting: main.index(setting.name) if setting.name in main else len(main))
    if action == "update" and generator is not None:
        used = write_page.report(generator)["settings"]
        return forms.settings_form(shown, key=f"write.update.{generator.name}.{generator.current}", defaults=used)
    shown = [setting for setting in shown if setting.name != "replay_ratio"]  # a first version has nothing to rehearse
    shown += [replace(setting, advanced=True) for setting in settings_of(GeneratorConfig) if setting.name in SHAPE]
    return forms.settings_form(shown, key="write.learn")


def _start(config: dict[str, Any]) -> None:
    """Check once more, so that a mistake is told here, and put the run into the queue."""
    from core.workflows.generate.request import GenerateRequest
    from core.workflows.generate.run import check_generation

    request = GenerateRequest(**config)
    try:
        check_generation(request, state.workspace())
    except CoreError as error:
        show_error(error)
        return
    config = request.model_dump()
    if any(job.kind == KIND and job.config == config for job in state.active_jobs()):
        st.info(t("write.same"), icon=":material/content_copy:")
        return
    job = state.jobs().submit(KIND, title=request.generator, classifier="", config=config)
    st.session_state[SHOWN] = job.id
    st.rerun()


def _runs() -> None:
    """What works, waits or broke off, and the run that this session started, with its curve."""
    started = st.session_state.get(SHOWN)
    shown = runs_of(KIND, started)
    if not shown:
        layout.section(t("write.then"))
        st.markdown(t("write.then_text"))
    for job in shown:
        seen = run_view(job.id)
        if seen.result is not None and came_out(seen, started):
            st.session_state[write_page.NEXT] = seen.result["generator"]
            st.rerun()
        live_curve(job)
