"""Copies a file of word vectors into a set, in a process of its own: a file may claim any size, and ends no server.

The vectors go straight to the disk, a few thousand words at a time; only the description of the set comes back.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from core.base.errors import DataError
from core.data.reading.isolation.limits import MEMORY, SECONDS, SECONDS_PER_MEGABYTE, Limits
from core.data.reading.isolation.pool import ask
from core.networks.vectors import errors
from core.networks.vectors.formats import open_vectors
from core.networks.vectors.info import VectorInfo
from core.networks.vectors.writing import BLOCK, VectorWriter

FRACTION = "fraction"  # the file that tells how far the other process is
_MEMORY_PER_BYTE = 4  # a fastText model is read as a whole: once as it is, and once as vectors
_REFUSALS = {
    "data.reading_memory": errors.too_much_memory,
    "data.reading_time": errors.too_slow,
    "data.reading_broke_off": errors.broke_off,
}


def copy_apart(
    path: Path, into: Path, *, name: str, title: str, limit: int | None, progress: Callable[[float], object]
) -> VectorInfo:
    """`copy_vectors` in another process, within limits of memory and time.

    Raises
    ------
    DataError
        As `copy_vectors`, and when the file takes more than the limits or ends the process that reads it.
    """
    size = path.stat().st_size
    limits = Limits(MEMORY + _MEMORY_PER_BYTE * size, SECONDS + SECONDS_PER_MEGABYTE * size / 1024**2)

    def watch(folder: Path) -> None:
        with suppress(OSError, ValueError):
            progress(float((folder / FRACTION).read_text(encoding="ascii")))

    asked: dict[str, Any] = {"into": str(into.absolute()), "name": name, "title": title, "limit": limit}
    try:
        with ask(f"{__name__}:answer", path, limits=limits, watch=watch, **asked) as (stored, _):
            return VectorInfo.from_dict(stored)
    except DataError as error:
        refusal = _REFUSALS.get(error.message.key)
        if refusal is None:
            raise
        raise refusal(title, **{fact: error.message.facts[fact] for fact in ("size", "limit")}) from None


def answer(path: Path, question: dict[str, Any], folder: Path) -> dict[str, Any]:
    """What `core.data.reading.isolation.worker` answers to `copy_apart`."""
    names = {part: question[part] for part in ("name", "title", "limit")}
    return copy_vectors(path, Path(question["into"]), folder, **names).to_dict()


def copy_vectors(path: Path, into: Path, told: Path, *, name: str, title: str, limit: int | None) -> VectorInfo:
    """Write the words and vectors of a file into an empty folder, in this process.

    Parameters
    ----------
    told
        A folder in which the file `FRACTION` says how far it is, 0 to 1.
    title
        What to call the file in sentences, and as the source.
    limit
        The number of words to take, from the first on.

    Raises
    ------
    DataError
        When the file holds no vectors, or not all of one length.
    """
    with open_vectors(path, title) as opened, VectorWriter(into, opened.dimensions) as writer:
        for word, vector in islice(opened.vectors, limit):
            writer.add(word, vector)
            if writer.count % BLOCK == 0:
                (told / FRACTION).write_text(f"{opened.fraction:.4f}", encoding="ascii")
        if not writer.count:
            raise errors.not_vectors(title)
        return writer.finish(VectorInfo.own(name, source=title, broken=opened.broken))
