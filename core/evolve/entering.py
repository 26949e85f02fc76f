"""New tables are taken in: each is read, looked at, and written down with what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from core.base.messages import Message, message
from core.evolve.intake import Looked, fresh_files, same_mark, take, unread_files
from core.evolve.ledger import Ledger, Ledgers, Taken
from core.evolve.roles import roles_of
from core.evolve.sources.given import MOST_ROWS, Given
from core.evolve.sources.looking import fresh_tables
from core.evolve.sources.met import write_met
from core.evolve.telling import tell
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace


def take_in(ledger: Ledger, ledgers: Ledgers, workspace: Workspace, now: datetime) -> None:
    """All new files of the watched folder, then the new rows of the sources that are due."""
    for path, mark in fresh_files(ledger):
        first = next((taken for taken in ledger.files if taken.mark == mark), None)
        if first is not None:
            _same(ledger, ledgers, path, first, now)
            continue
        _write_down(ledger, ledgers, workspace, now, (path, mark), _look(ledger, path, workspace))
    for path, mark, reason in unread_files(ledger):
        ledger.files.append(Taken(mark, path.name, _stamp(now), "aside", reasons=[reason.to_dict()]))
        ledgers.write(ledger)
    for given in fresh_tables(ledger, workspace.home, lambda: roles_of(_folder(ledger, workspace), workspace), now):
        looked = _look(ledger, given.path, workspace)
        looked = replace(looked, reasons=[*looked.reasons, *_beyond(given)])
        if looked.dataset:  # rows of a table that could not be read are asked for again, with those that come
            write_met(ledgers.rows_of(ledger.model), given.mark, given.hashes)
        _write_down(ledger, ledgers, workspace, now, (given.path, given.mark), looked, given)


def _look(ledger: Ledger, path: Path, workspace: Workspace) -> Looked:
    return take(path, _folder(ledger, workspace), workspace, [taken.dataset for taken in ledger.pending])


def _folder(ledger: Ledger, workspace: Workspace) -> VersionFolder:
    """The version that serves."""
    registry = workspace.registry
    return VersionFolder(registry.folder_of(registry.resolve(ledger.model)))


def _beyond(given: Given) -> list[Message]:
    if not given.more:
        return []
    return [
        message(
            "evolve.more_rows",
            "There are more new rows than a look takes ({most:,}); the others come with the next looks.",
            most=MOST_ROWS,
        )
    ]


def _same(ledger: Ledger, ledgers: Ledgers, path: Path, first: Taken, now: datetime) -> None:
    """A file that was read already, under another name: it is said once, and nothing is learned of it."""
    mark = same_mark(first.mark, path.name)
    reason = message("evolve.same_file", "The same as '{file}', which was read before.", file=first.name)
    ledger.files.append(Taken(mark, path.name, _stamp(now), "same", reasons=[reason.to_dict()]))
    ledgers.write(ledger)


def _write_down(
    ledger: Ledger,
    ledgers: Ledgers,
    workspace: Workspace,
    now: datetime,
    table: tuple[Path, str],
    looked: Looked,
    given: Given | None = None,
) -> None:
    path, mark = table
    met, twice = (0, 0) if given is None else (given.met, given.twice)
    told = [reason.to_dict() for reason in looked.reasons]
    taken = Taken(mark, path.name, _stamp(now), looked.verdict, looked.rows, looked.dataset, told)
    taken.met, taken.twice = looked.met + met, looked.twice + twice
    ledger.files.append(taken)
    ledgers.write(ledger)
    facts = {"file": path.name, "rows": looked.rows, "verdict": looked.verdict, "reasons": told}
    facts |= {name: count for name, count in (("met", taken.met), ("twice", taken.twice)) if count}
    reason = " ".join(str(reason) for reason in looked.reasons)
    if looked.verdict == "waiting":
        waits = message(
            "evolve.file_waits", "The table '{file}' waits for a person: {reason}", file=path.name, reason=reason
        )
        tell(ledger, "rows_wait", waits)
    workspace.registry.audit.add("rows_taken", model=ledger.model, reason=reason, facts=facts, once=mark)


def _stamp(now: datetime) -> str:
    return now.isoformat(timespec="seconds")
