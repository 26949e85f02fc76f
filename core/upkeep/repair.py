"""Repairs a workspace: names damaged files, mends what another version still has, and makes a lost database again from the files
of all versions.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from core.base import integrity
from core.base.errors import CoreError, JobError, RegistryError
from core.base.files import is_writable
from core.base.storage import read_only
from core.jobs import JobQueue
from core.registry import Registry
from core.registry.classifier_file import ClassifierFiles
from core.registry.entries import PromotionDecision
from core.registry.files import VersionFiles
from core.registry.rebuilding import StoredClassifier, StoredVersion, rebuild
from core.registry.records.reports import read_report

_CURVE = ("training_loss", "validation_loss", "validation_accuracy", "validation_macro_f1")


@dataclass(frozen=True)
class Damage:
    """A file that is not what was registered; ``mended`` where another version still had the same."""

    classifier: str
    version: int | None
    file: str
    mended: bool


@dataclass
class Repaired:
    """What was found and done.

    Parameters
    ----------
    database
        ``"whole"``, ``"rebuilt"``, or ``"lost"`` where it could be rebuilt and that was not wanted.
    kept
        Path of the old database now.
    records
        Number of versions that got a record of their own; those of earlier editions have none.
    not_recovered
        Sentences, in English: what the files do not tell.
    """

    database: str = "whole"
    kept: str | None = None
    versions: int = 0
    records: int = 0
    damage: list[Damage] = field(default_factory=list)
    not_recovered: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def repair(home: Path, *, dry_run: bool = False, rebuild_database: bool = False) -> Repaired:
    """Look a workspace over, and mend what can be mended.

    Parameters
    ----------
    rebuild_database
        Also where the database can be read.

    Raises
    ------
    JobError
        While a job runs: it would write to the database that is replaced.
    """
    if not dry_run and not is_writable(home):
        raise read_only(home)
    done = Repaired()
    registry = Registry(home)
    if not registry.on_server:
        if rebuild_database or not _is_readable(registry, home):
            _rebuild(home, done, dry_run=dry_run)
        _look_at_files(registry, done, dry_run=dry_run)
    if done.database != "lost":
        _complete_records(registry, done, dry_run=dry_run)
    return done


def _is_readable(registry: Registry, home: Path) -> bool:
    """Whether the database tells of the versions that lie in the workspace."""
    try:
        if not (home / "mlflow.db").exists():
            return not any(registry.files.folders())
        return not any(registry.unknown())
    except RegistryError as error:
        if error.message.key == "registry.damaged":
            return False
        raise


def _rebuild(home: Path, done: Repaired, *, dry_run: bool) -> None:
    running = [job for job in JobQueue(home).look() if not job.ended]
    if running:
        raise JobError(
            "job.repair_busy",
            "The run '{title}' has not ended, and would write to the database that is to be made again. Stop it first.",
            title=running[0].title,
        )
    recovered: Recovered = recover(Registry(home).files)
    done.not_recovered += recovered.notes
    done.database = "lost" if dry_run else "rebuilt"
    if not dry_run:
        kept = rebuild(home, recovered.classifiers, recovered.versions)
        done.kept = str(kept) if kept is not None else None


def _look_at_files(registry: Registry, done: Repaired, *, dry_run: bool) -> None:
    for folder in registry.files.folders():
        record = integrity.read_record(folder)
        for name in integrity.damaged(folder):
            if name == integrity.RECORD:
                continue  # see `_complete_records`, which knows whose it is
            mended = not dry_run and registry.files.mend(folder, name)
            done.damage.append(Damage(str(record.get("classifier", "")), record.get("number"), name, mended))


def _complete_records(registry: Registry, done: Repaired, *, dry_run: bool) -> None:
    """Versions of earlier editions get a record, and one whose process died before its number was written the number."""
    for classifier in registry.classifiers():
        for version in registry.versions(classifier.name):
            done.versions += 1
            folder = registry.files.place_of(version.run_id)
            if registry.on_server or not folder.is_dir():
                continue
            record = integrity.read_record(folder)
            if record.get("number") == version.number:
                continue
            if integrity.record_is_damaged(folder):
                # With another file unreadable, a new record would take the damage for what was registered.
                mended = not dry_run and integrity.damaged(folder) == [integrity.RECORD]
                done.damage.append(Damage(version.classifier, version.number, integrity.RECORD, mended))
                if mended:
                    integrity.write_record(folder, registry.facts_of(version))
                continue
            done.records += 1
            if dry_run:
                continue
            if record:
                integrity.add_facts(folder, number=version.number)
            else:
                integrity.write_record(folder, registry.facts_of(version))
    if not dry_run and not registry.on_server:
        registry.write_facts()


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
