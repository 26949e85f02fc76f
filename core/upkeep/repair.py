"""Repairs a workspace: names damaged files, mends what another version still has, and makes a lost database again."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from core.base import integrity
from core.base.errors import JobError, RegistryError
from core.base.files import is_writable
from core.base.storage import read_only
from core.jobs import JobQueue
from core.registry import Registry
from core.registry.rebuilding import rebuild
from core.upkeep.recovering import Recovered, recover


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
