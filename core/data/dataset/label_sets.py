"""Several labels of one text as one target: their names in alphabetical order with a bar between them, such as ``joy|love``.

A text that has none of the labels has the target ``|``; an empty target means that nobody said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

BAR = "|"
NO_LABEL = BAR


def target_of(names: Iterable[str]) -> str:
    """The target of a text with these labels, whatever their order."""
    return BAR.join(sorted({name for name in names if name})) or NO_LABEL


def labels_of(target: str) -> tuple[str, ...]:
    """The labels of a target; none of them for `NO_LABEL`, and for an empty target."""
    return tuple(name.strip() for name in target.split(BAR) if name.strip())


def counts_of(targets: Sequence[str]) -> dict[str, int]:
    """Label → rows, the most frequent first, of equals in alphabetical order."""
    rows = Counter(name for target in targets for name in set(labels_of(target)))
    return dict(sorted(rows.items(), key=lambda pair: (-pair[1], pair[0])))
