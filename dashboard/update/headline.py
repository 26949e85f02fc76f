"""What an update changed, in a few sentences: on the new test, on the old ones, beside the baseline, and what may be chance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from core.continual.gate.group_evidence import StratumChange
from core.statistics.intervals import MINIMUM_ROWS, Estimate
from dashboard.parts import scores, tables
from dashboard.parts.tables import plain
from dashboard.parts.versions import verdict
from dashboard.shell.i18n import t, t_message

if TYPE_CHECKING:
    from core.registry import VersionInfo

BASELINE_ICONS = {
    "better": ":primary[:material/check_circle:]",
    "perhaps_better": ":gray[:material/balance:]",
    "level": ":gray[:material/balance:]",
    "perhaps_worse": ":gray[:material/balance:]",  # may be chance: as on Overview
    "worse": ":orange[:material/trending_down:]",
}


def draw(report: dict[str, Any], candidate: VersionInfo) -> None:
    """The sentences, the most important first."""
    st.header(changed(report, candidate.number), anchor=False, help=t("update.headline_help"))
    if lost := lost_for_sure(report):
        st.markdown(f":orange[:material/trending_down:] {lost}")
    compared = verdict.judge(report)
    facts = {"points": tables.size_in_points(compared.gain), "method": plain(t_message(compared.method))}
    st.markdown(f"{BASELINE_ICONS[compared.kind]} {t(f'update.baseline_{compared.kind}', **facts)}")
    if about := scores.about_points(scores.task_of_report(report).score):
        st.caption(about)


def changed(report: dict[str, Any], version: int) -> str:
    """What it does on the newest test, and on the older one that changed for the worst."""
    compared = [test for test in report["tests"] if test.get("difference")]
    *older, newest = compared
    task = scores.task_of_report(report)
    sentence = _newest(scores.gain_of_test(task, newest), version, few=newest["rows"] < MINIMUM_ROWS)
    if not older:
        return sentence
    gains = [(scores.gain_of_test(task, test), test["experience"], test["rows"] < MINIMUM_ROWS) for test in older]
    sure = [known for known in gains if known[0].high < 0 and not known[2]]
    worst, number, few = min(sure or gains, key=lambda known: known[0].value)
    if worst.value >= 0:
        return t("update.sentences", first=sentence, second=t("update.headline_kept"))
    key = "update.headline_lost" if len(older) == 1 else "update.headline_lost_most"
    facts = {"test": t("update.test_number", number=number), "points": tables.size_in_points(worst.value)}
    return t("update.sentences", first=sentence, second=t(_chance(key, worst, few=few), **facts))


def lost_for_sure(report: dict[str, Any]) -> str:
    """The label, or type of entities, that lost most of all beyond chance, where any did: a whole test may hide it."""
    stored = (report.get("gate_evidence") or {}).get("labels") or []
    known = [StratumChange.from_dict(stratum) for stratum in stored]
    lost = [stratum for stratum in known if stratum.difference.high < 0 and stratum.rows >= MINIMUM_ROWS]
    if not lost:
        return ""
    worst = min(lost, key=lambda stratum: stratum.difference.value)
    facts = {"label": plain(worst.name), "points": tables.size_in_points(worst.difference.value)}
    return t("update.headline_lost_label", **facts)


def _newest(gain: Estimate, version: int, *, few: bool) -> str:
    points = tables.size_in_points(gain.value)
    if not any(digit in points for digit in "123456789"):
        return t("update.headline_level", version=version)
    key = "update.headline_gain" if gain.value > 0 else "update.headline_loss"
    return t(_chance(key, gain, few=few), version=version, points=points)


def _chance(key: str, change: Estimate, *, few: bool = False) -> str:
    """``few``: an interval of so few rows tells too little of chance."""
    return f"{key}_chance" if few or tables.may_be_chance(change.low, change.high) else key
