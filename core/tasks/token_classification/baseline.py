"""Simple methods for entities: a conditional random field over good features (CRFsuite), and a dictionary of what was marked.

References
----------
N. Okazaki (2007), "CRFsuite: a fast implementation of Conditional Random Fields".
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from core.data.spans.targets import Span, spans_of, tags_of, target_of
from core.data.spans.tokens import tokens_of
from core.networks.standalone.extract import stretches
from core.networks.standalone.marking import features_with_neighbours

SETTINGS = {"c1": 0.1, "c2": 0.01, "max_iterations": 100, "feature.possible_transitions": True}
MOST_TOKENS = 400  # of a text that are looked at together; longer ones are cut there


class CrfSuite:
    """Fitted on texts with entities; marks others."""

    def __init__(self, texts: Sequence[str], targets: Sequence[str]) -> None:
        import pycrfsuite  # type: ignore[import-untyped]  # C++, for which nobody should wait who fits none

        trainer = pycrfsuite.Trainer(verbose=False)
        trainer.set_params(SETTINGS)
        for text, target in zip(texts, targets, strict=True):
            places = tokens_of(text)
            if places:
                trainer.append(features_with_neighbours(text, places), tags_of(places, spans_of(target)))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model"
            trainer.train(str(path))
            self._model = path.read_bytes()
        self._tagger = pycrfsuite.Tagger()
        self._tagger.open_inmemory(self._model)

    def answer(self, texts: Sequence[str]) -> list[str]:
        """The entities of each text, as targets."""
        return [self._marked(text) for text in texts]

    def _marked(self, text: str) -> str:
        places = tokens_of(text)
        own = features_with_neighbours(text, places) if places else []
        tags: list[str] = []
        for start in range(0, len(places), MOST_TOKENS):
            tags += self._tagger.tag(own[start : start + MOST_TOKENS])
        return target_of(Span(places[start][0], places[end - 1][1], tags[start][2:]) for start, end in stretches(tags))


class Dictionary:
    """Marks what was marked in most places where it stood, the longest first."""

    def __init__(self, texts: Sequence[str], targets: Sequence[str]) -> None:
        types: dict[str, Counter[str]] = {}
        for text, target in zip(texts, targets, strict=True):
            for span in spans_of(target):
                types.setdefault(text[span.start : span.end], Counter())[span.type] += 1
        self._types = {surface: counts.most_common(1)[0][0] for surface, counts in types.items()}
        self._longest = max((len(tokens_of(surface)) for surface in self._types), default=0)

    def answer(self, texts: Sequence[str]) -> list[str]:
        """The entities of each text, as targets."""
        return [self._marked(text) for text in texts]

    def _marked(self, text: str) -> str:
        places = tokens_of(text)
        spans, index = [], 0
        while index < len(places):
            for count in range(min(self._longest, len(places) - index), 0, -1):
                start, end = places[index][0], places[index + count - 1][1]
                kind = self._types.get(text[start:end])
                if kind is not None:
                    spans.append(Span(start, end, kind))
                    index += count - 1
                    break
            index += 1
        return target_of(spans)
