"""``delete`` takes a version away, ``tidy`` what nobody needs; ``repair`` mends what is damaged; ``audit`` says who did what."""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import asdict
from datetime import datetime

from core.base.audit import AuditLog, Entry, as_csv, as_lines
from core.base.config import home
from core.base.errors import ConfigError
from core.base.files import write_text
from core.base.wording import counted
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


def audit(asked: argparse.Namespace) -> int:
    log = AuditLog(home())
    return {"list": _list_entries, "verify": _verify, "export": _export, "shorten": _shorten}[asked.verb](asked, log)


def _list_entries(asked: argparse.Namespace, log: AuditLog) -> int:
    entries = [entry for entry in log.entries() if asked.classifier in (None, entry.model)]
    show(asked, {"entries": [asdict(entry) for entry in entries]}, "\n".join(map(_entry_line, entries)))
    return 0


def _entry_line(entry: Entry) -> str:
    what = f"{entry.model} {entry.version or ''}".strip() or str(
        entry.facts.get("name") or entry.facts.get("key") or ""
    )
    return f"{entry.number:>5}  {entry.at[:19]}  {entry.did:<17}  {what:<24}  {entry.who}  {entry.reason}".rstrip()


def _verify(asked: argparse.Namespace, log: AuditLog) -> int:
    verified = log.verify(asked.last)
    faults = [str(fault) for fault in verified.faults]
    told = "\n".join(faults) or (
        f"Nothing was changed since it was written: {counted(verified.entries, 'line')}."
        if verified.entries
        else "There is no audit log yet, or it was removed with the note of its last entry."
    )
    content = {"entries": verified.entries, "last": verified.last, "faults": faults}
    show(asked, content, f"{told}\nHash of the last one, to be noted elsewhere: {verified.last or '-'}")
    return 1 if faults else 0


def _export(asked: argparse.Namespace, log: AuditLog) -> int:
    entries = log.entries()
    if asked.out.suffix not in (".jsonl", ".csv"):
        raise ConfigError(
            "audit.format",
            "The audit log is written as .jsonl or .csv, and '{file}' is neither. Give the file one of these endings.",
            file=asked.out.name,
        )
    written = as_csv(entries) if asked.out.suffix == ".csv" else as_lines(entries)
    write_text(asked.out, written)
    tell(asked, {"file": str(asked.out), "entries": len(entries)}, f"{counted(len(entries), 'line')}: {asked.out}")
    return 0


def _shorten(asked: argparse.Namespace, log: AuditLog) -> int:
    try:
        datetime.fromisoformat(asked.before)
    except ValueError:
        raise ConfigError(
            "audit.date",
            "'{value}' is no date. Write it as 2026-01-31.",
            value=asked.before,
        ) from None
    dropped = log.shorten(asked.before, asked.reason)
    tell(asked, {"dropped": dropped}, f"{counted(dropped, 'line')} dropped.")
    return 0
