"""The audit log: who or what did what to which model, and when."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from datetime import datetime

from core.base.audit import AuditLog, Entry, as_csv, as_lines
from core.base.config import home
from core.base.errors import ConfigError
from core.base.files import write_text
from core.base.wording import counted
from core.cli.printing import show, tell


def audit(asked: argparse.Namespace) -> int:
    log = AuditLog(home())
    return {"list": _list, "verify": _verify, "export": _export, "shorten": _shorten}[asked.verb](asked, log)


def _list(asked: argparse.Namespace, log: AuditLog) -> int:
    entries = [entry for entry in log.entries() if asked.classifier in (None, entry.model)]
    show(asked, {"entries": [asdict(entry) for entry in entries]}, "\n".join(map(_line, entries)))
    return 0


def _line(entry: Entry) -> str:
    what = f"{entry.model} {entry.version or ''}".strip() or str(
        entry.facts.get("name") or entry.facts.get("key") or ""
    )
    return f"{entry.number:>5}  {entry.at[:19]}  {entry.did:<17}  {what:<24}  {entry.who}  {entry.reason}".rstrip()


def _verify(asked: argparse.Namespace, log: AuditLog) -> int:
    verified = log.verify(asked.last)
    faults = [str(fault) for fault in verified.faults]
    told = "\n".join(faults) or f"{counted(verified.entries, 'line')}, as they were written."
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
