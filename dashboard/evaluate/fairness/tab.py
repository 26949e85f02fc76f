"""The Fairness tab, from top to bottom: the last measurement, the run that is on, and the form of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from core.base.config import home
from core.base.errors import ModelError
from core.registry.records import FairnessStore
from core.workflows.fairness.request import require_labels
from dashboard.evaluate.fairness import exchanged, form, groups, watch
from dashboard.evaluate.page import Shown
from dashboard.parts.run_view import run_view
from dashboard.parts.tables import plain
from dashboard.shell import layout, state
from dashboard.shell.i18n import t, t_message

if TYPE_CHECKING:
    from core.jobs import Job

KIND = "fairness"


def draw(shown: Shown) -> None:
    """What was measured, and the form; for tasks without answers to compare, the sentence why not."""
    layout.section(t("fairness.title"), help=t("fairness.help"))
    try:
        require_labels(shown.task)
    except ModelError as error:
        st.info(plain(t_message(error.message)), icon=":material/info:")
        return
    version = shown.version
    record = FairnessStore(home()).load(version.classifier, version.number, version.created)
    job = _job(shown)
    if job is not None and not (job.ended and job.result):
        run_view(job.id)
    if record is not None:
        groups.draw(record)
        exchanged.draw(record)
        watch.draw(version.classifier, record)
    if job is None or job.ended:
        with st.expander(t("fairness.again"), icon=":material/tune:") if record is not None else st.container():
            form.draw(shown, KIND)


def _job(shown: Shown) -> Job | None:
    """The newest run for this version."""
    wanted = {"classifier": shown.version.classifier, "version": shown.version.number}
    for job in state.jobs().list():
        if job.kind == KIND and wanted.items() <= job.config.items():
            return job
    return None
