"""A conditional random field, solved by CRFsuite (L-BFGS with L1); a generator of events, as the training loop is.

References
----------
N. Okazaki (2007), "CRFsuite". G. Andrew, J. Gao (2007), "Scalable Training of L1-Regularized Log-Linear Models".
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from core.base.events import EpochDone, Event, Finished, StepDone
from core.base.messages import message
from core.continual.strategies.base import Experience, Strategy
from core.networks.standalone.marking import WIDE
from core.networks.standalone.pipeline import UNKNOWN
from core.networks.tagging.chain import OUTSIDE
from core.networks.tagging.field import ConditionalField

MOST_ITERATIONS = 100


@torch.no_grad()
def solve(model: ConditionalField, strategy: Strategy, experience: Experience) -> Iterator[Event]:
    """Find the weights of a first experience's rows; the model, which lies on the CPU, is changed in place."""
    import pycrfsuite  # type: ignore[import-untyped]  # C++, for which nobody should wait who solves nothing

    rows, validation = strategy.training_set(experience, 1), strategy.validation_set(experience)
    began = time.monotonic()
    trainer = pycrfsuite.Trainer(verbose=False)
    trainer.set_params(
        {
            "c1": model.config.crf_sparsity,
            "c2": model.config.crf_smoothness,
            "max_iterations": MOST_ITERATIONS,
            "feature.possible_transitions": True,
        }
    )
    for ids, tags in zip(rows.ids, rows.targets, strict=True):
        features = np.asarray(ids).reshape(-1, WIDE)
        own = tags[: len(features)]
        if len(own) and (own != OUTSIDE).all():
            named = [[str(feature) for feature in token if feature > UNKNOWN] for token in features.tolist()]
            trainer.append(pycrfsuite.ItemSequence(named), [str(tag) for tag in own.tolist()])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        trainer.train(str(path))
        tagger = pycrfsuite.Tagger()
        tagger.open(str(path))
        solution = tagger.info()
        tagger.close()
    model.begin_at_nothing()
    for (feature, tag), weight in solution.state_features.items():
        model.embedding.weight[int(feature), int(tag)] = weight
    for (before, after), weight in solution.transitions.items():
        model.follow[int(before), int(after)] = weight
    speed = len(rows) / max(time.monotonic() - began, 1e-9)
    criterion = experience.criterion(rows)
    device = torch.device("cpu")
    _, learned = experience.task.validate(model, rows, criterion, device, experience.outputs)
    yield StepDone(1, 1, 1, 1, learned, speed)
    measured, loss = experience.task.validate(model, validation, criterion, device, experience.outputs)
    yield EpochDone(1, learned, loss, measured, True, time.monotonic() - began)
    model.eval()
    yield Finished(
        1, 1, message("training.solved_field", "Solved by CRFsuite, in up to {most} steps.", most=MOST_ITERATIONS)
    )
