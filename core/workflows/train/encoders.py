"""Which pretrained encoder suits a table: by its language, and by what those at hand make of some of its training texts.

Validation and test rows take no part: the encoders are fitted on one half of the rows that are looked at and scored on the other.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from core.base.errors import ModelError
from core.base.events import Advanced
from core.base.messages import Message, message
from core.data.dataset.rows import TextDataset
from core.data.dataset.splitting import split_rows
from core.networks.architectures.encoder import ENCODER, EncoderConfig
from core.networks.encoders.batches import predict_features
from core.networks.encoders.encoder import Encoder
from core.networks.pretrained import EncoderInfo
from core.networks.pretrained.known import at_hand, online, usual_encoder
from core.networks.sources import Sources
from core.networks.text import TextConfig, encode_examples
from core.statistics.additive import estimates
from core.statistics.intervals import Estimate
from core.tasks import Task
from core.tasks.text_classification.probe import ProbeRows, linear_answers
from core.workflows.requests import DataConfig

MOST_ROWS = 600  # training rows that are looked at: half to fit on, half to score
TIMED = 64  # of them, by which the speed is measured
ALIKE = 0.005  # of the score: within it, the faster one is better
SHARE_OF_TIME = 0.5  # that reading all texts once may take
LONG = 400  # tokens of a text from which on an encoder that reads more is named first
PIECES = 1.3  # word pieces of a word, roughly
LARGE_FROM = 10.0  # minutes, from which on a large encoder of the Hub is named
LARGE, SMALL = 1300.0, 600.0  # megabytes of what is named
NAMED = 3
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Tried:
    """What an encoder at hand is worth on some training rows, frozen under a linear head.

    Parameters
    ----------
    score
        The deciding score, with its 95 % interval.
    texts_per_second
        Texts that PyTorch reads here in a second.
    in_time
        Whether all texts can be read once in half of the time.
    """

    reference: str
    name: str
    score: Estimate
    texts_per_second: float
    in_time: bool

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Advice:
    """Which encoder to take.

    Parameters
    ----------
    best
        Reference of the best at hand; empty where there is none.
    tried
        What was measured, the best first; empty where there was no choice.
    online
        References of the Hub's that may be better on a machine with a network.
    reason
        The same as one sentence.
    """

    best: str
    tried: tuple[Tried, ...]
    online: tuple[str, ...]
    reason: Message

    def to_dict(self) -> dict[str, Any]:
        tried = [own.to_dict() for own in self.tried]
        return {"best": self.best, "tried": tried, "online": list(self.online), "reason": str(self.reason)}


def recommend(
    dataset: TextDataset, language: str, task: Task, data: DataConfig, minutes: float, sources: Sources
) -> Iterator[Advanced | Advice]:
    """Try the encoders at hand on some training rows; yields how far it is, and at last the `Advice`.

    Raises
    ------
    DataError
        When nothing can be learned from the dataset.
    """
    dataset = task.as_read(dataset)
    task.check(dataset.label_names())
    task.check_size(len(dataset))
    length = _length(dataset, language)
    known = online(
        language,
        tokens=513 if length * PIECES > LONG else 0,
        megabytes=LARGE if minutes >= LARGE_FROM else SMALL,
    )
    names = tuple(info.reference for info in known[:NAMED])
    fitting = at_hand(sources.encoders.list(), language)
    if not fitting:
        yield Advice("", (), names, _sentence("none", language, length, minutes, "", names))
        return
    if len(fitting) == 1:
        only = fitting[0]
        yield Advice(only.reference, (), names, _sentence("only", language, length, minutes, only.name, names))
        return
    if not task.activation:  # a linear head on whole texts, by which they are tried, says nothing of such answers
        usual = usual_encoder(fitting, language)
        name = next(info.name for info in fitting if info.reference == usual)
        yield Advice(usual, (), names, _sentence("usual", language, length, minutes, name, names))
        return
    rows = _rows(dataset, task, data)
    tried: list[Tried] = []
    for number, info in enumerate(fitting):
        trying = message(
            "recommend.trying",
            "Trying the encoder {name} on {rows:,} training texts.",
            name=info.name,
            rows=len(rows.texts),
        )
        yield Advanced(trying, number / len(fitting))
        try:
            tried.append(_try(info, rows, task, len(dataset), minutes, sources))
        except ModelError:  # its package or folder is broken: whoever chooses it is told how to mend it
            continue
    if not tried:
        yield Advice("", (), names, _sentence("none", language, length, minutes, "", names))
        return
    tried.sort(key=lambda own: (own.in_time, own.score.value), reverse=True)
    near = [own for own in tried if own.in_time == tried[0].in_time and own.score.value >= tried[0].score.value - ALIKE]
    best = max(near, key=lambda own: own.texts_per_second)
    tried.sort(key=lambda own: own is not best)
    reason = _sentence("measured", language, length, minutes, best.name, names, tried=tried)
    yield Advice(best.reference, tuple(tried), names, reason)


def _rows(dataset: TextDataset, task: Task, data: DataConfig) -> ProbeRows:
    train = split_rows(task.stratified(dataset), fractions=data.fractions, seed=data.split_seed).train
    some = dataset.take(np.random.default_rng(0).permutation(train)[:MOST_ROWS])
    names = some.label_names()
    outputs = task.outputs(names)
    numbers, half = task.encode(names, outputs), len(some) // 2
    return ProbeRows("", "", outputs, some.texts[:half], numbers[:half], some.texts[half:], numbers[half:])


def _try(info: EncoderInfo, rows: ProbeRows, task: Task, texts: int, minutes: float, sources: Sources) -> Tried:
    config = EncoderConfig(encoder=info.reference, tuning="frozen")
    text = TextConfig(max_length=int(ENCODER.defaults["max_length"]))
    model, pipeline = Encoder.begin(config, text, [*rows.train_texts, *rows.texts], len(rows.classes), sources)
    model.eval()
    cache, model.cache = model.cache, None  # what was read before would take no time
    some = encode_examples(pipeline, rows.train_texts[:TIMED])
    began = time.monotonic()
    predict_features(model, some, CPU)
    per_second = len(some) / max(1e-6, time.monotonic() - began)
    model.cache = cache
    answers = linear_answers(rows, lambda given: predict_features(model, encode_examples(pipeline, given), CPU).numpy())
    truth, given = ([rows.classes[number] for number in numbers] for numbers in (rows.labels, answers))
    (score,) = estimates(task.pairs(truth, given).rows, (task.score,))
    return Tried(
        info.reference,
        info.name,
        score,
        round(per_second, 1),
        in_time=texts / per_second <= SHARE_OF_TIME * minutes * 60,
    )


def _length(dataset: TextDataset, language: str) -> int:
    """Words of a text, or characters of a Chinese one: the mean of some."""
    some = dataset.texts[:MOST_ROWS]
    lengths = [len(text) if language == "zh" else len(text.split()) for text in some]
    return round(sum(lengths) / max(1, len(lengths)))


def _sentence(
    kind: str,
    language: str,
    length: int,
    minutes: float,
    name: str,
    names: tuple[str, ...],
    tried: list[Tried] | None = None,
) -> Message:
    facts = {"language": language, "length": length, "minutes": f"{minutes:g}", "name": name, "online": list(names)}
    if kind == "none":
        return message(
            "recommend.none",
            "No encoder at hand is for texts in '{language}'. On a machine with a network, try: {online}.",
            **facts,
        )
    if kind == "only":
        return message(
            "recommend.only",
            "{name} is the only encoder at hand for texts in '{language}'. On a machine with a network, try: {online}.",
            **facts,
        )
    if kind == "usual":
        return message(
            "recommend.usual",
            "{name} is the usual one for texts in '{language}'. For models of this kind encoders are not tried beforehand.",
            **facts,
        )
    measured = "; ".join(f"{own.name} {own.score.value:.3f}, {own.texts_per_second:.0f}/s" for own in tried or ())
    return message(
        "recommend.measured",
        "Best at hand for '{language}', {length} words or characters a text and {minutes} minutes: {name}. Measured on "
        "training texts (score, texts a second): {measured}. On a machine with a network, try: {online}.",
        **facts,
        measured=measured,
    )
