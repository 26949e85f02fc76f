"""What a training with differential privacy would spend, asked before it starts."""

from __future__ import annotations

from core.data.dataset.sampling import with_fewer_rows
from core.data.dataset.splitting import split_rows
from core.tasks import task_of
from core.workflows.learn.private import Plan
from core.workflows.learn.private_checks import check_private
from core.workflows.requests import TrainRequest, resolve_update
from core.workflows.train.private import planned_training
from core.workflows.workspace import Workspace


def foreseen_training(request: TrainRequest, workspace: Workspace) -> Plan | None:
    """The plan that the training will have, of the rows that it will learn from; None where nothing is promised.

    Raises
    ------
    CoreError
        What the training would end with, as far as privacy is concerned.
    """
    task = task_of(request.task)
    settings, _ = resolve_update(request.model, {}, request.strategy, request.settings, task)
    if not settings.privacy.private:
        return None
    check_private(settings, request.model, request.strategy, task)
    dataset = task.as_read(workspace.datasets.load(request.dataset))
    shares = settings.data
    split = split_rows(task.stratified(dataset), fractions=shares.fractions, seed=shares.split_seed)
    split = task.remarked(split, dataset)
    split = with_fewer_rows(split, request.most_rows, dataset.label_names(), shares.split_seed)
    train = dataset.take(split.train)
    return planned_training(settings, request.classifier, request.model, request.strategy, train, workspace)
