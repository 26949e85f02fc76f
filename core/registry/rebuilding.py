"""Makes the database of a workspace again from what is known of its versions; the one place that knows MLflow's tables."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from core.base import files
from core.registry import entries
from core.registry.registry import Registry


@dataclass(frozen=True)
class StoredVersion:
    """A version as its own files tell of it.

    Parameters
    ----------
    created
        ISO 8601, UTC.
    decision
        As `PromotionDecision.to_text` wrote it.
    curves
        Step → figures of the run that made it.
    """

    classifier: str
    number: int
    parent: int | None
    run_id: str
    kind: str
    created: str
    summary: Mapping[str, float | str]
    decision: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    curves: Sequence[tuple[int, Mapping[str, float]]] = ()


@dataclass(frozen=True)
class StoredClassifier:
    """A classifier beyond its versions; ``tags`` as the registry writes them."""

    name: str
    created: str
    champion: int | None
    tags: Mapping[str, str]


def rebuild(home: Path, classifiers: Sequence[StoredClassifier], versions: Sequence[StoredVersion]) -> Path | None:
    """Make ``mlflow.db`` anew; returns where the old one lies now, if there was one.

    The new one is made beside and takes the place when it is whole.
    """
    with files.incoming_folder(home) as folder:
        database = folder / "mlflow.db"
        registry = Registry(home, f"sqlite:///{database}")
        runs = {version.run_id: _add_run(registry, version) for version in versions}
        for classifier in classifiers:
            _add_classifier(
                registry, classifier, [version for version in versions if version.classifier == classifier.name]
            )
        _set_back(database, runs, classifiers, versions)
        kept = _move_aside(home)
        files.move_file(database, home / "mlflow.db")
    return kept


def _add_run(registry: Registry, version: StoredVersion) -> str:
    """A run like the one that made the version; returns the id that MLflow gave it."""
    run_id = registry.start_run(version.kind, version.classifier, version.settings)
    for step, figures in version.curves:
        registry.log_metrics(run_id, figures, step)
    registry._client.set_tag(run_id, entries.VERSION, str(version.number))
    registry.finish_run(run_id, "finished")
    return run_id


def _add_classifier(registry: Registry, classifier: StoredClassifier, versions: Sequence[StoredVersion]) -> None:
    client, name = registry._client, classifier.name
    client.create_registered_model(name, tags={entries.KIND: "classifier", **classifier.tags})
    by_number = {version.number: version for version in versions}
    for number in range(1, max(by_number) + 1):
        version = by_number.get(number)
        if version is None:  # it was deleted, and no other may get its number
            client.create_model_version(name, "deleted", None, await_creation_for=None)
            client.delete_model_version(name, str(number))
            continue
        tags = {entries.KIND: "version", entries.SUMMARY: json.dumps(dict(version.summary), ensure_ascii=False)}
        if version.parent is not None:
            tags[entries.PARENT] = str(version.parent)
        if version.decision is not None:
            tags[entries.DECISION] = version.decision
        source = str(registry.files.place_of(version.run_id))
        client.create_model_version(name, source, version.run_id, tags=tags, await_creation_for=None)
    if classifier.champion in by_number:
        client.set_registered_model_alias(name, entries.CHAMPION, str(classifier.champion))


def _set_back(
    database: Path,
    runs: Mapping[str, str],
    classifiers: Sequence[StoredClassifier],
    versions: Sequence[StoredVersion],
) -> None:
    """Give runs their own ids, and everything the time at which it was made."""
    with closing(sqlite3.connect(database)) as connection, connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        keyed = [
            table
            for table in tables
            if any(column[1] == "run_uuid" for column in connection.execute(f'PRAGMA table_info("{table}")'))
        ]
        for own, given in runs.items():
            for table in keyed:
                connection.execute(f'UPDATE "{table}" SET run_uuid = ? WHERE run_uuid = ?', (own, given))
            statement = "UPDATE runs SET artifact_uri = replace(artifact_uri, ?, ?) WHERE run_uuid = ?"
            connection.execute(statement, (given, own, own))
        for version in versions:
            at = _milliseconds(version.created)
            began = at + min(version.number, 999)  # what is known ends at seconds: of one second the later comes later
            connection.execute(
                "UPDATE runs SET start_time = ?, end_time = ? WHERE run_uuid = ?", (began, began, version.run_id)
            )
            created = "UPDATE model_versions SET creation_time = ? WHERE name = ? AND version = ?"
            connection.execute(created, (at, version.classifier, version.number))
        for classifier in classifiers:
            created = "UPDATE registered_models SET creation_time = ? WHERE name = ?"
            connection.execute(created, (_milliseconds(classifier.created), classifier.name))


def _milliseconds(created: str) -> int:
    return round(datetime.fromisoformat(created).timestamp() * 1000)


def _move_aside(home: Path) -> Path | None:
    """Keep the old database under another name: somebody may still read something in it."""
    database = home / "mlflow.db"
    kept = None
    for path in sorted(home.glob("mlflow.db*")):
        if path.name == "mlflow.db" or path.name.removeprefix("mlflow.db") in ("-journal", "-wal", "-shm"):
            target = path.with_name(f"damaged-{datetime.now():%Y%m%d-%H%M%S}-{path.name}")
            files.move_file(path, target)
            kept = target if path == database else kept
    return kept
