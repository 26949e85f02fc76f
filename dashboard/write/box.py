"""The box in which a generator writes: a beginning, three sliders, and the text as it comes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.base.config import build
from core.generation.config import SamplingConfig
from core.generation.sampling import write
from dashboard.parts import tables
from dashboard.parts.forms import forms
from dashboard.shell.errors import guarded_fragment
from dashboard.shell.i18n import t
from dashboard.write import page as write_page

if TYPE_CHECKING:
    from core.generation.engine import GeneratorEngine

TURN = "write.turn"  # how often it wrote in this session: the seed, so that each click gives another text
WRITTEN = "write.written"
PROMPT_LIMIT = 2_000


def draw(report: dict[str, Any]) -> None:
    """The box, in a fragment of its own: writing leaves the other tabs alone."""
    guarded_fragment()(_box)(report)


def _box(report: dict[str, Any]) -> None:
    left, right = st.columns([1.6, 1], gap="large")
    with left:
        prompt = st.text_area(
            t("write.prompt"),
            key="write.prompt",
            placeholder=t("write.prompt_placeholder"),
            max_chars=PROMPT_LIMIT,
            height=90,
            persist_state="session",
        )
    with right:
        values = forms.settings_form(SamplingConfig, key="write.sampling", leave_out=("written_seed",))
    with left:
        asked = st.button(t("write.write"), key="write.go", type="primary", icon=":material/stylus_note:")
        with st.container(border=True, key="write-paper"):
            if asked:
                _write(report, (prompt or "").rstrip(), values)
            else:
                _show_last(report)


def _write(report: dict[str, Any], prompt: str, values: dict[str, Any]) -> None:
    seed = st.session_state[TURN] = st.session_state.get(TURN, -1) + 1
    config = build(SamplingConfig, {**values, "written_seed": seed})
    engine = _engine(str(write_page.store().folder(report["generator"], report["version"])), report["created"])

    def pieces() -> Iterator[str]:
        # Names of Markdown's signs would turn a text into headings and lists.
        yield tables.plain(prompt)
        for piece in write(engine, prompt, config):
            yield tables.plain(piece)

    text = st.write_stream(pieces())
    version = f"{report['generator']} {report['version']} {report['created']}"
    st.session_state[WRITTEN] = {"text": text, "seed": seed, "version": version}
    st.caption(t("write.seed", seed=seed, version=report["version"]))


def _show_last(report: dict[str, Any]) -> None:
    """What it wrote last; before that, what it wrote when it had just learned."""
    last = st.session_state.get(WRITTEN)
    if last is not None and last["version"] == f"{report['generator']} {report['version']} {report['created']}":
        st.markdown(last["text"])
        st.caption(t("write.seed", seed=last["seed"], version=report["version"]))
        return
    if report["samples"]:  # they may have repeated texts that were forgotten since
        st.caption(t("write.samples"))
    for sample in report["samples"]:
        st.markdown(tables.plain(sample))


@st.cache_resource(show_spinner=False, max_entries=2)
def _engine(folder: str, created: str) -> GeneratorEngine:
    # created is part of the name: a deleted generator's version 1 is not its successor's version 1
    from core.generation.engine import GeneratorEngine

    return GeneratorEngine(Path(folder))
