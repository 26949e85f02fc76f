"""The Write page: which generator, what it is in plain words, its figures and its versions. The tabs are files beside."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.base.config import home
from core.generation.store import GeneratorInfo, GeneratorStore
from dashboard.parts import tables
from dashboard.shell.errors import boundary
from dashboard.shell.i18n import t, tn
from dashboard.shell.layout import Card
from dashboard.shell.navigation import ICONS, go

GENERATOR = "write.generator"
NEXT = "write.generator_next"  # a name that the next run of the page shall choose
GPT2 = 124_000_000  # parameters of the smallest GPT-2, for a sense of proportion


def store() -> GeneratorStore:
    """The generators of this installation."""
    return GeneratorStore(home())


def choose(known: list[GeneratorInfo]) -> GeneratorInfo:
    """Ask for a generator; with a single one there is nothing to ask."""
    names = [generator.name for generator in known]
    if st.session_state.get(NEXT) in names:
        st.session_state[GENERATOR] = st.session_state.pop(NEXT)
    if st.session_state.get(GENERATOR) not in names:
        st.session_state[GENERATOR] = names[0]
    if len(known) > 1:
        st.selectbox(t("write.generator"), names, key=GENERATOR, persist_state="session")
    return known[names.index(st.session_state[GENERATOR])]


def report(generator: GeneratorInfo, version: int | None = None) -> dict[str, Any]:
    """What is known of a version; of the current one without a number."""
    return store().report(generator.name, version)


def about(report: dict[str, Any]) -> None:
    """How large it is, what it has read, and what not to expect of it."""
    facts: dict[str, Any] = {
        "generator": tables.plain(report["generator"]),
        "version": report["version"],
        "parameters": tables.thousands(report["parameters"]),
        "times": tables.thousands(GPT2 / report["parameters"]),
        "texts": tables.thousands(report["texts_learned"]),
        "names": list(dict.fromkeys(tables.plain(dataset["name"]) for dataset in report["learned"])),
    }
    st.markdown(t("write.about", **facts))
    st.caption(f":material/warning: {t('write.makes_things_up')}")
    if any(dataset["synthetic"] for dataset in report["learned"]):
        st.badge(t("shell.synthetic"), color="gray")


def cards(report: dict[str, Any]) -> list[Card]:
    """The newest test's figures beside the baseline, and what older tests have lost."""
    newest = report["tests"][-1]
    score, baseline = newest["score"], newest["baseline"]
    shown = [
        Card(t("write.perplexity"), number(score["perplexity"]), help=t("write.perplexity_help")),
        Card(
            t("write.ngrams"), number(baseline["perplexity"]), help=t("write.ngrams_help", order=str(baseline["order"]))
        ),
        Card(t("write.bits"), f"{score['bits_per_character']:.2f}", help=t("write.bits_help")),
    ]
    lost = report["forgetting"]["perplexity"]
    if lost is not None:
        shown.append(Card(t("write.forgetting"), tables.signed(lost), help=t("write.forgetting_help")))
    return [
        *shown,
        Card(t("write.parameters"), tables.thousands(report["parameters"]), help=t("write.parameters_help")),
    ]


def number(perplexity: float | None) -> str:
    """A perplexity with one decimal; whole from a thousand on."""
    if perplexity is None:
        return tables.NOTHING
    return tables.thousands(perplexity) if perplexity >= 1000 else f"{perplexity:.1f}"


def versions(generator: GeneratorInfo) -> None:
    """Every version, newest first, and the way back to it; the bin for all of them."""
    for version in reversed(generator.versions):
        stored = report(generator, version)
        newest = stored["tests"][-1]
        with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"write-version-{version}"):
            with st.container(gap=None, width="stretch"):
                current = f" · {t('write.current')}" if version == generator.current else ""
                st.markdown(f"**{t('write.version', version=version)}**{current}")
                st.caption(_origin(stored, newest))
            if version != generator.current:
                st.button(
                    t("write.roll_back"),
                    key=f"write.rollback.{version}",
                    icon=":material/history:",
                    help=t("write.roll_back_help"),
                    on_click=store().rollback,
                    args=(generator.name, version),
                )
    st.caption(t("write.keeps", remembered=tn("write.rows", report(generator)["remembered"])))
    if st.button(t("write.delete"), key="write.delete", type="tertiary", icon=":material/delete:"):
        _confirm(generator.name)


def _origin(stored: dict[str, Any], newest: dict[str, Any]) -> str:
    parts = [tables.moment(stored["created"])]
    if stored["parent"] is not None:
        parts.append(t("write.from_version", version=stored["parent"]))
    parts.append(t("write.learned_from", name=tables.plain(newest["name"])))
    parts.append(f"{t('write.perplexity')} {number(newest['score']['perplexity'])}")
    return " · ".join(parts)


def _confirm(name: str) -> None:
    def body() -> None:
        with boundary():
            st.markdown(t("write.delete_text"))
            with st.container(horizontal=True):
                yes = st.button(
                    t("write.delete"), type="primary", key="write.delete-yes", on_click=store().delete, args=(name,)
                )
                no = st.button(t("write.cancel"), key="write.delete-no")
            if yes or no:  # a rerun of the page closes the dialog
                st.rerun()

    st.dialog(t("write.delete_title", name=tables.plain(name)))(body)()


def link() -> None:
    """The way here from another page."""
    if st.button(t("write.link"), key="write.link", type="tertiary", icon=ICONS["write"]):
        go("write")
