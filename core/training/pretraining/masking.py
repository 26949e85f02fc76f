"""Which tokens have to be guessed, and what stands there instead.

References
----------
J. Devlin et al. (2019), "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding".
Y. Liu et al. (2019), "RoBERTa: A Robustly Optimized BERT Pretraining Approach": hidden anew each time a text is read.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

HIDDEN, RANDOM = 0.8, 0.1  # of the tokens to guess; the rest stays as it is


@dataclass(frozen=True)
class Masks:
    """What it takes to hide tokens of one vocabulary.

    Parameters
    ----------
    mask
        Id of the token that hides others.
    special
        Which ids never have to be guessed and never replace others, bool (vocabulary).
    lead
        The number of tokens at the start of each text that are the encoder's own.
    """

    mask: int
    special: Tensor
    lead: int = 0


def hide(
    tokens: Tensor, mask: Tensor, masks: Masks, share: float, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Hide a random share of the tokens: of these, 80 % behind the mask, 10 % behind a random token, 10 % stay.

    Parameters
    ----------
    tokens, mask
        Ids int64 and whether there is one, bool, both (batch, length), on the CPU.
    share
        The share of the tokens that can be hidden, 0 to 1; of each text at least one.
    generator
        The source of chance; without it the global one.

    Returns
    -------
    tuple
        What the encoder reads, int64, and which tokens it has to guess, bool; both (batch, length).
    """
    possible = mask & ~masks.special[tokens]
    possible[:, : masks.lead] = False
    luck = torch.rand(tokens.shape, generator=generator).masked_fill(~possible, 2.0)
    hidden = possible & ((luck < share) | (luck == luck.min(dim=1, keepdim=True).values))
    fate = torch.rand(tokens.shape, generator=generator)
    ordinary = (~masks.special).nonzero().flatten()
    others = ordinary[torch.randint(len(ordinary), tokens.shape, generator=generator)]
    read = tokens.masked_fill(hidden & (fate < HIDDEN), masks.mask)
    read = torch.where(hidden & (fate >= 1 - RANDOM), others, read)
    return read, hidden
