"""Settings by which groups of texts get settings of their own on top of the model that all share. Imports no torch."""

from __future__ import annotations

from typing import Literal

from core.base.config import Config, setting
from core.base.messages import message

Kind = Literal["none", "threshold", "head"]
Aim = Literal["accuracy", "equal_false_positives"]

ACCURACY: Aim = "accuracy"
EQUAL_FALSE_POSITIVES: Aim = "equal_false_positives"
LAW = message(
    "personal.law",
    "Groups are answered by different settings. Where they are groups of people, the law may forbid that, whatever it is meant "
    "for: ask somebody who knows before such a version serves.",
)


class PersonalConfig(Config):
    """Which column tells groups, and what each of them gets of its own where that is better beyond chance."""

    personal_kind: Kind = setting(
        "none",
        label="Settings of each group",
        help="Thresholds move how readily each label is given in a group. A head also lets words count differently there. A "
        "group keeps its own only where it gains beyond chance; all others are answered by what they share.",
        group="fairness",
    )
    personal_by: str = setting(
        "",
        label="Column whose groups get settings",
        help="A further column that the model reads, such as a shop, a customer or a region. Each of its values is a group "
        "that may get settings of its own.",
        group="fairness",
    )
    personal_aim: Aim = setting(
        "accuracy",
        label="Aim of the groups' settings",
        help="More right answers, or a label that is given wrongly equally often in each group. The law may forbid treating "
        "groups of people by different settings: ask before you use it on people.",
        group="fairness",
    )
    personal_label: str = setting(
        "",
        label="Label that harms where it is wrong",
        help="Where false positives are to be equal: the label that they are counted of, such as toxic. Empty takes the rarer "
        "of two labels.",
        group="fairness",
    )
    personal_rows: int = setting(
        50,
        label="Rows that a group needs",
        help="Validation rows below which a group is answered by what all share. With 10 % for validation, 50 of them are 500 "
        "rows.",
        bounds=(20, 5000),
        step=1,
        scale="log",
        group="fairness",
        advanced=True,
    )

    @property
    def wanted(self) -> bool:
        """Whether groups shall have anything of their own."""
        return self.personal_kind != "none"
