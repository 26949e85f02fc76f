"""Deleting a classifier, or one version of it, so that a killed process leaves nothing half deleted for good; and what belongs
to nothing any more.

What is to go is written down first, in one file below ``artifacts/``; whoever opens the registry next finishes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.base import files
from core.base.audit import Done, acting
from core.base.errors import RegistryError
from core.base.faults import reached
from core.base.processes import signature, signed_by_the_living
from core.registry import entries
from core.registry.client import Absent
from core.registry.runs import Runs, is_owned

INTENT = ".deleting-"


class Deletions(Runs):
    """Takes classifiers and versions away."""

    def delete(self, name: str) -> None:
        """Remove a classifier with all versions, runs and files."""
        self._model(name)
        run_ids = {version.run_id for version in self.versions(name)} | {run.run_id for run in self.runs(name)}
        self._carry_out({"classifier": name, "runs": sorted(run_ids)})

    def delete_version(self, name: str, number: int) -> None:
        """Remove one version with its run and files; numbers of others stay as they are.

        Raises
        ------
        RegistryError
            When it serves, or a candidate that waits for its decision was made from it.
        """
        version = self.version(name, number)
        if entries.champion_of(self._model(name)) == number:
            raise RegistryError(
                "registry.delete_champion",
                "Version {number} of '{classifier}' serves, so it cannot be deleted. Promote another version first, or "
                "roll back.",
                number=number,
                classifier=name,
            )
        needing = self.needs(name, number)
        if needing is not None:
            raise RegistryError(
                "registry.delete_needed",
                "Version {needing} of '{classifier}' was made from version {number} and waits for its decision, which is "
                "read beside version {number}. Decide on version {needing} first.",
                needing=needing,
                number=number,
                classifier=name,
            )
        self._carry_out({"classifier": name, "version": number, "runs": [version.run_id]})

    def needs(self, name: str, number: int) -> int | None:
        """The version that needs this one: a candidate of it on which nobody has decided; None where there is none."""
        champion = entries.champion_of(self._model(name))
        waiting = (
            version.number
            for version in self.versions(name)
            if version.parent == number and version.decision is None and "gate" in version.summary
            if version.number != champion and version.number > (champion or 0)
        )
        return next(waiting, None)

    def _begin(self) -> None:
        super()._begin()
        self.finish_deletions()
        self.close_abandoned_runs()

    def finish_deletions(self) -> int:
        """Finish what processes that are gone had begun to delete; returns how many deletions there were."""
        count = 0
        for path in self.unfinished_deletions():
            self._finish(path, files.read_object(path))
            count += 1
        return count

    def unfinished_deletions(self) -> list[Path]:
        """What processes that are gone had begun to delete."""
        intents = self._files.artifacts.glob(f"{INTENT}*.json")
        return [path for path in intents if signed_by_the_living(_signature_of(path)) is not True]

    def _carry_out(self, intent: dict[str, Any]) -> None:
        self._client.refuse_if_read_only()
        self._files.artifacts.mkdir(parents=True, exist_ok=True)
        path = self._files.artifacts / f"{INTENT}{signature()}.json"
        intent |= {"by": acting(), "at": datetime.now(UTC).isoformat()}
        files.write_json(path, intent)
        reached("delete.intended")
        self._finish(path, intent)

    def _finish(self, path: Path, intent: dict[str, Any]) -> None:
        """Every step can be done again: what is gone already is passed over."""
        name, runs = str(intent.get("classifier", "")), [str(run_id) for run_id in intent.get("runs", ())]
        if name:
            self._delete_entries(name, set(runs))
        reached("delete.registry")
        for run_id in runs:
            with suppress(Absent):
                self._client.delete_run(run_id)
            reached("delete.run")
            self._files.forget(run_id)
            reached("delete.files")
        if name and not self.versions(name):
            self._facts.remove(name)
        if name:
            number = intent.get("version")
            did: Done = "model_deleted" if number is None else "version_deleted"
            self.audit.add(
                did, model=name, version=number, once=f"{intent.get('at')} {path.name}", who=intent.get("by")
            )
        path.unlink(missing_ok=True)
        reached("delete.done")

    def _delete_entries(self, name: str, runs: set[str]) -> None:
        """Remove the versions that these runs made, and the classifier with the last of them.

        By run, not by name: somebody may have begun another classifier of that name since.
        """
        versions = self.versions(name)
        gone = [version for version in versions if version.run_id in runs]
        if len(gone) < len(versions):
            for version in gone:
                self._client.delete_model_version(name, str(version.number))
            return
        with suppress(Absent):
            if not self._is_in_the_making(name, runs):
                self._client.delete_registered_model(name)

    def _is_in_the_making(self, name: str, runs: set[str]) -> bool:
        """Whether a run that is none of these is about to make the classifier's next version."""
        return any(run.state == "running" and run.run_id not in runs for run in self.runs(name))


def _signature_of(path: Path) -> str:
    return path.name.removeprefix(INTENT).removesuffix(".json")


class Orphans(Deletions):
    """Finds them; whoever sweeps decides."""

    def without_version(self) -> Iterator[Path]:
        """Folders of runs that made no version, or none that is left, and at which no process is at work."""
        yield from (folder for folder in self._unclaimed() if self._is_over(folder.name))

    def empty_classifiers(self) -> list[str]:
        """Names of classifiers that have no version, and will get none."""
        models = self._client.every("search_registered_models", filter_string=f"tags.{entries.KIND} = 'classifier'")
        return [
            model.name
            for model in models
            if not self.versions(model.name) and not self._is_in_the_making(model.name, set())
        ]

    def remove_empty_classifier(self, name: str) -> None:
        """Take away the entry of a classifier without versions."""
        self._client.delete_registered_model(name)
        self._facts.remove(name)

    def _is_over(self, run_id: str) -> bool:
        try:
            run = self._client.get_run(run_id)
        except Absent:
            # Empty folders are nobody's; files that the database does not know may be all that is left of a version.
            return not any(path.is_file() for path in (self._files.artifacts / run_id).rglob("*"))
        ours = entries.KIND in run.data.tags
        return ours and (run.info.status != "RUNNING" or not is_owned(run))
