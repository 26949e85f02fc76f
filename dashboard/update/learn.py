"""Learn: how to learn from the batch, with which settings, the run while it learns, and what it was in one line."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from core.base.config import Setting, settings_of
from core.base.errors import CoreError, DataError
from core.continual.methods import REPLAY, STRATEGIES
from core.data.dataset.splitting import Split
from core.registry.records.reports import is_solved
from core.training import TrainingConfig
from core.training.private.config import PrivacyConfig
from core.workflows.requests import DataConfig, UpdateRequest
from dashboard.parts import forgetting, tables
from dashboard.parts.forms.forms import settings_form
from dashboard.parts.names import name_of, titles
from dashboard.parts.privacy import spending
from dashboard.parts.run_view import is_solved_by, run_view
from dashboard.shell import state
from dashboard.shell.i18n import t, tn
from dashboard.update import labels, takes
from dashboard.update import page as update_page
from dashboard.update import strategy as update_strategy
from dashboard.update.compare import Changes, compared
from dashboard.update.page import Situation
from dashboard.update.strategy import COLUMNS

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from core.data.dataset.store import StoredDataset
    from core.registry import VersionInfo
    from core.workflows.update.outlook import Outlook

FORM = "update.learn"
MEMORY = ("memory_size", "memory_selection")
FOLDED = ("epochs", "learning_rate")


def draw(situation: Situation) -> None:
    """The way to learn, the run, or what was learned."""
    if situation.job is not None:
        run_view(situation.job.id, wide=True)
        if not situation.job.ended:
            st.caption(t("update.may_leave"))
    elif situation.candidate is not None:
        _learned(situation, situation.candidate)
    elif situation.batch is None:
        update_page.missing(t("update.no_batch"), t("update.to_batch"), "batch")
    else:
        _ways(situation, situation.batch)


def _learned(situation: Situation, candidate: VersionInfo) -> None:
    report = state.report(candidate)
    # What is listed as epochs of solved weights are strengths of regularisation.
    counted = update_strategy.has_epochs(report["strategy"]) and not is_solved(report)
    epochs = len(report["epochs"]) if counted else 0
    facts = [
        t("update.made", version=candidate.number),
        name_of("strategy", report["strategy"]),
        *([tn("update.epochs", epochs)] if epochs else []),
        tables.duration(report["seconds"]),
    ]
    other = t("update.learn_again") if situation.batch is not None else None
    pressed = update_page.behind(
        " · ".join(facts), action=t("update.to_decide"), tab="decide", other=other, key="update.learn_again"
    )
    if pressed:
        update_page.pass_over(candidate, batch=True)
        update_page.open_tab("learn")


def _ways(situation: Situation, batch: StoredDataset) -> None:
    """What is recommended, or was chosen in its place, with the button that starts it; all other ways are folded."""
    changes = compared(situation.champion, batch)
    if isinstance(changes, CoreError) or isinstance(changes.split, DataError):
        update_page.missing(t("update.cannot_learn"), t("update.to_changes"), "changes")
        return
    update_page.about("learn")
    with st.container(border=True, key="update-way", gap="small"):
        way, cost, start = (st.container(gap="small") for _ in range(3))
    ratio = float(st.session_state.get(f"{FORM}.replay_ratio", 1.0))
    with st.expander(t("update.other_ways"), icon=":material/tune:", key="update.other_ways"):
        strategy = update_strategy.choose(situation.champion, changes, changes.split, ratio)
        values = settings(situation, strategy, changes, cost)
    with way:
        outlook = _way(situation, changes, changes.split, strategy, values)
    with start:
        _start_button(situation, changes, strategy, values, outlook)


def _way(situation: Situation, changes: Changes, split: Split, strategy: str, values: dict[str, Any]) -> Outlook:
    """How it will be learned: why so, and how long it takes."""
    champion, first = situation.champion, update_strategy.recommended(situation.champion)
    outlook = update_strategy.outlook(champion, strategy, values)
    rows = update_strategy.rows_read(
        strategy, outlook, changes, len(split.train), float(values.get("replay_ratio", 1.0))
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{name_of('strategy', strategy)}**", width="content")
        if strategy == first:
            st.badge(t("update.recommended_way"), color="green")
        else:
            st.badge(t("update.chosen_way"), color="gray")
        if strategy != first:
            label = t("update.take_recommended", strategy=name_of("strategy", first))
            st.button(
                label, key="update.take_recommended", type="tertiary", on_click=update_strategy.take, args=(first,)
            )
    st.markdown(_reason(champion, strategy, changes, len(split.train)))
    _time(champion, strategy, rows, values)
    return outlook


def _start_button(
    situation: Situation, changes: Changes, strategy: str, values: dict[str, Any], outlook: Outlook
) -> None:
    """What is to be known before, what it would spend, and the start."""
    ready = update_strategy.remarks(outlook, changes)
    going_on = forgetting.goes_on()
    if going_on:
        st.info(t("forget.going_on"), icon=":material/hourglass_top:")
    blocked = going_on or forgetting.is_half_done()  # the latter is told on top of the page
    refused = _promised(situation.champion) and spending.before_start(_request(situation, strategy, values))
    # While spellings stand to be merged, that is the step to take.
    kind: Literal["primary", "secondary"] = "secondary" if labels.doubtful(situation) else "primary"
    start = t("update.start")
    if st.button(
        start, key="update.start", type=kind, icon=":material/play_arrow:", disabled=blocked or refused or not ready
    ):
        _start(situation, strategy, values)


def _reason(champion: VersionInfo, strategy: str, changes: Changes, rows: int) -> str:
    if strategy != REPLAY.name:
        return t(f"names.about_{strategy}")
    facts = {"rows": tables.thousands(rows), "version": champion.number}
    if not changes.remembered:
        return t("update.why_replay_alone", **facts)
    return t("update.why_replay", old=tables.thousands(changes.remembered), **facts)


def _time(champion: VersionInfo, strategy: str, rows: int, values: dict[str, Any]) -> None:
    """About how long it takes, and by what that is told; nothing where it is not known."""
    known = takes.basis(champion, strategy)
    if known is None:
        return
    counted = update_strategy.has_epochs(strategy) and not is_solved_by(champion, strategy)
    seconds = known.scaled(rows, values.get("epochs") if counted else None)
    facts = {"before": tables.duration(known.seconds), "rows": tables.thousands(known.rows)}
    st.markdown(
        f":gray[:material/timer:] {t('update.takes', time=tables.duration(seconds))}",
        help=t("update.takes_help", version=known.version, **facts),
    )


def _promised(champion: VersionInfo) -> bool:
    """Whether the version that learns has promised differential privacy."""
    return bool(state.report(champion).get("privacy"))


def _request(situation: Situation, strategy: str, values: dict[str, Any]) -> UpdateRequest:
    assert situation.batch is not None
    return UpdateRequest(
        classifier=situation.classifier,
        dataset=situation.batch.id,
        strategy=strategy,
        settings=values,
        promote="never",
        base_version=situation.champion.number,
    )


def _start(situation: Situation, strategy: str, values: dict[str, Any]) -> None:
    assert situation.batch is not None
    if any(job.classifier == situation.classifier and job.kind == "update" for job in state.active_jobs()):
        st.rerun()  # started in another tab in the meantime: show that one
    request = _request(situation, strategy, values)
    named = titles("update.job_title", classifier=situation.classifier, batch=situation.batch.name)
    state.jobs().submit("update", classifier=situation.classifier, config=request.model_dump(), **named)
    st.rerun()


def settings(situation: Situation, strategy: str, changes: Changes, cost: DeltaGenerator) -> dict[str, Any]:
    """Draw all fields; returns the values by setting name. What a batch may cost of a promise is drawn at `cost`."""
    parent = state.report(situation.champion)["settings"]
    kind = STRATEGIES[strategy]
    # another version brings other defaults, so each has fields of its own
    key = f"{FORM}.{situation.classifier}.{situation.champion.number}"
    wide, narrow = _by_width(settings_of(kind.config_class))
    with st.container(key="update-settings"):
        own = settings_form(wide, key=FORM)
        left, right = st.columns(COLUMNS, gap="large")
        if _promised(situation.champion):
            with cost:
                values = _epsilon(key, parent) | own
        else:
            with right:
                values = _memory(key, parent, situation, changes) | own
        with left:
            if narrow:
                values |= settings_form(narrow, key=FORM)
            elif not wide:
                st.caption(t("update.no_own_settings"))
        if not kind.freezes_encoder:  # the closed form has no epochs
            with st.expander(t("update.how_long")):
                folded = [setting for setting in settings_of(TrainingConfig) if setting.name in FOLDED]
                for column, setting in zip(st.columns(2, gap="large"), folded, strict=True):
                    with column:
                        values |= settings_form([setting], key=key, defaults=parent)
    return values


def _by_width(own: list[Setting]) -> tuple[list[Setting], list[Setting]]:
    """The settings that take a whole row, since several named choices stand side by side, and the others."""
    wide = [setting for setting in own if setting.kind == "choice" and not setting.advanced]
    return wide, [setting for setting in own if setting not in wide]


def _memory(key: str, parent: dict[str, Any], situation: Situation, changes: Changes) -> dict[str, Any]:
    """How many rows go with the new version and which; or none at all, as a plain switch."""
    switch = f"{key}.no_text"
    if switch not in st.session_state:
        st.session_state[switch] = parent.get("memory_size") == 0
    none = st.toggle(t("update.no_text"), key=switch, help=t("update.no_text_help"), persist_state="session")
    if none:
        st.caption(t("update.no_text_means", version=situation.champion.number))
        return {"memory_size": 0}
    defaults = {**parent, "memory_size": parent.get("memory_size") or _default("memory_size")}
    values = settings_form(_memory_settings(), key=key, defaults=defaults)
    st.caption(tn("update.remembers", changes.remembered, version=situation.champion.number))
    return values


def _epsilon(key: str, parent: dict[str, Any]) -> dict[str, Any]:
    """In place of a memory, which a private model has not: how much this batch may cost."""
    return settings_form(
        [setting for setting in settings_of(PrivacyConfig) if setting.name == "epsilon"], key=key, defaults=parent
    )


def _memory_settings() -> list[Setting]:
    # folded away on the Train page, but here the one thing that a method that rehearses depends on
    return [replace(setting, advanced=False) for setting in settings_of(DataConfig) if setting.name in MEMORY]


def _default(name: str) -> Any:
    return next(setting.default for setting in _memory_settings() if setting.name == name)
