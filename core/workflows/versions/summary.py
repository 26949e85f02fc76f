"""What lists of versions show of one without opening its report."""

from __future__ import annotations

from typing import Any

from core.tasks import DEFAULT, task_of


def summary_of(report: dict[str, Any]) -> dict[str, float | str]:
    """The few figures and names of a report that go with the version in the registry."""
    overall, newest = report["overall"], report["experiences"][-1]
    summary: dict[str, float | str] = {
        "task": report.get("task", DEFAULT),
        "model": report["model"],
        "strategy": report["strategy"],
        **{score.name: overall[score.name]["value"] for score in task_of(report.get("task", DEFAULT)).scores},
        "dataset": newest["dataset"],
        "dataset_name": newest["name"],
        "rows": newest["train"],
        "labels": len(report["classes"]),
        "seconds": report["seconds"],
        "parity": report["parity"]["max_abs_diff"],
    }
    if report["continual"]["forgetting"] is not None:
        summary["forgetting"] = report["continual"]["forgetting"]
    if report["gate"] is not None:
        summary["gate"] = "promote" if report["gate"]["promote"] else "keep"
    if report.get("privacy"):
        summary["epsilon"] = report["privacy"]["spent"]
        summary["privacy_budget"] = report["privacy"]["budget"]
    return summary
