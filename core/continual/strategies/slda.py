"""Streaming linear discriminant analysis (Hayes & Kanan 2020, "Lifelong Machine Learning with Deep Streaming LDA")."""

from __future__ import annotations

import torch

from core.continual.feature_statistics import FeatureStatistics, cholesky, positive, solve_triangular
from core.continual.methods.exact import SLDA, StreamingLDAConfig
from core.continual.strategies.closed_form import ClosedForm
from core.continual.strategies.linear_head import Coefficients

LEAST_SCATTER = 1e-6  # of the mean square of a feature: when every output has one row, nothing scatters within it


class StreamingLDA(ClosedForm):
    """Every output a Gaussian cloud of its own mean and the scatter of all; answer with the most probable one.

    Σ = (1 − s) Σ_w + s · mean(diag Σ_w) · I with Σ_w = (Σ x xᵀ − Σ_c n_c μ_c μ_cᵀ) / n the scatter within outputs;
    w_c = Σ⁻¹ μ_c and b_c = −½ μ_cᵀ Σ⁻¹ μ_c + log(n_c / n).

    Where sums are noisy, what the noise adds to Σ_w in any direction is added to its diagonal.

    The paper fixes s = 10⁻⁴ of the identity and leaves out log(n_c / n); with outputs of uneven size it belongs there.
    """

    declared = SLDA
    config: StreamingLDAConfig

    def coefficients(self, statistics: FeatureStatistics) -> Coefficients:
        rows, shrinkage = statistics.rows, self.config.covariance_shrinkage
        counts = statistics.counts.double()
        means = statistics.sums / counts.unsqueeze(1)
        covariance = torch.addmm(statistics.gram, statistics.sums.T, means, alpha=-1) / rows
        if statistics.noise:
            covariance = positive(covariance)
            covariance.diagonal().add_(statistics.doubt / rows)
        least = LEAST_SCATTER * float(statistics.gram.diagonal().mean()) / rows
        scatter = max(float(covariance.diagonal().mean()), least) or 1.0
        covariance *= 1 - shrinkage
        covariance.diagonal().add_(shrinkage * scatter)
        lower = cholesky(covariance)
        assert lower is not None, "shrunk towards the identity, a covariance is positive definite"
        # Means relative to their own mean: the same differences between outputs, with less rounding.
        centre = means.mean(dim=0)
        half = solve_triangular(lower, (means - centre).T.numpy())
        weights = torch.from_numpy(solve_triangular(lower, half, transposed=True).T.copy())
        offsets = (weights * (means + centre)).sum(dim=1)  # (μ − m)ᵀ Σ⁻¹ (μ + m) = μᵀ Σ⁻¹ μ − mᵀ Σ⁻¹ m
        return Coefficients(weights, torch.log(counts / rows) - 0.5 * offsets)
