"""Classifiers, versions and runs as plain values, read from MLflow's own; everything above sees only these."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from core.base.files import parse_json
from core.registry.second_person import OverrideRequest
from core.registry.statements import Statements
from core.registry.thresholds import Threshold

CHAMPION = "champion"  # the alias

# Tags. `KIND` tells Evergreen's entries from whatever else a team keeps on its server.
KIND = "evergreen"
SUMMARY = "evergreen.summary"
PARENT = "evergreen.parent"
HISTORY = "evergreen.champions"
CLASSIFIER = "evergreen.classifier"
VERSION = "evergreen.version"
DECISION = "evergreen.decision"
THRESHOLD = "evergreen.threshold"
REQUEST = "evergreen.request"  # of a promotion that a second person has to confirm
OWNER = "evergreen.owner"  # the process that executes a run

REASON_CHARACTERS = 1000  # a tag holds 5,000

_RUN_STATES = {"FINISHED": "finished", "KILLED": "stopped", "FAILED": "failed"}


@dataclass(frozen=True)
class ClassifierInfo:
    """A named thing in use; ``created`` is ISO 8601 in UTC, ``champion`` a version number or nothing yet."""

    name: str
    created: str
    versions: int
    champion: int | None
    threshold: Threshold | None = None
    statements: dict[str, str] = field(default_factory=dict)  # as `Statements.to_tags` writes them
    request: OverrideRequest | None = None


@dataclass(frozen=True)
class PromotionDecision:
    """What was last decided on a version: to promote it or to keep it back.

    Parameters
    ----------
    against_gate
        Whether it was promoted although the gate was against it; then there is a reason.
    rules
        The gate's rules that it was decided by; None when nobody looked at them.
    asked_by, confirmed_by
        Who says to have asked for it and to have confirmed it, where two people are needed.
    """

    promoted: bool
    against_gate: bool = False
    reason: str = ""
    rules: dict[str, Any] | None = None
    asked_by: str = ""
    confirmed_by: str = ""

    def to_text(self) -> str:
        """Compact JSON, short enough for a tag."""
        stored = {**asdict(self), "reason": self.reason[:REASON_CHARACTERS]}
        return json.dumps(stored, ensure_ascii=False, separators=(",", ":"))

    @staticmethod
    def from_text(text: str | None) -> PromotionDecision | None:
        """Read what `to_text` wrote; a missing or unreadable tag is no decision."""
        try:
            return PromotionDecision(**parse_json(text)) if text else None
        except (ValueError, TypeError):
            return None


@dataclass(frozen=True)
class VersionInfo:
    """One trained state of a classifier; ``parent`` is the version it was updated from."""

    classifier: str
    number: int
    parent: int | None
    created: str
    run_id: str
    summary: dict[str, float | str] = field(default_factory=dict)
    decision: PromotionDecision | None = None

    @property
    def refused(self) -> bool:
        """Whether the gate was against it when it was made."""
        return self.summary.get("gate") == "keep"


@dataclass(frozen=True)
class RunInfo:
    """One execution of a job: its settings, its last metrics, and the version it made, if any."""

    run_id: str
    kind: str
    classifier: str
    state: str  # "running", "finished", "stopped" or "failed"
    started: str
    finished: str | None
    settings: dict[str, str]
    metrics: dict[str, float]
    version: int | None


def iso(milliseconds: int) -> str:
    """ISO 8601 in UTC, to the second."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds")


def is_version(stored: Any) -> bool:
    """Whether this MLflow model version is one of ours and complete."""
    return SUMMARY in stored.tags and stored.status == "READY"


def version_info(stored: Any) -> VersionInfo:
    parent = stored.tags.get(PARENT)
    return VersionInfo(
        classifier=stored.name,
        number=int(stored.version),
        parent=int(parent) if parent else None,
        created=iso(stored.creation_timestamp),
        run_id=stored.run_id or "",
        summary=parse_json(stored.tags[SUMMARY]),
        decision=PromotionDecision.from_text(stored.tags.get(DECISION)),
    )


def champion_of(stored: Any) -> int | None:
    """Number of the version that serves."""
    number = stored.aliases.get(CHAMPION)
    return int(number) if number else None


def classifier_info(stored: Any, versions: int) -> ClassifierInfo:
    return ClassifierInfo(
        name=stored.name,
        created=iso(stored.creation_timestamp),
        versions=versions,
        champion=champion_of(stored),
        threshold=Threshold.from_text(stored.tags.get(THRESHOLD)),
        statements=Statements.from_tags(stored.tags).to_tags(),
        request=OverrideRequest.from_text(stored.tags.get(REQUEST)),
    )


def run_info(stored: Any) -> RunInfo:
    tags = stored.data.tags
    number = tags.get(VERSION)
    return RunInfo(
        run_id=stored.info.run_id,
        kind=tags.get(KIND, ""),
        classifier=tags.get(CLASSIFIER, ""),
        state=_RUN_STATES.get(stored.info.status, "running"),
        started=iso(stored.info.start_time),
        finished=iso(stored.info.end_time) if stored.info.end_time else None,
        settings=dict(stored.data.params),
        metrics=dict(stored.data.metrics),
        version=int(number) if number else None,
    )


def flatten(settings: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested settings as ``{"training.epochs": "3"}``, the form in which MLflow keeps them."""
    flat: dict[str, str] = {}
    for name, value in settings.items():
        if isinstance(value, dict):
            flat |= flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = str(value)
    return flat
