"""The kinds of job; a new one is a line here, and the two names that it stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from core.base.config import Config, build


@dataclass(frozen=True)
class Kind:
    """What a kind of job is.

    Parameters
    ----------
    request, workflow
        ``"module:name"`` of what is asked for and of what carries it out; loaded when a job of this kind is executed, since
        most workflows need PyTorch.
    alone
        Whether nothing else may be at work in the workspace meanwhile.
    epochs
        Whether it learns one model, and so has epochs with curves.
    """

    request: str
    workflow: str
    alone: bool = False
    epochs: bool = False

    def asked(self) -> type[Config]:
        """The class of the request, which most kinds have without PyTorch."""
        request: type[Config] = _load(self.request)
        return request

    def __call__(
        self, config: dict[str, Any], home: Path, *, should_stop: Callable[[], bool], resume: dict[str, Any] | None
    ) -> Iterator[Any]:
        """Begin the workflow that a stored request asks for; settings and workspace in, events out."""
        from core.workflows.workspace import open_workspace

        request = build(self.asked(), config)
        events: Iterator[Any] = _load(self.workflow)(
            request, open_workspace(home), should_stop=should_stop, resume=resume
        )
        return events


def _load(name: str) -> Any:
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)


KINDS = {
    "train": Kind("core.workflows.requests:TrainRequest", "core.workflows.train.auto:train", epochs=True),
    "update": Kind("core.workflows.requests:UpdateRequest", "core.workflows.update.run:update_classifier", epochs=True),
    "trial": Kind("core.workflows.update.trial:TrialRequest", "core.workflows.update.trial:try_strategies"),
    "compare": Kind("core.workflows.compare.request:CompareRequest", "core.workflows.compare.run:compare_strategies"),
    "forget": Kind("core.workflows.forget.run:ForgetRequest", "core.workflows.forget.run:forget_rows", alone=True),
    "curve": Kind("core.workflows.repeat.request:CurveRequest", "core.workflows.repeat.learning_curve:draw_curve"),
    "folds": Kind(
        "core.workflows.repeat.request:FoldsRequest", "core.workflows.repeat.cross_validation:cross_validate"
    ),
    "membership": Kind(
        "core.workflows.membership.request:MembershipRequest", "core.workflows.membership.run:attack_membership"
    ),
    "pretrain": Kind("core.workflows.pretrain.request:PretrainRequest", "core.workflows.pretrain.run:pretrain_encoder"),
    "benchmark": Kind(
        "core.workflows.benchmark.config:BenchmarkRequest", "core.workflows.benchmark.run:benchmark_version"
    ),
    "fairness": Kind("core.workflows.fairness.request:FairnessRequest", "core.workflows.fairness.run:measure_fairness"),
    "search": Kind("core.workflows.search.request:SearchRequest", "core.workflows.search.run:search_settings"),
    "simulate": Kind("core.evolve.simulation:SimulateRequest", "core.evolve.simulation:simulate"),
    "mitigate": Kind(
        "core.workflows.mitigation.request:MitigationRequest", "core.workflows.mitigation.run:compare_mitigations"
    ),
    "inspect": Kind("core.workflows.inspect.request:InspectRequest", "core.workflows.inspect.run:inspect_dataset"),
}
