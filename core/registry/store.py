"""What everything in the registry stands on: the client, the lock, the files, and how an entry is looked up by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock

from core.base.audit import AuditLog
from core.base.errors import RegistryError
from core.base.leftovers import sweep
from core.registry import entries
from core.registry.classifier_file import ClassifierFiles
from core.registry.client import Absent, Client, is_server, open_client, store_address
from core.registry.entries import ClassifierInfo, VersionInfo
from core.registry.files import ARTIFACT, VersionFiles
from core.registry.names import check_name

EXPERIMENT = "evergreen"
_FEW = 5  # versions read at a time
_begun: set[Path] = set()  # workspaces in which this process has looked after what others left


class Store:
    """Classifiers and versions of one workspace, to look at.

    Making one costs nothing; MLflow is imported at the first question.

    Parameters
    ----------
    home
        The workspace: holds ``mlflow.db`` and ``artifacts/``, unless ``MLFLOW_TRACKING_URI`` names another store.
    address
        Address of the store, where it is not the workspace's own.
    """

    def __init__(self, home: Path, address: str | None = None) -> None:
        self._home = home.resolve()
        self._address = address or store_address(self._home)
        self._files = VersionFiles(self._home)
        self._facts = ClassifierFiles(self._files.artifacts)
        self.audit = AuditLog(self._home)

    @property
    def _client(self) -> Client:
        client = open_client(self._home, self._address)
        if self._home not in _begun:
            _begun.add(self._home)
            if not client.read_only:
                self._begin()
        return client

    def _begin(self) -> None:
        """Before this process does anything else in the workspace: what killed ones left is swept away."""
        sweep(self._home)

    def _writing(self) -> FileLock:
        """Held while something is read, decided and written back."""
        self._client.refuse_if_read_only()  # opening takes the same lock, so it must be done before
        return FileLock(self._home / "mlflow.lock")

    @property
    def home(self) -> Path:
        """The workspace."""
        return self._home

    @property
    def files(self) -> VersionFiles:
        """The folders of versions in the workspace."""
        return self._files

    @property
    def on_server(self) -> bool:
        """Whether versions lie on an MLflow server, where their files cannot be changed from here."""
        return is_server(self._address)

    def classifiers(self) -> list[ClassifierInfo]:
        """All classifiers that have a version, by name."""
        stored = self._client.every("search_model_versions", filter_string=f"tags.{entries.KIND} = 'version'")
        counts = Counter(version.name for version in stored if entries.is_version(version))
        models = self._client.every("search_registered_models", filter_string=f"tags.{entries.KIND} = 'classifier'")
        known = [entries.classifier_info(model, counts[model.name]) for model in models if counts[model.name]]
        return sorted(known, key=lambda classifier: classifier.name)

    def versions(self, name: str) -> list[VersionInfo]:
        """Versions of a classifier, oldest first; none when there is no such classifier."""
        stored = self._client.every("search_model_versions", filter_string=f'name = "{check_name(name)}"')
        known = [entries.version_info(version) for version in stored if entries.is_version(version)]
        return sorted(known, key=lambda version: version.number)

    def newest_first(self, name: str) -> Iterator[VersionInfo]:
        """Versions of a classifier, read a few at a time: for who only wants the last ones."""
        asked = {"filter_string": f'name = "{check_name(name)}"', "order_by": ["version_number DESC"]}
        token: str | None = None
        while True:
            page = self._client.search_model_versions(max_results=_FEW, page_token=token, **asked)
            yield from (entries.version_info(version) for version in page if entries.is_version(version))
            token = page.token
            if not token:
                return

    def version(self, name: str, number: int) -> VersionInfo:
        """Return one version; raises `RegistryError` naming what there is instead."""
        return entries.version_info(self._stored_version(name, number))

    def folder(self, name: str, number: int) -> Path:
        """Return the local folder of a version's files; a server's are downloaded the first time."""
        stored = self._stored_version(name, number)
        folder = self._files.find(stored.source, stored.run_id)
        if folder is not None:
            return folder
        if self.on_server:
            return self._files.fetch(self._client, stored.run_id)
        raise RegistryError(
            "registry.files_missing",
            "The files of version {number} of '{classifier}' are no longer in {place}. "
            "Put them back from a copy, or promote another version.",
            number=number,
            classifier=name,
            place=str(stored.source),
        )

    def folder_of(self, version: VersionInfo) -> Path:
        """Return the same of a version that was just read: where its files lie in the workspace, the store is not asked again."""
        return self._files.kept(version.run_id) or self.folder(version.classifier, version.number)

    def unknown(self) -> Iterator[Path]:
        """Folders with the files of a version of which the database knows nothing: it was lost, and can be made again."""
        for folder in self._unclaimed():
            if not self._knows(folder.name) and (folder / "artifacts" / ARTIFACT).is_dir():
                yield folder

    def refuse_if_lost(self, name: str) -> None:
        """Raise `RegistryError` where the database was lost, and with it the classifier that nobody knows, perhaps."""
        if any(self.unknown()):
            raise RegistryError(
                "registry.database_lost",
                "mlflow.db knows no classifier '{classifier}', but {folder} holds versions of which it knows nothing: it was "
                "deleted or replaced. 'python -m core repair' makes it again from the versions' own files.",
                classifier=name,
                folder=str(self._files.artifacts),
            )

    def _unclaimed(self) -> Iterator[Path]:
        """Folders of runs to which no version belongs."""
        if self.on_server:
            return
        stored = self._client.every("search_model_versions", filter_string=f"tags.{entries.KIND} = 'version'")
        claimed = {version.run_id for version in stored if entries.is_version(version)}
        for folder in sorted(self._files.artifacts.glob("*")):
            if not folder.name.startswith(".") and folder.is_dir() and folder.name not in claimed:
                yield folder

    def _knows(self, run_id: str) -> bool:
        try:
            self._client.get_run(run_id)
        except Absent:
            return False
        return True

    def _experiment(self) -> str:
        known = self._client.get_experiment_by_name(EXPERIMENT)
        if known is None:
            if self._client.read_only:  # nothing was ever trained here, and nothing can be
                return ""
            with self._writing():
                known = self._client.get_experiment_by_name(EXPERIMENT)
                if known is None:
                    location = None if self.on_server else str(self._files.artifacts)
                    return str(self._client.create_experiment(EXPERIMENT, artifact_location=location))
        return str(known.experiment_id)

    def _model(self, name: str) -> Any:
        try:
            stored = self._client.get_registered_model(check_name(name))
            if stored.tags.get(entries.KIND) == "classifier":
                return stored
        except Absent:
            pass
        self.refuse_if_lost(name)
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
