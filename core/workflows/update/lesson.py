"""What an update learns from: the base version's learner with room for what is new, and the batch as one more experience."""

from __future__ import annotations

from core.continual.strategies import Strategy
from core.data.dataset.rows import TextDataset
from core.workflows.learn.blending import learner_after
from core.workflows.learn.learners import NOTHING, make_experience, readable_past
from core.workflows.learn.learning import ClassifierLesson
from core.workflows.requests import Settings
from core.workflows.versions.past import Past
from core.workflows.workspace import Workspace


def next_lesson(
    strategy: Strategy,
    train: TextDataset,
    validation: TextDataset,
    *,
    past: Past,
    outputs: tuple[str, ...],
    settings: Settings,
    workspace: Workspace,
) -> ClassifierLesson:
    """Who learns, by which strategy, and from what.

    Parameters
    ----------
    past
        What the base version has met.
    outputs
        The base version's, followed by new ones.
    """
    folder, wanted = past.folder, strategy.needs_past()
    readable = readable_past(strategy, past.train[0] if strategy.declared.uses_past else ())
    learner = learner_after(
        strategy, folder.load_learner(), train.texts, outputs, settings, readable, workspace.sources
    )
    experience = make_experience(
        len(folder.experiences()) + 1,
        learner,
        (train.texts, train.label_names()),
        (validation.texts, validation.label_names()),
        known_outputs=len(folder.outputs),
        past=past.train if wanted else NOTHING,
        past_validation=past.validation if wanted else NOTHING,
    )
    return ClassifierLesson(learner, strategy, experience)
