"""What an update by some strategy would need, asked before it starts. Reads a version's stored state; learns nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.base.messages import Message
from core.workflows.learn.blending import strategy_of
from core.workflows.requests import pairing_remark, resolve_update
from core.workflows.versions.folder import VersionFolder


@dataclass(frozen=True)
class Outlook:
    """What is known of an update before it starts.

    Parameters
    ----------
    needs_past
        Whether it reads all rows of all earlier experiences, so that their datasets must still be there.
    remark
        What a person should know before choosing it.
    """

    needs_past: bool
    remark: Message | None


def outlook(folder: VersionFolder, strategy: str, settings: Mapping[str, Any] | None = None) -> Outlook:
    """Ask a strategy, in the state that a version left it in, about its next update.

    Raises
    ------
    ConfigError
        When there is no such strategy or setting.
    """
    checked, own = resolve_update(folder.model_name, folder.settings, strategy, settings or {}, folder.task)
    made = strategy_of(folder, strategy, own, checked)
    return Outlook(made.needs_past(), made.remark() or pairing_remark(folder.model_name, strategy, folder.task))
