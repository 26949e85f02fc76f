"""The groups that a classifier is watched for, measured before and after every update on the frozen tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.base.errors import CoreError
from core.base.messages import Message
from core.continual.gate.group_evidence import GroupEvidence
from core.fairness.changes import group_evidence
from core.fairness.choice import GroupChoice
from core.fairness.groups import Grouping
from core.fairness.rates import rates_of
from core.registry.records import FairnessStore
from core.workflows.fairness.request import require_labels, require_positive
from core.workflows.fairness.rows import judged_answers
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.frozen_tests import Scores
from core.workflows.versions.slicing import rows_of_tests
from core.workflows.workspace import Workspace


def watched_groups(
    classifier: str, scores: Sequence[Scores], folder: VersionFolder, language: str, workspace: Workspace
) -> tuple[dict[str, Any] | None, GroupEvidence | None, list[Message]]:
    """What a report says of the groups, what the gate judges by, and why nothing could be measured.

    All three are empty where the classifier is not watched; without a version before there is nothing to judge.
    """
    stored = FairnessStore(workspace.home).watched(classifier)
    if stored is None:
        return None, None, []
    choice = GroupChoice.from_dict(stored)
    task, outputs = folder.task, folder.outputs
    try:
        require_labels(task)
        require_positive(choice.positive, outputs)
        rows = rows_of_tests(folder, workspace.datasets, [score.test.number for score in scores])
        grouping = choice.grouping(rows.texts, rows.groups, language)
    except CoreError as error:  # what cannot be measured is said, and blocks nothing
        return None, GroupEvidence((), None), [error.message]
    truth = [name for score in scores for name in score.test.truth]
    answers = [name for score in scores for name in score.predicted]
    values = np.concatenate([score.values for score in scores])
    after = judged_answers(task, truth, answers, outputs, choice.positive, values)
    figures = {"choice": choice.to_dict(), **rates_of(after, grouping).to_dict()}
    return figures, _evidence(scores, folder, choice, grouping), []


def _evidence(
    scores: Sequence[Scores], folder: VersionFolder, choice: GroupChoice, grouping: Grouping
) -> GroupEvidence | None:
    """On the older tests alone: labels of a batch that treat groups unlike must not judge what was learned from them."""
    *older, newest = scores
    if newest.test.before is None or not older:
        return None
    sides = [
        [(score.test.truth, score.test.before or (), score.predicted)[side] for score in older] for side in range(3)
    ]
    members = grouping.members[: sum(len(score.test.truth) for score in older)]
    truth, before, after = ([name for part in side for name in part] for side in sides)
    old, new = (judged_answers(folder.task, truth, given, folder.outputs, choice.positive) for given in (before, after))
    return group_evidence(old, new, Grouping(grouping.names, members))
