"""Which model of entities looks for names and addresses in an inspection, and which of its types are personal."""

from __future__ import annotations

import streamlit as st

from core.data.recipe.by_model import looks_personal
from core.data.spans.targets import types_of_outputs
from core.registry import VersionInfo
from core.tasks.token_classification.report import EntityReport, recall_of
from dashboard.parts import choices, tables
from dashboard.parts.scores import task_of_version
from dashboard.shell import state
from dashboard.shell.i18n import t

NO_MODEL = ""


def ask(dataset: str) -> tuple[str, list[str]] | None:
    """The model and its types, empty for patterns alone; None where a model is chosen and none of its types."""
    models = _models()
    if not models:
        return NO_MODEL, []
    names = {NO_MODEL: t("quality.personal_none"), **{name: name for name in models}}
    key = f"quality.personal.{dataset}"
    model = choices.listed(
        t("quality.personal_model"), names, key=key, first=NO_MODEL, help=t("quality.personal_model_help")
    )
    if model == NO_MODEL:
        return NO_MODEL, []
    report = state.report(models[model])
    known = types_of_outputs(report["classes"])
    guessed = [name for name in known if looks_personal(name)]
    types = st.multiselect(t("quality.personal_types"), known, guessed, key=f"{key}.types.{model}")
    if not types:
        st.caption(t("quality.personal_no_types"))
        return None
    recall = recall_of(EntityReport.from_dict(report["overall"]), types)
    told = tables.plain(model)
    if recall is None:
        st.caption(t("quality.personal_unmeasured", model=told))
    else:
        st.caption(t("quality.personal_recall", model=told, recall=tables.estimate(recall)))
    return model, types


def _models() -> dict[str, VersionInfo]:
    """Models that mark entities, with the versions that serve."""
    serving = {known.name: state.champion(known.name) for known in state.classifiers()}
    return {
        name: version
        for name, version in serving.items()
        if version is not None and task_of_version(version).reads == "spans"
    }
