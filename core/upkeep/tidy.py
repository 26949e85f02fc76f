"""Tidies a workspace: what it can do without goes, what it holds twice is kept once. Says what and how much."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from core.base import files
from core.base.faults import reached
from core.base.leftovers import leftovers, old_leftovers, remove
from core.base.storage import read_only
from core.data.dataset.store import DatasetStore
from core.registry import Registry

What = Literal["unfinished", "deletion", "run", "artifacts", "classifier", "unused", "shared"]


@dataclass(frozen=True)
class Removed:
    """One thing that went: what kind it is, its name and its bytes on the disk.

    ``"unfinished"`` files of killed processes, a ``"deletion"`` that was not finished, a ``"run"`` that only seemed to go on,
    ``"artifacts"`` of a run without a version, a ``"classifier"`` without versions, ``"unused"`` copies that no
    version shares (any more, or since the workspace was copied without its hard links), and ``"shared"``: what was stored
    several times and is stored once now.
    """

    what: What
    name: str
    bytes: int = 0


@dataclass
class Tidied:
    """What was done, or would be; ``unknown`` are folders of versions that only ``repair`` can bring back."""

    dry_run: bool
    removed: list[Removed] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        """Bytes that became free."""
        return sum(item.bytes for item in self.removed)

    def to_dict(self) -> dict[str, Any]:
        return {
            "dry_run": self.dry_run,
            "bytes": self.bytes,
            "removed": [asdict(item) for item in self.removed],
            "unknown": self.unknown,
        }


def tidy(home: Path, *, dry_run: bool = False) -> Tidied:
    """Remove what nothing in the workspace needs; never what a living process owns.

    Can be killed at any moment and run again.
    """
    if not dry_run and not files.is_writable(home):
        raise read_only(home)
    reached("tidy.begun")
    done = Tidied(dry_run)
    _unfinished(home, done)
    if (home / "mlflow.db").exists() or Registry(home).on_server:
        registry = Registry(home)
        _deletions(registry, done)
        _runs(registry, done)
        _classifiers(registry, done)
        done.unknown += [folder.name for folder in registry.unknown()]
        if not registry.on_server:
            _contents(registry, done)
    reached("tidy.done")
    return done


def _unfinished(home: Path, done: Tidied) -> None:
    for path in [*leftovers(home), *old_leftovers(home), *DatasetStore(home).rows_without_info()]:
        shown = path.relative_to(home) if path.is_relative_to(home) else path
        done.removed.append(Removed("unfinished", str(shown), files.size_of(path)))
        if not done.dry_run:
            remove(path)
            reached("tidy.removed")


def _deletions(registry: Registry, done: Tidied) -> None:
    for path in registry.unfinished_deletions():
        done.removed.append(Removed("deletion", path.name))
    if not done.dry_run:
        registry.finish_deletions()


def _runs(registry: Registry, done: Tidied) -> None:
    for run in registry.abandoned_runs():
        done.removed.append(Removed("run", f"{run.classifier} · {run.kind} · {run.started}"))
        if not done.dry_run:
            registry.finish_run(run.run_id, "stopped")
    for folder in list(registry.without_version()):
        done.removed.append(Removed("artifacts", folder.name, files.size_of(folder)))
        if not done.dry_run:
            registry.files.forget(folder.name)
            reached("tidy.removed")


def _classifiers(registry: Registry, done: Tidied) -> None:
    for name in registry.empty_classifiers():
        done.removed.append(Removed("classifier", name))
        if not done.dry_run:
            registry.remove_empty_classifier(name)


def _contents(registry: Registry, done: Tidied) -> None:
    """Shared content: what no version shares goes, and what versions of old hold several times is stored once."""
    unused = registry.files.unused() if done.dry_run else registry.files.drop_unused()
    if unused:
        done.removed.append(Removed("unused", ".content", unused))
    shared = registry.files.repeated() if done.dry_run else sum(map(registry.files.share, registry.files.folders()))
    reached("tidy.shared")
    if shared:
        done.removed.append(Removed("shared", "artifacts", shared))
