"""Step 3 of an update: how to learn from the batch, the run while it learns, and what it was in one line."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.errors import CoreError, DataError
from dashboard import state, tables, update_page
from dashboard.forms import settings_form
from dashboard.i18n import t, tn
from dashboard.run_view import run_view
from dashboard.update_page import Situation
from dashboard.update_page_compare import Changes, compared

if TYPE_CHECKING:
    from core.data import Split

FORM = "update.learn"
STRATEGY = "update.strategy"
FIRST = "replay"  # the best bet on most data
FOLDED = ("epochs", "learning_rate")


def step(found: Situation) -> None:
    """The form, the run, or what was learned in one line."""
    if found.job is not None:
        update_page.head(3, "open")
        run_view(found.job.id, wide=True)
        if not found.job.ended:
            st.caption(t("update.may_leave"))
    elif found.candidate is not None:
        _done(found)
    elif found.batch is None:
        update_page.head(3, "closed")
    else:
        _open(found)


def _done(found: Situation) -> None:
    assert found.candidate is not None
    report = state.report(found.candidate)
    facts = [
        t("update.made", version=found.candidate.number),
        t(f"names.strategy_{report['strategy']}"),
        tn("update.epochs", len(report["epochs"])),
        tables.duration(report["seconds"]),
    ]
    action = t("update.learn_again") if found.batch is not None else None
    if update_page.head(3, "done", " · ".join(facts), action):
        update_page.pass_over(found.candidate, batch=True)
        st.rerun()


def _open(found: Situation) -> None:
    assert found.batch is not None
    changes = compared(found.champion, found.batch)
    if isinstance(changes, CoreError) or isinstance(changes.split, DataError):
        update_page.head(3, "closed")  # step 2 says what is wrong
        return
    update_page.head(3, "open")
    strategy = _strategy(changes, changes.split)
    values = _settings(found, strategy, changes)
    if st.button(t("update.start"), key="update.start", type="primary", icon=":material/play_arrow:"):
        _start(found, strategy, values)


def _strategy(changes: Changes, split: Split) -> str:
    from core.strategies import STRATEGIES

    offered = [name for name, kind in STRATEGIES.items() if not (kind.uses_past and changes.missing)]
    offered.sort(key=lambda name: name != FIRST)
    if st.session_state.get(STRATEGY) not in offered:
        st.session_state[STRATEGY] = offered[0]
    ratio = float(st.session_state.get(f"{FORM}.replay_ratio", 1.0))
    chosen = st.radio(
        t("update.strategy"),
        offered,
        format_func=lambda name: t(f"names.strategy_{name}"),
        captions=[
            t(
                "update.sentences",
                first=t(f"names.about_{name}"),
                second=_cost(name, changes, len(split.train), ratio),
            )
            for name in offered
        ],
        key=STRATEGY,
        label_visibility="collapsed",
        persist_state="session",
    )
    if len(offered) < len(STRATEGIES):
        st.caption(t("update.joint_impossible"))
    if chosen == "replay" and not changes.remembered:
        st.warning(t("update.nothing_remembered"), icon=":material/warning:")
    return str(chosen)


def _cost(strategy: str, changes: Changes, rows: int, ratio: float) -> str:
    """What one epoch reads."""
    if strategy == "replay" and changes.remembered:
        rows += round(ratio * rows)
    elif strategy == "joint":
        rows += changes.past_rows
    return tn("update.cost", rows)


def _settings(found: Situation, strategy: str, changes: Changes) -> dict[str, Any]:
    """The strategy's own settings and the memory in view; how long and how fast to learn folded away."""
    from core.config import settings_of
    from core.strategies import STRATEGIES
    from core.training import TrainingConfig
    from core.workflows import DataConfig

    parent = state.report(found.champion)["settings"]
    own = settings_of(STRATEGIES[strategy].config_class)
    # folded away on the Train page, but here the one thing that replay depends on
    memory = [replace(one, advanced=False) for one in settings_of(DataConfig) if one.name == "memory_size"]
    shown = [*own, *memory]
    values: dict[str, Any] = {}
    # another version brings other defaults, so each has fields of its own
    key = f"{FORM}.{found.classifier}.{found.champion.number}"
    with st.container(key="update-settings"):
        for place, setting in zip(st.columns(2, gap="large"), shown, strict=False):
            with place:
                values |= settings_form([setting], key=FORM if setting in own else key, defaults=parent)
        st.caption(tn("update.remembers", changes.remembered, version=found.champion.number))
        with st.expander(t("shell.advanced")):
            folded = [one for one in settings_of(TrainingConfig) if one.name in FOLDED]
            for place, setting in zip(st.columns(2, gap="large"), folded, strict=True):
                with place:
                    values |= settings_form([setting], key=key, defaults=parent)
    return values


def _start(found: Situation, strategy: str, values: dict[str, Any]) -> None:
    from core.workflows import UpdateRequest

    assert found.batch is not None
    if any(job.classifier == found.classifier and job.kind == "update" for job in state.active_jobs()):
        st.rerun()  # started in another tab in the meantime: show that one
    request = UpdateRequest(
        classifier=found.classifier,
        dataset=found.batch.id,
        strategy=strategy,
        settings=values,
        promote="never",
        base_version=found.champion.number,
    )
    title = t("update.job_title", classifier=found.classifier, batch=found.batch.name)
    state.jobs().submit("update", title=title, classifier=found.classifier, config=request.model_dump())
    st.rerun()
