"""PyTorch's optimisers without its compiler: they import it (two seconds) only to tell it to keep out of their methods."""

from __future__ import annotations

from inspect import unwrap

import torch
from torch.optim import Optimizer


class EagerOptimizer(Optimizer):
    """The base of all optimisers here: the methods of PyTorch's own, as they are below the compiler's decorators."""

    add_param_group = unwrap(Optimizer.add_param_group)
    state_dict = unwrap(Optimizer.state_dict)
    load_state_dict = unwrap(Optimizer.load_state_dict)
    zero_grad = unwrap(Optimizer.zero_grad)


class AdamW(EagerOptimizer, torch.optim.AdamW):
    """PyTorch's AdamW, to the same bit."""

    step = torch.no_grad()(unwrap(torch.optim.Adam.step))
