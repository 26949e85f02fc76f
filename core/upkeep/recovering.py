"""Reads from the files of all versions what the database knew of them, and says what they do not tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from core.base import integrity
from core.base.errors import CoreError
from core.registry.classifier_file import ClassifierFiles
from core.registry.entries import PromotionDecision
from core.registry.files import VersionFiles
from core.registry.rebuilding import StoredClassifier, StoredVersion
from core.registry.records.reports import read_report

_CURVE = ("training_loss", "validation_loss", "validation_accuracy", "validation_macro_f1")


@dataclass
class Recovered:
    """All that can be known, and sentences on the rest."""

    classifiers: list[StoredClassifier] = field(default_factory=list)
    versions: list[StoredVersion] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def recover(folders: VersionFiles) -> Recovered:
    """Collect every version and classifier of a workspace."""
    recovered = Recovered()
    known = [_describe(folder, recovered) for folder in folders.folders()]
    facts = {stored["name"]: stored for stored in ClassifierFiles(folders.artifacts).all()}
    described = [version for version in known if version is not None]
    for name in sorted({version["classifier"] for version in described}):
        versions = _numbered(name, [version for version in described if version["classifier"] == name], recovered)
        recovered.versions += versions
        recovered.classifiers.append(_classifier(name, versions, facts.get(name), recovered))
    if described:
        recovered.notes.append("Runs that made no version, and the records of those that failed or were stopped.")
    return recovered


def _describe(folder: Path, recovered: Recovered) -> dict[str, Any] | None:
    """What one folder tells: its record, and for the rest its report."""
    record, run_id = integrity.read_record(folder), folder.parents[1].name
    try:
        report = read_report(folder, matrix=False)
    except (CoreError, OSError, ValueError):
        report = {}
    if "classifier" not in record and "classifier" not in report:
        recovered.notes.append(f"Whose version lies in {folder}: neither its record nor its report can be read.")
        return None
    if not report:
        recovered.notes.append(f"Settings and curves of the run {run_id}: its report cannot be read.")
    written = datetime.fromtimestamp(folder.stat().st_mtime, UTC).isoformat(timespec="seconds")
    return {
        "classifier": str(record.get("classifier") or report["classifier"]),
        "number": record.get("number"),
        "parent": record["parent"] if record else report.get("parent"),
        "run_id": run_id,
        "created": str(record.get("created") or written),
        "summary": record.get("summary") or _summary(report),
        "decision": record.get("decision"),
        "report": report,
    }


def _summary(report: dict[str, Any]) -> dict[str, float | str]:
    from core.workflows.versions.summary import summary_of

    return summary_of(report)


def _numbered(name: str, described: list[dict[str, Any]], recovered: Recovered) -> list[StoredVersion]:
    """Versions with their numbers; those without one get the free ones in the order in which they were made."""
    taken = {version["number"] for version in described if version["number"] is not None}
    nameless = sorted(
        (facts for facts in described if facts["number"] is None), key=lambda facts: str(facts["created"])
    )
    for version in nameless:
        version["number"] = next(number for number in count((version["parent"] or 0) + 1) if number not in taken)
        taken.add(version["number"])
        recovered.notes.append(
            f"The number of a version of '{name}' made on {version['created']}; it is taken for version {version['number']}."
        )
    ordered = sorted(described, key=lambda facts: int(facts["number"]))
    return [_version(version) for version in ordered]


def _version(described: dict[str, Any]) -> StoredVersion:
    report = described["report"]
    forgotten = report.get("forgotten")
    kind = "forget" if forgotten else ("train" if described["parent"] is None else "update")
    curves = [
        (int(epoch["epoch"]), {name: float(epoch[name]) for name in _CURVE if isinstance(epoch.get(name), int | float)})
        for epoch in report.get("epochs", ())
    ]
    return StoredVersion(
        classifier=described["classifier"],
        number=int(described["number"]),
        parent=described["parent"],
        run_id=described["run_id"],
        kind=kind,
        created=described["created"],
        summary=described["summary"],
        decision=described["decision"],
        settings=report.get("settings", {}),
        curves=curves,
    )


def _classifier(
    name: str, versions: list[StoredVersion], facts: dict[str, Any] | None, recovered: Recovered
) -> StoredClassifier:
    created = min(version.created for version in versions)
    if facts is not None:
        tags = {tag: str(value) for tag, value in dict(facts.get("tags") or {}).items() if value}
        return StoredClassifier(name, str(facts.get("created") or created), facts.get("champion"), tags)
    promoted = [version.number for version in versions if _was_promoted(version)]
    champion = max(promoted) if promoted else versions[0].number
    recovered.notes.append(
        f"Which version of '{name}' served, and its threshold; version {champion} is taken for the champion."
    )
    return StoredClassifier(name, created, champion, {})


def _was_promoted(version: StoredVersion) -> bool:
    decision = PromotionDecision.from_text(version.decision)
    return decision is not None and decision.promoted
