"""Hidden tokens: how many, behind what, and which never."""

from __future__ import annotations

import torch
from torch import Tensor

from core.training.pretraining.masking import Masks, hide

VOCABULARY, SPECIAL, MASK = 105, 5, 4


def masks(lead: int = 0) -> Masks:
    return Masks(MASK, torch.arange(VOCABULARY) < SPECIAL, lead)


def texts(rows: int, length: int) -> tuple[Tensor, Tensor]:
    tokens = torch.randint(SPECIAL, VOCABULARY, (rows, length), generator=torch.Generator().manual_seed(1))
    return tokens, torch.ones_like(tokens, dtype=torch.bool)


def test_fifteen_in_a_hundred_are_chosen_and_of_these_eight_in_ten_hidden_one_random_one_kept() -> None:
    tokens, mask = texts(400, 200)
    read, guessed = hide(tokens, mask, masks(), 0.15, torch.Generator().manual_seed(0))
    count = int(guessed.sum())
    assert abs(count / tokens.numel() - 0.15) < 0.005
    hidden = int((read[guessed] == MASK).sum())
    kept = int((read[guessed] == tokens[guessed]).sum())
    other = count - hidden - kept
    assert abs(hidden / count - 0.8) < 0.015
    assert abs(kept / count - 0.101) < 0.015  # a random token is the old one in 1 of 100 cases
    assert abs(other / count - 0.099) < 0.015
    assert torch.equal(read[~guessed], tokens[~guessed])


def test_marks_padding_and_the_prefix_are_never_hidden_nor_put_in_place_of_others() -> None:
    tokens, mask = texts(300, 20)
    tokens[:, 0], tokens[:, 19], mask[:, 15:] = 2, 3, False
    read, guessed = hide(tokens, mask, masks(lead=3), 0.5, torch.Generator().manual_seed(0))
    assert not guessed[:, :3].any()
    assert not guessed[:, 15:].any()
    assert guessed[:, 3:15].any()
    replaced = read[guessed & (read != tokens)]
    assert set(replaced[replaced < SPECIAL].tolist()) == {MASK}


def test_each_text_has_something_to_guess_however_small_the_share() -> None:
    tokens, mask = texts(50, 6)
    _, guessed = hide(tokens, mask, masks(), 0.0)
    assert guessed.sum(dim=1).tolist() == [1] * 50


def test_other_tokens_are_hidden_each_time_and_the_same_with_the_same_seed() -> None:
    tokens, mask = texts(20, 50)
    generator = torch.Generator().manual_seed(0)
    first, second = (hide(tokens, mask, masks(), 0.15, generator)[1] for _ in range(2))
    again = hide(tokens, mask, masks(), 0.15, torch.Generator().manual_seed(0))[1]
    assert not torch.equal(first, second)
    assert torch.equal(first, again)


def test_what_was_given_stays_as_it_was() -> None:
    tokens, mask = texts(5, 8)
    before = tokens.clone()
    hide(tokens, mask, masks(), 0.5)
    assert torch.equal(tokens, before)
    assert bool(mask.all())
