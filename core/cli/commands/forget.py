"""``forget``: take rows out of everything that is stored, and say what of the request was nowhere."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from core.base.config import home
from core.base.errors import ConfigError, DataError
from core.base.wording import counted
from core.cli.printing import show
from core.cli.progress import consume
from core.data.reading.lines import read_lines
from core.registry.records import receipts, solved
from core.workflows.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from core.workflows.forget.rows import Matches

NOTHING_MISSING: dict[str, Any] = {"not_found": {"texts": [], "lines": [], "groups": []}}
SHOWN = 60  # characters of a text that was not found


def forget(asked: argparse.Namespace) -> None:
    from core.workflows.forget.rows import find_rows

    workspace = open_workspace(home())
    workspace.registry.require(asked.classifier)
    finished = [] if asked.dry_run else _finish(workspace)
    if asked.texts is None and not asked.group:
        if finished:
            _print_finished(asked, finished[0])
            return
        raise ConfigError(
            "forget.nothing_named",
            "Nothing is named that could be forgotten. Name people with --group, or a file of texts with --texts.",
        )
    lines = read_lines(asked.texts, asked.encoding) if asked.texts else {}
    try:
        matches = find_rows(asked.classifier, workspace, groups=asked.group, texts=list(lines.values()))
    except DataError as error:
        if error.message.key != "forget.nothing_found":
            raise
        if finished:  # these very rows, most likely
            _print_finished(asked, finished[0])
            return
        sys.stderr.write(_all_missing(lines, asked.group))
        raise
    nowhere = not_found(matches, lines, asked.group)
    summary = shortfall(matches, nowhere)
    if asked.dry_run:
        _dry_run(asked, matches, nowhere, summary, workspace)
        return
    _forget(asked, matches, list(lines), nowhere, summary, workspace)


def _dry_run(
    asked: argparse.Namespace, matches: Matches, nowhere: dict[str, Any], summary: str, workspace: Workspace
) -> None:
    """Say what would be removed, what would be changed for it, and what would become of the versions that learned it."""
    from core.workflows.forget.champions import champions_that_learned
    from core.workflows.forget.holders import carriers, holders_of

    learned = list(champions_that_learned(matches.rows, workspace))
    holders = holders_of(matches, workspace)
    facts = {
        "rows": matches.count,
        "datasets": [
            {"name": part.name, "rows": len(part.rows), **part.parts, "left": part.left} for part in matches.datasets
        ],
        **{name: getattr(matches, name) for name in ("corrections", "labelling", "monitor", "kept")},
        "champions": [
            {
                "classifier": champion.version.classifier,
                "version": champion.version.number,
                "rows": champion.rows,
                "solved": champion.solved,
                "epsilon": champion.epsilon,
            }
            for champion in learned
        ],
        **holders,
        **_asked(matches),
        **nowhere,
    }
    lines = [
        f"Rows that would be removed: {matches.count:,}; waiting corrections: {matches.corrections:,}; "
        f"texts of labelling sessions: {matches.labelling:,}; texts kept from use: {matches.monitor:,}."
    ]
    if matches.kept:
        lines.append(f"Texts that only memories, frozen tests or language models hold: {matches.kept:,}.")
    solvable = [
        f"{champion.version.classifier} version {champion.version.number}" for champion in learned if champion.solved
    ]
    private = [
        f"{champion.version.classifier} version {champion.version.number} (epsilon {champion.epsilon:.2f})"
        for champion in learned
        if champion.epsilon is not None
    ]
    for heading, named in (
        ("All that hold some of them, and would be changed", _named(holders)),
        ("Versions in use that would be solved again without them", solvable),
        ("Learned with differential privacy, from which no row can be taken", private),
        ("Weights that would still carry them, until retrained", _named(carriers(holders))),
    ):
        if named:
            lines.append(f"{heading}: {', '.join(named)}.")
    _print(asked, facts, "\n".join(lines), summary)


def _forget(
    asked: argparse.Namespace,
    matches: Matches,
    lines: list[int],
    nowhere: dict[str, Any],
    summary: str,
    workspace: Workspace,
) -> None:
    from core.workflows.forget.run import ForgetRequest, forget_rows

    request = ForgetRequest(
        classifier=asked.classifier,
        rows=matches.rows,
        digests=sorted(matches.digests),
        wanted=sorted(matches.wanted),
        people=sorted(matches.people),
        asked=_asked(matches)["asked"],
        not_found=matches.not_found(lines),
    )
    forgotten = consume(forget_rows(request, workspace), alone=True)
    receipt = receipt_of(forgotten.receipt, workspace)
    done = f"Rows removed: {sum(dataset['rows'] for dataset in receipt['datasets']):,}; receipt {receipt['id']}."
    _print(asked, {**receipt, **nowhere}, "\n".join([done, *made_without(receipt), carried(receipt)]), summary)


def _finish(workspace: Workspace) -> list[dict[str, Any]]:
    """Go on with what an interrupted run has begun to forget; returns the receipts."""
    from core.workflows.forget.run import forget_rows, unfinished_requests

    finished = []
    for request in unfinished_requests(workspace):
        forgotten = consume(forget_rows(request, workspace), alone=True)
        finished.append(receipt_of(forgotten.receipt, workspace))
        sys.stderr.write(
            f"What an interrupted run had begun to forget of '{request.classifier}' is forgotten now; receipt "
            f"{forgotten.receipt}.\n"
        )
    return finished


def _print_finished(asked: argparse.Namespace, receipt: dict[str, Any]) -> None:
    lines = [f"Receipt {receipt['id']}.", *made_without(receipt), carried(receipt)]
    _print(asked, {**receipt, **NOTHING_MISSING}, "\n".join(lines))


def receipt_of(identity: str, workspace: Workspace) -> dict[str, Any]:
    return next(receipt for receipt in receipts(workspace.home) if receipt["id"] == identity)


def made_without(receipt: dict[str, Any]) -> list[str]:
    """The versions without the rows, a line each; they do not serve before somebody says so."""
    return [
        f"Version {made['version']} of '{made['classifier']}' is without them, and waits as a candidate."
        for made in solved(receipt)
    ]


def carried(receipt: dict[str, Any]) -> str:
    """Which weights still carry some of the rows, and what else of the workspace went."""
    from core.workflows.forget.holders import HOLDERS, carriers

    named = _named(carriers({kind: receipt[kind] for kind in HOLDERS}))
    held = {part: sum(version[part] for version in receipt["versions"]) for part in ("memory", "test")}
    removed = (
        counted(held["memory"], "remembered row"),
        f"{counted(held['test'], 'row')} of frozen tests",
        counted(receipt["corrections"], "waiting correction"),
        f"{counted(receipt['labelling'], 'text')} of labelling sessions",
        f"{counted(receipt.get('monitor', 0), 'text')} kept from use",
        f"{counted(receipt['uploads'], 'upload')} (all there were)",
        f"{counted(receipt['checkpoints'], 'state')} of ended runs",
    )
    return (
        f"Removed besides, over all versions: {', '.join(removed)}.\n"
        f"Weights that still carry them, until retrained: {', '.join(named) or 'none'}."
    )


def _all_missing(lines: dict[int, str], groups: list[str]) -> str:
    """What was asked for where none of it is anywhere."""
    from core.workflows.forget.rows import Matches

    nothing = Matches(
        (),
        frozenset(),
        (),
        texts=len(lines),
        groups=len(groups),
        missing_texts=tuple(range(len(lines))),
        missing_groups=tuple(range(len(groups))),
    )
    return shortfall(nothing, not_found(nothing, lines, groups))


def not_found(matches: Matches, lines: dict[int, str], groups: list[str]) -> dict[str, Any]:
    """What of the request is nowhere: in words, and by its lines in the file."""
    numbers = matches.not_found(list(lines))
    return {
        "not_found": {
            "texts": [lines[number] for number in numbers["texts"]],
            "lines": numbers["texts"],
            "groups": [groups[number - 1] for number in numbers["groups"]],
        }
    }


def shortfall(matches: Matches, nowhere: dict[str, Any]) -> str:
    """How much of the request was found, and what was not."""
    missing, parts = nowhere["not_found"], []
    if matches.texts:
        named = [
            f"line {line} '{text[:SHOWN]}{'…' if len(text) > SHOWN else ''}'"
            for line, text in zip(missing["lines"], missing["texts"], strict=True)
        ]
        parts.append(_part("texts", matches.texts, named))
    if matches.groups:
        parts.append(_part("groups", matches.groups, [f"'{group}'" for group in missing["groups"]]))
    return "".join(f"{part}\n" for part in parts)


def _part(kind: str, asked: int, missing: list[str]) -> str:
    rest = f"; not found: {', '.join(missing)}" if missing else ""
    return f"{asked - len(missing)} of {asked} {kind} found{rest}."


def _asked(matches: Matches) -> dict[str, Any]:
    return {"asked": {"texts": matches.texts, "groups": matches.groups}}


def _print(asked: argparse.Namespace, content: dict[str, Any], text: str, summary: str = "") -> None:
    """What was found or done; ``summary`` says how much of the request that is."""
    show(asked, content, summary + text)
    missing = content["not_found"]
    if asked.json and (missing["texts"] or missing["groups"]):
        sys.stderr.write(summary)


def _named(holders: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Versions and encoders by their names."""
    named = [f"{version['classifier']} version {version['version']}" for version in holders["versions"]]
    return [*named, *(str(encoder["encoder"]) for encoder in holders["encoders"])]
