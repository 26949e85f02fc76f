"""What a model is measured by, as screens show it: its scores in order, and changes of them in points.

A change is told as a gain: positive is better, whichever way the score runs. Its points are hundredths of a share, such as of
accuracy; of a score without bounds, such as perplexity, hundredths of what it was before.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.statistics.intervals import Estimate, unpaired_difference
from core.tasks import DEFAULT, Task, task_of
from dashboard.parts import tables
from dashboard.parts.names import name_of
from dashboard.shell.i18n import DEFAULT as ENGLISH
from dashboard.shell.i18n import catalogue, t

if TYPE_CHECKING:
    from core.jobs import Job
    from core.registry import VersionInfo
    from core.statistics.additive import Score


def task_of_version(version: VersionInfo) -> Task:
    """What a version is for."""
    return task_of(str(version.summary.get("task", DEFAULT)))


def task_of_report(report: Mapping[str, Any]) -> Task:
    """The same of a report."""
    return task_of(str(report.get("task", DEFAULT)))


def task_name(task: Task) -> str:
    """What a task is called; one that the catalogue does not know yet keeps its own label."""
    key = f"names.task_{task.name}"
    return t(key) if key in catalogue(ENGLISH) else task.label


def score_name(name: str) -> str:
    """What a score is called; one that the catalogue does not know yet keeps its own name."""
    named = name_of("score", name)
    return named.replace("_", " ").capitalize() if named == name else named


def spoken(name: str) -> str:
    """What a score is called in the middle of a sentence."""
    called = score_name(name)
    return called[:1].lower() + called[1:]


def score_help(name: str) -> str | None:
    """What a score measures, in a sentence; None where the catalogue has none."""
    key = f"names.about_score_{name}"
    return t(key) if key in catalogue(ENGLISH) else None


def headline(task: Task) -> Score:
    """The score that stands for a version in a picture of many: macro-F1 sees rare labels too."""
    return next((score for score in task.scores if score.name == "macro_f1"), task.score)


def gain_of_test(task: Task, test: Mapping[str, Any]) -> Estimate:
    """What an update gained on one of its frozen tests, by the score that decides."""
    name = task.score.name
    return task.score.gain(Estimate.from_dict(test["difference"][name]), float(test["before"][name]["value"]))


def gain_over(score: Score, measured: Estimate, baseline: Estimate) -> Estimate:
    """What a version gains over a baseline on the same rows, told by two separate intervals."""
    if math.isfinite(score.span):
        return score.gain(unpaired_difference(measured, baseline))
    noise = math.hypot((measured.high - measured.low) / 2, (baseline.high - baseline.low) / 2)
    gap = measured.value - baseline.value
    return score.gain(Estimate(gap, gap - noise, gap + noise), baseline.value)


def forgotten(score: Score, value: float | None) -> str:
    """Forgetting: in points, or in the unit of a score without bounds."""
    if value is None:
        return tables.NOTHING
    return tables.loss(value) if math.isfinite(score.span) else tables.signed(value, 2).removeprefix("+")


def forgotten_interval(score: Score, low: float, high: float) -> str:
    """The ends of its interval, likewise."""
    if math.isfinite(score.span):
        return tables.points_interval(low, high)
    return f"{tables.signed(low, 2)} – {tables.signed(high, 2)}"


def learned_nothing(job: Job, rung: Mapping[str, Any]) -> bool:
    """Whether a rung of *Auto* got the worst score that there is, so that none of its answers on the validation rows is right."""
    score = task_of(str(job.config["task"])).score
    return bool(score.higher_is_better and rung["score"] and rung["score"]["value"] <= score.smallest)


def heat(score: Score) -> dict[str, Any]:
    """How a heatmap colours scores: what is better is the stronger, whichever way the score runs."""
    return {} if score.higher_is_better else {"kind": "error"}


def named_in(score: Score, key: str) -> str:
    """What is written of a figure, such as forgetting, and of its unit where that is not points."""
    return t(key) if math.isfinite(score.span) else t(f"{key}_in", score=score_name(score.name))


def about_points(score: Score) -> str | None:
    """What a point means where that is not a hundredth of a share."""
    return None if math.isfinite(score.span) else t("names.relative_points", score=score_name(score.name))
