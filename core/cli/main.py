"""Runs one command and says how it went: 0 done, 1 a version's files are damaged, 2 bad input, 130 interrupted."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from core.base.allocator import keep_freed_memory
from core.base.audit import COMMAND, act_as
from core.base.config import home
from core.base.errors import CoreError
from core.base.imports import unhindered_imports
from core.base.integrity import is_damage
from core.base.storage import storage_error
from core.cli.arguments.main import COMMANDS, make_parser
from core.data.reading.source import is_small_text
from core.workflows.earlier import GENERATORS, is_waiting, take_over


def main(arguments: Sequence[str]) -> int:
    """Execute a command line; returns the exit code."""
    asked = make_parser().parse_args(arguments)
    act_as(f"{COMMAND} {_user()}".strip())
    try:
        _take_over()
        _warm_reader(getattr(asked, "data", None))
        return _command(asked.command)(asked) or 0
    except CoreError as error:
        return _refuse(error)
    except BrokenPipeError:  # whoever read the output has gone
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted; nothing that was stored is lost.\n")
        return 130
    except Exception as error:
        told = storage_error(error)
        if told is None:
            raise
        return _refuse(told)


def _user() -> str:
    with suppress(OSError, KeyError, ImportError):  # a machine may not know who runs it
        return getpass.getuser()
    return ""


def _take_over() -> None:
    """Whatever the command looks at, it sees what an earlier edition left."""
    if not is_waiting(home()):
        return
    sys.stderr.write("Language models of an earlier edition are taken over …\n")
    with unhindered_imports():
        left = take_over(home())
    for name in left:
        sys.stderr.write(f"'{name}' cannot be read, and stays in {home() / GENERATORS / name}.\n")


def _warm_reader(path: Any) -> None:
    """Start the process that will read a file, if it takes one, while what is to be done with it is loaded."""
    if not isinstance(path, Path) or not path.is_file():
        return
    with unhindered_imports():
        from core.data.reading.isolation.pool import warm
    if not is_small_text(path):
        warm()


def _refuse(error: CoreError) -> int:
    sys.stderr.write(" ".join(str(error).split()) + "\n")
    return 1 if is_damage(error) else 2


def _command(name: str) -> Callable[[Any], int | None]:
    """What executes a command; loaded after the arguments are read, so that --help and typing errors answer at once."""
    module, _, function = COMMANDS[name].module.partition(":")
    if COMMANDS[name].learns:
        keep_freed_memory()
    with unhindered_imports():
        command: Callable[[Any], int | None] = getattr(
            import_module(f"core.cli.commands.{module or name}"), function or name
        )
    return command
