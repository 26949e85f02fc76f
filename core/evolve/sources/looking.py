"""When a policy's sources are looked at, and what of them is new; trouble of one hinders neither another nor the folder."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet

from core.base.errors import CoreError
from core.base.files import incoming_folder
from core.base.messages import message
from core.data.dataset.columns import ColumnRoles
from core.data.reading.hub import fetch_apart, revision_of
from core.evolve.channels import secret
from core.evolve.ledger import FOLDER, Ledger, Ledgers
from core.evolve.policy import Policy
from core.evolve.sources.given import Given, gather
from core.evolve.sources.met import read_met
from core.evolve.sources.query import rows_of

HOURS_AFTER_TROUBLE = 0.25

Gather = Callable[[Iterator[pyarrow.Table], Path], Given]


def fresh_tables(ledger: Ledger, home: Path, roles: Callable[[], ColumnRoles], now: datetime) -> Iterator[Given]:
    """New rows of each source that is due, as files that are gone when the next one is asked for.

    What is noted of a look stands in the ledger when its rows have been taken, so that a killed one is done again.
    """
    asked = asked_of(ledger.policy)
    ledger.sources = {name: state for name, state in ledger.sources.items() if name in asked}
    for name, words in asked.items():
        before = ledger.sources.get(name, {})
        if not _due(before, words, ledger.policy, now):
            continue
        same = before if before.get("asked") == words else {}
        noted: dict[str, Any] = {"at": now.isoformat(timespec="seconds"), "asked": words}
        noted["revision"] = same.get("revision", "")
        with incoming_folder(home) as scratch:
            try:
                given = _LOOKS[name](ledger, home, roles, scratch, noted)
            except CoreError as error:
                noted["trouble"] = error.message.to_dict()
            except (
                Exception
            ) as error:  # a driver fails in manners of its own, and the folder is to be read all the same
                fault = message(
                    "evolve.source_fault", "Asking for new rows failed: {reason}.", reason=type(error).__name__
                )
                noted["trouble"] = fault.to_dict()
            else:
                if given is not None:
                    noted |= {"rows": len(given.hashes), "met": given.met, "twice": given.twice, "more": given.more}
                    if len(given.hashes) and given.mark not in {taken.mark for taken in ledger.files}:
                        yield given
            ledger.sources = {**ledger.sources, name: noted}


def asked_of(policy: Policy) -> dict[str, str]:
    """The sources that a policy names, each with what tells whether it is still asked for the same."""
    settings = {
        "query": (policy.database, policy.query) if policy.database else (),
        "hub": (policy.hub, policy.hub_config, policy.hub_split) if policy.hub else (),
    }
    return {name: hashlib.sha256(repr(words).encode()).hexdigest()[:16] for name, words in settings.items() if words}


def _due(before: dict[str, Any], words: str, policy: Policy, now: datetime) -> bool:
    """Also where the clock was set back."""
    if before.get("asked") != words:
        return True
    hours = min(policy.query_hours, HOURS_AFTER_TROUBLE) if before.get("trouble") else policy.query_hours
    return not timedelta(0) <= now - datetime.fromisoformat(before["at"]) < timedelta(hours=hours)


def _query(
    ledger: Ledger, home: Path, roles: Callable[[], ColumnRoles], scratch: Path, noted: dict[str, Any]
) -> Given | None:
    moment = datetime.fromisoformat(noted["at"])
    with closing(rows_of(ledger.policy.database, ledger.policy.query)) as chunks:
        return _new_of(chunks, ledger, home, roles(), scratch / f"query-{moment:%Y-%m-%d-%H%M}.parquet")


def _hub(
    ledger: Ledger, home: Path, roles: Callable[[], ColumnRoles], scratch: Path, noted: dict[str, Any]
) -> Given | None:
    """Nothing where the revision is the one of the last look."""
    name, revision = ledger.policy.hub.strip(), revision_of(ledger.policy.hub)
    if revision == noted["revision"]:
        return None
    policy = ledger.policy
    fetched = fetch_apart(
        name,
        scratch / "hub",
        config=policy.hub_config.strip() or None,
        split=policy.hub_split.strip() or None,
        revision=revision,
    )
    file = pyarrow.parquet.ParquetFile(fetched)
    chunks = (pyarrow.Table.from_batches([batch]) for batch in file.iter_batches())
    given = _new_of(chunks, ledger, home, roles(), scratch / f"{fetched.stem}@{revision[:7]}.parquet")
    if not given.more:
        noted["revision"] = revision
    return given


def _new_of(chunks: Iterator[pyarrow.Table], ledger: Ledger, home: Path, roles: ColumnRoles, path: Path) -> Given:
    met = read_met(Ledgers(home).rows_of(ledger.model), (taken.mark for taken in ledger.files))
    return gather(chunks, roles, path, met=met, key=secret(home / FOLDER))


_LOOKS = {"query": _query, "hub": _hub}
