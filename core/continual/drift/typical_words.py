"""Which words set some texts apart from others: log-odds with an informative Dirichlet prior.

Monroe, Colaresi & Quinn 2008, "Fightin' Words: Lexical Feature Selection and Evaluation for Identifying the Content of
Political Conflict", equations 15 to 22: rare words are drawn towards the frequency that they have everywhere.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

SURE = 1.96  # standard deviations beyond which a word counts as typical
PRIOR = 50.0  # words that the prior is worth, in all


@dataclass(frozen=True)
class TypicalWord:
    """A word with its log-odds in standard deviations, and in how many texts on this side it occurs."""

    word: str
    score: float
    texts: int


def typical_words(
    inside: Iterable[frozenset[str]], outside: Iterable[frozenset[str]], *, most: int = 8, least_texts: int = 2
) -> list[TypicalWord]:
    """The words typical of the texts inside, beside those outside; each text counts a word once.

    Returns
    -------
    list of TypicalWord
        Those with a score above 1.96, the most typical first.
    """
    here = Counter(word for words in inside for word in words)
    there = Counter(word for words in outside for word in words)
    both = here + there
    count_here, count_there, count = here.total(), there.total(), both.total()
    if not count_here or not count_there:
        return []
    typical = []
    for word, times in here.items():
        prior = PRIOR * both[word] / count
        rest = PRIOR - prior
        odds_here = (times + prior) / max(count_here - times + rest, 1e-9)
        odds_there = (there[word] + prior) / max(count_there - there[word] + rest, 1e-9)
        deviation = math.sqrt(1 / (times + prior) + 1 / (there[word] + prior))
        score = (math.log(odds_here) - math.log(odds_there)) / deviation
        if score > SURE and times >= least_texts:
            typical.append(TypicalWord(word, score, times))
    return sorted(typical, key=lambda entry: (-entry.score, entry.word))[:most]
