"""The folder of a version's files: put in place whole or not at all, fetched once when it lies on a server."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from core.errors import RegistryError
from core.registry.client import Client

ARTIFACT = "version"  # what the folder is called among a run's artifacts


class VersionFiles:
    """Local folders of versions below one workspace.

    Parameters
    ----------
    home
        The workspace; ``artifacts/`` has the runs' own files, ``cache/`` copies of a server's.
    """

    def __init__(self, home: Path) -> None:
        self.artifacts = home / "artifacts"
        self.cache = home / "cache"

    def keep(self, folder: Path, run_id: str) -> Path:
        """Copy a folder to where the run's artifacts lie; a reader never sees half of it."""
        target = self.artifacts / run_id / "artifacts" / ARTIFACT
        incoming = self.artifacts / f".incoming-{run_id}"
        shutil.rmtree(incoming, ignore_errors=True)
        shutil.copytree(folder, incoming)
        # Only a process that died before it registered the version leaves files here.
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(incoming, target)
        return target

    def rewrite(self, folder: Path, change: Callable[[Path], None]) -> None:
        """Let ``change`` work on a copy of a version's folder, and put that in its place."""
        incoming, outgoing = _beside(folder, "incoming"), _beside(folder, "outgoing")
        shutil.rmtree(incoming, ignore_errors=True)
        shutil.copytree(folder, incoming)
        change(incoming)
        shutil.rmtree(outgoing, ignore_errors=True)
        os.replace(folder, outgoing)
        os.replace(incoming, folder)
        shutil.rmtree(outgoing, ignore_errors=True)

    def find(self, source: str, run_id: str) -> Path | None:
        """Return the folder when it is on this machine already: in the workspace, at its source, or in the cache."""
        kept = self.artifacts / run_id / "artifacts" / ARTIFACT
        if not kept.exists() and _beside(kept, "outgoing").is_dir():  # a process died while it rewrote the folder
            os.replace(_beside(kept, "outgoing"), kept)
        # The workspace first: it may have been moved or copied since the source was written down.
        for place in (kept, _local_path(source), self.cache / run_id):
            if place is not None and place.is_dir():
                return place
        return None

    def fetch(self, client: Client, run_id: str) -> Path:
        """Download a server's folder into the cache; other processes see it when it is whole."""
        self.cache.mkdir(parents=True, exist_ok=True)
        target = self.cache / run_id
        with tempfile.TemporaryDirectory(dir=self.cache, prefix=".incoming-") as incoming:
            fetched = Path(client.download_artifacts(run_id, ARTIFACT, incoming))
            try:
                os.replace(fetched, target)
            except OSError:
                if not target.is_dir():  # else another process was faster, with the same files
                    raise
        return target

    def forget(self, run_id: str) -> None:
        shutil.rmtree(self.artifacts / run_id, ignore_errors=True)
        shutil.rmtree(self.cache / run_id, ignore_errors=True)


def check_complete(folder: Path) -> None:
    """Raise `RegistryError` when there is nothing to register in this folder."""
    if not folder.is_dir() or not any(folder.iterdir()):
        raise RegistryError(
            "registry.no_files",
            "There are no files in {folder}, so no version can be made of it. Train or update the classifier again.",
            folder=str(folder),
        )


def _beside(folder: Path, word: str) -> Path:
    return folder.with_name(f".{word}-{folder.name}")


def _local_path(source: str) -> Path | None:
    place = urlsplit(source)
    if place.scheme == "file":
        return Path(unquote(place.path))
    return None if place.scheme else Path(source)
