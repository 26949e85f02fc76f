"""Settings by which a model learns to treat groups of rows alike. Imports no torch."""

from __future__ import annotations

from typing import Literal

from core.base.config import Config, setting

WAYS = ("mitigation", "instead")  # facts of sentences that name a choice of `FairnessConfig.mitigation`
Mitigation = Literal["none", "reweight", "counterfactual", "equalised", "drop_words"]
MITIGATIONS: tuple[Mitigation, ...] = ("none", "reweight", "counterfactual", "equalised", "drop_words")
BY_LOSS = ("reweight", "equalised")  # what changes how much rows count, and not what is read of them


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
    fairness_groups: Literal["words", "column"] = setting(
        "words",
        label="Groups of rows",
        help="By identity words in the text, such as she, Muslim or 女人, or by the values of a further column, such as region.",
        group="fairness",
    )
    group_column: str = setting(
        "",
        label="Column that makes the groups",
        help="Where rows are grouped by a column: the name of that further column of the dataset.",
        group="fairness",
        advanced=True,
    )
    identity_terms: str = setting(
        "",
        label="Identity words",
        help="Where groups are words: a list of your own, such as 'gender/women: she, her; gender/men: he, his'. Without one, "
        "the built-in lists in English and Chinese are used.",
        group="fairness",
        advanced=True,
    )
    mitigation_strength: float = setting(
        1.0,
        label="Strength against unequal treatment",
        help="1 weighs rows as the method says; less changes less. Of equal errors it is the weight of the cost, of "
        "counterfactual texts how many copies a row gets.",
        bounds=(0.1, 100.0),
        scale="log",
        group="fairness",
        advanced=True,
    )
    memory_by_group: bool = setting(
        False,
        label="Memory balanced by group",
        help="Remembers as many texts of each group as of the others, so that updates do not forget small groups.",
        group="fairness",
        advanced=True,
    )
