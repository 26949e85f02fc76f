"""Have the texts as a whole changed? Two tests on what texts look like as vectors.

- `two_sample_classifier`: a classifier is taught to tell earlier texts from new ones. If it succeeds on texts that it was
  not taught with, the two differ.
- `mean_discrepancy`: are texts of one side more alike than texts across?

The vectors (`text_vectors`) are made from both sides together and without saying which text is whose, so that they
favour neither and the p-values stay valid. They describe the texts, not what some model makes of them: the same batch
gives the same answer whichever classifier it is for. Needs scikit-learn, which takes a second to load; import by name.

References
----------
D. Lopez-Paz, M. Oquab (2017), "Revisiting Classifier Two-Sample Tests".
A. Gretton, K. Borgwardt, M. Rasch, B. Schölkopf, A. Smola (2012), "A Kernel Two-Sample Test".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression

from core.continual.drift.tests import DriftTest, enough, unjudged
from core.statistics.intervals import Floats
from core.statistics.permutation import ROUNDS, Sides, permutation_test

SIZE = 64  # of a text's vector

# One Chinese or Japanese character, a word of any other script, or a sign.
_UNSPACED = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_TOKEN = rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+|[^\w\s]"
_BUCKETS = 2**16


def text_vectors(texts: Sequence[str], *, seed: int = 0) -> Floats | None:
    """Vectors (texts, at most 64) of all texts together: TF-IDF of single tokens and pairs, hashed, then reduced (LSA).

    None when the texts have fewer than two tokens in common.
    """
    vectorizer = HashingVectorizer(
        n_features=_BUCKETS, ngram_range=(1, 2), token_pattern=_TOKEN, alternate_sign=False, norm=None
    )
    counts = vectorizer.transform(texts)
    counts = counts[:, np.flatnonzero(counts.getnnz(axis=0) >= 2)]  # what only one text has tells nothing of the others
    size = min(SIZE, len(texts) - 1, counts.shape[1] - 1)
    if size < 1:
        return None
    weights = TfidfTransformer(sublinear_tf=True).fit_transform(counts)
    vectors: Floats = TruncatedSVD(size, random_state=seed).fit_transform(weights)
    return vectors


def two_sample_classifier(vectors: Floats, before: int, *, seed: int = 0, rounds: int = ROUNDS) -> DriftTest:
    """Can new texts be told from earlier ones?

    As many rows of each side are drawn, logistic regression learns on half of them, and the statistic is its AUC on the
    other half: the share of pairs of an earlier and a new text in which the new one gets the higher score. The p-value
    deals the sides of that other half anew: the classifier has not seen it, so it need not be taught again.

    Parameters
    ----------
    vectors
        (rows, features), first the ``before`` earlier rows, then the new ones.
    """
    rows = (before, len(vectors) - before)
    if not enough(rows):
        return unjudged("texts", rows)
    generator = np.random.default_rng(seed)
    drawn = min(rows)
    old = generator.permutation(rows[0])[:drawn]
    new = before + generator.permutation(rows[1])[:drawn]
    half = drawn // 2
    scaled = (vectors - vectors.mean(axis=0)) / np.maximum(vectors.std(axis=0), 1e-12)
    model = LogisticRegression(max_iter=1000)
    model.fit(scaled[np.concatenate([old[:half], new[:half]])], np.repeat([0, 1], half))
    held = drawn - half
    ranks = rankdata(model.decision_function(scaled[np.concatenate([old[half:], new[half:]])]))

    def area(sides: Sides) -> Floats:
        areas: Floats = (sides @ ranks - held * (held + 1) / 2) / held**2
        return areas

    observed, p_value = permutation_test(area, held, held, seed=seed, rounds=rounds)
    return DriftTest("texts", observed, p_value, observed, rows)


def mean_discrepancy(vectors: Floats, before: int, *, seed: int = 0, rounds: int = ROUNDS) -> DriftTest:
    """Are texts of one side more alike than texts across?

    The statistic is the unbiased MMD² = mean k(x, x′) + mean k(y, y′) − 2 mean k(x, y) over pairs of different rows, with
    k(x, y) = exp(−‖x − y‖² / m), m being the median of ‖x − y‖² over all pairs. It can fall a little below 0.

    Parameters
    ----------
    vectors
        Vectors as in `two_sample_classifier`, at most some 1,000 a side: time and memory grow with the rows' square.
    """
    rows = (before, len(vectors) - before)
    if not enough(rows):
        return unjudged("likeness", rows)
    kernel = _kernel(vectors)
    row_sums = kernel.sum(axis=1, dtype=np.float64)
    pairs = (rows[0] * (rows[0] - 1), rows[1] * (rows[1] - 1), rows[0] * rows[1])

    def means(sides: Sides) -> tuple[Floats, Floats, Floats]:
        """Mean likeness among the earlier rows, among the new ones, and across."""
        weights = sides.astype(np.float32)
        new = np.einsum("dr,dr->d", weights @ kernel, weights, dtype=np.float64)
        across = sides @ row_sums - new
        old = row_sums.sum() - new - 2 * across
        return old / pairs[0], new / pairs[1], across / pairs[2]

    def statistic(sides: Sides) -> Floats:
        old, new, across = means(sides)
        return old + new - 2 * across

    observed, p_value = permutation_test(statistic, *rows, seed=seed, rounds=rounds)
    across = float(means((np.arange(sum(rows)) >= before)[None, :])[2][0])
    effect = observed / 2 / across if across > 0 else 0.0
    return DriftTest("likeness", observed, p_value, effect, rows)


def _kernel(vectors: Floats) -> np.ndarray:
    """k of all pairs, float32 (rows, rows), 0 on the diagonal so that no row is compared with itself."""
    squares = (vectors**2).sum(axis=1)
    distances = np.maximum(squares[:, None] + squares[None, :] - 2 * vectors @ vectors.T, 0.0)
    median = float(np.median(distances[np.triu_indices(len(vectors), 1)]))
    kernel: np.ndarray = np.exp(-distances / (median or 1.0)).astype(np.float32)
    np.fill_diagonal(kernel, 0.0)
    return kernel
