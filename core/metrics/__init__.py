"""Measures: what a classifier's answers are worth, what its versions remember, and whether a candidate may serve.

`core.metrics.curves` and `core.metrics.baseline` need scikit-learn, which takes a second to load; import them by name.
"""

from core.metrics.calibration import calibration_difference, expected_calibration_error
from core.metrics.classification import (
    MINIMUM_ROWS,
    MINIMUM_SUPPORT,
    ClassScores,
    Report,
    confusion_matrix,
    evaluate,
    evaluate_predictions,
    macro_f1,
    predicted_classes,
)
from core.metrics.continual import (
    average_accuracy,
    backward_transfer,
    forgetting,
    forgetting_per_class,
    forgetting_per_experience,
    forward_transfer,
    intransigence,
    plasticity,
)
from core.metrics.gate import Verdict, judge
from core.metrics.gate_evidence import (
    CalibrationChange,
    Evidence,
    LabelChange,
    TestChange,
    measure_calibration,
    measure_change,
    measure_labels,
)
from core.metrics.gate_rules import GateConfig, Rule
from core.metrics.intervals import Estimate, unpaired_difference
from core.metrics.paired import Flips, flips, mcnemar, mcnemar_of_runs, paired_difference
from core.metrics.resampling import enclosing, resampled_accuracy, resampled_macro_f1

__all__ = [
    "MINIMUM_ROWS",
    "MINIMUM_SUPPORT",
    "CalibrationChange",
    "ClassScores",
    "Estimate",
    "Evidence",
    "Flips",
    "GateConfig",
    "LabelChange",
    "Report",
    "Rule",
    "TestChange",
    "Verdict",
    "average_accuracy",
    "backward_transfer",
    "calibration_difference",
    "confusion_matrix",
    "enclosing",
    "evaluate",
    "evaluate_predictions",
    "expected_calibration_error",
    "flips",
    "forgetting",
    "forgetting_per_class",
    "forgetting_per_experience",
    "forward_transfer",
    "intransigence",
    "judge",
    "macro_f1",
    "mcnemar",
    "mcnemar_of_runs",
    "measure_calibration",
    "measure_change",
    "measure_labels",
    "paired_difference",
    "plasticity",
    "predicted_classes",
    "resampled_accuracy",
    "resampled_macro_f1",
    "unpaired_difference",
]
