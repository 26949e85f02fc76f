from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from core.base.errors import ConfigError, DataError
from core.networks.causal.tokens import UNKNOWN_NATS, Vocabulary
from core.tasks import TASKS, task_of
from core.tasks.language_modelling.ngrams import KneserNey
from core.workflows.requests import resolve_settings
from tests.core.conftest import reviews
from tests.core.tasks.language_modelling.conftest import Toy
from tests.language_models import TASK

OUTPUTS = ("nats", "tokens")
# Three tokens of probability 1/4 each, and one of 1/16: perplexity (4³ · 16)^(1/4).
ANSWERS = [f"{2 * math.log(4):.4f} 2", f"{math.log(4) + math.log(16):.4f} 2"]
TRUTH = ["", ""]


def test_it_is_among_the_tasks_and_reads_texts_alone() -> None:
    assert type(task_of("language_modelling")) is type(TASK)
    assert (TASK.name in TASKS, TASK.reads_targets, TASK.distribution) == (True, False, False)
    assert TASK.outputs(["any", "names"]) == OUTPUTS
    assert TASK.encode(["", "a"], OUTPUTS).shape == (2,)
    TASK.check(["all alike"] * 3)
    with pytest.raises(DataError, match="24 texts are too few"):
        TASK.check_size(24)


def test_perplexity_by_hand() -> None:
    expected = (4**3 * 16) ** (1 / 4)
    figures = TASK.report(TRUTH, ANSWERS, OUTPUTS)
    assert figures.scores["perplexity"].value == pytest.approx(expected, rel=1e-4)
    assert figures.rows == 2
    measured = TASK.measure(np.array([[2 * math.log(4), 2], [math.log(64), 2]]), np.zeros(2), ())
    assert measured == {"perplexity": pytest.approx(expected)}


def test_long_texts_count_by_their_tokens() -> None:
    # Nine tokens of probability 1/2 and one of 1/1024, whatever text they stand in: 19 bits for 10 tokens.
    answers = [f"{9 * math.log(2):.4f} 9", f"{math.log(1024):.4f} 1"]
    assert TASK.report(TRUTH, answers, OUTPUTS).scores["perplexity"].value == pytest.approx(2**1.9, rel=1e-3)


def test_less_is_better_and_a_rise_has_its_interval() -> None:
    assert not TASK.score.higher_is_better
    generator = np.random.default_rng(0)
    nats = generator.uniform(8, 12, 60)
    before = [f"{value:.4f} 10" for value in nats]
    after = [f"{value + 1:.4f} 10" for value in nats]
    rise = TASK.difference("perplexity", [""] * 60, before, after)
    expected = math.exp(nats.mean() / 10 + 0.1) - math.exp(nats.mean() / 10)
    assert rise.value == pytest.approx(expected, rel=1e-3)
    assert 0 < rise.low < expected < rise.high
    same = TASK.difference("perplexity", [""] * 60, before, before)
    assert (same.low, same.value, same.high) == (0, 0, 0)


def test_answers_are_read_back_as_they_were_written() -> None:
    written = TASK.answers(np.array([[12.34567, 4.0], [0.0, 2.0]], dtype=np.float32), OUTPUTS)
    assert written == ["12.3457 4", "0.0000 2"]
    assert TASK.statistics(TRUTH, written).tolist() == [[12.3457, 4], [0, 2]]
    assert TASK.worth(TRUTH, written).tolist() == [[12.3457, 4], [0, 2]]
    assert TASK.statistics([], []).shape == (0, 2)


def test_an_answer_is_told_as_the_perplexity_of_its_text() -> None:
    assert TASK.told(ANSWERS[0]) == "4.0"
    assert TASK.told(f"{2 * math.log(1500):.4f} 2") == "1,500.0"
    assert TASK.told("99999.0 2").startswith("10,142,320,")  # what is beyond a float is told as the largest


def test_the_loss_of_a_batch_is_its_nats_for_each_token() -> None:
    loss = TASK.criterion(TASK.config_class(), np.zeros(2), ("nats", "tokens"))
    values = torch.tensor([[6.0, 2.0], [1.0, 5.0]])
    assert float(loss(values, torch.zeros(2))) == pytest.approx(1.0)


def test_the_baseline_reads_the_models_own_tokens() -> None:
    texts = list(reviews(60).texts)
    vocabulary = Vocabulary.fit(texts, size=500, lowercase=False)
    baseline = TASK.baseline(texts, [""] * 60, OUTPUTS, language="en", pipeline=vocabulary.pipeline)
    asked = [*reviews(80, seed=1).texts[:20], "好"]
    rows = TASK.statistics([""] * len(asked), baseline.answer(asked))
    encoded = vocabulary.encode(asked)
    assert rows[:, 1].tolist() == [len(ids) + 1 for ids in encoded]
    known = vocabulary.encode(texts)
    seen, aside = [ids for row, ids in enumerate(known) if row % 10], known[::10]
    fitted = [KneserNey(seen, len(vocabulary), order) for order in range(1, 5)]
    best = min(fitted, key=lambda ngrams: ngrams.loss(aside))
    assert rows[:20, 0].sum() == pytest.approx(best.loss(encoded[:20]), rel=1e-4)
    assert best.order > 1
    # The unknown character costs the baseline its name as well, so that both can be compared.
    assert rows[20, 0] > UNKNOWN_NATS


def test_few_texts_have_a_baseline_too() -> None:
    vocabulary = Vocabulary.fit(["the lamp", "the lamp"], size=500, lowercase=False)
    baseline = TASK.baseline(["the lamp"], [""], OUTPUTS, language="en", pipeline=vocabulary.pipeline)
    ((nats, tokens),) = TASK.statistics([""], baseline.answer(["the lamp"]))
    assert 0 < nats < math.inf
    assert tokens == len(vocabulary.encode(["the lamp"])[0]) + 1


def test_it_responds_by_going_on(toy: Toy) -> None:
    texts = ["the lamp is", ""]
    replies = TASK.respond(toy.engine, texts, toy.engine.compute(texts))
    assert replies == [toy.engine.write(text) for text in texts]
    assert all(replies)


def test_its_model_has_its_own_settings() -> None:
    settings = resolve_settings("causal", {"context": 32}, TASK)
    assert settings.model.context == 32  # type: ignore[attr-defined]
    assert (settings.training.learning_rate, settings.text.vocabulary_size) == (3e-3, 2000)
    with pytest.raises(ConfigError, match="Its models are: causal"):
        resolve_settings("ngrams", {}, TASK)
    with pytest.raises(ConfigError, match="no setting 'nosuch'"):
        resolve_settings("causal", {"nosuch": 1}, TASK)
