"""A linear chain over the tags of tokens: its scores as one tensor, and the loss that is learned by.

References
----------
J. Lafferty, A. McCallum, F. Pereira (2001), "Conditional Random Fields".
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor

OUTSIDE = -100  # in place of a tag: no token, or none that is asked about
LATER, EARLIER = -1000, -2000  # in place of a tag, and so many less as tags are known: see `left_open`
NEVER = -1e4


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


def left_open(known: int, *, later: bool) -> int:
    """What stands in place of a tag where a token is outside, or has a tag that nobody may have looked for.

    Parameters
    ----------
    known, later
        These tags are all but the first ``known`` ones, or where ``later`` is False the first ones.
    """
    return (LATER if later else EARLIER) - known


def negative_log_likelihood(scores: Tensor, tags: Tensor) -> Tensor:
    """Nats by which tags surprise, (batch,), of scores as `together` has them and tags (batch, steps) with `OUTSIDE` where
    none counts; steps behind the last may be left out of either. Where a tag is `left_open`, all ways that it may be add up.

    References
    ----------
    Y. Tsuboi et al. (2008), "Training Conditional Random Fields Using Incomplete Annotations".
    """
    chain = _Chain(scores, tags)
    surprise = chain.total() - (chain.narrowed().total() if chain.is_open else chain.own())
    return surprise * (chain.lengths > 0)


def drawn(scores: Tensor, tags: Tensor, generator: torch.Generator) -> Tensor:
    """Log-probability of tags that are drawn as often as they are probable, (batch,)."""
    chain = _Chain(scores, tags)
    chain.path = chain.draw(generator)
    return chain.own() - chain.total()


def distance(scores: Tensor, answers: Tensor, tags: Tensor, known: int, temperature: float) -> Tensor:
    """T² KL(softmax(ln q / T) ‖ softmax(ln p / T)) over the first ``known`` tags, q and p the probabilities of a token's tags by
    answers and by scores; added up over the tokens that are outside or left open, divided by the number of all; ≥ 0.
    """
    chain = _Chain(scores, tags)
    new = (chain.marginals()[:, :, :known] / temperature).log_softmax(dim=2)
    old = (_Chain(answers, tags).marginals()[:, :, :known] / temperature).log_softmax(dim=2)
    apart = (old.exp() * (old - new)).sum(dim=2)
    asked = chain.inside & (chain.tags <= 0)
    return temperature**2 * (apart * asked).sum() / chain.inside.sum().clamp_min(1)


class _Chain:
    """Scores of the tokens that count, those first, and the tags that these have.

    Attributes
    ----------
    start, follow, emitted
        As in `together`, of the tokens that count.
    tags, path
        Tags of the tokens, (batch, tokens), and the same where none is below 0.
    inside, lengths
        Where there is a token, and how many each text has.
    """

    def __init__(self, scores: Tensor, tags: Tensor) -> None:
        count = scores.shape[2]
        emitted = scores[:, count + 1 :]
        steps = min(emitted.shape[1], tags.shape[1])
        tags = tags[:, :steps].long()
        counted = tags != OUTSIDE
        order = (~counted).to(torch.int8).argsort(dim=1, stable=True)  # those that count come first
        self.lengths = counted.sum(dim=1)
        longest = max(int(self.lengths.max()), 1)
        order = order[:, :longest]
        self.start, self.follow = scores[:, 0], scores[0, 1 : count + 1]
        self.emitted = emitted[:, :steps].gather(1, order.unsqueeze(2).expand(-1, -1, count))
        self.tags = tags.gather(1, order)
        self.path = self.tags.clamp_min(0)
        self.inside = torch.arange(longest, device=scores.device) < self.lengths.unsqueeze(1)

    @property
    def is_open(self) -> bool:
        return bool((self.tags < OUTSIDE).any())

    def own(self) -> Tensor:
        """The score of the path, (batch,)."""
        path = self.path
        own = self.emitted.gather(2, path.unsqueeze(2)).squeeze(2)
        own = own + torch.cat([self.start.gather(1, path[:, :1]), self.follow[path[:, :-1], path[:, 1:]]], dim=1)
        return (own * self.inside).sum(dim=1)

    def forward(self) -> list[Tensor]:
        """The summed scores of all ways to each tag of each token, (batch, tags) a token; behind the last token they stay."""
        summed = [self.start + self.emitted[:, 0]]
        for step in range(1, self.emitted.shape[1]):
            on = torch.logsumexp(summed[-1].unsqueeze(2) + self.follow, dim=1) + self.emitted[:, step]
            summed.append(torch.where(self.inside[:, step : step + 1], on, summed[-1]))
        return summed

    def total(self) -> Tensor:
        """The summed scores of all ways, (batch,)."""
        return torch.logsumexp(self.forward()[-1], dim=1)

    def marginals(self) -> Tensor:
        """Log-probability of each tag of each token, (batch, tokens, tags)."""
        forward, backward = self.forward(), [torch.zeros_like(self.emitted[:, 0])]
        for step in range(self.emitted.shape[1] - 1, 0, -1):
            ways = self.follow + (self.emitted[:, step] + backward[0]).unsqueeze(1)
            on = torch.logsumexp(ways, dim=2)
            backward.insert(0, torch.where(self.inside[:, step : step + 1], on, backward[0]))
        together = torch.stack(forward, dim=1) + torch.stack(backward, dim=1)
        return together - torch.logsumexp(forward[-1], dim=1)[:, None, None]

    def draw(self, generator: torch.Generator) -> Tensor:
        """Tags that are drawn as often as they are probable, (batch, tokens)."""
        forward = torch.stack(self.forward(), dim=1).detach()
        path = torch.zeros_like(self.path)
        later = torch.multinomial(forward[:, -1].softmax(dim=1), 1, generator=generator).squeeze(1)
        path[:, -1] = later
        for step in range(forward.shape[1] - 2, -1, -1):
            ways = forward[:, step] + self.follow.detach()[:, later].T
            before = torch.multinomial(ways.softmax(dim=1), 1, generator=generator).squeeze(1)
            later = torch.where(self.inside[:, step + 1], before, later)
            path[:, step] = later
        return path

    def narrowed(self) -> _Chain:
        """The same with nothing but the ways that the tags allow."""
        own, tag = self.tags.unsqueeze(2), torch.arange(self.emitted.shape[2], device=self.tags.device)
        later, earlier = (own <= LATER) & (own > EARLIER), own <= EARLIER
        allowed = (tag == own) | ((tag == 0) & (own < OUTSIDE))
        allowed = allowed | (later & (tag >= LATER - own)) | (earlier & (tag < EARLIER - own))
        narrowed = copy.copy(self)
        narrowed.emitted = self.emitted.masked_fill(~allowed & self.inside.unsqueeze(2), NEVER)
        return narrowed
