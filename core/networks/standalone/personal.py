"""Settings of a group, such as a shop or a customer, on top of the answer that all share; needs numpy.

The group of a row is the value of one of its further columns. A group without settings, a value that was never met and a
missing one get the shared answer. ``personal.json`` of a version holds the column and what is added to the logits of each group:
an offset for each output and, with a head of its own, weights for what the shared encoder says of the text.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

if __package__:
    from core.data.dataset import inputs as columns
    from core.networks.standalone.pipeline import read_json
else:  # in a bundle, however it is started
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    import inputs as columns  # type: ignore[import-not-found,no-redef]
    from pipeline import read_json  # type: ignore[import-not-found,no-redef]

FILE = "personal.json"
FEATURES = "personal_features"  # what a file calls what its encoder says of a text, where heads of groups read it
Answering = TypeVar("Answering")
SMALLEST = 1e-38  # probabilities below it are not told apart in float32


class Personal:
    """What groups have of their own.

    Parameters
    ----------
    stored
        The content of ``personal.json``: ``column``, ``kind`` ("threshold" or "head"), ``output``, where settings make its false
        positives equally frequent (else null), and ``groups``, the key of each value
        (`inputs.category`) → its ``name``, ``offsets`` (outputs) and, of heads, ``weights`` (outputs, width).
    """

    def __init__(self, stored: Mapping[str, Any]) -> None:
        self.column: str = stored["column"]
        self.kind: str = stored["kind"]
        self.output: str | None = stored["output"]
        groups: Mapping[str, Any] = stored["groups"]
        self.names: dict[str, str] = {key: own["name"] for key, own in groups.items()}
        self._offsets = {key: np.array(own["offsets"], dtype=np.float64) for key, own in groups.items()}
        self._weights = {
            key: np.array(own["weights"], dtype=np.float64) for key, own in groups.items() if "weights" in own
        }

    @property
    def reads_features(self) -> bool:
        """Whether it needs what the encoder says of a text."""
        return bool(self._weights)

    def key_of(self, text: str) -> str | None:
        """The key of the group whose settings answer a row; None where those do that all share."""
        key = group_key(text, self.column)
        return key if key in self.names else None

    def group_of(self, text: str) -> str | None:
        """The name of the same group."""
        key = self.key_of(text)
        return None if key is None else self.names[key]

    def applied(self, texts: Sequence[str], probabilities: np.ndarray, features: np.ndarray | None) -> np.ndarray:
        """Probabilities float32 (rows, outputs) as their groups' settings have them; rows of no such group stay as they are.

        Parameters
        ----------
        features
            What the encoder says of each text, (rows, width); None where no group has a head.
        """
        rows_of: dict[str, list[int]] = {}
        for row, text in enumerate(texts):
            if (key := self.key_of(text)) is not None:
                rows_of.setdefault(key, []).append(row)
        result = probabilities.copy()
        for key, rows in rows_of.items():
            logits = np.log(np.maximum(probabilities[rows].astype(np.float64), SMALLEST)) + self._offsets[key]
            if features is not None and key in self._weights:
                logits += features[rows].astype(np.float64) @ self._weights[key].T
            shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
            result[rows] = shifted / shifted.sum(axis=1, keepdims=True)
        return result


def group_key(text: str, column: str) -> str:
    """What makes two rows of the same group equal; empty where the row has no value in this column."""
    if columns.FIELD not in text:
        return ""
    return next((columns.category(field.value) for field in columns.parse(text)[1] if field.name == column), "")


def personal_in(folder: Path) -> Personal | None:
    """What the groups of a version or bundle have of their own; None where all share everything."""
    path = folder / FILE
    return Personal(read_json(path)) if path.exists() else None


def personal_of(engine: Any) -> Personal | None:
    """What groups have of their own by this engine; None of one that knows no groups."""
    own: Personal | None = getattr(engine, "personal", None)
    return own


def shared_by_all(engine: Answering) -> Answering:
    """An engine that answers every group by what all share, with the same model in memory."""
    if personal_of(engine) is None:
        return engine
    shared: Any = copy.copy(engine)
    shared.personal = None
    return shared  # type: ignore[no-any-return]
