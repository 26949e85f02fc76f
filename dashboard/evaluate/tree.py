"""Labels that stand below others: how much of each answer is right, and who answers."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.networks.standalone.predict import LIKELIER_THAN_NOT
from core.tasks.text_classification.tree import judge_resolved
from dashboard.evaluate.page import Shown, predictions
from dashboard.parts import tables
from dashboard.shell import layout, state
from dashboard.shell.i18n import t


def draw(shown: Shown) -> None:
    """The figure of the tree, and what comes of letting the label above answer; by the threshold in use."""
    st.markdown(
        t("evaluate.tree_f1", f1=tables.estimate(shown.figures.hierarchical_f1)), help=t("evaluate.tree_f1_help")
    )
    layout.section(t("evaluate.tree_resolved"), help=t("evaluate.tree_resolved_help"))
    rows, used = predictions(shown), state.threshold(shown.version.classifier)
    stated = rows[[f"p_{number}" for number in range(len(shown.classes))]].to_numpy()
    judged = judge_resolved(rows["truth"].tolist(), stated, shown.classes, used.value if used else None)
    st.caption(t("evaluate.tree_from", percent=tables.percent(used.value if used else LIKELIER_THAN_NOT)))
    lines = [(str(level.depth), level.answers, tables.estimate(level.right)) for level in judged.levels]
    if judged.unanswered:
        lines.append((t("evaluate.tree_unanswered"), judged.unanswered, tables.NOTHING))
    table = pd.DataFrame(lines, columns=[t(f"evaluate.tree_{name}") for name in ("level", "answers", "right")])
    st.dataframe(table, hide_index=True, key="evaluate.tree_table")
    if judged.f1 is not None:
        st.markdown(t("evaluate.tree_after", f1=tables.estimate(judged.f1)))
