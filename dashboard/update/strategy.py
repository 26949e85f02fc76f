"""How to learn: a family of methods, then one of them, each with what it needs, what it costs and what stands in its way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.base.errors import ConfigError
from core.continual.families import FAMILIES, family_of
from core.continual.methods import STRATEGIES
from core.data.dataset.splitting import Split
from core.workflows.learn.private_checks import check_private
from core.workflows.requests import first_strategy, hidden_strategies, strategies_for
from core.workflows.versions.folder import VersionFolder
from dashboard.parts import scores
from dashboard.parts.names import name_of
from dashboard.parts.plots.comparison_figures import with_names
from dashboard.parts.run_view import is_solved_by
from dashboard.parts.tables import plain
from dashboard.shell import state
from dashboard.shell.i18n import language, t, t_message, tn
from dashboard.update.compare import Changes

if TYPE_CHECKING:
    from core.registry import VersionInfo
    from core.tasks import Task
    from core.workflows.requests import Settings
    from core.workflows.update.outlook import Outlook

FAMILY = "update.family"
STRATEGY = "update.strategy"
COLUMNS = (1.0, 1.25)  # what the method column says takes more room


def recommended(champion: VersionInfo) -> str:
    """The strategy to begin with."""
    return first_strategy(state.report(champion))


def take(strategy: str) -> None:
    """Choose a strategy in place of the reader's choice."""
    st.session_state[FAMILY], st.session_state[STRATEGY] = family_of(STRATEGIES[strategy]), strategy


def choose(champion: VersionInfo, changes: Changes, split: Split, ratio: float) -> str:
    """Draw both choices; returns the strategy's name."""
    first = recommended(champion)
    families = _families(champion, first)
    picked = st.session_state.get(STRATEGY)
    if picked not in STRATEGIES:
        picked = first
    if st.session_state.get(FAMILY) not in families:
        st.session_state[FAMILY] = next(family for family, names in families.items() if picked in names)
    left, right = st.columns(COLUMNS, gap="large")
    hidden = hidden_strategies(scores.task_of_version(champion))
    with left:
        family = _family(families)
        if hidden is not None:
            st.caption(plain(t_message(hidden)))
    names = families[family]
    if st.session_state.get(STRATEGY) not in names:
        st.session_state[STRATEGY] = names[0]
    with right:
        captions = [_caption(name, champion, changes, split, ratio) for name in names]
        return _method(names, captions, first)


def _families(champion: VersionInfo, first: str) -> dict[str, list[str]]:
    """Family → its strategies that suit the model; the recommended one stands first."""
    task, model = scores.task_of_version(champion), str(champion.summary.get("model", ""))
    fitting = strategies_for(task, model)
    if state.report(champion).get("privacy"):
        settings = VersionFolder(Path(state.files_of(champion).folder)).resolved_settings()
        fitting = [name for name in fitting if _promises(settings, model, name, task)]
    members: dict[str, list[str]] = {family: [] for family in FAMILIES}
    for name in fitting:
        members[family_of(STRATEGIES[name])].append(name)
    return {family: sorted(names, key=lambda name: name != first) for family, names in members.items() if names}


def _promises(settings: Settings, model: str, strategy: str, task: Task) -> bool:
    """Whether a strategy can go on with differential privacy."""
    try:
        check_private(settings, model, strategy, task)
    except ConfigError:
        return False
    return True


def _family(families: Mapping[str, Sequence[str]]) -> str:
    titles = {family: t(f"names.family_{family}") for family in families}
    state.keep_choice(FAMILY)
    return str(
        st.radio(
            t("update.family"),
            list(families),
            format_func=titles.__getitem__,
            captions=[t(f"names.about_family_{family}") for family in families],
            key=FAMILY,
            persist_state="session",
        )
    )


def _method(names: Sequence[str], captions: Sequence[str], first: str) -> str:
    titles = {name: name_of("strategy", name) for name in names}
    if first in titles:
        titles[first] = t("update.recommended", strategy=titles[first])
    state.keep_choice(STRATEGY)
    return str(
        st.radio(
            t("update.strategy"),
            list(names),
            format_func=titles.__getitem__,
            captions=list(captions),
            key=STRATEGY,
            persist_state="session",
        )
    )


def _caption(name: str, champion: VersionInfo, changes: Changes, split: Split, ratio: float) -> str:
    """What it does, what one epoch reads, and what it needs that is not at hand."""
    its_outlook = outlook(champion, name)
    solved = is_solved_by(champion, name)
    needs = [cost(name, its_outlook, changes, len(split.train), ratio, solved=solved)]
    if obstacle(its_outlook, changes) is not None:
        needs.append(f":orange[:material/block:] {t('update.not_now')}")
    elif its_outlook.needs_past and not STRATEGIES[name].uses_past:
        needs.append(t("update.reads_past_once", version=champion.number))
    return f"{t(f'names.about_{name}')}  \n{joined(needs)}"


def joined(sentences: Sequence[str]) -> str:
    """Sentences one after the other, as the language does it."""
    return ("" if language() == "zh" else " ").join(sentences)


def obstacle(outlook: Outlook, changes: Changes) -> str | None:
    """Why an update cannot be learned this way now; None when it can."""
    if not outlook.needs_past or not changes.missing:
        return None
    return t("update.past_gone", names=[plain(name) for name in changes.missing])


def cost(name: str, outlook: Outlook, changes: Changes, rows: int, ratio: float, *, solved: bool = False) -> str:
    """What one epoch reads, or that there are no epochs."""
    read = rows_read(name, outlook, changes, rows, ratio)
    if not has_epochs(name):
        return tn("update.cost_once", read)
    return tn("update.cost_solved" if solved else "update.cost", read)


def rows_read(name: str, outlook: Outlook, changes: Changes, rows: int, ratio: float) -> int:
    """How many rows an epoch reads, or learning altogether where there are none."""
    kind = STRATEGIES[name]
    if not has_epochs(name):
        return rows + changes.past_rows if outlook.needs_past else rows
    if kind.uses_past:
        return rows + changes.past_rows
    if kind.rehearses and changes.remembered:
        return rows + changes.remembered if kind.starts_fresh else rows + round(ratio * rows)
    return rows


def has_epochs(name: str) -> bool:
    """Whether a strategy reads its rows again and again; the closed form reads them once."""
    return name not in STRATEGIES or not STRATEGIES[name].freezes_encoder


def outlook(champion: VersionInfo, strategy: str, settings: Mapping[str, Any] | None = None) -> Outlook:
    """What the coming update would need; remembered, since it reads the version's stored state."""
    changed = tuple(sorted((settings or {}).items()))
    return _outlook(state.files_of(champion), strategy, changed)


@st.cache_data(show_spinner=False, max_entries=60, ttl=3600)
def _outlook(files: state.Files, strategy: str, settings: tuple[tuple[str, Any], ...]) -> Outlook:
    from core.workflows.update.outlook import outlook

    return outlook(VersionFolder(Path(files.folder)), strategy, dict(settings))


def remarks(outlook: Outlook, changes: Changes) -> bool:
    """Say what is to be known before starting; returns whether it can start."""
    hindrance = obstacle(outlook, changes)
    if hindrance is not None:
        st.warning(hindrance, icon=":material/block:")
    elif outlook.remark is not None:
        st.info(plain(t_message(with_names(outlook.remark))), icon=":material/info:")
    return hindrance is None
