"""Linear n-grams: what is counted, what an update leaves as it was, and what is solved."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from core.base.events import EpochDone, Finished
from core.networks.encoders.linear import LinearNgrams
from core.networks.encoders.ngram_keys import pieces_of
from core.networks.standalone.pipeline import pad
from core.networks.text import extend_pipeline
from core.tasks.text_classification.task import TextClassification
from core.workflows.learn.learning import ClassifierLesson, answers, first_lesson, learn
from core.workflows.requests import resolve_settings

TEXTS = ["good film", "good good plot", "bad film", "bad plot , bad acting", "not good", "not bad"]
LABELS = ["yes", "yes", "no", "no", "no", "yes"]


def lesson(texts: list[str] = TEXTS, labels: list[str] = LABELS, **settings: object) -> ClassifierLesson:
    rows = texts, labels
    return first_lesson("linear", rows, rows, tuple(sorted(set(labels))), resolve_settings("linear", settings), None)


def network(made: ClassifierLesson) -> LinearNgrams:
    assert isinstance(made.learner.model, LinearNgrams)
    return made.learner.model


def logits(model: LinearNgrams, made: ClassifierLesson, texts: list[str]) -> torch.Tensor:
    tokens, mask = pad(made.learner.pipeline.encode(texts))
    with torch.no_grad():
        return model(torch.from_numpy(tokens), torch.from_numpy(mask))


def test_pieces_of_words_by_hand() -> None:
    owners, keys = pieces_of(["ab", "好", "abab", "ab"])
    # <a ab b> <ab ab> <ab>; one letter has none; <a ab ba b> <ab aba bab ab> <aba abab bab> <abab abab>: each once.
    assert np.bincount(owners, minlength=4).tolist() == [6, 0, 13, 6]
    first, last = (set(keys[owners == owner].tolist()) for owner in (0, 3))
    assert first == last
    assert len(first & set(keys[owners == 2].tolist())) == 5  # <a ab b> <ab ab>


def test_what_a_text_weighs_by_hand() -> None:
    """Two words and their pair, each as rare as the logarithm of (1 + 6 texts) over (1 + texts that hold it)."""
    made = lesson(letter_weight=0.0)
    model = network(made)
    row = (model.held(made.learner.pipeline.encode(["good film good"])) @ model.composition()).toarray()[0]
    good, film, pair = math.log(7 / 4), math.log(7 / 3), math.log(7 / 2)  # "film good" stands in no training text
    length = math.sqrt(good**2 + film**2 + pair**2)
    assert sorted(row[row > 0]) == pytest.approx(sorted([good / length, film / length, pair / length]), rel=1e-5)


def test_logits_are_weighed_features_times_learned_weights() -> None:
    made = lesson(ngram_length=3)
    model = network(made)
    torch.nn.init.normal_(model.embedding.weight)
    texts = [*TEXTS, "good", "never seen", "good plot bad"]
    weights, bias = model.effective()
    matrix = model.held(made.learner.pipeline.encode(texts)) @ model.composition()
    assert logits(model, made, texts).numpy() == pytest.approx(matrix @ weights.numpy() + bias.numpy(), abs=1e-5)


def test_repeated_words_count_once_and_unknown_ones_nothing() -> None:
    made = lesson()
    model = network(made)
    torch.nn.init.normal_(model.embedding.weight)
    same = logits(model, made, ["good film", "good film zzz", "good good film"])
    assert same[1].tolist() == pytest.approx(same[0].tolist(), abs=1e-6)
    assert same[2].tolist() != pytest.approx(same[0].tolist(), abs=1e-3)  # "good good" is an n-gram that was met


def test_solved_weights_are_those_of_logistic_regression() -> None:
    generator = np.random.default_rng(0)
    words = [f"w{number}" for number in range(40)]
    texts = [" ".join(generator.choice(words, 12)) for _ in range(300)]
    labels = ["a" if "w1 " in text or "w2" in text.split() else "b" for text in texts]
    made = lesson(texts, labels, letter_weight=0.0, ngram_length=1, regularisation="weak")
    model = network(made)
    matrix = model.held(made.learner.pipeline.encode(texts)) @ model.composition()
    list(learn(made, should_stop=lambda: False))
    # Two outputs share the cost of a difference, so that each weight costs half of what a single one does.
    peer = LogisticRegression(C=16 * 0.5 * 0.5, tol=1e-8, max_iter=10_000)
    task, own = made.experience.task, made.experience.config
    assert own.label_smoothing == 0.05  # type: ignore[attr-defined]
    peer.fit(matrix, task.encode(labels, made.experience.outputs))
    difference = logits(model, made, texts).numpy()
    agreement = np.mean((difference[:, 1] > difference[:, 0]) == (peer.decision_function(matrix) > 0))
    assert agreement >= 0.99


def test_regularisation_is_loosened_while_the_validation_rows_gain() -> None:
    made = lesson()
    events = list(learn(made, should_stop=lambda: False))
    epochs = [event for event in events if isinstance(event, EpochDone)]
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert [epoch.best for epoch in epochs[: finished.best_epoch]] == [True] * finished.best_epoch
    assert answers(made.learner, TEXTS).tolist() == [made.learner.outputs.index(label) for label in LABELS]


def test_the_validation_loss_chooses_whatever_the_score_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of few, uneven rows, always answering the most frequent label may score best by chance."""
    falling = iter([0.9, 0.8, 0.7, 0.6])
    monkeypatch.setattr(TextClassification, "measure", lambda *_: {"accuracy": next(falling)})
    texts = [f"good thing {number}" for number in range(60)] + [f"awful thing {number}" for number in range(6)]
    rows, unseen = (texts, ["yes"] * 60 + ["no"] * 6), (["awful"] * 6 + ["awful good"], ["no"] * 6 + ["yes"])
    made = first_lesson("linear", rows, unseen, ("no", "yes"), resolve_settings("linear", {}), None)
    epochs = [event for event in learn(made, should_stop=lambda: False) if isinstance(event, EpochDone)]
    least = min(epochs, key=lambda epoch: epoch.validation_loss)
    assert least.epoch == 2
    assert [epoch.best for epoch in epochs] == [True, True, False]


def test_without_validation_rows_the_middle_is_taken() -> None:
    made = first_lesson("linear", (TEXTS, LABELS), ([], []), ("no", "yes"), resolve_settings("linear", {}), None)
    events = list(learn(made, should_stop=lambda: False))
    assert not [event for event in events if isinstance(event, EpochDone)]
    assert events[-1].reason.key == "training.solved_medium"
    assert answers(made.learner, TEXTS).tolist() == [made.learner.outputs.index(label) for label in LABELS]


def test_a_stop_keeps_what_was_solved_so_far() -> None:
    made = lesson()
    finished = list(learn(made, should_stop=lambda: True))[-1]
    assert isinstance(finished, Finished)
    assert finished.best_epoch == 1


def test_texts_that_are_met_leave_old_answers_as_they_were() -> None:
    made = lesson()
    list(learn(made, should_stop=lambda: False))
    model = network(made)
    before = logits(model, made, TEXTS)
    fresh = ["goodness gracious film", "a splendid film", "splendid plot"]
    pipeline = extend_pipeline(made.learner.pipeline, fresh)
    made = replace(made, learner=replace(made.learner, pipeline=pipeline))
    ngrams = len(model.keys)
    model.grow_vocabulary(pipeline.tokenizer.get_vocab_size())
    model.meet(pipeline, fresh)
    assert len(model.keys) > ngrams
    assert logits(model, made, TEXTS).numpy() == pytest.approx(before.numpy(), abs=1e-6)
    like_good = logits(model, made, ["goodness"])[0]
    assert bool(like_good[1] > like_good[0])  # its first letters are those of "good"


def test_every_ngram_is_looked_up_in_one_of_two_slots() -> None:
    generator = np.random.default_rng(1)
    texts = [" ".join(f"w{number}" for number in generator.integers(0, 300, 60)) for _ in range(200)]
    made = lesson(texts, ["a", "b"] * 100, letter_weight=0.0)
    model = network(made)
    units = model.units(*map(torch.from_numpy, pad(made.learner.pipeline.encode(texts)))).unique()
    assert len(units[units >= model.vocabulary_size]) == len(model.keys) - 1


def test_where_many_outputs_leave_little_room_the_most_frequent_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = network(lesson())
    words = whole.vocabulary_size
    monkeypatch.setattr("core.networks.encoders.linear.MOST_WEIGHTS", 2 * (words + 3))
    made = lesson()
    model = network(made)
    assert model.embedding.num_embeddings == words + 3 < whole.embedding.num_embeddings
    rarest = model.feature_weights[
        words:
    ].max()  # three pieces of words, each in as many texts as any that was left out
    assert rarest <= whole.feature_weights[whole.letter_features].sort().values[2] + 1e-6
    assert len(model.keys) == 1  # the first is no n-gram
    list(learn(made, should_stop=lambda: False))
    assert answers(made.learner, ["good film"]).tolist() == [made.learner.outputs.index("yes")]
