"""Nearest class mean (Mensink et al. 2013, "Distance-Based Image Classification")."""

from __future__ import annotations

from core.continual.feature_statistics import FeatureStatistics
from core.continual.methods.exact import NCM
from core.continual.strategies.closed_form import ClosedForm
from core.continual.strategies.linear_head import Coefficients

LEAST_VARIANCE = 0.01  # of the mean over features, so that one which hardly varies does not decide


class NearestClassMean(ClosedForm):
    """Answer with the output whose mean is nearest, each feature measured in its deviation over all rows.

    Score: −½ Σ_j (x_j − μ_cj)² / σ_j² up to what all outputs share, so w_c = μ_c / σ² and b_c = −½ Σ_j μ_cj² / σ_j², with
    μ_c the mean of output c's rows and σ² the variance of all, to which the noise in it is added. The paper learns a metric; this
    one needs only the sums.
    """

    declared = NCM

    def coefficients(self, statistics: FeatureStatistics) -> Coefficients:
        means = statistics.sums / statistics.counts.unsqueeze(1)
        centre = statistics.sums.sum(dim=0) / statistics.rows
        variance = statistics.gram.diagonal() / statistics.rows - centre.square() + statistics.noise / statistics.rows
        least = LEAST_VARIANCE * float(variance.mean())
        precision = 1 / variance.clamp_min(least) if least > 0 else variance.new_ones(len(variance))
        # Means relative to the centre of all rows: the same differences between outputs, with less rounding.
        weights = (means - centre) * precision
        return Coefficients(weights, -0.5 * (weights * (means + centre)).sum(dim=1))
