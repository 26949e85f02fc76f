"""A fixed map between encoder and head: scaling frozen once, and optional random features."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from core.networks.encoders.graph import Graph

RandomFeatures = Literal["none", "relu", "fourier"]
# Stored models and strategies have a feature map's tensors under this name, and so models have it as `lift`: with another
# name, versions of old could not be read.
MAP_PREFIX = "lift."
SMALLEST_DEVIATION = 0.1  # of the root mean square over features: one that hardly moved at first must not shout later
SHORTEST = 1e-6  # length of features that can be made longer
PROJECTION_SEED = 20_160_229  # any number; the same for every version, so that its features can be made again


class FeatureMap(nn.Module):
    """Scale features as they were when statistics were first gathered, then widen them by random features if wanted.

    z = (x − mean) / deviation, and the head reads z itself, ReLU(z P), or √2 cos(z P + phase). The last makes a linear
    head approximate F times a Gaussian kernel, exp(−‖z − z'‖² / (2 D)) for z of D features. Nothing here is trained.

    Parameters
    ----------
    mean, deviation
        Mean and standard deviation of each feature: (features,).
    projection
        P, (features, F), with F the number of random features; None leaves z as it is.
    phase
        (F,), in 0 to 2π; with it the random features are Fourier's.
    even
        Whether every text counts alike: features get length 1 before the mean is taken away, and what comes out has length
        √width, whatever the text. Differential privacy needs it, since no text may move a sum further than another.

    References
    ----------
    McDonnell et al. 2023, "RanPAC: Random Projections and Pre-trained Models for Continual Learning" (ReLU). Rahimi &
    Recht 2007, "Random Features for Large-Scale Kernel Machines", as used by Momeni et al. 2024, "Continual Learning
    Using a Kernel-Based Method Over Foundation Models" (KLDA, arXiv 2412.15571).
    """

    mean: Tensor
    deviation: Tensor
    projection: Tensor | None
    phase: Tensor | None
    even: Tensor | None

    def __init__(
        self,
        mean: Tensor,
        deviation: Tensor,
        projection: Tensor | None = None,
        phase: Tensor | None = None,
        even: bool = False,
    ) -> None:
        super().__init__()
        self.register_buffer("mean", mean.clone())
        self.register_buffer("deviation", deviation.clone())
        self.register_buffer("projection", None if projection is None else projection.clone())
        self.register_buffer("phase", None if phase is None else phase.clone())
        self.register_buffer("even", torch.ones(1) if even else None)

    @property
    def kind(self) -> RandomFeatures:
        """Which random features these are."""
        if self.projection is None:
            return "none"
        return "relu" if self.phase is None else "fourier"

    @property
    def kernel_width(self) -> float:
        """The width of Fourier features, as it was asked for; 1 without any."""
        if self.projection is None or self.phase is None:
            return 1.0
        # Its columns were drawn with deviation 1 / (√features · width).
        return float(1 / (self.projection.std() * len(self.mean) ** 0.5))

    @property
    def width(self) -> int:
        """How many features the head reads."""
        return len(self.mean) if self.projection is None else self.projection.shape[1]

    def forward(self, features: Tensor) -> Tensor:
        """From (batch, features) to (batch, width)."""
        if self.even is None:
            return self._widened((features - self.mean) / self.deviation)
        width = features.shape[1]
        scaled = _unit((_unit(features) - self.mean) / self.deviation) * math.sqrt(width)
        return scaled if self.projection is None else _unit(self._widened(scaled)) * math.sqrt(self.width)

    def _widened(self, scaled: Tensor) -> Tensor:
        if self.projection is None:
            return scaled
        projected = scaled @ self.projection
        if self.phase is None:
            return torch.relu(projected)
        return torch.cos(projected + self.phase) * math.sqrt(2)

    def write(self, graph: Graph, features: str) -> str:
        """The same as ONNX operations; returns the name of the result."""
        if self.even is None:
            scaled = graph.add("Div", graph.add("Sub", features, self.mean), self.deviation)
            return self._write_widened(graph, scaled)
        whole = graph.add("Div", graph.add("Sub", _write_unit(graph, features), self.mean), self.deviation)
        scaled = graph.add("Mul", _write_unit(graph, whole), math.sqrt(len(self.mean)))
        if self.projection is None:
            return scaled
        return graph.add("Mul", _write_unit(graph, self._write_widened(graph, scaled)), math.sqrt(self.width))

    def _write_widened(self, graph: Graph, scaled: str) -> str:
        if self.projection is None:
            return scaled
        projected = graph.add("MatMul", scaled, self.projection)
        if self.phase is None:
            return graph.add("Relu", projected)
        return graph.add("Mul", graph.add("Cos", graph.add("Add", projected, self.phase)), math.sqrt(2))

    @staticmethod
    def from_tensors(tensors: Mapping[str, Tensor]) -> FeatureMap:
        """The inverse of ``state_dict``."""
        projection, phase = tensors.get("projection"), tensors.get("phase")
        return FeatureMap(tensors["mean"], tensors["deviation"], projection, phase, even="even" in tensors)


def fit_feature_map(
    features: Tensor,
    kind: RandomFeatures,
    count: int,
    *,
    scale: bool,
    kernel_width: float = 1.0,
    even_around: Tensor | None = None,
) -> FeatureMap:
    """Freeze a feature map for features like these, (rows, features).

    Parameters
    ----------
    count
        The number of random features.
    kernel_width
        The width w of Fourier features in exp(−‖z − z'‖² / (2 D w²)).
    scale
        Whether mean and deviation come from the rows; otherwise features stay as they are, and no row leaves a trace.
    even_around
        A mean of features of length 1, (features): the map then is even, and subtracts it.
    """
    width = features.shape[1]
    mean, deviation = torch.zeros(width), torch.ones(width)
    if scale:
        exact = features.double()
        mean = exact.mean(dim=0).float()
        spread = exact.std(dim=0, correction=0)
        floor = SMALLEST_DEVIATION * float(spread.square().mean().sqrt())
        deviation = spread.clamp_min(floor).float() if floor > 0 else deviation
    even = even_around is not None
    if even_around is not None:
        mean = even_around.float()
    if kind == "none":
        return FeatureMap(mean, deviation, even=even)
    generator = torch.Generator().manual_seed(PROJECTION_SEED)
    projection = torch.randn(width, count, generator=generator) * width**-0.5
    if kind == "fourier":
        projection /= kernel_width
    phase = torch.rand(count, generator=generator) * (2 * torch.pi) if kind == "fourier" else None
    return FeatureMap(mean, deviation, projection, phase, even)


def _unit(values: Tensor) -> Tensor:
    """Rows of length 1; one of zeros stays as it is."""
    return values / values.square().sum(dim=1, keepdim=True).sqrt().clamp_min(SHORTEST)


def _write_unit(graph: Graph, values: str) -> str:
    squares = graph.add("ReduceSum", graph.add("Mul", values, values), [1], keepdims=1)
    return graph.add("Div", values, graph.add("Max", graph.add("Sqrt", squares), SHORTEST))
