"""The quick model: what a label should be, said of each row by a model that has not seen it.

Logistic regression and complement naive Bayes on TF-IDF, averaged in the logarithm: each errs on other rows. Words and
pairs of words for English, those behind a negation marked, and pieces of words in small tables; one to three characters
for Chinese. Where vectors of a
pretrained encoder are given, a logistic regression on them has as much to say as the two together.

Rows of the same text, or of the same group, lie in one fold: a copy would tell the label. Small tables are gone through several
times, each with other folds, and the answers averaged: which rows a fold happens to miss matters less.

References
----------
Rennie et al. 2003, "Tackling the Poor Assumptions of Naive Bayes Text Classifiers".
Pang, Lee and Vaithyanathan 2002, "Thumbs up?", on marking what a negation reaches.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.data.dataset.row_targets import Rows
from core.data.quality.base import Inspected

MOST_ROWS = 20_000  # judged; of a larger dataset a sample
MOST_ANSWERS = 6_000_000  # rows judged times labels: each takes a few arrays of 8 bytes
FOLDS = 5
SMALL = 5000  # rows up to which there is time for more folds, and for pieces of words: 2 to 3 points more errors found
SMALL_FOLDS = 10
SMALL_TIMES = 4  # whole passes, each with other folds: 0 to 2 points more on four tables with planted noise
FEWEST_ROWS = 20  # and of each fold's training rows two labels: below, nothing is said

_INVERSE_REGULARISATION = 4.0  # 1 to 8 tried with planted noise: 4 finds most
_ENCODER_REGULARISATION = 0.003  # of standardised vectors; up to 0.03 tried
_SMOOTHING = 1.0
_ITERATIONS = 1000
_MOST_FEATURES = 100_000
_MOST_WEIGHTS = 2_000_000  # features times labels: the solver keeps twenty arrays of this size
_LEAST = 1e-6  # probability
_LETTERS = 1500  # of a text that are read

_TOKEN = re.compile(r"[^\W_\u3400-\u9fff]+|[\u3400-\u9fff]|[.,;:!?。，；：！？]")
_STOPS = frozenset(".,;:!?。，；：！？")
_NEGATIONS = frozenset({"not", "no", "never", "t", "nt", "without", "cannot", "hardly"})


@dataclass(frozen=True, eq=False)
class OutOfSample:
    """What the model says of rows that it was not fitted on.

    Parameters
    ----------
    rows
        Row numbers of the dataset, ascending.
    probabilities
        float64 (rows, classes), each row sums to 1.
    nearness
        float64 (rows,): cosine of a text with the middle of the label that it is closest to, 0 to 1; 0 where it has no
        word in common with other texts.
    """

    rows: Rows
    probabilities: npt.NDArray[np.float64]
    nearness: npt.NDArray[np.float64]


def out_of_sample(inspected: Inspected) -> Generator[float, None, OutOfSample | None]:
    """Fit and ask fold by fold, yielding how far it is; None where there is too little to learn from."""
    if inspected.model is None:
        dataset = inspected.dataset
        most = min(MOST_ROWS, MOST_ANSWERS // max(len(dataset.classes), 1))
        rows = inspected.vectors[0] if inspected.vectors is not None else inspected.sample(most)
        labels = dataset.labels[rows]
        if len(rows) < FEWEST_ROWS or len(np.unique(labels)) < 2 or len(rows) > most:
            return None
        if len(dataset) < 2 * len(
            dataset.classes
        ):  # labels of one row each, as numbers of orders: nothing can be learned
            return None
        groups = [dataset.groups[row].strip() for row in rows] if dataset.groups is not None else None
        count, times = (SMALL_FOLDS, SMALL_TIMES) if len(rows) <= SMALL else (FOLDS, 1)
        seeds = range(1000 * inspected.seed, 1000 * inspected.seed + times)
        folds = [folds_of(inspected.keys[rows], groups, seed=seed, folds=count) for seed in seeds]
        texts = [dataset.texts[row][:_LETTERS] for row in rows]
        inspected.model = yield from _cross_fit(inspected, rows, texts, folds)
    return inspected.model


def folds_of(
    keys: npt.NDArray[np.uint64], groups: Sequence[str] | None = None, *, seed: int = 0, folds: int = FOLDS
) -> Rows:
    """The fold of each row, 0 to ``folds − 1``; rows with the same key, or the same group, share it."""
    names: list[Any] = keys.tolist()
    if groups is not None:
        # By text first, then by group: the group of a text's first row decides for its copies in other groups.
        owner: dict[Any, Any] = {}
        for key, group in zip(names, groups, strict=True):
            owner.setdefault(key, group or key)
        names = [owner[key] for key in names]
    numbers = np.unique([str(name) for name in names], return_inverse=True)[1]
    order = np.random.default_rng(seed).permutation(int(numbers.max()) + 1 if len(numbers) else 0)
    assigned: Rows = order[numbers].astype(np.int64) % folds
    return assigned


def _cross_fit(
    inspected: Inspected, rows: Rows, texts: list[str], folds: list[Rows]
) -> Generator[float, None, OutOfSample | None]:
    labels = inspected.dataset.labels[rows]
    classes = len(inspected.dataset.classes)
    features = _features(texts, inspected.language, classes)
    yield 0.05
    pieces = _with_pieces(features, texts, inspected.language, classes)
    yield 0.1
    parts = [(of, fold) for of in folds for fold in np.unique(of).tolist()]
    logs = np.zeros((len(rows), classes))
    nearness = np.zeros(len(rows))
    for done, (of, fold) in enumerate(parts, 1):
        asked, fitted = np.flatnonzero(of == fold), np.flatnonzero(of != fold)
        if len(np.unique(labels[fitted])) < 2:
            return None
        known, answers = _answers((pieces, features), labels, fitted, asked)
        if inspected.vectors is not None:
            answers = (answers + _encoder_answers(inspected.vectors[1], labels, fitted, asked)) / 2
        whole = np.full((len(asked), classes), np.log(_LEAST))
        whole[:, known] = answers
        logs[asked] += whole / len(folds)
        nearness[asked] += _nearness(features, labels, fitted, asked) / len(folds)
        yield 0.1 + 0.9 * done / len(parts)
    shares = np.exp(logs - logs.max(axis=1, keepdims=True))
    return OutOfSample(rows, shares / shares.sum(axis=1, keepdims=True), nearness)


def _features(texts: Sequence[str], language: str, classes: int) -> Any:
    """TF-IDF of all texts, float32 sparse (rows, features); counting looks at no label, so one count serves all folds."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    most = min(_MOST_FEATURES, _MOST_WEIGHTS // max(classes, 2))
    if language == "zh":
        vectorizer = TfidfVectorizer(
            analyzer="char", ngram_range=(1, 3), sublinear_tf=True, min_df=1, max_features=most, dtype=np.float32
        )
    else:
        vectorizer = TfidfVectorizer(
            tokenizer=marked_tokens,
            token_pattern=None,
            lowercase=False,
            ngram_range=(1, 2),
            sublinear_tf=True,
            min_df=1 if len(texts) < 500 else 2,
            max_features=most,
            dtype=np.float32,
        )
    try:
        return vectorizer.fit_transform(texts).tocsr()
    except ValueError as error:
        if not _is_empty(error):
            raise
        from scipy import sparse

        return sparse.csr_matrix((len(texts), 1), dtype=np.float32)


def _with_pieces(features: Any, texts: Sequence[str], language: str, classes: int) -> Any:
    """The features with two to five letters inside of words beside them, where there are few rows and words have letters."""
    if language == "zh" or len(texts) > SMALL:
        return features
    from scipy import sparse
    from sklearn.feature_extraction.text import TfidfVectorizer

    most = min(_MOST_FEATURES, _MOST_WEIGHTS // max(classes, 2))
    vectorizer = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2, max_features=most, dtype=np.float32
    )
    try:
        return sparse.hstack([features, vectorizer.fit_transform(texts)]).tocsr()
    except ValueError as error:
        if not _is_empty(error):
            raise
        return features


def _is_empty(error: ValueError) -> bool:
    """Whether no feature is left; scikit-learn has no error class of its own for it."""
    return "empty vocabulary" in str(error) or "no terms remain" in str(error).lower()


def marked_tokens(text: str) -> list[str]:
    """Words, single Chinese characters and stops; words between a negation and the next stop begin with ``not_``."""
    tokens, negated = [], False
    for token in _TOKEN.findall(text.lower()):
        if token in _STOPS:
            negated = False
        tokens.append(f"not_{token}" if negated else token)
        if token in _NEGATIONS:
            negated = True
    return tokens


def _answers(
    features: tuple[Any, Any], labels: Rows, fitted: Rows, asked: Rows
) -> tuple[Rows, npt.NDArray[np.float64]]:
    """Labels that the fitted rows have, and the mean log probability of each; (asked, known).

    Parameters
    ----------
    features
        Those of the regression, and those of Bayes, which would count pieces of a word as if independent of it.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import ComplementNB

    models = (
        LogisticRegression(C=_INVERSE_REGULARISATION, max_iter=_ITERATIONS, tol=1e-3),
        ComplementNB(alpha=_SMOOTHING),
    )
    logs = []
    for model, counted in zip(models, features, strict=True):
        model.fit(counted[fitted], labels[fitted])
        logs.append(np.log(np.clip(model.predict_proba(counted[asked]), _LEAST, 1.0)))
    known: Rows = models[0].classes_.astype(np.int64)
    return known, np.mean(logs, axis=0)


def _encoder_answers(
    vectors: npt.NDArray[np.float32], labels: Rows, fitted: Rows, asked: Rows
) -> npt.NDArray[np.float64]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(vectors[fitted])
    model = LogisticRegression(C=_ENCODER_REGULARISATION, max_iter=_ITERATIONS, tol=1e-3)
    model.fit(scaler.transform(vectors[fitted]), labels[fitted])
    logs: npt.NDArray[np.float64] = np.log(np.clip(model.predict_proba(scaler.transform(vectors[asked])), _LEAST, 1.0))
    return logs


def _nearness(features: Any, labels: Rows, fitted: Rows, asked: Rows) -> npt.NDArray[np.float64]:
    """Cosine with the middle of the closest label, from the fitted rows alone."""
    from scipy import sparse

    known = np.unique(labels[fitted])
    member = sparse.csr_matrix(
        (np.ones(len(fitted), dtype=np.float32), (np.searchsorted(known, labels[fitted]), np.arange(len(fitted))))
    )
    middles = member @ features[fitted]
    lengths = np.sqrt(np.asarray(middles.multiply(middles).sum(axis=1))).ravel()
    scaled = sparse.diags(1 / np.maximum(lengths, 1e-12)) @ middles
    cosines: npt.NDArray[np.float64] = np.asarray((features[asked] @ scaled.T).max(axis=1).todense()).ravel()
    return cosines.astype(np.float64)
