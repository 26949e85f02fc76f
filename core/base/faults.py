"""Named points in what must survive a killed process, and the switch by which a test kills or fails a process at one.

Nothing happens at a point unless ``EVERGREEN_FAULT`` names it: ``register.before_version`` kills this process there,
``register.before_version:2`` when it comes by for the second time, ``*:37`` at the 37th point whatever its name, and
``save.rows!ENOSPC`` raises that error of the operating system instead.
"""

from __future__ import annotations

import errno
import os
import signal

VARIABLE = "EVERGREEN_FAULT"

# Every point, by what is going on there. Tests go through all of them, and fail when the code knows another.
POINTS: dict[str, tuple[str, ...]] = {
    "files": ("files.written", "files.replaced"),
    "train": ("run.created", "run.noted", "produce.begun", "produce.exported", "produce.measured"),
    "update": ("update.read", "decide.begun"),
    "register": (
        "register.begun",
        "register.copied",
        "register.placed",
        "register.classifier",
        "register.before_version",
        "register.version",
        "register.numbered",
        "register.before_tag",
        "register.tagged",
    ),
    "promote": ("promote.begun", "promote.alias", "promote.history", "promote.noted"),
    "save": ("save.rows", "save.info", "save.deleted"),
    "delete": ("delete.intended", "delete.registry", "delete.run", "delete.files", "delete.done"),
    "tidy": ("tidy.begun", "tidy.removed", "tidy.shared", "tidy.done"),
    "job": ("job.claimed", "job.checkpoint", "job.completed", "job.ended"),
    "rewrite": ("rewrite.begun", "rewrite.changed", "rewrite.outgoing", "rewrite.placed"),
    "forget": (
        "forget.planned",
        "forget.exact",
        "forget.solved",
        "forget.dataset",
        "forget.version",
        "forget.queue",
        "forget.labelling",
        "forget.monitor",
        "forget.encoder",
        "forget.vectors",
        "forget.uploads",
        "forget.jobs",
        "forget.orphans",
        "forget.caches",
        "forget.deleted",
        "forget.receipt",
        "forget.done",
    ),
}

_armed: tuple[str, int, str] | None = None


def arm(fault: str | None) -> None:
    """Set what ``EVERGREEN_FAULT`` would; None for nothing."""
    global _armed
    if not fault:
        _armed = None
        return
    name, _, error = fault.partition("!")
    name, _, count = name.partition(":")
    _armed = (name, int(count or 1), error)


def reached(point: str) -> None:
    """The process has come to this point."""
    if _armed is not None:
        _strike(point)


def _strike(point: str) -> None:
    global _armed
    assert _armed is not None
    name, count, error = _armed
    if name not in (point, "*"):
        return
    if count > 1:
        _armed = (name, count - 1, error)
        return
    if error:
        code = getattr(errno, error)
        raise OSError(code, os.strerror(code), point)
    os.kill(os.getpid(), signal.SIGKILL)


arm(os.environ.get(VARIABLE))
