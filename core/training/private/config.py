"""Settings of learning with differential privacy. Imports no torch."""

from __future__ import annotations

from typing import Literal

from core.base.config import Config, setting

PrivacyUnit = Literal["row", "group"]


class PrivacyConfig(Config):
    """What is promised to whom, and how much of that promise an update may spend."""

    private: bool = setting(
        False,
        label="Differential privacy",
        help="Learns with noise, so that nobody can tell from the model whether a certain row was among those it learned from. "
        "The noise costs accuracy, most of all with few rows.",
        group="privacy",
    )
    epsilon: float = setting(
        3.0,
        label="Privacy loss ε",
        help="How much the model may tell of any single row at most. 1 is strong, 3 usual, 8 weak: whatever somebody sees is at "
        "most e^ε times as likely with the row as without it.",
        bounds=(0.1, 50.0),
        scale="log",
        group="privacy",
    )
    privacy_budget: float = setting(
        8.0,
        label="Privacy budget",
        help="What all trainings of this model, and the updates that follow each other, may spend of ε together. What would "
        "exceed it is refused.",
        bounds=(0.1, 100.0),
        scale="log",
        group="privacy",
    )
    privacy_unit: Literal["row", "group"] = setting(
        "row",
        label="Whom it protects",
        help="A row, or all rows of one value of the group column, such as everything that one person wrote.",
        group="privacy",
        advanced=True,
    )
    group_rows: int = setting(
        10,
        label="Rows a group at most",
        help="Where groups are protected: rows of one group that are learned from at most. More of them would need more noise.",
        bounds=(1, 1000),
        step=1,
        scale="log",
        group="privacy",
        advanced=True,
    )
    delta: float = setting(
        0.0,
        label="Chance that the promise fails (δ), 0: automatic",
        help="Must be far below one row in all rows. 0 takes 1 / n^1.1 for n rows.",
        bounds=(0.0, 0.01),
        step=0.00001,
        group="privacy",
        advanced=True,
    )
    clip_norm: float = setting(
        1.0,
        label="Clipping norm",
        help="How far one row may move the weights in a step, before noise is added. Smaller needs less noise and learns more "
        "slowly.",
        bounds=(0.01, 100.0),
        scale="log",
        group="privacy",
        advanced=True,
    )
