"""The registry itself: a thin layer over MLflow's client, in Evergreen's own words.

What MLflow's own screen shows (``mlflow ui --backend-store-uri sqlite:///workspace/mlflow.db``) is the same: a
classifier is a registered model, a version a model version, the champion an alias, a run a run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.base import integrity
from core.base.audit import Done
from core.base.errors import CoreError, RegistryError
from core.base.faults import reached
from core.registry import entries
from core.registry.about import About, now
from core.registry.client import Absent
from core.registry.entries import PromotionDecision, VersionInfo
from core.registry.files import ARTIFACT, check_complete
from core.registry.history import ChampionHistory
from core.registry.names import check_name

NO_SCORES = ("seconds", "parity")  # figures of a summary that say nothing of how good a version is


class Registry(About):
    """Classifiers, versions, champions and runs of one workspace; how they are looked up is `Store`'s business."""

    def champion(self, name: str) -> VersionInfo | None:
        """Return the version in use; None before the first promotion, and when there is no such classifier."""
        try:
            number = entries.champion_of(self._model(name))
        except RegistryError as error:
            if error.message.key == "registry.classifier_missing":
                return None
            raise
        return None if number is None else self.version(name, number)

    def resolve(self, name: str, number: int | None = None) -> VersionInfo:
        """The version of this number, or without one the version in use.

        Raises
        ------
        RegistryError
            When there is no such version, or none is in use.
        """
        if number is not None:
            return self.version(name, number)
        champion = self.champion(name)
        if champion is None:
            self.require(name)
            raise self._not_in_use(name)
        return champion

    def require(self, name: str) -> None:
        """Raise `RegistryError` where there is no such classifier, and say so where the database was lost with it."""
        if not self.versions(name):
            self.refuse_if_lost(name)
            raise self._not_in_use(name)

    def _not_in_use(self, name: str) -> RegistryError:
        return RegistryError(
            "registry.no_champion",
            "There is no classifier '{classifier}' in use. The classifiers are: {known}. Train it first, or choose one of its "
            "versions.",
            classifier=name,
            known=[classifier.name for classifier in self.classifiers()] or ["–"],
        )

    def champion_history(self, name: str) -> list[dict[str, Any]]:
        """Every move of the champion, oldest first: ``{"version", "at", "reason"}``; the last 50 are kept."""
        return list(self._history(self._model(name)).moves)

    def register(
        self,
        name: str,
        folder: Path,
        *,
        run_id: str,
        parent: int | None,
        summary: Mapping[str, float | str],
    ) -> int:
        """Keep a folder as the next version of a classifier, and return its number.

        The version can be seen only when all its files are in place. A run makes one version: registering again for
        the same run, as a resumed job may, returns the number that it got before.
        """
        check_name(name)
        check_complete(folder)
        number = self.made_by(name, run_id)
        if number is None:
            reached("register.begun")
            number = self._add_version(name, folder, run_id, parent, summary)
        if not self.on_server:
            created = self.version(name, number).created  # what the database says, so that it can be made again
            integrity.add_facts(self._files.place_of(run_id), number=number, created=created)
        reached("register.before_tag")
        self._client.set_tag(run_id, entries.VERSION, str(number))
        reached("register.tagged")
        return number

    def _add_version(
        self, name: str, folder: Path, run_id: str, parent: int | None, summary: Mapping[str, float | str]
    ) -> int:
        shown = json.dumps(dict(summary), ensure_ascii=False, default=float)
        facts = {"classifier": name, "number": None, "parent": parent, "run": run_id, "created": now()}
        source = self._upload(folder, run_id, {**facts, "summary": json.loads(shown)})
        tags = {entries.KIND: "version", entries.SUMMARY: shown}
        if parent is not None:
            tags[entries.PARENT] = str(parent)
        with self._writing():
            self._ensure_classifier(name)
            reached("register.classifier")
            reached("register.before_version")
            stored = self._client.create_model_version(name, source, run_id, tags=tags, await_creation_for=None)
            reached("register.version")
        self._write_facts(name)
        reached("register.numbered")
        return int(stored.version)

    def promote(
        self,
        name: str,
        number: int,
        reason: str = "",
        *,
        did: Done = "promoted",
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """Make a version the champion; nothing happens when it is already.

        Parameters
        ----------
        did
            What the audit log calls it.
        facts
            What else it shall tell of it, such as who confirmed it.

        Raises
        ------
        RegistryError
            When one of its files is damaged or missing.
        """
        self._check_files(name, number)
        reached("promote.begun")
        with self._writing():
            model = self._model(name)
            if entries.champion_of(model) != number:
                self._move(model, self._history(model).promoted(number, at=now(), reason=reason), did, facts)

    def rollback(self, name: str, number: int | None = None, reason: str = "") -> int:
        """Return to the previous champion, or to the version of this number; returns the champion's number.

        Repeated rollbacks walk further back; without a number, over versions whose files are damaged or missing.

        Raises
        ------
        RegistryError
            When no earlier champion is left, or the version of this number has a damaged file, or the gate was against it and it
            never served: that would be a promotion.
        """
        with self._writing():
            model = self._model(name)
            history = self._history(model)
            target = number if number is not None else self._previous(name, history)
            self._check_files(name, target)
            self._refuse_unserved(name, target, history)
            if entries.champion_of(model) != target:
                self._move(model, history.rolled_back(target, at=now(), reason=reason), "rolled_back")
        return target

    def note_decision(self, name: str, number: int, decision: PromotionDecision) -> None:
        """Keep with a version what was decided on it; the last decision stands."""
        stored = self._stored_version(name, number)
        self._client.set_model_version_tag(name, str(number), entries.DECISION, decision.to_text())
        if not self.on_server and (folder := self._files.find("", stored.run_id)) is not None:
            integrity.add_facts(folder, decision=decision.to_text())
        reached("promote.noted")

    def note_summary(self, name: str, number: int, summary: Mapping[str, float | str]) -> None:
        """Keep with a version what lists show of it, after its files were rewritten; nothing is written where it is the same."""
        stored = self._stored_version(name, number)
        shown = json.dumps(dict(summary), ensure_ascii=False, default=float)
        if stored.tags.get(entries.SUMMARY) != shown:
            self._client.set_model_version_tag(name, str(number), entries.SUMMARY, shown)
        folder = None if self.on_server else self._files.find("", stored.run_id)
        if folder is not None and integrity.read_record(folder):
            integrity.add_facts(folder, summary=json.loads(shown))

    def rewrite(self, name: str, number: int, change: Callable[[Path], None]) -> None:
        """Replace a version's files by what ``change`` makes of a copy of its folder; only where they lie on this machine.

        For taking something out that may not be kept; what a version answers never changes.
        """
        self._files.rewrite(self.folder(name, number), change)

    def is_whole(self, name: str, number: int) -> bool:
        """Whether all files of a version are there as they were registered."""
        try:
            self._check_files(name, number)
        except CoreError:
            return False
        return True

    def _check_files(self, name: str, number: int) -> None:
        self._stored_version(name, number)
        if not self.on_server:  # a server answers for its own files
            integrity.check(self.folder(name, number))

    def facts_of(self, version: VersionInfo) -> dict[str, Any]:
        """What the record in a version's folder says of it, beside the checksums."""
        decision = version.decision.to_text() if version.decision is not None else None
        return {
            "classifier": version.classifier,
            "number": version.number,
            "parent": version.parent,
            "run": version.run_id,
            "created": version.created,
            "summary": version.summary,
            "decision": decision,
        }

    def made_by(self, name: str, run_id: str) -> int | None:
        """Number of the version that a run made; None when it made none."""
        wanted = f"name = \"{check_name(name)}\" and run_id = '{run_id}'"
        stored = self._client.every("search_model_versions", filter_string=wanted) if "'" not in run_id else []
        return next((int(version.version) for version in stored if entries.is_version(version)), None)

    def _upload(self, folder: Path, run_id: str, facts: Mapping[str, Any]) -> str:
        if not self.on_server:
            return str(self._files.keep(folder, run_id, facts))
        self._client.log_artifacts(run_id, str(folder), ARTIFACT)
        return f"{self._client.get_run(run_id).info.artifact_uri}/{ARTIFACT}"

    def _ensure_classifier(self, name: str) -> None:
        try:
            stored = self._client.get_registered_model(name)
        except Absent:
            self._client.create_registered_model(name, tags={entries.KIND: "classifier"})
            return
        if stored.tags.get(entries.KIND) != "classifier":
            raise RegistryError(
                "registry.name_taken",
                "The model registry already keeps something else called '{name}'. Choose another name.",
                name=name,
            )

    def _history(self, model: Any) -> ChampionHistory:
        """The recorded moves, completed when the alias was moved elsewhere, such as in MLflow's own screen."""
        history = ChampionHistory.from_text(model.tags.get(entries.HISTORY))
        champion = entries.champion_of(model)
        if champion is not None and history.path[-1:] != (champion,):
            return history.promoted(champion, at=entries.iso(model.last_updated_timestamp))
        return history

    def _previous(self, name: str, history: ChampionHistory) -> int:
        known = {version.number for version in self.versions(name)}
        for number in reversed(history.path[:-1]):
            if number in known and number != history.path[-1] and self.is_whole(name, number):
                return number
        raise RegistryError(
            "registry.nothing_to_roll_back",
            "'{classifier}' has had no other champion before, so there is nothing to roll back to. "
            "To use another version, promote it.",
            classifier=name,
        )

    def _refuse_unserved(self, name: str, number: int, history: ChampionHistory) -> None:
        version = self.version(name, number)
        served = any(move["version"] == number for move in history.moves) or number in history.path
        promoted = version.decision is not None and version.decision.promoted
        if version.refused and not served and not promoted:
            raise RegistryError(
                "registry.never_served",
                "Version {number} of '{classifier}' never served and the gate is against it, so there is no way back to it. "
                "Promote it, with a reason.",
                number=number,
                classifier=name,
            )

    def _move(self, model: Any, history: ChampionHistory, did: Done, facts: Mapping[str, Any] | None = None) -> None:
        name, before = str(model.name), entries.champion_of(model)
        # The alias decides; should the process die before the history is written, `_history` completes it.
        self._client.set_registered_model_alias(name, entries.CHAMPION, str(history.path[-1]))
        reached("promote.alias")
        self._client.set_registered_model_tag(name, entries.HISTORY, history.to_text())
        reached("promote.history")
        self._write_facts(name)
        scores = {version.number: _scores(version) for version in self.versions(name)}
        figures = {"before": scores.get(before or 0, {}), "after": scores.get(history.path[-1], {})}
        self.audit.add_moves(name, history.moves, did, {"from": before, "figures": figures, **(facts or {})})


def _scores(version: VersionInfo) -> dict[str, float]:
    """The scores of a version when it was made, as lists show them."""
    named = version.summary.items()
    return {name: value for name, value in named if isinstance(value, float) and name not in NO_SCORES}
