"""What earlier editions stored in ways of their own, taken over before anything else looks at a workspace."""

from importlib import import_module
from pathlib import Path

GENERATORS = "generators"  # where earlier editions kept language models


def is_waiting(home: Path) -> bool:
    """Whether there is something to take over."""
    return (home / GENERATORS).is_dir()


def take_over(home: Path) -> list[str]:
    """Take over what waits; returns the names of language models that could not be read, and stay where they are."""
    if not is_waiting(home):
        return []
    import_module("core.workflows.workspace").open_workspace(home)  # loads PyTorch
    left = (home / GENERATORS).iterdir() if is_waiting(home) else ()
    return sorted(path.name for path in left if path.is_dir() and not path.name.startswith("."))
