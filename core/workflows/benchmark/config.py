"""Settings of a measurement of speed; apart from it, since a form must not wait for PyTorch."""

from __future__ import annotations

from typing import Annotated, Any

from core.base.config import Config, parameter, setting
from core.base.errors import ModelError
from core.tasks.base import Task
from core.workflows.fields import Classifier, Version


class BenchmarkConfig(Config):
    """How much is measured."""

    benchmark_texts: int = setting(
        500,
        label="Texts",
        help="How many texts each way answers in each round. More texts take longer and vary less.",
        bounds=(20, 5000),
        step=20,
        scale="log",
        option="texts",
    )
    benchmark_rounds: int = setting(
        5,
        label="Rounds",
        help="How often all ways take turns. The spread that is shown is that between rounds.",
        bounds=(2, 20),
        step=1,
        option="rounds",
    )
    benchmark_compiled: bool = setting(
        True,
        label="Also compile with PyTorch",
        help="torch.compile turns the network into machine code first, which takes up to a minute and needs a C++ compiler.",
        advanced=True,
        option="compile",
    )
    benchmark_threads: int = setting(
        0,
        label="Threads",
        help="Processor cores that each way may use at a time; 0 stands for as many as PyTorch takes by itself.",
        bounds=(0, 64),
        step=1,
        advanced=True,
        option="threads",
    )


def require_probabilities(task: Task) -> None:
    """Raise the `ModelError` that says why the speed of a version can't be measured: all ways must compute the same."""
    if not task.distribution:
        raise ModelError(
            "benchmark.no_probabilities",
            "Speed is measured of models that sort texts under labels; this model is for something else.",
        )


class BenchmarkRequest(Config):
    """Which version, and on which texts."""

    classifier: Classifier
    version: Version = None
    dataset: Annotated[
        str | None, parameter("A saved dataset to measure with; default: the frozen tests.", source="datasets")
    ] = None
    settings: Annotated[dict[str, Any], parameter("How much is measured.", values_of=BenchmarkConfig)] = {}
