"""What a person asks for when ways against unequal treatment are to be compared. Imports no torch."""

from __future__ import annotations

from typing import Annotated

from core.base.config import Config, parameter, setting
from core.base.errors import ConfigError
from core.continual.methods import FINETUNE
from core.fairness.checks import check_mitigation
from core.fairness.config import MITIGATIONS
from core.networks.architectures.linear import LINEAR
from core.tasks import DEFAULT, TASKS
from core.workflows.fields import Dataset, Values
from core.workflows.requests import Settings, architecture_of, resolve_settings

NONE = "none"  # what all others are compared with


class MitigationRequest(Config):
    """One model, trained without and with each mitigation, each with several seeds.

    Parameters
    ----------
    settings
        Settings of model, text, training, data and fairness, flat; ``seed`` is the first of the seeds.
    """

    name: Annotated[str, parameter("Shown in lists; default: the dataset's name.")] = ""
    dataset: Dataset
    model: Annotated[str, parameter("Architecture; default: linear.", source="models")] = LINEAR.name
    mitigations: Annotated[
        list[str], parameter(f"What is compared, of: {', '.join(MITIGATIONS)}. Default: all that suit.")
    ] = []
    positive: Annotated[
        str,
        parameter("The label whose wrong answers do harm, such as toxic; default: the label with the fewest rows."),
    ] = ""
    seeds: int = setting(
        3,
        label="Seeds",
        help="How often each is trained, each time with another seed. Three show how much is chance.",
        bounds=(1, 10),
        step=1,
        group="optimisation",
    )
    most_rows: Annotated[
        int | None, parameter("Training rows to learn from at most, taken by chance; at first all of them.")
    ] = None
    settings: Values = {}


def settings_with(request: MitigationRequest, mitigation: str) -> Settings:
    """The settings of one of the trainings, checked.

    Raises
    ------
    ConfigError
        When there is no such mitigation, model or setting, or the mitigation does not suit the model or the groups.
    """
    task = TASKS[DEFAULT]
    settings = resolve_settings(request.model, {**request.settings, "mitigation": mitigation}, task)
    model = architecture_of(request.model, task)
    check_mitigation(settings.fairness, task=task, model=model, method=FINETUNE, private=settings.privacy.private)
    return settings


def resolved(request: MitigationRequest) -> tuple[dict[str, Settings], list[ConfigError]]:
    """The settings of each training by its mitigation, ``none`` first, and why others were left out that nobody named.

    Raises
    ------
    ConfigError
        When one that was named does not suit, or nothing is left to compare.
    """
    named = list(dict.fromkeys(name for name in request.mitigations if name != NONE))
    settings, refused = {NONE: settings_with(request, NONE)}, []
    for name in named or [name for name in MITIGATIONS if name != NONE]:
        try:
            settings[name] = settings_with(request, name)
        except ConfigError as error:
            if named:
                raise
            refused.append(error)
    if len(settings) < 2:
        raise refused[0]
    return settings, refused
