"""In which arithmetic a version answers: what was tried, what it is worth, and why one serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from core.base.messages import Message
from core.statistics.intervals import rate_estimate
from dashboard.parts import scores, tables
from dashboard.shell import state
from dashboard.shell.i18n import t, t_message

if TYPE_CHECKING:
    from core.registry import VersionInfo

ACCURACY = "accuracy"


def draw(version: VersionInfo) -> None:
    """The table of variants with the rule by which one serves; one sentence where only the exact file was made."""
    precision = state.report(version).get("precision")  # versions of old have none
    if precision is None:
        return
    st.markdown(f"**{t('models.precision')}**", help=t("models.precision_help"))
    if precision["variants"]:
        shown = pd.DataFrame([_row(variant, precision) for variant in precision["variants"]])
        st.dataframe(shown, hide_index=True, alt=t("models.precision"), key="models.precision")
        st.markdown("\n".join(f"- **{variant['precision']}**: {_why(variant)}" for variant in precision["variants"]))
    for part in ("rule", "note"):
        if precision[part] is not None:
            st.caption(tables.plain(t_message(Message.from_dict(precision[part]))))


def _row(variant: dict[str, Any], precision: dict[str, Any]) -> dict[str, str]:
    serving, rows = precision["serving"], precision["rows"]
    if precision.get("score", ACCURACY) == ACCURACY:  # records of old do not say
        score, worth = t("models.accuracy"), tables.estimate(rate_estimate(round(variant["accuracy"] * rows), rows))
        loss, agreement = t("models.precision_loss"), t("models.precision_agreement")
    else:
        score, worth = scores.score_name(precision["score"]), tables.score(variant["accuracy"])
        loss, agreement = t("models.precision_loss_entities"), t("models.precision_agreement_entities")
    difference = variant.get("difference")
    return {
        t("models.precision_name"): str(variant["precision"]),
        t("models.precision_device"): _device(variant["device"]),
        t("models.precision_serves"): ", ".join(
            _device(kind) for kind, file in serving.items() if file == variant["file"]
        )
        or tables.NOTHING,
        t("models.size"): tables.size(variant["bytes"]),
        t("models.precision_speed"): tables.thousands(variant["texts_per_second"]),
        t("models.precision_latency"): tables.milliseconds(variant["milliseconds"]),
        score: worth,
        loss: tables.change(**difference) if difference is not None else tables.NOTHING,
        agreement: f"{variant['agreement']:.1%}",
    }


def _device(kind: str) -> str:
    return t("models.precision_cuda") if kind == "cuda" else t("models.precision_cpu")


def _why(variant: dict[str, Any]) -> str:
    sentence = tables.plain(t_message(Message.from_dict(variant["why"])))
    kept = variant.get("kept")
    if not kept or not kept["groups"]:
        return sentence
    return f"{sentence} {t('models.precision_kept', groups=kept['groups'], of=kept['of'])}"
