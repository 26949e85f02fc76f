"""``delete`` takes one version away, ``tidy`` what nobody needs; ``repair`` names and mends what is damaged."""

from __future__ import annotations

import argparse
from collections import Counter

from core.base.config import home
from core.cli.printing import show, tell
from core.registry import Registry
from core.upkeep import tidy as tidy_workspace
from core.upkeep.repair import Repaired
from core.upkeep.repair import repair as repair_workspace

KINDS = {
    "unfinished": "left unfinished by killed processes",
    "deletion": "deletions that were not finished",
    "run": "runs that only seemed to go on",
    "artifacts": "files of runs without a version",
    "classifier": "classifiers without versions",
    "unused": "copies in .content that no version shares",
    "shared": "stored several times, and once now",
}


def delete(asked: argparse.Namespace) -> None:
    registry = Registry(home())
    registry.delete_version(asked.classifier, asked.version)
    content = {"classifier": asked.classifier, "deleted": asked.version}
    tell(asked, content, f"Version {asked.version} of '{asked.classifier}' is deleted.")


def tidy(asked: argparse.Namespace) -> None:
    done = tidy_workspace(home(), dry_run=asked.dry_run)
    counts = Counter(item.what for item in done.removed)
    lines = [
        f"{count:>5} × {KINDS[what]}, {_size(sum(item.bytes for item in done.removed if item.what == what))}"
        for what, count in counts.items()
    ]
    end = "would become free" if asked.dry_run else "are free now"
    lines.append(f"{_size(done.bytes)} {end}." if done.removed else "Nothing to tidy.")
    if done.unknown:
        lines.append(
            f"{len(done.unknown)} folders hold versions that mlflow.db does not know; 'python -m core repair' brings them back."
        )
    show(asked, done.to_dict(), "\n".join(lines))


def repair(asked: argparse.Namespace) -> None:
    """Exit code 1 where something stays damaged."""
    done = repair_workspace(home(), dry_run=asked.dry_run, rebuild_database=asked.rebuild)
    show(asked, done.to_dict(), "\n".join(_lines(done, asked.dry_run)))
    if done.database == "lost" or any(not damage.mended for damage in done.damage):
        raise SystemExit(1)


def _lines(done: Repaired, dry_run: bool) -> list[str]:
    databases = {
        "whole": "mlflow.db can be read.",
        "lost": "mlflow.db cannot be read, or does not know versions that are there; without --dry-run it is made again.",
        "rebuilt": "mlflow.db was made again.",
    }
    lines = [databases[done.database]]
    if done.kept:
        lines.append(f"The old one lies in {done.kept}.")
    lines += [f"Not recovered: {note}" for note in done.not_recovered]
    for damage in done.damage:
        whose = f"version {damage.version} of '{damage.classifier}'" if damage.classifier else "an unknown version"
        lines.append(f"{'Mended' if damage.mended else 'Damaged'}: {damage.file} of {whose}.")
    if any(not damage.mended for damage in done.damage):
        lines.append("Put damaged files back from a copy of the workspace, or let another version serve (rollback).")
    if done.records:
        verb = "lack" if dry_run else "got, since they lacked it,"
        lines.append(f"{done.records} of {done.versions} versions {verb} a record of their files.")
    return lines


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"
