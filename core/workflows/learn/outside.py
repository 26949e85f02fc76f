"""What a promise of privacy does not cover, sentence by sentence. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.base.messages import Message, message


def outside_promise(report: Mapping[str, Any]) -> list[tuple[Message, Message]]:
    """What of a version was made of its rows without noise, each with what that means; nothing where nothing was promised."""
    if not report.get("privacy"):
        return []
    return _OUTSIDE


_OUTSIDE = [
    (
        message("privacy.outside_vocabulary", "Vocabulary, label names, and the columns that are read"),
        message(
            "privacy.outside_vocabulary_means",
            "Collected from the training texts as they are: a word in the file shows that some text held it. An encoder that "
            "keeps all word pieces brings its own vocabulary.",
        ),
    ),
    (
        message(
            "privacy.outside_calibration", "Temperature, thresholds, settings of single groups, arithmetic of the file"
        ),
        message(
            "privacy.outside_calibration_means",
            "Fitted to validation rows without noise. Those rows are not protected; training rows are not read for it.",
        ),
    ),
    (
        message("privacy.outside_metrics", "Scores, intervals, learning curves"),
        message(
            "privacy.outside_metrics_means",
            "Measured on validation and test rows as they are, and the loss of each epoch on the training rows. Share them with "
            "people who may know these rows.",
        ),
    ),
    (
        message("privacy.outside_memory", "Replay memory"),
        message("privacy.outside_memory_means", "None is kept: a private model remembers no text for its updates."),
    ),
    (
        message("privacy.outside_tests", "Frozen tests and validation rows"),
        message(
            "privacy.outside_tests_means",
            "Their texts lie in the version's folder and are no training rows. Leave them out of what you give away.",
        ),
    ),
    (
        message("privacy.outside_baseline", "The baseline"),
        message(
            "privacy.outside_baseline_means",
            "Fitted to training rows without noise, only to compare with. Its score is in the report; it is in no file that "
            "serves.",
        ),
    ),
    (
        message("privacy.outside_references", "References for texts that are unlike the others, and for drift"),
        message(
            "privacy.outside_references_means",
            "Kept in the workspace from some training texts, so that odd texts are noticed in use. They go into no bundle.",
        ),
    ),
    (
        message("privacy.outside_summaries", "Summaries of the rows that were met"),
        message(
            "privacy.outside_summaries_means",
            "Kept in the workspace, so that an update knows which texts are new. They go into no bundle.",
        ),
    ),
    (
        message("privacy.outside_versions", "Other versions learned from the same rows"),
        message(
            "privacy.outside_versions_means",
            "A training counts what all versions of this model have spent; an update what the line of versions before it has, "
            "not candidates beside that line, nor versions that were deleted. Models of other names promise for themselves.",
        ),
    ),
    (
        message("privacy.outside_settings", "Settings chosen after looking at the scores"),
        message(
            "privacy.outside_settings_means",
            "Each look at a score tells a little of the rows, and is not counted. Decide on settings before, or on other rows.",
        ),
    ),
    (
        message("privacy.outside_noise", "How noise is drawn"),
        message(
            "privacy.outside_noise_means",
            "From a seed that the system makes for each run and that is deleted with the run's checkpoint, by an ordinary "
            "generator: good for statistics, not made against somebody who breaks ciphers.",
        ),
    ),
    (
        message("privacy.outside_workspace", "This workspace itself"),
        message(
            "privacy.outside_workspace_means",
            "It holds the datasets. The promise is for whoever gets the model, or asks it, and not for whoever reads this disk.",
        ),
    ),
]
