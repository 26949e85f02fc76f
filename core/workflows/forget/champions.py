"""The champions that learned rows which are forgotten, and a version without them for each whose head is in closed form.

A dataset may have taught several classifiers, and once its rows are gone nobody can subtract them any more. So all of
these champions are solved again in the same forgetting, whichever classifier was asked for.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from core.base.errors import CoreError
from core.base.events import StageStarted
from core.base.faults import reached
from core.registry import VersionInfo
from core.workflows.forget.exact import exact_version, in_closed_form
from core.workflows.forget.versions import Gone
from core.workflows.learn.candidate import Completed
from core.workflows.learn.running import made_before, recorded_run, run_of
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import Workspace

Rows = Mapping[str, list[int]]  # dataset → row numbers


@dataclass(frozen=True)
class Learned:
    """A champion that was trained on some of the rows.

    Parameters
    ----------
    rows
        Number of them that it learned.
    solved
        Whether its head is a sum over rows, so that a version without them can be made.
    epsilon
        What it may tell of any of them at most, where it was learned with differential privacy: no row can be taken out then.
    """

    version: VersionInfo
    rows: int
    solved: bool
    epsilon: float | None = None


def champions_that_learned(rows: Rows, workspace: Workspace) -> Iterator[Learned]:
    """Every champion of the workspace that was trained on some of these rows."""
    for known in workspace.registry.classifiers():
        champion = workspace.registry.champion(known.name)
        if champion is None:
            continue
        try:
            folder = VersionFolder(workspace.registry.folder_of(champion))
        except CoreError:  # its files are gone, and with them the rows
            continue
        learned = sum(
            len(np.intersect1d(folder.rows_of(record.number, "train"), rows.get(record.dataset, [])))
            for record in folder.experiences()
        )
        if learned:
            promised = folder.report().get("privacy") or {}
            yield Learned(champion, learned, in_closed_form(folder) is not None, promised.get("spent"))


def note_champions(plan: dict[str, Any], rows: Rows, workspace: Workspace) -> None:
    """Note in the plan which champions learned the rows, and the run of each that is to be solved again.

    The plan must be stored before anything is registered: whoever repeats it knows by these runs which versions it has made.
    What an interrupted run has noted stays; a champion of since then is added.
    """
    asked = str(plan["request"]["classifier"])
    noted = {str(entry["classifier"]): entry for entry in plan.get("champions", ())}
    for learned in champions_that_learned(rows, workspace):
        name = learned.version.classifier
        run = noted.get(name, {}).get("run")
        if learned.solved:
            own = partial(workspace.registry.start_run, "forget", name, {"rows": learned.rows})
            run = plan["run"] if name == asked else run_of(workspace.registry, run, own)
        noted[name] = {"classifier": name, "version": learned.version.number, "run": run}
    plan["champions"] = sorted(noted.values(), key=lambda entry: (entry["classifier"] != asked, entry["classifier"]))


def solve_champions(
    plan: Mapping[str, Any], gone: Gone, workspace: Workspace
) -> Generator[Any, None, list[dict[str, Any]]]:
    """Make the versions that the plan names and that are not there yet; yields events, and returns what the receipt says."""
    solved = []
    planned = [(str(entry["classifier"]), str(entry["run"])) for entry in plan["champions"] if entry["run"] is not None]
    for position, (name, run_id) in enumerate(planned):
        # The run of the whole forgetting is closed at its end, by whoever has opened it.
        closing = nullcontext() if run_id == plan["run"] else recorded_run(workspace.registry, run_id, lambda: False)
        with closing:
            made = made_before(name, run_id, workspace)
            for event in _solve(name, run_id, gone, workspace) if made is None else ():
                if isinstance(event, Completed):
                    made = event
                else:
                    yield _of_all(event, position, len(planned))
        if made is not None:
            facts = {"classifier": name, "version": made.version, "parent": made.report["parent"]}
            solved.append({**facts, **made.report["forgotten"]})
        reached("forget.exact")
    return solved


def runs_of(plan: Mapping[str, Any]) -> set[str]:
    """Every run that makes a version in this forgetting."""
    return {str(plan["run"]), *(str(entry["run"]) for entry in plan.get("champions", ()) if entry["run"] is not None)}


def _solve(name: str, run_id: str, gone: Gone, workspace: Workspace) -> Iterator[Any]:
    champion = workspace.registry.champion(name)
    if champion is not None:
        yield from exact_version(champion, gone.rows, gone.datasets, workspace, run_id)


def _of_all(event: Any, position: int, count: int) -> Any:
    """An event of one of several solutions: its fraction is that of all of them."""
    return replace(event, fraction=(position + event.fraction) / count) if isinstance(event, StageStarted) else event
