"""The Settings page: this installation and its storage; of the chosen model what forgets and deletes."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import pandas as pd
import streamlit as st

from core.base.config import home
from dashboard.parts import tables
from dashboard.parts.names import provider_name
from dashboard.parts.versions import serving
from dashboard.shell import layout, state
from dashboard.shell.errors import guarded_fragment
from dashboard.shell.i18n import LANGUAGES, language, t, tn

SIZES = "settings.sizes"  # in the session: what the storage is made of, once that was asked for
# Folder or file of the workspace → what it holds, by the name of its text.
PARTS = {
    "artifacts": "versions",
    "datasets": "tables",
    "generators": "generators",
    "encoders": "encoders",
    "vectors": "vectors",
    "jobs": "runs",
    "mlflow.db": "log",
    "mlflow.db-wal": "log",
    "mlflow.db-shm": "log",
    "comparisons": "studies",
    "curves": "studies",
    "folds": "studies",
    "membership": "studies",
    "searches": "studies",
    "benchmarks": "studies",
    "inspections": "studies",
    "audit.jsonl": "audit",
    "monitor.db": "monitor",
    "monitor.db-wal": "monitor",
    "monitor.db-shm": "monitor",
    "audit.head.json": "audit",
    "policies": "policies",
}
OTHER = "other"


def installation() -> None:
    """Language, and what this machine really computes with."""
    layout.section(t("setup.installation"))
    device = state.device()
    named = t("shell.device_cuda", name=device.name) if device.kind == "cuda" else tn("shell.device_cpu", device.cores)
    answering = provider_name(state.providers().runs)
    lines = (
        t("setup.language", language=LANGUAGES[language()]),
        t("setup.learns", device=tables.plain(named)),
        t("setup.answers", provider=tables.plain(answering)),
    )
    st.markdown("\n".join(f"- {line}" for line in lines))
    layout.warn_of_idle_card()


@guarded_fragment()
def storage() -> None:
    """Where everything lies, how much it is, and MLflow's own screen."""
    layout.section(t("setup.storage"))
    st.markdown(t("setup.folder"))
    st.code(str(home().resolve()), language=None, wrap_lines=True)
    if st.button(t("setup.measure"), key="settings.measure", icon=":material/data_usage:"):
        with st.spinner(t("setup.measuring")):
            st.session_state[SIZES] = sizes(home())
    if SIZES in st.session_state:
        _sizes(st.session_state[SIZES])
    with st.expander(t("models.tab_mlflow"), icon=":material/monitoring:"):
        _mlflow()


def _sizes(found: dict[str, int]) -> None:
    """The total, and what it is made of, in words."""
    st.markdown(t("setup.total", size=tables.size(sum(found.values()))))
    shown = [
        {t("setup.column_what"): t(f"setup.part_{part}"), t("models.size"): tables.size(size)}
        for part, size in found.items()
    ]
    if shown:
        st.dataframe(
            pd.DataFrame(shown),
            hide_index=True,
            alt=t("setup.sizes_alt"),
            key="setup.sizes",
            width="content",
            height="content",
        )


def sizes(folder: Path) -> dict[str, int]:
    """Bytes of the workspace by what they are (`PARTS`), the most first; files that are one and the same count once."""
    found: dict[str, int] = {}
    seen: set[tuple[int, int]] = set()
    for root, _, names in os.walk(folder):
        top = Path(root).relative_to(folder).parts
        for name in names:
            try:
                status = os.stat(Path(root) / name, follow_symlinks=False)
            except OSError:  # removed meanwhile
                continue
            if (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                part = PARTS.get(top[0] if top else name, OTHER)
                found[part] = found.get(part, 0) + status.st_size
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def _mlflow() -> None:
    if os.environ.get("MLFLOW_TRACKING_URI"):
        st.markdown(t("models.mlflow_server"))
        return
    st.markdown(t("models.mlflow"))
    st.code(mlflow_command(), language="bash", wrap_lines=True)


def mlflow_command() -> str:
    """The line that opens MLflow's own screen on this workspace, with the Python that has MLflow."""
    store = f"sqlite:///{(home() / 'mlflow.db').resolve()}"
    return shlex.join([sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", store, "--port", "5001"])


def of_model(classifier: str) -> None:
    """The heading of what concerns one model alone."""
    layout.section(t("setup.of_model", classifier=tables.plain(classifier)))


def danger(classifier: str) -> None:
    """Delete the model."""
    serving.danger(classifier)
