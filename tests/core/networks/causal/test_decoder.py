from __future__ import annotations

import pytest
import torch

from tests.language_models import make_decoder

TOKENS = torch.tensor([[0, 5, 9, 2, 7, 3], [0, 8, 8, 4, 6, 1]])


def test_a_later_token_never_changes_earlier_logits() -> None:
    decoder = make_decoder()
    changed = TOKENS.clone()
    changed[:, 4] = 11
    before, after = decoder(TOKENS), decoder(changed)
    assert torch.equal(before[:, :4], after[:, :4])
    assert not torch.allclose(before[:, 4:], after[:, 4:], atol=1e-3)


def test_padding_behind_a_text_changes_nothing_before_it() -> None:
    decoder = make_decoder()
    padded = torch.cat([TOKENS, torch.zeros((2, 3), dtype=torch.int64)], dim=1)
    assert torch.allclose(decoder(padded)[:, :6], decoder(TOKENS), atol=1e-6)


def test_the_order_of_earlier_tokens_matters() -> None:
    decoder = make_decoder()
    swapped = TOKENS[:, [0, 2, 1, 3, 4, 5]]
    assert not torch.allclose(decoder(TOKENS)[:, -1], decoder(swapped)[:, -1], atol=1e-3)


@pytest.mark.parametrize("sizes", [[1] * 6, [2, 4], [6], [5, 1]])
def test_steps_through_the_cache_equal_the_full_pass(sizes: list[int]) -> None:
    decoder = make_decoder(layers=2)
    cache, parts = decoder.empty_cache(2), []
    for piece in TOKENS.split(sizes, dim=1):
        logits, cache = decoder.step(piece, cache)
        parts.append(logits)
    assert torch.allclose(torch.cat(parts, dim=1), decoder(TOKENS), atol=1e-5)
    assert cache[0].shape == (2, 2, 2, 6, 8)  # layers, batch, heads, past, head size


def test_new_tokens_leave_the_old_ones_as_they_were() -> None:
    decoder = make_decoder(50)
    before = decoder(TOKENS)
    decoder.grow_vocabulary(53)
    assert decoder.vocabulary_size == 53
    assert torch.allclose(decoder(TOKENS)[:, :, :50], before, atol=1e-5)
