"""Kept texts that resemble nothing a version learned, in groups that may want a label of their own, named by their typical words.

A group is proposed only if it comes back: texts are drawn again and again with replacement and grouped anew, and in each drawing
the most similar new group is looked for. How many groups there are is chosen by how much better they are set apart than as many
of one normal cloud, and by how many texts belong to groups that come back. Texts of no such group are left over.
Where there are none, most texts may still be of one kind: those that share words which learned texts do not have.

References
----------
P. Rousseeuw (1987), "Silhouettes: a graphical aid to the interpretation and validation of cluster analysis".
R. Tibshirani, G. Walther, T. Hastie (2001), "Estimating the number of clusters in a data set via the gap statistic".
C. Hennig (2007), "Cluster-wise assessment of cluster stability".
B. Monroe, M. Colaresi, K. Quinn (2008), "Fightin' Words" (`core.continual.drift.typical_words`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import silhouette_score

from core.continual.drift.typical_words import typical_words
from core.networks.text.words import words_in
from core.registry import VersionInfo
from core.serving.monitor.references import RATE, Encoded
from core.serving.monitor.store import MonitorStore
from core.workflows.monitor.novelty import NoveltyLook
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.past import read_past
from core.workflows.workspace import Workspace

FEWEST = 8  # texts of a group
MOST_TEXTS = 400  # that are grouped, the most novel
MOST_LEARNED = 2000  # that words are compared with
NUMBERS = (2, 3, 4, 5, 6, 8, 10)  # of groups that are tried
DRAWINGS = 10
CLOUDS = 3
SET_APART = 0.05  # silhouette beyond chance from which on there are groups at all
COMES_BACK = 0.6  # mean share of common texts (Jaccard) from which a group is the same again
SIZE = 10  # of a text's vector
WORDS, IN_NAME, EXAMPLES = 6, 2, 3
NAMED = 0.6  # share of a group's texts that hold a word of its name
Vectors = NDArray[Any]
Groups = NDArray[np.int64]


@dataclass(frozen=True)
class NovelGroup:
    """Texts that belong together.

    Parameters
    ----------
    name
        The proposed label: the words that are most typical.
    texts
        All of them, those in the middle of the group first.
    """

    name: str
    words: tuple[str, ...]
    texts: tuple[str, ...]

    @property
    def examples(self) -> tuple[str, ...]:
        return self.texts[:EXAMPLES]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for ``--json``; of the texts only examples."""
        return {"name": self.name, "words": list(self.words), "texts": len(self.texts), "examples": list(self.examples)}


@dataclass(frozen=True)
class NovelGroups:
    """What kept texts were grouped into.

    Parameters
    ----------
    texts
        How many different novel texts are kept that nobody has labelled.
    left
        How many of those that were looked at belong to no group.
    """

    groups: tuple[NovelGroup, ...]
    texts: int
    left: int

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "groups": [group.to_dict() for group in self.groups]}


def novel_groups(
    look: NoveltyLook,
    version: VersionInfo,
    workspace: Workspace,
    folder: VersionFolder,
    *,
    days: int,
    today: date | None = None,
) -> NovelGroups:
    """Group the kept texts of these days that resemble nothing the version learned.

    There is nothing to group while no more texts are marked than usual ones would be: those that are marked then are usual texts.
    """
    since = (today or date.today()) - timedelta(days=days - 1)
    texts = MonitorStore(workspace.home).novel_texts(version.classifier, version.run_id, since, RATE)
    if look.verdict != "more" or len(texts) < FEWEST:
        return NovelGroups((), len(texts), 0)
    looked = texts[:MOST_TEXTS]
    encoded = Encoded.open(folder.path, folder.load_pipeline()) if look.by == "encoder" else None
    words = words_in(looked)
    vectors = _word_vectors(words) if encoded is None else _reduced(encoded(looked))
    learned = words_in(read_past(folder, workspace).met.sample(validated=False)[0][:MOST_LEARNED])
    numbers = stable_groups(vectors)
    if (numbers < 0).all():
        numbers = one_group(words, learned)
    groups = named_groups(looked, words, numbers, vectors, learned)
    return NovelGroups(groups, len(texts), len(looked) - sum(len(group.texts) for group in groups))


def named_groups(
    texts: Sequence[str],
    words: Sequence[frozenset[str]],
    groups: Groups,
    vectors: Vectors,
    learned: Sequence[frozenset[str]],
) -> tuple[NovelGroup, ...]:
    """The groups with their typical words, the largest first; those whose most typical words few of their texts hold are none.

    Parameters
    ----------
    words
        Of each text.
    groups
        Number of each text's group; -1 of none.
    learned
        Words of texts that the version learned.
    """
    named = []
    for group in range(int(groups.max(initial=-1)) + 1):
        rows = np.flatnonzero(groups == group).tolist()
        others = np.flatnonzero(groups != group).tolist()
        if not rows:
            continue
        typical = typical_words([words[row] for row in rows], [*(words[row] for row in others), *learned], most=WORDS)
        own = tuple(entry.word for entry in typical if len(entry.word) > 1)
        name = frozenset(own[:IN_NAME])
        if name and np.mean([not name.isdisjoint(words[row]) for row in rows]) >= NAMED:
            middle = vectors[rows].mean(axis=0)
            ordered = np.argsort(-(vectors[rows] @ middle), kind="stable").tolist()
            named.append(NovelGroup(" ".join(own[:IN_NAME]), own, tuple(texts[rows[number]] for number in ordered)))
    return tuple(sorted(named, key=lambda each: -len(each.texts)))


def one_group(words: Sequence[frozenset[str]], learned: Sequence[frozenset[str]]) -> Groups:
    """Number 0 for texts with several of the words that set all of them apart from learned ones, if these are most; else -1."""
    typical = {entry.word for entry in typical_words(words, learned, most=WORDS)}
    needed = min(IN_NAME, len(typical))
    inside = np.array([bool(needed) and len(typical & own) >= needed for own in words], dtype=bool)
    enough = inside.sum() >= max(FEWEST, len(words) / 2)
    return np.where(inside & enough, 0, -1)


def stable_groups(vectors: Vectors, *, seed: int = 0) -> Groups:
    """Number of the group of each row, -1 where it belongs to none that comes back: int64 (rows,).

    Parameters
    ----------
    vectors
        Of length 1, or 0 where nothing is known of a text: (rows, size).
    """
    known = np.flatnonzero(np.linalg.norm(vectors, axis=1) > 0.5)
    best, most = np.full(len(vectors), -1, dtype=np.int64), 0.0
    for number in NUMBERS:
        if len(known) < number * FEWEST:
            break
        gain = _set_apart(vectors[known], number, seed)
        own = _that_come_back(vectors[known], number, seed) if gain >= SET_APART else np.full(len(known), -1)
        worth = gain * float(np.mean(own >= 0))
        if worth > most:
            best, most = np.full(len(vectors), -1, dtype=np.int64), worth
            best[known] = own
    return best


def _set_apart(vectors: Vectors, number: int, seed: int) -> float:
    """How much larger the silhouette of so many groups is than that of as many in one cloud without any."""
    generator = np.random.default_rng(seed)
    chance = []
    for drawing in range(CLOUDS):
        rows = generator.normal(vectors.mean(axis=0), vectors.std(axis=0), vectors.shape)
        rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
        chance.append(_silhouette(rows, _grouped(rows, number, seed + drawing, tries=2)))
    return _silhouette(vectors, _grouped(vectors, number, seed, tries=5)) - float(np.mean(chance))


def _silhouette(vectors: Vectors, groups: Groups) -> float:
    several = 1 < len(np.unique(groups)) < len(groups)
    return float(silhouette_score(vectors, groups, metric="cosine")) if several else 0.0


def _that_come_back(vectors: Vectors, number: int, seed: int) -> Groups:
    """So many groups, without those that are small or do not come back."""
    groups = _grouped(vectors, number, seed, tries=5)
    generator = np.random.default_rng(seed)
    likeness = np.zeros(number)
    for drawing in range(DRAWINGS):
        rows = np.unique(generator.integers(0, len(vectors), len(vectors)))
        again = _grouped(vectors[rows], number, seed + drawing, tries=1)
        table = np.zeros((number, number))
        np.add.at(table, (groups[rows], again), 1)
        either = table.sum(axis=1)[:, None] + table.sum(axis=0)[None, :] - table
        likeness += (table / np.maximum(either, 1)).max(axis=1) / DRAWINGS
    sizes = np.bincount(groups, minlength=number)
    stays = (likeness >= COMES_BACK) & (sizes >= FEWEST)
    return np.where(stays[groups], groups, -1)


def _grouped(vectors: Vectors, number: int, seed: int, *, tries: int) -> Groups:
    distinct, same = np.unique(vectors.round(9), axis=0, return_inverse=True)
    if len(distinct) <= number:
        return np.asarray(same, dtype=np.int64).reshape(-1)
    model = KMeans(number, n_init=tries, random_state=seed).fit(vectors)
    return np.asarray(model.labels_, dtype=np.int64)


def _word_vectors(words: Sequence[frozenset[str]]) -> Vectors:
    """Vectors of texts by their words: TF-IDF of words that two texts share at least, reduced (LSA)."""
    vectorizer = TfidfVectorizer(analyzer=sorted, min_df=2)
    try:
        weights = vectorizer.fit_transform(words)
    except ValueError:  # no word is shared
        return np.zeros((len(words), 1))
    return _reduced(weights)


def _reduced(values: Any) -> Vectors:
    """Vectors of length 1, or 0 where there is nothing to reduce."""
    size = min(SIZE, values.shape[0] - 1, values.shape[1] - 1)
    if size < 1:
        return np.zeros((values.shape[0], 1))
    if isinstance(values, np.ndarray):
        values = values - values.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):  # shares of a variance that may be none
        vectors = TruncatedSVD(size, random_state=0).fit_transform(values)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    shown: Vectors = np.where(lengths > 1e-9, vectors / np.maximum(lengths, 1e-9), 0.0)
    return shown
