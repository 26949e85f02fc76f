"""What a person asks of a pretraining. Imports no torch."""

from __future__ import annotations

from typing import Any

from core.base.config import Config
from core.training.pretraining.config import SCRATCH


class PretrainRequest(Config):
    """An encoder from unlabelled texts.

    Parameters
    ----------
    name
        Name of the encoder that comes out: ``own:<name>``.
    dataset
        The stored dataset whose texts are learned; its labels are never looked at.
    start
        ``"scratch"``, or the reference of the encoder that goes on learning.
    probe
        A stored dataset with labels that says whether it helped; "" for none.
    settings
        Settings of `core.training.pretraining.config`.
    """

    name: str
    dataset: str
    start: str = SCRATCH
    probe: str = ""
    settings: dict[str, Any] = {}
