"""A linear chain over the tags of tokens: its scores as one tensor, and the loss that is learned by.

References
----------
J. Lafferty, A. McCallum, F. Pereira (2001), "Conditional Random Fields".
"""

from __future__ import annotations

import torch
from torch import Tensor

OUTSIDE = -100  # in place of a tag: no token, or none that is asked about


def together(start: Tensor, follow: Tensor, emitted: Tensor) -> Tensor:
    """Scores as one tensor (batch, 1 + tags + steps, tags).

    Parameters
    ----------
    start
        How well a text begins with each tag, (tags,).
    follow
        How well each tag (column) follows each (row), (tags, tags).
    emitted
        How well each tag suits each token, (batch, steps, tags).
    """
    chain = (
        torch.cat([start.unsqueeze(0), follow]).unsqueeze(0).expand(emitted.shape[0], -1, -1)
    )  # not its length, which an exporter takes for fixed
    return torch.cat([chain, emitted], dim=1)


def negative_log_likelihood(scores: Tensor, tags: Tensor) -> Tensor:
    """Nats by which tags surprise, (batch,), of scores as `together` has them and tags (batch, steps) with `OUTSIDE` where
    none counts; steps behind the last may be left out of either.
    """
    count = scores.shape[2]
    emitted = scores[:, count + 1 :]
    steps = min(emitted.shape[1], tags.shape[1])
    tags = tags[:, :steps].long()
    counted = tags != OUTSIDE
    order = (~counted).to(torch.int8).argsort(dim=1, stable=True)  # those that count come first
    lengths = counted.sum(dim=1)
    longest = max(int(lengths.max()), 1)
    order = order[:, :longest]
    emitted = emitted[:, :steps].gather(1, order.unsqueeze(2).expand(-1, -1, count))
    path = tags.gather(1, order).clamp_min(0)
    inside = torch.arange(longest, device=scores.device) < lengths.unsqueeze(1)
    start, follow = scores[:, 0], scores[0, 1 : count + 1]
    own = emitted.gather(2, path.unsqueeze(2)).squeeze(2)
    own = own + torch.cat([start.gather(1, path[:, :1]), follow[path[:, :-1], path[:, 1:]]], dim=1)
    summed = start + emitted[:, 0]
    for step in range(1, longest):
        on = torch.logsumexp(summed.unsqueeze(2) + follow, dim=1) + emitted[:, step]
        summed = torch.where(inside[:, step : step + 1], on, summed)
    surprise = torch.logsumexp(summed, dim=1) - (own * inside).sum(dim=1)
    return surprise * (lengths > 0)
