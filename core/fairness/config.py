"""Settings by which a model learns to treat groups of rows alike. Imports no torch."""

from __future__ import annotations

from typing import Literal

from core.base.config import Config, setting

Mitigation = Literal["none", "reweight", "counterfactual", "equalised", "drop_words"]


class FairnessConfig(Config):
    """What is done, while learning, against differences between groups."""

    mitigation: Mitigation = setting(
        "none",
        label="Against unequal treatment",
        help="Reweighting lets each label count alike in each group. Counterfactual texts repeat rows with another identity word "
        "in place of theirs. Equal errors adds a cost for errors that are more frequent in one group. Dropping words hides "
        "identity words from the model.",
        group="fairness",
    )
