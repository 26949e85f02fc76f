"""The Lab's tab about unequal treatment: what each way against it gains on a dataset, and what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from core.base.config import home, settings_of
from core.base.errors import CoreError
from core.base.messages import Message
from core.fairness.config import MITIGATIONS, FairnessConfig
from core.networks.architectures import MODELS
from core.networks.architectures.linear import LINEAR
from core.registry.records import MitigationStore
from core.workflows.mitigation.figures import REST, SCORES
from core.workflows.mitigation.request import MitigationRequest, resolved
from dashboard.parts import choices, tables
from dashboard.parts.forms.forms import settings_form
from dashboard.parts.names import name_of, titles
from dashboard.parts.run_view import came_out, run_view, runs_of
from dashboard.shell import layout, state
from dashboard.shell.errors import show_error
from dashboard.shell.i18n import t, t_message

if TYPE_CHECKING:
    from core.data.dataset.store import StoredDataset

KIND = "mitigate"
STARTED = "lab.fairness.started"  # in the session: the run that it began last
SHOWN = "lab.fairness.shown"  # key of the list of earlier comparisons


def draw() -> None:
    """What runs, the newest comparison or the one that was chosen, and the form for another."""
    layout.section(t("mitigate.title"), help=t("mitigate.help"))
    started = st.session_state.get(STARTED)
    for job in runs_of(KIND, started):
        if came_out(job, started):
            st.session_state.pop(SHOWN, None)  # the newest is shown first
        elif job.result is None:
            run_view(job.id)
    records = MitigationStore(home()).list()
    if records:
        _record(_chosen(records))
    _form([dataset for dataset in state.datasets() if dataset.kind == "label"], open_first=not records)


def _chosen(records: list[dict[str, Any]]) -> dict[str, Any]:
    by_id = {str(record["id"]): record for record in records}
    if len(records) == 1:
        return records[0]
    names = {identity: f"{each['name']} · {tables.moment(each['created'])}" for identity, each in by_id.items()}
    return by_id[choices.listed(t("mitigate.earlier"), names, key=SHOWN)]


def _form(datasets: list[StoredDataset], *, open_first: bool) -> None:
    """Dataset, model, label, groups and seeds, and the button."""
    if not datasets:
        st.caption(t("mitigate.none"))
        return
    with st.container(border=True) if open_first else st.expander(t("lab.new"), icon=":material/add:"):
        by_id = {dataset.id: dataset for dataset in datasets}
        left, right = st.columns(2, gap="medium")
        with left:
            names = {identity: dataset.name for identity, dataset in by_id.items()}
            dataset = by_id[choices.listed(t("mitigate.dataset"), names, key="lab.fairness.dataset")]
            rarest = min(dataset.classes, key=lambda label: dataset.classes[label])
            labels = {label: label for label in dataset.classes}
            positive = choices.listed(
                t("mitigate.positive"),
                labels,
                key=f"lab.fairness.positive.{dataset.id}",
                first=rarest,
                help=t("mitigate.positive_help"),
            )
        with right:
            models = {name: name_of("model", name) for name in MODELS}
            model = choices.listed(t("mitigate.model"), models, key="lab.fairness.model", first=LINEAR.name)
            seeds = [declared for declared in settings_of(MitigationRequest) if declared.name == "seeds"]
            count = int(settings_form(seeds, key="lab.fairness")["seeds"])
        values = settings_form(FairnessConfig, key="lab.fairness", leave_out=("mitigation", "memory_by_group"))
        request = MitigationRequest(dataset=dataset.id, model=model, positive=positive, seeds=count, settings=values)
        _start(request, dataset)


def _start(request: MitigationRequest, dataset: StoredDataset) -> None:
    """The button; what cannot work is told beside it, before anything is begun."""
    try:
        ways, _ = resolved(request)
    except CoreError as error:
        show_error(error)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        start = st.button(t("mitigate.start"), key="lab.fairness.start", icon=":material/play_arrow:", type="primary")
        st.caption(t("mitigate.start_note", trainings=request.seeds * len(ways)), width="stretch")
    if start:
        named = titles("mitigate.job", name=dataset.name)
        job = state.jobs().submit(KIND, classifier="", config=request.model_dump(), **named)
        st.session_state[STARTED] = job.id
        st.rerun()


def _record(record: dict[str, Any]) -> None:
    """One comparison: what it says, its table, and the groups."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", wrap=False):
        st.caption(tables.plain(_about(record)))
        if layout.icon_button(
            t("mitigate.delete_help", name=record["name"]), key="lab.fairness.delete", icon=":material/delete:"
        ):
            title = t("mitigate.delete_title", name=tables.plain(record["name"]))
            choices.confirm_deletion(title, "mitigate", _delete, str(record["id"]))
    st.markdown(verdict(record))
    st.dataframe(table_of(record), hide_index=True, key="lab.fairness.table", height="content")
    tables.download_table(table_of(record), "mitigations", key="lab.fairness.download")
    with st.expander(t("mitigate.groups")):
        st.dataframe(groups_of(record), hide_index=True, key="lab.fairness.groups", height="content")
    if record["findings"]:
        with st.expander(t("mitigate.notes")):
            for finding in record["findings"]:
                st.markdown(f"- {tables.plain(t_message(Message.from_dict(finding)))}")


def _about(record: dict[str, Any]) -> str:
    groups = [group["name"] for group in record["groups"] if group["fpr_gap"] and group["name"] != REST]
    return t(
        "mitigate.about",
        model=name_of("model", record["model"]),
        dataset=record["dataset"],
        train=tables.thousands(record["rows"]["train"]),
        test=tables.thousands(record["rows"]["test"]),
        seeds=record["request"]["seeds"],
        groups=", ".join(groups) or "–",
    )


def _delete(identity: str) -> None:
    MitigationStore(home()).delete(identity)
    st.session_state.pop(SHOWN, None)


def verdict(record: dict[str, Any]) -> str:
    """The way that makes the false positive gap smallest, where that is more than chance."""
    results = [result for result in record["results"] if result["differences"]]
    if any(result["differences"]["fpr_gap"] is None for result in results):
        return t("mitigate.no_gap")
    better = [result for result in results if result["differences"]["fpr_gap"]["high"] < 0]
    if not better:
        return t("mitigate.chance")
    best = min(better, key=lambda result: float(result["scores"]["fpr_gap"]["value"]))
    gap, cost = best["differences"]["fpr_gap"], best["differences"]["macro_f1"]["value"]
    return t(
        "mitigate.better",
        name=way_name(best["mitigation"]),
        points=tables.size_in_points(gap["value"]),
        interval=tables.points_interval(-gap["high"], -gap["low"]),
        cost=tables.points(cost),
    )


def way_name(mitigation: str) -> str:
    """What a mitigation is called on screen."""
    return t(f"choices.mitigation_{mitigation}") if mitigation in MITIGATIONS else mitigation


def table_of(record: dict[str, Any]) -> pd.DataFrame:
    """A row for each way, with all scores and their changes."""
    rows = []
    for result in record["results"]:
        row: dict[str, Any] = {t("mitigate.way"): way_name(result["mitigation"])}
        for name in SCORES:
            own = result["scores"][name]
            row[t(f"mitigate.{name}")] = t("mitigate.few") if own is None else tables.score(**own)
        for name in SCORES:
            change = (result["differences"] or {}).get(name)
            told = "" if change is None else f"{tables.points(change['value'])} ({_interval(change)})"
            row[t("mitigate.difference", score=t(f"mitigate.{name}"))] = told
        row[t("mitigate.seconds")] = f"{result['seconds']:.1f}"
        rows.append(row)
    return pd.DataFrame(rows)


def _interval(change: dict[str, float]) -> str:
    return tables.points_interval(change["low"], change["high"])


def groups_of(record: dict[str, Any]) -> pd.DataFrame:
    """A row for each group of test rows: how many, and how often each way answers it wrongly with the label."""
    label, rows = record["positive"], []
    for number, group in enumerate(record["groups"]):
        row: dict[str, Any] = {
            t("mitigate.group"): t("mitigate.rest") if group["name"] == REST else group["name"],
            t("mitigate.rows"): tables.thousands(group["rows"]),
            t("mitigate.group_rows", label=label): tables.thousands(group["positive"]),
        }
        for result in record["results"]:
            rate = result["rates"][number]["fpr"]
            told = t("mitigate.few") if rate is None else tables.percent(rate)
            row[t("mitigate.group_rate", name=way_name(result["mitigation"]), label=label)] = told
        rows.append(row)
    return pd.DataFrame(rows)
