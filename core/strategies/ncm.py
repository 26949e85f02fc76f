"""Nearest class mean (Mensink et al. 2013, "Distance-Based Image Classification")."""

from __future__ import annotations

from core.strategies.closed_form import ClosedForm
from core.strategies.linear_head import Coefficients
from core.strategies.statistics import Statistics


class NearestClassMean(ClosedForm):
    """Answer with the label whose mean is nearest. The weakest of the three, and the only one that a single row can serve.

    Score: −½ ‖x − μ_c‖² up to what all labels share, so w_c = μ_c and b_c = −½ ‖μ_c‖², μ_c the mean of label c's rows.
    """

    name = "ncm"

    def coefficients(self, statistics: Statistics) -> Coefficients:
        means = statistics.sums / statistics.counts.unsqueeze(1)
        return Coefficients(means, -0.5 * means.square().sum(dim=1))
