"""The box in which a language model writes: a beginning, three sliders, and the text as it comes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.base.config import build
from core.tasks.language_modelling.sampling import SamplingConfig
from dashboard.parts import tables
from dashboard.parts.forms import forms
from dashboard.shell import state
from dashboard.shell.errors import guarded_fragment
from dashboard.shell.i18n import t, tn

if TYPE_CHECKING:
    from core.registry import VersionInfo

TURN = "write.turn"  # how often it wrote in this session: the seed, so that each click gives another text
WRITTEN = "write.written"
PROMPT_LIMIT = 2_000


def draw(version: VersionInfo) -> None:
    """The box, in a fragment of its own: writing leaves the other tabs alone."""
    st.caption(f":material/warning: {t('write.makes_things_up')}")
    guarded_fragment()(_box)(version)


def _box(version: VersionInfo) -> None:
    left, right = st.columns([1.6, 1], gap="large")
    with left:
        prompt = st.text_area(
            t("write.prompt"),
            key=f"write.prompt.{version.classifier}",
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
                _write(version, (prompt or "").rstrip(), values)
            else:
                _show_last(version)


def _write(version: VersionInfo, prompt: str, values: dict[str, Any]) -> None:
    seed = st.session_state[TURN] = st.session_state.get(TURN, -1) + 1
    config = build(SamplingConfig, {**values, "written_seed": seed})
    engine: Any = state.engine(version)

    def pieces() -> Iterator[str]:
        # Names of Markdown's signs would turn a text into headings and lists.
        yield tables.plain(prompt)
        for piece in engine.pieces(prompt, **config.options()):
            yield tables.plain(piece)

    if cut := engine.truncated(prompt, config.options()["tokens"]):
        reach = tables.thousands(engine.reach(config.options()["tokens"]))
        st.caption(f":material/content_cut: {tn('write.cut', cut, read=reach)}")
    text = st.write_stream(pieces())
    st.session_state[WRITTEN] = {"text": text, "seed": seed, "run": version.run_id}
    st.caption(t("write.seed", seed=seed, version=version.number))


def _show_last(version: VersionInfo) -> None:
    """What it wrote last in this session; before that, what the box is for."""
    last = st.session_state.get(WRITTEN)
    if last is None or last["run"] != version.run_id:
        st.caption(t("write.not_yet"))
        return
    st.markdown(last["text"])
    st.caption(t("write.seed", seed=last["seed"], version=version.number))
