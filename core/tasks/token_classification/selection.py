"""Which texts a person should look at first where entities are marked: doubts from 0 to 1, higher is earlier.

References
----------
A. Culotta, A. McCallum (2005), "Reducing Labeling Effort for Structured Prediction Tasks": the least confident first.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.data.spans.targets import Span
from core.networks.standalone.extract import Entity

NOT_FOUND = 0.5  # doubt of a given entity that the model does not mark: how sure it is of that, nobody says


def doubt_of_entities(entities: Sequence[Entity]) -> float:
    """How unsure the model is of the least certain entity that it marks; 0 where it marks none."""
    return 1.0 - min((entity.probability for entity in entities), default=1.0)


def doubt_of_given(entities: Sequence[Entity], given: Sequence[Span]) -> float:
    """How sure the model is of what it marks otherwise than given, at its surest; 0 where both are the same."""
    marked = {Span(entity.start, entity.end, entity.type): entity.probability for entity in entities}
    missed = [NOT_FOUND for span in given if span not in marked]
    return max([probability for span, probability in marked.items() if span not in given] + missed, default=0.0)
