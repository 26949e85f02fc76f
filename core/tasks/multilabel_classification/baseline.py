"""One-vs-rest logistic regression on TF-IDF, as scikit-learn has it, with a threshold a label: the baseline of a first training.

Thresholds are found on training rows that are kept back, a fifth of them; then it is fitted on all. Apart from the other
modules, so that who fits no baseline does not wait for scikit-learn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from core.statistics.intervals import Floats
from core.tasks.multilabel_classification.thresholds import best_thresholds
from core.tasks.text_classification.baseline import (
    INVERSE_REGULARISATION,
    ITERATIONS,
    fit_features,
    make_vectorizer,
)

_KEPT_BACK = 5  # every so many rows choose the thresholds


@dataclass(frozen=True, eq=False)
class OneVsRest:
    """A logistic regression for each label; made by `fit_one_vs_rest`.

    Parameters
    ----------
    models
        A regression, or where all rows say the same of a label the share of rows that have it.
    """

    vectorizer: Any
    models: tuple[Any, ...]
    thresholds: Floats

    def predict_proba(self, texts: Sequence[str]) -> Floats:
        """The probability of each label, ``(rows, labels)``."""
        features = self.vectorizer.transform(texts) if self.vectorizer is not None and len(texts) else None
        columns = [
            np.full(len(texts), model)
            if isinstance(model, float) or features is None
            else model.predict_proba(features)[:, 1]
            for model in self.models
        ]
        return np.stack(columns, axis=1) if columns else np.zeros((len(texts), 0))

    def given(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Which labels each text is given, bool ``(rows, labels)``."""
        answers: NDArray[np.bool_] = self.predict_proba(texts) >= self.thresholds
        return answers


def fit_one_vs_rest(texts: Sequence[str], truth: NDArray[Any], *, language: str) -> OneVsRest:
    """Fit the baseline on training rows.

    Parameters
    ----------
    truth
        Which labels each row has, 0 or 1, ``(rows, labels)``.
    """
    order = np.random.default_rng(0).permutation(len(texts))
    held, rest = order[::_KEPT_BACK], np.sort(np.delete(order, np.s_[::_KEPT_BACK]))
    trial = fit_regressions([texts[row] for row in rest], truth[rest], np.full(truth.shape[1], 0.5), language)
    thresholds = best_thresholds(trial.predict_proba([texts[row] for row in held]), truth[held])
    return fit_regressions(texts, truth, thresholds, language)


def fit_regressions(texts: Sequence[str], truth: NDArray[Any], thresholds: Floats, language: str) -> OneVsRest:
    """A regression for each label, with these thresholds."""
    vectorizer = make_vectorizer(language, rows=len(texts), labels=1)
    features = fit_features(vectorizer, texts) if len(texts) else None
    if features is None:
        shares = truth.mean(axis=0) if len(texts) else np.zeros(truth.shape[1])
        return OneVsRest(None, tuple(shares.astype(float).tolist()), thresholds)
    models: list[Any] = []
    for column in truth.T > 0:
        if column.all() or not column.any():
            models.append(float(column.all()))
            continue
        model = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=ITERATIONS, solver="liblinear")
        models.append(model.fit(features, column))
    return OneVsRest(vectorizer, tuple(models), thresholds)
