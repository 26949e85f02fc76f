"""Measures: what a classifier's answers are worth, what its versions remember, and whether a candidate may serve.

`core.metrics.curves` and `core.metrics.baseline` need scikit-learn, which takes a second to load; import them by name.
"""

from core.metrics.additive import Patterns, Score
from core.metrics.calibration import calibration_difference, expected_calibration_error
from core.metrics.classification import (
    MINIMUM_SUPPORT,
    ClassScores,
    Report,
    confusion_matrix,
    evaluate,
    evaluate_predictions,
    macro_f1,
    predicted_classes,
)
from core.metrics.classification_pairs import Flips, flips, paired_difference, resampled_macro_f1
from core.metrics.classification_scores import ACCURACY, MACRO_F1, answered, averages
from core.metrics.continual import (
    average_accuracy,
    backward_transfer,
    forgetting,
    forgetting_per_experience,
    forgetting_per_stratum,
    forward_transfer,
    intransigence,
    plasticity,
)
from core.metrics.gate import Verdict, judge
from core.metrics.gate_evidence import (
    CalibrationChange,
    Evidence,
    StratumChange,
    TestChange,
    measure_change,
    measure_strata,
)
from core.metrics.gate_rules import GateConfig, Rule
from core.metrics.intervals import MINIMUM_ROWS, Estimate, unpaired_difference
from core.metrics.paired import mcnemar, mcnemar_of_runs, paired_rate_difference, paired_score_difference
from core.metrics.resampling import enclosing, resampled_means, resampled_scores

__all__ = [
    "ACCURACY",
    "MACRO_F1",
    "MINIMUM_ROWS",
    "MINIMUM_SUPPORT",
    "CalibrationChange",
    "ClassScores",
    "Estimate",
    "Evidence",
    "Flips",
    "GateConfig",
    "Patterns",
    "Report",
    "Rule",
    "Score",
    "StratumChange",
    "TestChange",
    "Verdict",
    "answered",
    "average_accuracy",
    "averages",
    "backward_transfer",
    "calibration_difference",
    "confusion_matrix",
    "enclosing",
    "evaluate",
    "evaluate_predictions",
    "expected_calibration_error",
    "flips",
    "forgetting",
    "forgetting_per_experience",
    "forgetting_per_stratum",
    "forward_transfer",
    "intransigence",
    "judge",
    "macro_f1",
    "mcnemar",
    "mcnemar_of_runs",
    "measure_change",
    "measure_strata",
    "paired_difference",
    "paired_rate_difference",
    "paired_score_difference",
    "plasticity",
    "predicted_classes",
    "resampled_macro_f1",
    "resampled_means",
    "resampled_scores",
    "unpaired_difference",
]
