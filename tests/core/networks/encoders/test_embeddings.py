"""Word vectors as the start of an embedding: which rows, how long, how wide, frozen or not, and at an update."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.base.config import settings_of
from core.base.errors import DataError
from core.networks.architectures import MODELS, VectorsConfig
from core.networks.encoders import TextNetwork
from core.networks.encoders.embeddings import start_embedding
from core.networks.text import TextConfig, TextPipeline, extend_pipeline, fit_pipeline
from core.networks.vectors import VectorStore
from core.workflows.learn.learners import start_from_vectors

WITH_VECTORS = [name for name, model in MODELS.items() if issubclass(model.config_class, VectorsConfig)]


def make(name: str = "bilstm", words: int = 30, **settings: Any) -> TextNetwork:
    torch.manual_seed(0)
    config = MODELS[name].config_class(embedding_size=16, **settings)
    model: TextNetwork = MODELS[name].network()(config, words, 2)
    return model


def some_vectors(words: int, dimensions: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(words, dimensions)).astype(np.float32)


def word_rows(model: TextNetwork, words: int) -> torch.Tensor:
    return model.embedding.weight.detach()[-words:].clone()


def cosines(rows: torch.Tensor) -> torch.Tensor:
    unit = rows / rows.norm(dim=1, keepdim=True)
    return unit @ unit.T


@pytest.mark.parametrize("name", WITH_VECTORS)
def test_only_rows_of_words_with_a_vector_change(name: str) -> None:
    model = make(name)
    before = model.embedding.weight.detach().clone()
    known = np.zeros(30, dtype=bool)
    known[[3, 7, 20]] = True
    start_embedding(model, some_vectors(30, 8), known)
    changed = (model.embedding.weight.detach() != before).any(dim=1).nonzero()[:, 0] - (len(before) - 30)
    assert changed.tolist() == [3, 7, 20]


def test_vectors_keep_their_angles_and_columns_beyond_them_stay() -> None:
    model = make()
    before, vectors = word_rows(model, 30), some_vectors(30, 10)
    known = np.arange(30) >= 2
    start_embedding(model, vectors, known)
    after = word_rows(model, 30)
    assert torch.equal(after[2:, 10:], before[2:, 10:])
    centred = torch.tensor(vectors[2:] - vectors[2:].mean(axis=0))
    assert torch.allclose(cosines(after[2:, :10]), cosines(centred), atol=1e-4)
    assert after[2:, :10].norm(dim=1).mean().item() == pytest.approx(before[2:].norm(dim=1).mean().item(), rel=1e-4)


def test_wider_vectors_are_cut_to_their_principal_components() -> None:
    model = make()
    flat = some_vectors(30, 16) @ some_vectors(16, 40, seed=1)  # 40 wide, but with only 16 directions in it
    start_embedding(model, flat, np.ones(30, dtype=bool))
    centred = torch.tensor(flat - flat.mean(axis=0))
    assert torch.allclose(cosines(word_rows(model, 30)), cosines(centred), atol=1e-3)


def test_new_words_of_an_update_come_to_lie_among_the_old_ones() -> None:
    model = make(words=80)
    vectors = some_vectors(100, 20)
    vectors[90:] = vectors[10:20]  # ten new words with the very vectors of old ones
    known = np.ones(100, dtype=bool)
    start_embedding(model, vectors[:80], known[:80])
    with torch.no_grad():
        model.embedding.weight *= 3.0  # learned since
    model.grow_vocabulary(100)
    old = word_rows(model, 100)
    start_embedding(model, vectors, known, first=80)
    rows = word_rows(model, 100)
    assert torch.equal(rows[:80], old[:80])
    assert torch.allclose(rows[90:], rows[10:20], atol=0.05)
    assert not torch.allclose(old[90:], old[10:20], atol=0.5)


@pytest.mark.parametrize("name", WITH_VECTORS)
def test_settings_of_the_model_itself_come_first(name: str) -> None:
    names = [setting.name for setting in settings_of(MODELS[name].config_class)]
    assert names[0] == "embedding_size"
    assert names[-2:] == ["word_vectors", "tune_vectors"]
    (source,) = (setting.source for setting in settings_of(VectorsConfig) if setting.name == "word_vectors")
    assert source == "vectors"


@pytest.mark.parametrize("name", WITH_VECTORS)
def test_an_embedding_is_frozen_only_where_vectors_were_taken_over_to_be_kept(name: str) -> None:
    assert make(name).embedding.weight.requires_grad
    assert make(name, tune_vectors=False).embedding.weight.requires_grad
    assert make(name, word_vectors="own:mine").embedding.weight.requires_grad
    assert not make(name, word_vectors="own:mine", tune_vectors=False).embedding.weight.requires_grad


@pytest.fixture
def store(evergreen_home: Path, tmp_path: Path) -> VectorStore:
    path = tmp_path / "vectors.txt"
    path.write_text("good 1 0 0\nbad 0 1 0\nfilm 0 0 1\nplot 1 1 0\n", encoding="utf-8")
    store = VectorStore(evergreen_home)
    store.add_file(path, "mine")
    return store


def learner(texts: list[str], **settings: Any) -> tuple[TextNetwork, TextPipeline]:
    pipeline = fit_pipeline(texts, TextConfig())
    return make(words=pipeline.tokenizer.get_vocab_size(), **settings), pipeline


def test_what_was_covered_is_reported(store: VectorStore) -> None:
    model, pipeline = learner(["good good film", "bad nonsense nonsense film gibberish"], word_vectors="own:mine")
    start = start_from_vectors(model, pipeline, model.config, store)
    assert start is not None
    assert (start.words, start.found, start.missing) == (5, 3, ("nonsense", "gibberish"))
    assert start.to_dict()["missing"] == ["nonsense", "gibberish"]
    assert (start.reference, start.dimensions, start.tuned, start.present) == ("own:mine", 3, True, True)


def test_without_word_vectors_nothing_happens(store: VectorStore) -> None:
    model, pipeline = learner(["good film"])
    before = model.embedding.weight.detach().clone()
    assert start_from_vectors(model, pipeline, model.config, store) is None
    assert torch.equal(model.embedding.weight, before)


def test_an_update_fills_only_new_words_and_keeps_the_embedding_frozen(store: VectorStore) -> None:
    model, pipeline = learner(["good film"], word_vectors="own:mine", tune_vectors=False)
    start_from_vectors(model, pipeline, model.config, store)
    longer = extend_pipeline(pipeline, ["bad plot xyz"])
    model.grow_vocabulary(longer.tokenizer.get_vocab_size())
    before = model.embedding.weight.detach().clone()
    start = start_from_vectors(model, longer, model.config, store, first_token=4)
    assert start is not None
    assert (start.words, start.found, start.missing) == (3, 2, ("xyz",))
    assert torch.equal(model.embedding.weight[:4], before[:4])
    assert not model.embedding.weight.requires_grad


def test_vectors_that_were_deleted_stop_a_first_training_but_no_update(store: VectorStore) -> None:
    store.delete("mine")
    model, pipeline = learner(["good film"], word_vectors="own:mine")
    with pytest.raises(DataError, match="own:mine"):
        start_from_vectors(model, pipeline, model.config, store)
    start = start_from_vectors(model, pipeline, model.config, store, first_token=3)
    assert start is not None
    assert (start.present, start.words, start.found) == (False, 1, 0)


def test_of_subwords_only_beginnings_of_words_are_looked_up(store: VectorStore) -> None:
    pipeline = fit_pipeline(["good film bad goodfilm"] * 5, TextConfig(segmentation="subwords"))
    model = make(words=pipeline.tokenizer.get_vocab_size(), word_vectors="own:mine")
    before = word_rows(model, pipeline.tokenizer.get_vocab_size())
    start_from_vectors(model, pipeline, model.config, store)
    after = word_rows(model, pipeline.tokenizer.get_vocab_size())
    changed = {pipeline.tokenizer.id_to_token(row) for row in (before != after).any(dim=1).nonzero()[:, 0].tolist()}
    assert changed
    assert all(token.startswith("▁") for token in changed)
