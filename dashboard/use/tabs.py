"""What the tabs of the Use page draw."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from dashboard.parts import scores
from dashboard.use import batch, first, keys, page, plain
from dashboard.use.monitor import tab as monitor
from dashboard.use.speed import tab as speed

if TYPE_CHECKING:
    from core.registry import VersionInfo

ORDER = ("try", "table", "api", "speed", "monitor", "home")


def parts(classifier: str, version: VersionInfo) -> dict[str, Callable[[], None]]:
    """Name of each tab → what draws it, of the version that serves."""
    task = scores.task_of_version(version)
    shown: dict[str, Callable[[], None]] = {
        "try": partial(first.draw, classifier, partial(page.draw if task.activation else plain.draw, version)),
        "table": partial(batch.draw, version),
        "api": partial(keys.draw, classifier),
        "monitor": partial(monitor.draw, version),
        "home": partial(_take_home, version),
    }
    if task.distribution:  # what gives no probabilities cannot be measured yet
        shown["speed"] = partial(speed.draw, classifier)
    return {name: shown[name] for name in ORDER if name in shown}


def _take_home(version: VersionInfo) -> None:
    from dashboard.use import take_home  # loads PyTorch, for which no other tab should wait

    take_home.draw(version)
