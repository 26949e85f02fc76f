"""Labels that stand below others: how that is written, and how a tree is drawn over labels that have none.

Knows nothing of tables, files or models.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from core.base.errors import DataError

BELOW = " > "  # between a label and one that stands below it; `networks.standalone.predict` has it, too
# An arrow or a chevron between two names; no comparison such as "a >= b", and none at an end.
_WRITTEN = re.compile(r"(?<=[^\s<>=›»→-])\s*(?:[-=]?>|›|»|→|＞)\s*(?=[^\s<>=›»→-])")


def as_path(label: str) -> str:
    """The label with its levels between the same signs: "Food>Pizza" and "Food → Pizza" become "Food > Pizza".

    One with tags, such as "<b>", has none.
    """
    return label if "<" in label else _WRITTEN.sub(BELOW, label)


def on_one_path(label: str, other: str) -> bool:
    """Whether the labels are one, or one stands below the other: then one says more than the other, and both may be right."""
    return label == other or label.startswith(other + BELOW) or other.startswith(label + BELOW)


def placed(parents: Mapping[str, str]) -> dict[str, str]:
    """What labels are called once each stands below its parent: label → "parent > label".

    Parameters
    ----------
    parents
        Label → the label, or the group, that it shall stand below; those may have parents themselves.

    Raises
    ------
    DataError
        When a label would stand below itself.
    """
    names = {}
    for label in parents:
        path, node = [label], label
        while parents.get(node):
            node = parents[node]
            if node in path:
                raise DataError(
                    "labels.circle",
                    "The labels {labels} stand below each other in a circle. Give one of them no parent, or another one.",
                    labels=[*path[path.index(node) :], node],
                )
            path.append(node)
        names[label] = BELOW.join(reversed(path))
    return names


def circle_in(labels: Iterable[str]) -> list[str]:
    """Names that stand below each other in a circle, as in "Food > Pizza" and "Pizza > Food": first and last are the same.

    Empty where there are none. A name below itself, as in "New York > New York", is none.
    """
    names: TopologicalSorter[str] = TopologicalSorter()
    for label in labels:
        for upper, lower in pairwise(label.split(BELOW)):
            if upper != lower:
                names.add(lower, upper)
    try:
        names.prepare()
    except CycleError as error:
        return list(error.args[1])
    return []
