"""What *Auto* tries, from the cheapest model to the costliest, and how it is asked. Imports no torch.

The n-gram bag comes after the frozen encoder, though it costs less: it is seldom better than linear n-grams, and in two minutes
the encoder had no time left after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from core.base.config import Config, build, distribute, setting, settings_of
from core.continual.methods import FINETUNE
from core.continual.methods.rehearsing import REPLAY
from core.networks.architectures.bilstm_crf import BILSTM_CRF
from core.networks.architectures.blend import BLEND
from core.networks.architectures.crf import CRF
from core.networks.architectures.encoder import ENCODER
from core.networks.text import TextConfig
from core.tasks.base import Task
from core.training import TrainingConfig
from core.training.private.config import PrivacyConfig
from core.workflows.learn.private_checks import no_auto
from core.workflows.requests import DataConfig, TrainRequest, asks_privacy, setting_classes, strategies_for

TRIED_FROM = 10.0  # minutes, from which on encoders are tried on some texts rather than chosen by language
AFTERWARDS = 8.0  # seconds that export, baseline and storing take, whatever the model
OPENING = 20.0  # seconds that loading an encoder and timing its first steps take at least
Preference = Literal["accuracy", "speed"]


class AutoConfig(Config):
    """How long it may take, and what a better model is."""

    minutes: float = setting(
        2.0,
        label="Time",
        help="No model is begun that would not be done by then on this machine.",
        bounds=(0.5, 30.0),
    )
    prefer: Preference = setting(
        "accuracy",
        label="What matters more",
        help="Accuracy: a costlier model serves where it is better beyond chance. Speed and size: only where it gains two points "
        "or more.",
    )
    encoder: str = setting(
        "",
        label="Encoder",
        help="The pretrained network that the costlier models start from. Left open: the one at hand that suits the language; "
        "from 10 minutes on, where there are several, the one that does best on some training texts.",
        source="encoders",
        advanced=True,
    )


@dataclass(frozen=True)
class Rung:
    """A model with settings that go well together.

    Parameters
    ----------
    name
        What it is called on screens: ``rung_<name>`` in their catalogue.
    settings
        Settings that differ from the model's own.
    strategy
        By which it is learned, and its updates; by default that of the request.
    """

    name: str
    model: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    strategy: str = ""


# The head of the frozen encoder: ridge regression on random Fourier features, chosen on validation rows of five tables.
# Four layers gain on one, on validation rows of four tables: 5.5 points (TREC), 1.9 (customer reviews), 0.8 (CLINC150), 2.0
# (takeaway, within noise).
LAYERS = 4
# Where the uppermost of them is not the encoder's own: on validation rows the four below layer 11 of multilingual-e5-small are
# as good as its last four, and a text takes a sixth less time.
UPMOST = {"packaged:multilingual-e5-small": 10}
EXACT = {"random_features": "fourier", "feature_count": 2048, "kernel_width": 4.0, "ridge_penalty": 300.0}
RUNGS = (
    Rung("linear", "linear"),
    Rung("frozen", "encoder", {"tuning": "frozen", "feature_layers": LAYERS, **EXACT}, strategy="ridge"),
    Rung("ngrams", "ngrams"),
    Rung(CRF.name, CRF.name),
    Rung(BILSTM_CRF.name, BILSTM_CRF.name),
    Rung("tuned", "encoder", {"tuning": "full"}),
    Rung(BLEND.name, BLEND.name, strategy=REPLAY.name),
)


def rungs_for(task: Task) -> tuple[Rung, ...]:
    """The ladder of a task: those that suit it, or else the first of its models."""
    networks, strategies = task.all_networks(), strategies_for(task)
    fitting = tuple(rung for rung in RUNGS if rung.model in networks and (rung.strategy or FINETUNE.name) in strategies)
    return fitting or (Rung(next(iter(networks)), next(iter(networks))),)


def untried(task: Task, done: Iterable[str]) -> tuple[Rung, ...]:
    """The rungs of a task but for those of these names; earlier editions had another order."""
    names = set(done)
    return tuple(rung for rung in rungs_for(task) if rung.name not in names)


def is_soon_known(task: Task) -> bool:
    """Whether the first rung of a task is learned within seconds, so that its score can be measured before a training."""
    return task.all_networks()[rungs_for(task)[0].model].solved


def auto_settings(request: TrainRequest, task: Task) -> tuple[AutoConfig, dict[str, Any]]:
    """Auto's own settings, checked, and those that all its rungs take.

    Raises
    ------
    ConfigError
        When there is no such setting, or a value is out of range.
    """
    if asks_privacy(request.settings):
        raise no_auto()
    configs: tuple[type[Config], ...] = (TextConfig, TrainingConfig, DataConfig, task.config_class, PrivacyConfig)
    own, *shared = distribute(request.settings, AutoConfig, *configs)
    for config, values in zip(configs, shared, strict=True):
        build(config, values)
    return build(AutoConfig, own), {name: value for values in shared for name, value in values.items()}


def request_of(
    rung: Rung, request: TrainRequest, task: Task, auto: AutoConfig, shared: Mapping[str, Any]
) -> TrainRequest:
    """What trains a rung; settings that its model does not have are left out."""
    known = {declared.name for config in setting_classes(task, rung.model) for declared in settings_of(config)}
    own = {**rung.settings, **{name: value for name, value in shared.items() if name in known}}
    if auto.prefer == "accuracy" and "serve_precision" in known:  # trying others takes as long as learning an epoch
        own.setdefault("serve_precision", "fp32")
    if rung.model == ENCODER.name:
        own["encoder"] = auto.encoder
        if rung.settings.get("tuning") == "frozen":
            own["encoder_layers"] = UPMOST.get(auto.encoder, 0)
    return request.model_copy(
        update={"model": rung.model, "strategy": rung.strategy or request.strategy, "settings": own}
    )


def in_time(
    rungs: Sequence[Rung], minutes: float, seconds: Mapping[str, tuple[float, float]]
) -> dict[str, bool | None]:
    """Which rungs are likely to be done in time; None where that is not known yet.

    Parameters
    ----------
    seconds
        How long a rung takes with all rows and at least, measured, by its name (`core.workflows.train.expected.RungSeconds`).
    """
    left, known = minutes * 60, True
    fits: dict[str, bool | None] = {}
    for number, rung in enumerate(rungs):
        opening = AFTERWARDS + (OPENING if rung.model == ENCODER.name else 0.0)
        whole, least = (max(opening, needed) for needed in seconds.get(rung.name, (0.0, 0.0)))
        if number == 0:  # it always runs
            fits[rung.name] = True
        elif least > left:
            fits[rung.name] = False
        else:
            fits[rung.name] = True if known and rung.name in seconds else None
        if rung.model == BLEND.name:  # it takes two models, and whether it gains is only known then
            fits[rung.name] = None if list(fits.values()).count(False) < len(fits) - 2 else False
        if fits[rung.name]:
            left -= min(whole, left)
        known = known and fits[rung.name] is not None
    return fits
