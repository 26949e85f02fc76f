"""Measures: what a classifier's answers are worth, what its versions remember, and whether a candidate may serve.

`core.metrics.curves` and `core.metrics.baseline` need scikit-learn, which takes a second to load; import them by name.
"""

from core.metrics.classification import (
    MINIMUM_ROWS,
    MINIMUM_SUPPORT,
    ClassScores,
    Report,
    confusion_matrix,
    evaluate,
    evaluate_predictions,
    predicted_classes,
)
from core.metrics.continual import (
    average_accuracy,
    backward_transfer,
    forgetting,
    forgetting_per_experience,
    forward_transfer,
    plasticity,
)
from core.metrics.gate import Rule, TestChange, Verdict, judge, measure_change
from core.metrics.intervals import Estimate
from core.metrics.paired import Flips, flips, mcnemar, paired_difference

__all__ = [
    "MINIMUM_ROWS",
    "MINIMUM_SUPPORT",
    "ClassScores",
    "Estimate",
    "Flips",
    "Report",
    "Rule",
    "TestChange",
    "Verdict",
    "average_accuracy",
    "backward_transfer",
    "confusion_matrix",
    "evaluate",
    "evaluate_predictions",
    "flips",
    "forgetting",
    "forgetting_per_experience",
    "forward_transfer",
    "judge",
    "mcnemar",
    "measure_change",
    "paired_difference",
    "plasticity",
    "predicted_classes",
]
