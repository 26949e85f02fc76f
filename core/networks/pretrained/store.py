"""The encoders of a workspace: one ready folder each, made on first use and kept."""

from __future__ import annotations

import builtins
import hashlib
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from core.base import files
from core.base.errors import ModelError
from core.base.files import read_json
from core.networks.pretrained.folders import check_folder, finish, read_facts, take_in
from core.networks.pretrained.info import EncoderInfo, EncoderKind, Pooling
from core.networks.pretrained.known import known
from core.networks.pretrained.packaged import PACKAGED, not_installed

LONGEST_NAME = 40
_HUB_NAME = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}", re.ASCII)
_OWN_NAME = re.compile(rf"(?=.{{1,{LONGEST_NAME}}}$)\w(?:[\w .+-]*[\w+-])?")
_KINDS = ("packaged", "own", "folder", "hub")


def _silent(share: float) -> None:
    """Progress that nobody watches."""


class EncoderStore:
    """Pretrained encoders by reference, in ``home / "encoders"``; costs nothing until something is asked of it.

    A reference is ``packaged:<name>``, ``folder:<path>``, ``hub:<owner>/<name>`` or ``own:<name>``. Once its folder is
    ready, a reference means that folder for good: what later happens to the source changes nothing, so that a version
    trained with it can still be updated. `delete` forgets the folder; the next use takes the source in anew.
    """

    def __init__(self, home: Path) -> None:
        self._home = Path(home) / "encoders"

    def list(self) -> builtins.list[EncoderInfo]:
        """Packaged encoders, installed or not, then own ones, then folders and downloads that were used before."""
        packaged = [self.describe(encoder.facts.reference) for encoder in PACKAGED.values()]
        return packaged + [info for kind in _KINDS[1:] for info in self._ready_ones(kind)]

    def describe(self, reference: str) -> EncoderInfo:
        """What is known of one encoder; neither converts nor downloads anything.

        Raises
        ------
        ModelError
            When there is no such encoder, or its folder cannot be used.
        """
        kind, name = _parse(reference)
        ready = self._ready(kind, name)
        if ready is not None:
            return ready
        if kind == "packaged":
            return PACKAGED[name].info()
        if kind == "folder":
            folder = Path(name)
            check_folder(folder, name)
            return read_facts(folder, EncoderInfo(f"folder:{name}", folder.name, "folder", source=name, installed=True))
        if kind == "hub":
            return known(reference) or EncoderInfo(reference, name, "hub", source=f"https://huggingface.co/{name}")
        raise _unknown(reference, self.list())

    def check(self, reference: str) -> None:
        """Raise what `folder` would end with at once: no such encoder, or its package is not installed."""
        info = self.describe(reference)
        if info.install:
            raise not_installed(info)

    def folder(self, reference: str, progress: Callable[[float], None] = _silent) -> Path:
        """The ready folder: config.json, model.safetensors (float32), tokenizer.json and encoder.json.

        Converts, copies or downloads on the first call, which two processes may make at once; later calls are instant.

        Parameters
        ----------
        progress
            A function called with the share that is done, 0 to 1.
        """
        kind, name = _parse(reference)
        target = self._folder_of(kind, name)
        if self._ready(kind, name) is None:
            with self._making(target) as part:
                if part is not None:
                    self._make(kind, name, part, progress)
        progress(1.0)
        return target

    def add(
        self,
        name: str,
        folder: Path,
        *,
        licence: str = "",
        languages: tuple[str, ...] = (),
        prefix: str = "",
        pooling: Pooling = "mean",
        source: str = "",
        beside: Sequence[str] = (),
    ) -> EncoderInfo:
        """Keep an encoder that was made elsewhere, such as by continued pretraining, as ``own:<name>``.

        Parameters
        ----------
        beside
            Names of further files of the folder that stay with it.

        Raises
        ------
        ModelError
            When the name cannot be used or is taken, or the folder cannot be used.
        """
        info = EncoderInfo(
            f"own:{_check_own_name(name)}",
            name,
            "own",
            licence=licence,
            languages=languages,
            prefix=prefix,
            pooling=pooling,
            source=source,
        )
        check_folder(Path(folder), str(folder))
        with self._making(self._folder_of("own", name)) as part:
            if part is None:
                raise _taken(name)
            take_in(Path(folder), part, share=False)
            for file in beside:
                shutil.copyfile(Path(folder) / file, part / file)
            return finish(part, info)

    def is_own(self, name: str) -> bool:
        """Whether there is an own encoder of this name."""
        return self._ready("own", _check_own_name(name)) is not None

    def check_free(self, name: str) -> None:
        """Raise what `add` would, because of the name alone: it cannot be used, or is taken."""
        if self._ready("own", _check_own_name(name)) is not None:
            raise _taken(name)

    def delete(self, name: str) -> None:
        """Delete an own encoder by its name, or forget the ready folder of any other reference.

        Raises
        ------
        ModelError
            When there is nothing of that name.
        """
        kind, name = _parse(name if ":" in name else f"own:{name}")
        target = self._folder_of(kind, name)
        with self._lock(target):
            if not target.is_dir():
                raise _unknown(f"{kind}:{name}", self.list())
            files.remove_folder(target)

    def _make(self, kind: EncoderKind, name: str, part: Path, progress: Callable[[float], None]) -> None:
        info = self.describe(f"{kind}:{name}")
        if kind == "packaged":
            PACKAGED[name].make(part, progress)
        elif kind == "folder":
            take_in(Path(name), part, share=False)
        else:
            from core.networks.pretrained.hub import download

            source = download(name, lambda share: progress(0.9 * share))
            check_folder(source, name)
            info = read_facts(source, info)
            take_in(source, part, share=True)
        finish(part, info)

    @contextmanager
    def _making(self, target: Path) -> Iterator[Path | None]:
        """A folder to write into, which becomes ``target`` at the end; None when that is there already."""
        with self._lock(target):
            if target.is_dir():
                yield None
                return
            with files.incoming_folder(target.parent) as part:
                yield part
                files.place(part, target)

    @contextmanager
    def _lock(self, target: Path) -> Iterator[None]:
        from filelock import FileLock

        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_name(f".{target.name}.lock")):
            yield

    def _folder_of(self, kind: EncoderKind, name: str) -> Path:
        if kind == "folder":
            key = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        else:
            key = name.replace("/", "--")
        return self._home / kind / key

    def _ready(self, kind: EncoderKind, name: str) -> EncoderInfo | None:
        return _read(self._folder_of(kind, name))

    def _ready_ones(self, kind: str) -> builtins.list[EncoderInfo]:
        folders = sorted((self._home / kind).glob("*/encoder.json"))
        infos = [_read(path.parent) for path in folders if not path.parent.name.startswith(".")]
        return sorted((info for info in infos if info is not None), key=lambda info: info.name)


def _read(folder: Path) -> EncoderInfo | None:
    try:
        stored: dict[str, Any] = read_json(folder / "encoder.json")
    except FileNotFoundError:
        return None
    return EncoderInfo.from_dict(stored)


def _parse(reference: str) -> tuple[EncoderKind, str]:
    """Kind and name of a reference; a folder's path is made absolute."""
    kind, _, name = reference.partition(":")
    if kind == "folder" and name:
        return "folder", str(Path(name).expanduser().resolve())
    if (
        (kind == "packaged" and name in PACKAGED)
        or (kind == "hub" and _HUB_NAME.fullmatch(name) and ".." not in name)
        or (kind == "own" and _OWN_NAME.fullmatch(name))
    ):
        return cast(EncoderKind, kind), name
    raise _unknown(reference, [encoder.facts for encoder in PACKAGED.values()])


def _unknown(reference: str, known: list[EncoderInfo]) -> ModelError:
    return ModelError(
        "pretrained.unknown",
        "There is no encoder '{reference}'. Known are: {known}; or name a folder as folder:/path, or a model of the Hugging "
        "Face Hub as hub:owner/name.",
        reference=reference,
        known=[info.reference for info in known],
    )


def _taken(name: str) -> ModelError:
    return ModelError(
        "pretrained.name_taken",
        "There is an encoder called '{name}' already. Choose another name, or delete that one first.",
        name=name,
    )


def _check_own_name(name: str) -> str:
    if not _OWN_NAME.fullmatch(name):
        raise ModelError(
            "pretrained.bad_name",
            "An encoder cannot be called '{name}'. A name has 1 to {longest} letters, digits, spaces or . + - _ and "
            "starts and ends with none of the dots and spaces. Choose another name.",
            name=name,
            longest=LONGEST_NAME,
        )
    return name
