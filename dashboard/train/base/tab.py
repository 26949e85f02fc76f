"""The Base models tab: what models can start from, learned from unlabelled texts, in numbers whether that helped."""

from __future__ import annotations

import streamlit as st

from dashboard.parts.choices import segmented
from dashboard.shell import layout, state
from dashboard.shell.i18n import t
from dashboard.train.base import page, result, vectors


def draw() -> None:
    """Encoders or word vectors."""
    known = result.own_encoders()
    datasets = state.datasets()
    if not known and not datasets:
        layout.empty_state(
            t("pretrain.empty_title"), t("pretrain.empty"), action=t("pretrain.to_data"), to=("data", "tables")
        )
        return
    kinds = {kind: t(f"pretrain.kind_{kind}") for kind in ("encoder", "vectors")}
    kind = segmented(t("pretrain.kinds"), kinds, key="pretrain.of", bare=True) if datasets else "encoder"
    if kind == "vectors":
        vectors.draw(datasets)
        return
    st.caption(t("pretrain.caption"))
    left, right = st.columns(2, gap="large")
    with left:
        page.form(datasets, leading=not known)
    with right:
        page.runs()
    if known:
        result.draw(known)
