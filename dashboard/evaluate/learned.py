"""How a version was learned: its curves, what ended it, and what was noticed on the way."""

from __future__ import annotations

import streamlit as st

from dashboard.evaluate.page import Shown, message_of
from dashboard.parts import tables
from dashboard.parts.names import name_of
from dashboard.parts.run_view import draw_learning
from dashboard.shell.i18n import t, t_message


def draw(shown: Shown) -> None:
    """The curves of the training, what ended it, and what was noticed on the way."""
    report = shown.report
    if report["epochs"]:
        draw_learning(report, key="evaluate.curves")
    else:
        st.caption(t("evaluate.no_curves"))
    sentences = [report["end"]] if report["end"] is not None else []
    for stored in [*sentences, *report["findings"]]:
        st.markdown(f":material/info: {tables.plain(t_message(message_of(stored)))}")
    facts = {
        "model": name_of("model", report["model"]),
        "parameters": tables.thousands(report["parameters"]),
        "vocabulary": tables.thousands(report["vocabulary"]),
        "unit": t(f"choices.{report['segmentation']}").lower(),
        "time": tables.duration(report["seconds"]),
        "created": tables.moment(shown.version.created),
    }
    st.caption(t("evaluate.made", **facts))
