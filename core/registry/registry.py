"""The registry itself: a thin layer over MLflow's client, in Evergreen's own words.

What MLflow's own screen shows (``mlflow ui --backend-store-uri sqlite:///workspace/mlflow.db``) is the same: a
classifier is a registered model, a version a model version, the champion an alias, a run a run.
"""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock

from core.errors import RegistryError
from core.registry import entries
from core.registry.client import Absent, Client, is_server, open_client, store_address
from core.registry.entries import ClassifierInfo, Decision, RunInfo, VersionInfo
from core.registry.files import ARTIFACT, VersionFiles, check_complete
from core.registry.history import ChampionHistory
from core.registry.names import check_name
from core.registry.thresholds import Threshold, check_threshold

EXPERIMENT = "evergreen"
_SETTING_CHARACTERS = 6000
_SETTINGS_AT_ONCE = 100
_END_STATES = {"finished": "FINISHED", "stopped": "KILLED", "failed": "FAILED"}


class Registry:
    """Classifiers, versions, champions and runs of one workspace.

    Making one costs nothing; MLflow is imported at the first question.

    Parameters
    ----------
    home
        The workspace: holds ``mlflow.db`` and ``artifacts/``, unless ``MLFLOW_TRACKING_URI`` names another store.
    """

    def __init__(self, home: Path) -> None:
        self._home = home.resolve()
        self._address = store_address(self._home)
        self._files = VersionFiles(self._home)

    @property
    def home(self) -> Path:
        """The workspace that this registry belongs to."""
        return self._home

    @property
    def _client(self) -> Client:
        return open_client(self._home, self._address)

    def _writing(self) -> FileLock:
        """Held while something is read, decided and written back."""
        self._client.ready()  # opening takes the same lock, so it must be done before
        return FileLock(self._home / "mlflow.lock")

    def classifiers(self) -> list[ClassifierInfo]:
        """All classifiers that have a version, by name."""
        stored = self._client.every("search_model_versions", filter_string=f"tags.{entries.KIND} = 'version'")
        counts = Counter(version.name for version in stored if entries.is_version(version))
        models = self._client.every("search_registered_models", filter_string=f"tags.{entries.KIND} = 'classifier'")
        found = [entries.classifier_info(model, counts[model.name]) for model in models if counts[model.name]]
        return sorted(found, key=lambda classifier: classifier.name)

    def versions(self, name: str) -> list[VersionInfo]:
        """Versions of a classifier, oldest first; none when there is no such classifier."""
        stored = self._client.every("search_model_versions", filter_string=f'name = "{check_name(name)}"')
        found = [entries.version_info(version) for version in stored if entries.is_version(version)]
        return sorted(found, key=lambda version: version.number)

    def version(self, name: str, number: int) -> VersionInfo:
        """Return one version; raises `RegistryError` naming what there is instead."""
        return entries.version_info(self._stored_version(name, number))

    def champion(self, name: str) -> VersionInfo | None:
        """Return the version in use; None before the first promotion, and when there is no such classifier."""
        try:
            number = _champion(self._model(name))
        except RegistryError as error:
            if error.message.key == "registry.classifier_missing":
                return None
            raise
        return None if number is None else self.version(name, number)

    def champion_history(self, name: str) -> list[dict[str, Any]]:
        """Every move of the champion, oldest first: ``{"version", "at", "reason"}``; the last 50 are kept."""
        return list(self._history(self._model(name)).moves)

    def folder(self, name: str, number: int) -> Path:
        """Return the local folder of a version's files; a server's are downloaded the first time."""
        stored = self._stored_version(name, number)
        found = self._files.find(stored.source, stored.run_id)
        if found is not None:
            return found
        if is_server(self._address):
            return self._files.fetch(self._client, stored.run_id)
        raise RegistryError(
            "registry.files_missing",
            "The files of version {number} of '{classifier}' are no longer in {place}. "
            "Put them back from a copy, or promote another version.",
            number=number,
            classifier=name,
            place=str(stored.source),
        )

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
        earlier = self._made_by(name, run_id)
        if earlier is not None:
            return earlier
        source = self._upload(folder, run_id)
        tags = {entries.KIND: "version", entries.SUMMARY: json.dumps(dict(summary), ensure_ascii=False, default=float)}
        if parent is not None:
            tags[entries.PARENT] = str(parent)
        with self._writing():
            self._ensure_classifier(name)
            stored = self._client.create_model_version(name, source, run_id, tags=tags, await_creation_for=None)
        self._client.set_tag(run_id, entries.VERSION, str(stored.version))
        return int(stored.version)

    def promote(self, name: str, number: int, reason: str = "") -> None:
        """Make a version the champion; nothing happens when it is already."""
        self._stored_version(name, number)
        with self._writing():
            model = self._model(name)
            if _champion(model) != number:
                self._move(name, self._history(model).promoted(number, at=_now(), reason=reason))

    def rollback(self, name: str, number: int | None = None, reason: str = "") -> int:
        """Return to the previous champion, or to the version of this number; returns the champion's number.

        Repeated rollbacks walk further back.

        Raises
        ------
        RegistryError
            When no earlier champion is left.
        """
        with self._writing():
            model = self._model(name)
            history = self._history(model)
            target = number if number is not None else self._previous(name, history)
            self._stored_version(name, target)
            if _champion(model) != target:
                self._move(name, history.rolled_back(target, at=_now(), reason=reason))
        return target

    def note_decision(self, name: str, number: int, decision: Decision) -> None:
        """Keep with a version what was decided on it; the last decision stands."""
        self._stored_version(name, number)
        self._client.set_model_version_tag(name, str(number), entries.DECISION, decision.to_text())

    def threshold(self, name: str) -> Threshold | None:
        """From which probability on the classifier answers by itself; None where it always does."""
        return Threshold.from_text(self._model(name).tags.get(entries.THRESHOLD))

    def set_threshold(self, name: str, value: float, *, version: int) -> None:
        """Let the classifier answer from this probability on; ``version`` is the one it was chosen with."""
        check_threshold(value)
        self._stored_version(name, version)
        text = Threshold(value, version, _now()).to_text()
        self._client.set_registered_model_tag(name, entries.THRESHOLD, text)

    def clear_threshold(self, name: str) -> None:
        """Let the classifier answer always."""
        if self.threshold(name) is not None:
            self._client.delete_registered_model_tag(name, entries.THRESHOLD)

    @property
    def on_server(self) -> bool:
        """Whether versions lie on an MLflow server, where their files cannot be changed from here."""
        return is_server(self._address)

    def rewrite(self, name: str, number: int, change: Callable[[Path], None]) -> None:
        """Replace a version's files by what ``change`` makes of a copy of its folder; only where they lie on this machine.

        For taking something out that may not be kept; what a version answers never changes.
        """
        self._files.rewrite(self.folder(name, number), change)

    def delete(self, name: str) -> None:
        """Remove a classifier with all versions, runs and files."""
        self._model(name)
        run_ids = {version.run_id for version in self.versions(name)} | {run.run_id for run in self.runs(name)}
        self._client.delete_registered_model(name)
        for run_id in run_ids:
            self._client.delete_run(run_id)
            self._files.forget(run_id)

    def start_run(self, kind: str, classifier: str, settings: Mapping[str, Any]) -> str:
        """Begin the record of a run and return its id; nested settings are kept as ``training.epochs``."""
        check_name(classifier)
        tags = {entries.KIND: kind, entries.CLASSIFIER: classifier}
        run = self._client.create_run(self._experiment(), tags=tags, run_name=f"{classifier} · {kind}")
        self._log_settings(run.info.run_id, entries.flatten(dict(settings)))
        return str(run.info.run_id)

    def log_metrics(self, run_id: str, metrics: Mapping[str, float], step: int = 0) -> None:
        """Add one point to the curves of a run; values that are not numbers are left out."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        points = [Metric(name, float(value), now, step) for name, value in metrics.items() if math.isfinite(value)]
        if points:
            self._client.log_batch(run_id, metrics=points)

    def finish_run(self, run_id: str, state: Literal["finished", "stopped", "failed"]) -> None:
        """Close the record of a run."""
        self._client.set_terminated(run_id, _END_STATES[state])

    def runs(self, classifier: str | None = None) -> list[RunInfo]:
        """Runs of one classifier, or all, newest first."""
        condition = "" if classifier is None else f'tags.`{entries.CLASSIFIER}` = "{check_name(classifier)}"'
        order = ["attributes.start_time DESC"]
        experiments = [self._experiment()]
        stored = self._client.every("search_runs", experiment_ids=experiments, filter_string=condition, order_by=order)
        return [entries.run_info(run) for run in stored]

    def _model(self, name: str) -> Any:
        try:
            stored = self._client.get_registered_model(check_name(name))
            if stored.tags.get(entries.KIND) == "classifier":
                return stored
        except Absent:
            pass
        raise RegistryError(
            "registry.classifier_missing",
            "There is no classifier '{classifier}'. The classifiers are: {known}.",
            classifier=name,
            known=[classifier.name for classifier in self.classifiers()] or ["–"],
        )

    def _stored_version(self, name: str, number: int) -> Any:
        try:
            stored = self._client.get_model_version(check_name(name), str(number))
            if entries.is_version(stored):
                return stored
        except Absent:
            pass
        self._model(name)
        raise RegistryError(
            "registry.version_missing",
            "'{classifier}' has no version {number}. Its versions are: {known}.",
            classifier=name,
            number=number,
            known=[version.number for version in self.versions(name)] or ["–"],
        )

    def _made_by(self, name: str, run_id: str) -> int | None:
        return next((version.number for version in self.versions(name) if version.run_id == run_id), None)

    def _upload(self, folder: Path, run_id: str) -> str:
        if not is_server(self._address):
            return str(self._files.keep(folder, run_id))
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
        champion = _champion(model)
        if champion is not None and history.path[-1:] != (champion,):
            return history.promoted(champion, at=entries.iso(model.last_updated_timestamp))
        return history

    def _previous(self, name: str, history: ChampionHistory) -> int:
        known = {version.number for version in self.versions(name)}
        for number in reversed(history.path[:-1]):
            if number in known and number != history.path[-1]:
                return number
        raise RegistryError(
            "registry.nothing_to_roll_back",
            "'{classifier}' has had no other champion before, so there is nothing to roll back to. "
            "To use another version, promote it.",
            classifier=name,
        )

    def _move(self, name: str, history: ChampionHistory) -> None:
        # The alias decides; should the process die before the history is written, `_history` completes it.
        self._client.set_registered_model_alias(name, entries.CHAMPION, str(history.path[-1]))
        self._client.set_registered_model_tag(name, entries.HISTORY, history.to_text())

    def _experiment(self) -> str:
        found = self._client.get_experiment_by_name(EXPERIMENT)
        if found is None:
            with self._writing():
                found = self._client.get_experiment_by_name(EXPERIMENT)
                if found is None:
                    place = None if is_server(self._address) else str(self._files.artifacts)
                    return str(self._client.create_experiment(EXPERIMENT, artifact_location=place))
        return str(found.experiment_id)

    def _log_settings(self, run_id: str, settings: Mapping[str, str]) -> None:
        from mlflow.entities import Param

        params = [Param(name, value[:_SETTING_CHARACTERS]) for name, value in settings.items()]
        for start in range(0, len(params), _SETTINGS_AT_ONCE):
            self._client.log_batch(run_id, params=params[start : start + _SETTINGS_AT_ONCE])


def _champion(model: Any) -> int | None:
    number = model.aliases.get(entries.CHAMPION)
    return int(number) if number else None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
