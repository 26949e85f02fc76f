from __future__ import annotations

from pathlib import Path

import pytest
import torch

from core.base.errors import ConfigError
from core.generation.config import SIZES, GeneratorConfig, LearningConfig, parameter_count, resolve
from core.generation.engine import MODEL, GeneratorEngine
from core.generation.export import measure_parity
from core.generation.model import CausalTransformer
from tests.core.generation.conftest import tiny_config, tiny_model

TOKENS = torch.tensor([[0, 5, 9, 2, 7, 3], [0, 8, 8, 4, 6, 1]])


def test_a_later_token_never_changes_earlier_logits() -> None:
    model = tiny_model()
    changed = TOKENS.clone()
    changed[:, 4] = 11
    before, after = model(TOKENS), model(changed)
    assert torch.equal(before[:, :4], after[:, :4])
    assert not torch.allclose(before[:, 4:], after[:, 4:], atol=1e-3)


def test_padding_behind_a_text_changes_nothing_before_it() -> None:
    model = tiny_model()
    padded = torch.cat([TOKENS, torch.zeros((2, 3), dtype=torch.int64)], dim=1)
    assert torch.allclose(model(padded)[:, :6], model(TOKENS), atol=1e-6)


def test_the_order_of_earlier_tokens_matters() -> None:
    model = tiny_model()
    swapped = TOKENS[:, [0, 2, 1, 3, 4, 5]]
    assert not torch.allclose(model(TOKENS)[:, -1], model(swapped)[:, -1], atol=1e-3)


@pytest.mark.parametrize("sizes", [[1] * 6, [2, 4], [6], [5, 1]])
def test_steps_through_the_cache_equal_the_full_forward(sizes: list[int]) -> None:
    model = tiny_model()
    cache, parts = model.empty_cache(2), []
    for piece in TOKENS.split(sizes, dim=1):
        logits, cache = model.step(piece, cache)
        parts.append(logits)
    assert torch.allclose(torch.cat(parts, dim=1), model(TOKENS), atol=1e-5)
    assert cache[0].shape == (2, 2, 2, 6, 8)  # layers, batch, heads, past, head size


@pytest.mark.parametrize("size", SIZES)
def test_the_announced_size_is_the_real_one(size: str) -> None:
    config, _ = resolve(size, {})
    with torch.device("meta"):
        model = CausalTransformer(config, 1234)
    assert sum(parameter.numel() for parameter in model.parameters()) == parameter_count(config, 1234)


def test_new_tokens_leave_the_old_ones_as_they_were() -> None:
    model = tiny_model(50)
    before = model(TOKENS)
    model.grow_vocabulary(53)
    assert model.vocabulary_size == 53
    assert torch.equal(model(TOKENS)[:, :, :50], before)


def test_the_exported_cache_says_the_same_as_pytorch(toy: tuple[CausalTransformer, GeneratorEngine, Path]) -> None:
    model, engine, _ = toy
    texts = [[], [1], [5, 6, 7], list(range(2, 40))]  # none, unknown, short, longer than the model looks back
    parity = measure_parity(model, engine, texts)
    assert parity.max_abs_diff < 1e-5
    assert (parity.texts, parity.tokens) == (4, 1 + 2 + 4 + 16)


def test_the_exported_file_names_no_source(toy: tuple[CausalTransformer, GeneratorEngine, Path]) -> None:
    content = (toy[2] / MODEL).read_bytes()
    assert not [trace for trace in (b"stack_trace", b".py", b"core.") if trace in content]


def test_parity_notices_another_model(toy: tuple[CausalTransformer, GeneratorEngine, Path]) -> None:
    model, engine, _ = toy
    other = tiny_model(model.vocabulary_size)
    with torch.no_grad():
        other.norm.weight += 0.1
    assert measure_parity(other, engine, [[5, 6, 7]]).max_abs_diff > 1e-4


def test_heads_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ConfigError, match="multiple of 6"):
        tiny_config(heads=3)


def test_an_unknown_size_or_setting_is_refused() -> None:
    with pytest.raises(ConfigError, match="tiny, small, medium"):
        resolve("huge", {})
    with pytest.raises(ConfigError, match="no setting 'nosuch'"):
        resolve("tiny", {"nosuch": 1})


def test_settings_that_are_shared_have_one_meaning() -> None:
    assert not set(GeneratorConfig.model_fields) & set(LearningConfig.model_fields)
