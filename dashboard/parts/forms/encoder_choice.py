"""The pretrained encoder on the Train page: what the chosen one is, before anything of it is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.base.config import home
from core.base.errors import CoreError
from core.networks.pretrained import EncoderInfo, EncoderStore
from dashboard.parts import tables
from dashboard.shell.errors import show_error
from dashboard.shell.i18n import t

if TYPE_CHECKING:
    from core.data.dataset.store import StoredDataset

FEW_ROWS = 200  # of each label; with more, learning from all rows directly is as good, and simpler


def draw(dataset: StoredDataset, settings: Mapping[str, Any]) -> None:
    """Licence, size and languages, and what stands in the way; nothing for a model without an encoder."""
    if "encoder" not in settings:
        return
    try:
        info = EncoderStore(home()).describe(settings["encoder"])
    except CoreError as error:
        show_error(error)
        return
    st.caption(" · ".join(tables.plain(fact) for fact in _facts(info)))
    if info.install:
        st.warning(t("encoder.package_missing"), icon=":material/download:")
        st.code(info.install, language="bash", wrap_lines=True)
    elif not info.installed:
        st.caption(t("encoder.downloaded_first"))
    asked = {"zh", "en"} if dataset.language == "mixed" else {dataset.language} & {"zh", "en"}
    if info.languages and not asked <= set(info.languages):
        st.warning(t("encoder.other_language", languages=_languages(info)), icon=":material/translate:")
    if settings["tuning"] == "contrastive" and dataset.rows > FEW_ROWS * len(dataset.label_rows):
        st.caption(t("encoder.many_rows"))


def _facts(info: EncoderInfo) -> list[str]:
    facts = [info.name, t("encoder.licence", licence=info.licence) if info.licence else t("encoder.no_licence")]
    if info.parameters:
        facts.append(t("encoder.size", millions=f"{info.parameters / 1e6:.0f}", megabytes=f"{info.megabytes:,.0f}"))
    return [*facts, _languages(info)] if info.languages else facts


def _languages(info: EncoderInfo) -> str:
    return t("encoder.and").join(
        t(f"encoder.language_{language}") for language in info.languages if language in ("en", "zh")
    )
