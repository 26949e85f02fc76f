"""The loop: only hidden tokens count, it learns, it goes on as if never interrupted."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from core.base.events import CheckpointDue, Finished, LanguageEpoch, StepDone
from core.training import loop
from core.training.pretraining.config import PretrainConfig, ShapeConfig, parameter_count
from core.training.pretraining.loop import commonest_accuracy, measure, pretrain
from core.training.pretraining.masking import Masks
from core.training.pretraining.model import MaskedLanguageModel, load_head, make_encoder, save_model

VOCABULARY, LENGTH = 20, 10
SHAPE = ShapeConfig(embedding_size=16, hidden_size=32, layers=1, heads=2)
MASKS = Masks(4, torch.arange(VOCABULARY) < 5, lead=1)
CONFIG = PretrainConfig(epochs=3, batch_size=8, learning_rate=1e-2, encoder_dropout=0.1)
TEXTS = [[2, *[token] * 7, 3] for token in range(5, 20)] * 4  # any token follows from its neighbours


def make(seed: int = 0) -> MaskedLanguageModel:
    torch.manual_seed(seed)
    return MaskedLanguageModel(make_encoder(SHAPE, VOCABULARY, LENGTH, CONFIG.encoder_dropout), 0)


def run(model: MaskedLanguageModel, **options: Any) -> list[Any]:
    return list(pretrain(model, TEXTS[:48], TEXTS[48:], MASKS, options.pop("config", CONFIG), **options))


def test_only_hidden_tokens_count() -> None:
    model = make()
    with torch.no_grad():
        model.encoder.get_input_embeddings().weight.zero_()  # then the answer is the bias, whatever is read
    held_out = [[2, 7, 7, 7, 3], [2, 7, 7, 3]]
    loss, accuracy = measure(model, held_out, MASKS, CONFIG)
    assert loss == pytest.approx(math.log(VOCABULARY))
    assert accuracy == 0.0
    with torch.no_grad():
        model.head.bias[7] = math.log(VOCABULARY - 1)  # half of the probability; marks would cost far more
    loss, accuracy = measure(model, held_out, MASKS, CONFIG)
    assert loss == pytest.approx(math.log(2))
    assert accuracy == 1.0


def test_it_answers_for_the_chosen_tokens_in_the_order_of_rows() -> None:
    model = make().eval()
    tokens = torch.tensor([[2, 6, 7, 3], [2, 8, 3, 0]])
    mask = torch.tensor([[True] * 4, [True, True, True, False]])
    every = model(tokens, mask, mask)
    some = model(tokens, mask, torch.tensor([[False, True, False, False], [False, True, False, False]]))
    assert every.shape == (7, VOCABULARY)
    torch.testing.assert_close(some, every[[1, 5]])


def test_on_texts_that_repeat_one_word_the_loss_falls_and_guesses_become_right() -> None:
    events = run(make(), config=CONFIG.model_copy(update={"epochs": 25, "encoder_dropout": 0.0}))
    epochs = [event for event in events if isinstance(event, LanguageEpoch)]
    assert len(epochs) == 25
    assert epochs[-1].training_loss < 0.5 * epochs[0].training_loss
    assert epochs[-1].validation_accuracy > 0.6
    assert epochs[-1].validation_accuracy > commonest_accuracy(TEXTS[:48], TEXTS[48:], MASKS) + 0.4
    assert epochs[-1].validation_perplexity == pytest.approx(math.exp(epochs[-1].validation_loss))
    assert [event.epoch for event in events if isinstance(event, StepDone)] == [
        n for n in range(1, 26) for _ in range(6)
    ]


def test_the_weights_of_the_best_epoch_are_kept() -> None:
    model = make()
    events = run(model, config=CONFIG.model_copy(update={"learning_rate": 0.1, "epochs": 6}))
    epochs = [event for event in events if isinstance(event, LanguageEpoch)]
    best = min(epochs, key=lambda epoch: epoch.validation_loss)
    assert events[-1] == Finished(best.epoch, 6, events[-1].reason)
    assert measure(model, TEXTS[48:], MASKS, CONFIG)[0] == pytest.approx(best.validation_loss, rel=1e-5)


def test_resumed_it_ends_like_an_uninterrupted_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(loop, "CHECKPOINT_SHARE", 1e9)
    whole = make()
    events = run(whole)
    states = [event.state for event in events if isinstance(event, CheckpointDue)]
    middle = next(state for state in states if state["progress"]["epoch"] == 2 and state["progress"]["step"] == 3)
    resumed = make(seed=5)
    later = run(resumed, resume=middle)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
    ended = [[event.validation_loss for event in part if isinstance(event, LanguageEpoch)] for part in (events, later)]
    assert ended[0][1:] == ended[1]


def test_stopped_before_an_epoch_ended_it_has_no_best_one() -> None:
    events = run(make(), should_stop=lambda: True)
    assert isinstance(events[-1], Finished)
    assert events[-1].best_epoch == 0
    assert "Stopped before the end" in str(events[-1].reason)


def test_it_leaves_the_random_numbers_of_others_alone() -> None:
    model = make()
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    run(model)
    assert torch.equal(torch.rand(1), expected)


def test_a_head_is_stored_beside_the_encoder_and_found_again(tmp_path: Any) -> None:
    model = make()
    save_model(model, "{}", tmp_path)
    other = make(seed=9)
    assert load_head(other, tmp_path)
    assert torch.equal(other.head.dense.weight, model.head.dense.weight)
    trimmed = make(seed=9)
    trimmed.head.bias = torch.nn.Parameter(torch.zeros(3))
    with torch.no_grad():
        model.head.bias.copy_(torch.arange(float(VOCABULARY)))
    save_model(model, "{}", tmp_path)
    assert load_head(trimmed, tmp_path, torch.tensor([0, 2, 19]))
    assert trimmed.head.bias.tolist() == [0.0, 2.0, 19.0]


def test_the_count_of_parameters_is_the_network_s() -> None:
    assert make().parameter_count() == parameter_count(SHAPE, VOCABULARY, LENGTH)
