"""``policy`` sets the rules by which a model updates itself, ``evolve`` follows them."""

from __future__ import annotations

import argparse
import select
import signal
import sys
import threading
from typing import Any

from core.base.config import home
from core.base.events import StageStarted
from core.base.messages import Message
from core.base.wording import counted, score, seconds
from core.cli.arguments.fields import values_of
from core.cli.printing import plain, show, tell
from core.cli.progress import working
from core.evolve.changing import change_policy, decide_on_file
from core.evolve.following import is_followed
from core.evolve.ledger import Ledger, Ledgers
from core.evolve.policy import Policy
from core.evolve.sources.address import shown
from core.workflows.workspace import open_workspace


def policy(asked: argparse.Namespace) -> None:
    open_workspace(home()).registry.resolve(asked.classifier)
    verbs = {"show": _show, "set": _set, "simulate": _simulate, "enter": _enter, "aside": _enter}
    verbs[asked.verb](asked)


def _show(asked: argparse.Namespace) -> None:
    ledger = Ledgers(home()).read(asked.classifier)
    show(asked, plain(ledger.shown()), "\n".join(_lines(ledger)))


def _lines(ledger: Ledger) -> list[str]:
    lines = [f"{name}: {value}" for name, value in shown(ledger.policy.model_dump()).items()]
    for taken in ledger.files:
        reasons = " ".join(map(str, taken.messages))
        known = f", {taken.met:,} met before, {taken.twice:,} twice" if taken.met or taken.twice else ""
        rows = f"{taken.rows:,} rows{known}"
        lines.append(f"{taken.at}  {taken.name}  {rows}  {taken.verdict}  {taken.mark[:12]}  {reasons}".rstrip())
    for batch in ledger.batches:
        version = f"version {batch.version}" if batch.version is not None else ""
        lines.append(
            f"{batch.at}  batch {batch.number}  {batch.rows:,} rows  {batch.state}  {version}  {_said(batch.reason)}".rstrip()
        )
    lines += [f"{name}: {_looked(state)}" for name, state in ledger.sources.items()]
    lines += [f"The last look ended with: {trouble}" for trouble in ledger.troubles]
    return lines


def _looked(state: dict[str, Any]) -> str:
    """When a source was looked at, and what it gave."""
    if "rows" not in state:
        return f"looked at {state['at']}"
    return (
        f"looked at {state['at']}: {state['rows']:,} new rows, {state['met']:,} given before, {state['twice']:,} twice"
    )


def _said(stored: dict[str, Any] | None) -> str:
    return "" if stored is None else str(Message.from_dict(stored))


def _set(asked: argparse.Namespace) -> None:
    after, changed = change_policy(asked.classifier, values_of(asked, Policy), open_workspace(home()))
    on = "on" if after.active else "off"
    told = f"The policy of '{asked.classifier}' is switched {on}; changed: {', '.join(changed) or 'nothing'}."
    if after.active and not (after.folder or after.database or after.hub):
        told += " It names neither a folder nor a database nor a dataset of the Hub, so no new rows come in."
    tell(asked, shown(after.model_dump()), told)


def _simulate(asked: argparse.Namespace) -> None:
    from core.evolve.simulation import SimulateRequest, simulate  # loads PyTorch, which the rest does without

    rules = {**Ledgers(home()).read(asked.classifier).policy.model_dump(), **values_of(asked, Policy)}
    done: Any = None
    with working():
        for event in simulate(SimulateRequest(classifier=asked.classifier, rules=rules), open_workspace(home())):
            if isinstance(event, StageStarted):
                sys.stderr.write(f"{event.fraction:4.0%}  {event.message}\n")
            done = getattr(event, "simulated", None)
    lines = [
        f"{batch.name}: {batch.rows:,} rows, {batch.verdict} {batch.state} "
        f"{f'version {batch.version}' if batch.version is not None else ''}".rstrip()
        for batch in done.batches
    ]
    lines += [
        f"Promotions: {done.promotions}, of which {done.wrong} worse than the version before, beyond chance.",
        f"{done.score} on the tests of all batches: {score(done.first)} with version 1, {score(done.last)} in the end.",
        seconds(done.seconds),
    ]
    show(asked, done.to_dict(), "\n".join(lines))


def _enter(asked: argparse.Namespace) -> None:
    enter = asked.verb == "enter"
    mark = decide_on_file(asked.classifier, asked.file, home(), enter=enter)
    tell(
        asked,
        {"file": mark, "enter": enter},
        "Its rows are learned with the next batch." if enter else "It is set aside.",
    )


def evolve(asked: argparse.Namespace) -> None:
    """Follow all policies until Ctrl+C or a signal to end."""
    if asked.once and is_followed(home()):
        sys.stderr.write("A process follows the policies of this workspace already, such as the dashboard's.\n")
        _show_all(asked)
        return
    from core.evolve.scheduler import follow  # loads PyTorch, which the rest does without

    ending = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: ending.set())
    if asked.until_closed:
        threading.Thread(target=_end_when_closed, args=(ending,), daemon=True).start()
    known: dict[str, str] = {}

    def told(ledger: Ledger) -> None:
        line = _standing(ledger)
        if known.get(ledger.model) != line:
            known[ledger.model] = line
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()

    follow(home(), seconds=asked.every, once=asked.once, ending=ending, told=told)
    _show_all(asked)


def _show_all(asked: argparse.Namespace) -> None:
    show(asked, {"policies": [plain(ledger.shown()) for ledger in Ledgers(home()).all()]}, "")


def _end_when_closed(ending: threading.Event) -> None:
    """Wait for the end of standard input, on which nothing is ever written."""
    select.select([sys.stdin], [], [])
    ending.set()


def _standing(ledger: Ledger) -> str:
    waiting = sum(taken.rows for taken in ledger.pending)
    batch = next(reversed(ledger.batches), None)
    undecided = f"; {counted(len(ledger.waiting), 'table')} for a person to decide on" if ledger.waiting else ""
    last = "" if batch is None else f"; batch {batch.number}: {batch.state}"
    trouble = "".join(f"; {told}" for told in ledger.troubles)
    return f"'{ledger.model}': {counted(waiting, 'row')} of {ledger.policy.least_rows:,} have come in{undecided}{last}{trouble}"
