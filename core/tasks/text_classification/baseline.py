"""TF-IDF and logistic regression, as scikit-learn has them: the baseline of a first training. Fitted on all rows at once;
`core.tasks.text_classification.naive_bayes` is the one that grows with a version.

Apart from the other scores, so that who fits no baseline does not wait for scikit-learn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from core.statistics.intervals import Floats

# Inverse regularisation: 1, 2, 4, 8 and 16 tried on validation rows of SST-2, takeaway and eight review domains;
# 2 to 8 lie within half a point of each other.
INVERSE_REGULARISATION = 4.0

# Solved at the latest after some 110 steps on the data above; the rest is margin, so that it always ends solved.
ITERATIONS = 2000

# The most frequent ones are kept; bounds the memory of the weights (150 classes: 240 MB).
_MOST_FEATURES = 200_000
_MOST_WEIGHTS = 10_000_000  # of all classes together: the solver keeps some twenty arrays of this size

# From so many rows on, n-grams seen once are left out: as good on validation rows, three times as fast.
_ROWS_TO_DROP_SINGLES = 2000

# Scripts written without spaces: kana, Han and its rarer blocks.
_UNSPACED = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"


@dataclass(frozen=True, eq=False)
class Baseline:
    """A fitted baseline; made by `fit_baseline`.

    Parameters
    ----------
    known
        The classes it has seen, as positions in ``classes``.
    prior
        Share of each known class in the training rows: the answer when there is nothing to fit.
    """

    classes: tuple[str, ...]
    known: tuple[int, ...]
    prior: tuple[float, ...]
    vectorizer: Any
    model: Any

    def predict_proba(self, texts: Sequence[str]) -> Floats:
        """Probabilities, shape ``(rows, classes)``; 0 for classes that had no training rows."""
        probabilities = np.zeros((len(texts), len(self.classes)))
        if self.model is None or not len(texts):
            probabilities[:, self.known] = self.prior
        else:
            probabilities[:, self.known] = self.model.predict_proba(self.vectorizer.transform(texts))
        return probabilities


def fit_baseline(
    texts: Sequence[str], labels: ArrayLike, classes: Sequence[str], *, language: str, seed: int = 0
) -> Baseline:
    """Fit the baseline.

    Parameters
    ----------
    texts, labels
        Training rows and their class numbers; at least one row. Classes may be missing among them.
    language
        ``"en"``: words, 1–2-grams; ``"zh"``: characters, 1–2-grams; anything else (mixed or other languages): 1–2-grams
        of tokens, a token being one character of a script without spaces or a whole word of any other.

    Notes
    -----
    With a single class, or texts without a single feature (all empty), it answers with the shares of the classes.
    """
    numbers = np.asarray(labels, dtype=np.int64)
    known, counts = np.unique(numbers, return_counts=True)
    vectorizer = make_vectorizer(language, rows=len(texts), labels=len(known))
    features = fit_features(vectorizer, texts) if len(known) > 1 else None
    model = None
    if features is not None:
        model = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=ITERATIONS, random_state=seed)
        model.fit(features, numbers)
    prior = tuple((counts / counts.sum()).tolist())
    return Baseline(tuple(classes), tuple(known.tolist()), prior, vectorizer, model)


def make_vectorizer(language: str, *, rows: int, labels: int) -> Any:
    """What counts the n-grams of so many rows, for a solver of so many labels."""
    # One-letter words count ("I", "a" beside "not"): half a point better than scikit-learn's default on SST-2.
    words = r"\b\w+\b" if language == "en" else rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+"
    return TfidfVectorizer(
        analyzer="char" if language == "zh" else "word",
        token_pattern=None if language == "zh" else words,
        ngram_range=(1, 2),
        sublinear_tf=True,
        min_df=1 if rows < _ROWS_TO_DROP_SINGLES else 2,
        max_features=min(_MOST_FEATURES, _MOST_WEIGHTS // max(1, labels)),
    )


def fit_features(vectorizer: Any, texts: Sequence[str]) -> Any:
    """Fit the vectorizer and transform; None when no feature is left."""
    try:
        return vectorizer.fit_transform(texts)
    except ValueError as error:
        # scikit-learn has no error class of its own for these two: nothing to count, or nothing counted often enough.
        if "empty vocabulary" in str(error) or "no terms remain" in str(error).lower():
            return None
        raise
