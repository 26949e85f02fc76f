"""The folder of a version's files: put in place whole or not at all, fetched once when it lies on a server.

Large files are kept once: each is a hard link to ``artifacts/.content/<checksum>``, where the disk has links. Nobody
writes into a version's folder; `VersionFiles.rewrite` works on a true copy.
"""

from __future__ import annotations

import errno
import filecmp
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from core.base import files
from core.base.errors import RegistryError
from core.base.faults import reached
from core.base.integrity import digest_of, names_in, read_record, write_record
from core.base.leftovers import CONTENT, VERSION
from core.registry.client import Client

SUMMARIES, REFERENCES = "summaries", "novelty"
ARTIFACT = VERSION
LARGE = 65_536  # bytes; below, a link is worth less than it costs to look for


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
        self.content = self.artifacts / CONTENT
        self.summaries = home / SUMMARIES
        self.references = home / REFERENCES

    def place_of(self, run_id: str) -> Path:
        """Where the files of the version that a run made lie."""
        return self.artifacts / run_id / "artifacts" / ARTIFACT

    def summary_of(self, folder: Path) -> Path:
        """Where lies what a version has met in short, which can be deleted at any time; ``folder`` is that of its files."""
        return self.summaries / f"{self._run_of(folder)}.safetensors"

    def reference_of(self, folder: Path) -> Path:
        """Where lies what tells texts that are unlike what a version learned; it can be deleted likewise, and is made anew."""
        return self.references / f"{self._run_of(folder)}.safetensors"

    def _run_of(self, folder: Path) -> str:
        return folder.name if folder.parent == self.cache else folder.parents[1].name

    def keep(self, folder: Path, run_id: str, facts: Mapping[str, Any]) -> Path:
        """Copy a folder to where the run's artifacts lie, with a record; a reader never sees half of it."""
        target = self.place_of(run_id)
        with files.incoming_folder(self.artifacts) as incoming:
            shutil.copytree(folder, incoming, dirs_exist_ok=True)
            reached("register.copied")
            record = write_record(incoming, facts)
            self._share(incoming, record)
            # Only a process that died before it registered the version leaves files here.
            if target.exists():
                files.remove_folder(target)
            files.place(incoming, target)
            reached("register.placed")
        return target

    def rewrite(self, folder: Path, change: Callable[[Path], None]) -> None:
        """Let ``change`` work on a copy of a version's folder, and put that in its place."""
        facts = {name: value for name, value in read_record(folder).items() if name != "files"}
        reached("rewrite.begun")
        with files.incoming_folder(self.artifacts) as incoming:
            shutil.copytree(folder, incoming, dirs_exist_ok=True)
            change(incoming)
            reached("rewrite.changed")
            if facts:
                self._share(incoming, write_record(incoming, facts))
            files.swap(incoming, folder)
        self.drop_unused()

    def find(self, source: str, run_id: str) -> Path | None:
        """Return the folder when it is on this machine already: in the workspace, at its source, or in the cache."""
        # The workspace first: it may have been moved or copied since the source was written down.
        for folder in (self.kept(run_id), _local_path(source), self.cache / run_id):
            if folder is not None and folder.is_dir():
                return folder
        return None

    def kept(self, run_id: str) -> Path | None:
        """Return the folder when it lies in the workspace."""
        place = self.place_of(run_id)
        if not run_id:
            return None
        files.put_back(place)  # a process may have died while it rewrote the folder
        return place if place.is_dir() else None

    def fetch(self, client: Client, run_id: str) -> Path:
        """Download a server's folder into the cache; other processes see it when it is whole."""
        target = self.cache / run_id
        with files.incoming_folder(self.cache) as incoming:
            fetched = Path(client.download_artifacts(run_id, ARTIFACT, str(incoming)))
            try:
                files.place(fetched, target)
            except OSError:
                if not target.is_dir():  # else another process was faster, with the same files
                    raise
        return target

    def forget(self, run_id: str) -> None:
        """Remove what a run left; what no other version shares is gone from the disk."""
        for of in (self.summary_of, self.reference_of):
            of(self.place_of(run_id)).unlink(missing_ok=True)
        for folder in (self.artifacts / run_id, self.cache / run_id):
            if folder.exists():
                files.remove_folder(folder)
        self.drop_unused()

    def share(self, folder: Path) -> int:
        """Keep the large files of a stored version once; returns the bytes that this freed."""
        freed = 0
        recorded = read_record(folder).get("files", {})
        for name, path in _large(folder):
            if path.stat().st_nlink > 1:
                continue
            digest = digest_of(path)
            if name in recorded and recorded[name].get("sha256") != digest:
                continue  # damaged: it must not become what others share
            before = self.content / digest
            known = before.exists()
            if self._link(path, digest) and known:
                freed += path.stat().st_size
        return freed

    def repeated(self) -> int:
        """Bytes that `share` would free, over all versions."""
        freed = 0
        known = {path.name for path in self._contents() if path.stat().st_nlink > 1}  # the others go before
        for folder in self.folders():
            for _, path in _large(folder):
                if path.stat().st_nlink == 1:
                    digest = digest_of(path)
                    freed += path.stat().st_size if digest in known else 0
                    known.add(digest)
        return freed

    def folders(self) -> Iterator[Path]:
        """The folders of all versions in the workspace, and of those that are not registered yet."""
        yield from sorted(self.artifacts.glob(f"*/artifacts/{ARTIFACT}"))

    def drop_unused(self) -> int:
        """Remove shared content that no version has any more; returns its bytes.

        Whoever links at this very moment finds the content gone, and makes it anew.
        """
        freed = 0
        for path in self._contents():
            with suppress(OSError):
                status = path.stat()
                if status.st_nlink == 1:
                    path.unlink()
                    freed += status.st_size
        return freed

    def unused(self) -> int:
        """Bytes of shared content that no version has any more."""
        unused = 0
        for path in self._contents():
            with suppress(OSError):
                status = path.stat()
                unused += status.st_size if status.st_nlink == 1 else 0
        return unused

    def mend(self, folder: Path, name: str) -> bool:
        """Put a damaged file right from content that another version shares; returns whether that was possible."""
        stamp = read_record(folder).get("files", {}).get(name, {})
        digest = str(stamp.get("sha256", ""))
        for path in [self.content / digest, *self._twins(folder, name, digest)]:
            if digest and path.is_file() and digest_of(path) == digest:
                with files.writing(folder / name) as part:
                    shutil.copyfile(path, part)
                return True
        return False

    def _twins(self, folder: Path, name: str, digest: str) -> Iterator[Path]:
        """The file in other versions whose record says that theirs is the same."""
        for other in self.folders():
            if other != folder and read_record(other).get("files", {}).get(name, {}).get("sha256") == digest:
                yield other / name

    def _contents(self) -> Iterator[Path]:
        yield from (path for path in self.content.glob("*") if not path.name.startswith("."))

    def _share(self, folder: Path, record: Mapping[str, Any]) -> None:
        for name, path in _large(folder):
            if not self._link(path, record["files"][name]["sha256"]):
                return  # this disk has no links: every version keeps its own

    def _link(self, path: Path, digest: str) -> bool:
        """Make a file a link to the content of this checksum; False, and a file as it was, where that cannot be."""
        content = self.content / digest
        self.content.mkdir(parents=True, exist_ok=True)
        link = files.unfinished(path.parent, "part")
        try:
            if content.exists() and not filecmp.cmp(content, path, shallow=False):
                content.unlink()  # somebody wrote into it: what is linked to it from now on must be whole
            if not content.exists():
                with suppress(FileExistsError):
                    os.link(path, content)
            os.link(content, link)
            files.move_file(link, path)
        except FileNotFoundError:  # swept away between two lines: the file keeps its own content
            return True
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
                raise
            return False
        finally:
            with suppress(OSError):
                link.unlink(missing_ok=True)
        return True


def _large(folder: Path) -> Iterator[tuple[str, Path]]:
    for name in names_in(folder):
        path = folder / name
        if path.stat().st_size >= LARGE:
            yield name, path


def check_complete(folder: Path) -> None:
    """Raise `RegistryError` when there is nothing to register in this folder."""
    if not folder.is_dir() or not any(folder.iterdir()):
        raise RegistryError(
            "registry.no_files",
            "There are no files in {folder}, so no version can be made of it. Train or update the classifier again.",
            folder=str(folder),
        )


def _local_path(source: str) -> Path | None:
    parts = urlsplit(source)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return None if parts.scheme else Path(source)
