"""A person changes the rules of a policy, or decides on a file that waits; each of these stands in the audit log.

Pages and commands come through here, so that both refuse the same and write down the same.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.base.audit import AuditLog
from core.base.config import build
from core.base.errors import ConfigError, DataError
from core.base.messages import Message, message
from core.evolve.channels import check
from core.evolve.ledger import Ledger, Ledgers
from core.evolve.policy import TRY, Policy
from core.evolve.sources.address import check_source, shown
from core.serving.monitor.keeping import keeps_texts
from core.serving.monitor.store import MonitorStore
from core.tasks import DEFAULT, task_of
from core.workflows.requests import AUTO, check_strategy, method_of
from core.workflows.workspace import Workspace

_UNSEEN = re.compile("[\u200b-\u200d\u2060\ufeff]")
MARK_SHOWN = 12  # first signs of a file's hash that tell it from all others


def change_policy(model: str, values: Mapping[str, Any], workspace: Workspace) -> tuple[Policy, dict[str, Any]]:
    """Change some of the rules.

    Returns
    -------
    tuple[Policy, dict[str, Any]]
        All rules as they are now, and those that are other than before.

    Raises
    ------
    CoreError
        When a rule is out of range, the folder is not there, the strategy does not suit the model, or the policy is being
        followed just now; then nothing is changed.
    """
    with _alone(workspace.home, model) as ledger:
        before = ledger.policy.model_dump()
        after = build(Policy, {**before, **{name: _typed(value) for name, value in values.items()}})
        changed = {name: value for name, value in after.model_dump().items() if before[name] != value}
        _check(model, after, changed, workspace)
        ledger.policy = after
    if changed:
        AuditLog(workspace.home).add("policy_set", model=model, facts={"changed": shown(changed)})
    return after, changed


def decide_on_file(model: str, beginning: str, home: Path, *, enter: bool) -> str:
    """Let the rows of a file in that waits, or set it aside; returns its whole hash.

    Parameters
    ----------
    beginning
        First signs of its hash, as many as tell it from the others.
    """
    from core.evolve.step import decide  # loads what a step needs

    with _alone(home, model) as ledger:
        marks = [taken.mark for taken in ledger.waiting if beginning and taken.mark.startswith(beginning)]
        if len(marks) != 1 or not decide(ledger, marks[0], enter=enter):
            raise DataError(
                "evolve.no_file",
                "No file that waits, or more than one, begins with '{mark}'. Those that wait stand in 'policy show'.",
                mark=beginning,
            )
    AuditLog(home).add("rows_decided", model=model, facts={"file": marks[0][:MARK_SHOWN], "enter": enter})
    return marks[0]


def folder_problem(folder: str) -> Message | None:
    """Why tables cannot be watched for in a folder; None where they can, or where none is named."""
    if not folder:
        return None
    whole = os.path.expanduser(folder)
    if not os.path.isabs(whole):
        return message(
            "evolve.folder_relative",
            "'{folder}' does not say where the folder lies. Write its whole path, such as {example}.",
            folder=folder,
            example=str(Path.home() / "incoming"),
        )
    if not os.path.isdir(whole):
        return message("evolve.folder_missing", "There is no folder '{folder}' on this machine.", folder=folder)
    if not os.access(whole, os.R_OK | os.X_OK):
        return message("evolve.folder_closed", "The folder '{folder}' may not be read here.", folder=folder)
    return None


def _check(model: str, policy: Policy, changed: Mapping[str, Any], workspace: Workspace) -> None:
    """Refuse what cannot be followed, where it was just set or is switched on; what has gone since hinders no other change."""
    begins = policy.active and "active" in changed
    if begins or "folder" in changed:
        problem = folder_problem(policy.folder)
        if problem is not None:
            raise ConfigError(problem.key, problem.text, **problem.facts)
    if begins or {"database", "query"} & set(changed):
        check_source(policy.database, policy.query)
    if "webhook" in changed or "mail" in changed:
        check(policy.webhook, policy.mail)
    beside = policy.then == "shadow" and (begins or "then" in changed)
    if beside and not keeps_texts(MonitorStore(workspace.home).keeping(model)):
        raise ConfigError(
            "evolve.shadow_needs_texts",
            "A candidate can only answer beside the version that serves where texts in use are kept. Let a sample be kept first "
            "(page Use, Monitor; or monitor keep).",
        )
    if (begins or "strategy" in changed) and policy.strategy not in (AUTO, TRY):
        method_of(policy.strategy)
        summary = workspace.registry.resolve(model).summary
        check_strategy(policy.strategy, task_of(str(summary.get("task", DEFAULT))), str(summary.get("model", "")))


def _typed(value: Any) -> Any:
    """Without signs that nobody sees, which come along with what is copied from a page."""
    return _UNSEEN.sub("", value).strip() if isinstance(value, str) else value


@contextmanager
def _alone(home: Path, model: str) -> Iterator[Ledger]:
    with Ledgers(home).alone(model) as ledger:
        if ledger is None:
            raise DataError("evolve.busy", "The policy is being followed just now. Try again in a moment.")
        yield ledger
