"""What an uploaded table gives as rows to learn from, and how they are divided; each worked out once a table."""

from __future__ import annotations

import streamlit as st

from core.base.errors import DataError
from core.data.dataset.row_targets import SetAside
from core.data.dataset.rows import TextDataset, build_dataset
from core.data.dataset.splitting import Split, split_rows
from core.tasks import Task
from dashboard.parts.upload.upload import UploadedTable


# Resources, since a copy of every text on every rerun would be dear; errors are answers, so they are remembered, too.
@st.cache_resource(show_spinner=False, max_entries=2, ttl=3600)
def built(token: str, _uploaded: UploadedTable) -> tuple[TextDataset, SetAside] | DataError:
    """The rows, and what was set aside; or why there are none."""
    try:
        return build_dataset(_uploaded.table, _uploaded.roles, need_label=False)
    except DataError as error:
        return error


@st.cache_resource(show_spinner=False, max_entries=2, ttl=3600)
def divided(token: str, _task: Task, _dataset: TextDataset) -> Split | DataError:
    """How a training divides the rows; or why they do not suffice."""
    try:
        return _task.remarked(split_rows(_task.stratified(_dataset)), _dataset)
    except DataError as error:
        return error


def forget() -> None:
    """Let go of tables that were saved."""
    built.clear()
    divided.clear()
