"""What a person asks of an attack on a version's privacy. Imports no torch."""

from __future__ import annotations

from core.base.config import Config, setting
from core.workflows.fields import Classifier, Version

FEWEST_SHADOWS = 8


class MembershipConfig(Config):
    """How much is learned for the attack."""

    audit_shadows: int = setting(
        16,
        label="Shadow models",
        help="So many models like this one are trained, each on a random half of the rows. More make the attack stronger and its "
        "figures surer.",
        bounds=(FEWEST_SHADOWS, 32),
        step=1,
        group="privacy",
        option="shadows",
    )
    audit_minutes: int = setting(
        15,
        label="Minutes",
        help="After so much time no further shadow model is begun; eight are always trained.",
        bounds=(1, 480),
        step=1,
        scale="log",
        group="privacy",
        option="minutes",
    )
    audit_canaries: int = setting(
        32,
        label="Canaries",
        help="Made-up texts with random answers, each slipped into a random half of the shadow models. What a model knows of "
        "them it can only have learned by heart.",
        bounds=(0, 256),
        step=8,
        group="privacy",
        advanced=True,
        option="canaries",
    )
    audit_rows: int = setting(
        4000,
        label="Rows at most",
        help="Training rows that take part, drawn by chance. Fewer are faster, but a model remembers few rows better than many.",
        bounds=(100, 100_000),
        step=100,
        scale="log",
        group="privacy",
        advanced=True,
        option="rows",
    )


class MembershipRequest(MembershipConfig):
    """Of which version."""

    classifier: Classifier
    version: Version = None
