"""The gradient of each unit, a row or a group of rows: its length, and the sum of all, each clipped to a length.

Knows nothing of noise, texts or targets.

References
----------
Abadi et al. 2016, "Deep Learning with Differential Privacy". Goodfellow 2015, "Efficient Per-Example Gradient Computations".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from core.base.errors import ModelError
from core.training.private.layers import taken_apart

Dense = dict[Tensor, Tensor]  # a gradient for each unit: (units, *shape)


@dataclass
class _Step:
    """A layer's answer, whose gradient is asked for, and what to make of that."""

    layer: nn.Module | None
    answer: Tensor
    dense: Callable[[Tensor], Dense] | None = None
    table: Tensor | None = None
    rows_of: Callable[[Tensor], tuple[Tensor, Tensor]] | None = None  # rows of the table and their gradients


@dataclass
class Gradients:
    """What the rows of some units say of each weight.

    Parameters
    ----------
    dense
        Gradients by unit.
    looked_up
        Of a table: the unit, the row of the table and the gradient of each time that a row was looked up, part by part.
    """

    units: int
    dense: Dense = field(default_factory=dict)
    looked_up: dict[Tensor, list[tuple[Tensor, Tensor, Tensor]]] = field(default_factory=dict)

    def add(self, parameter: Tensor, each: Tensor, owners: Tensor) -> None:
        """Gradients (rows, *shape) of rows that belong to these units (rows)."""
        if parameter not in self.dense:
            self.dense[parameter] = torch.zeros(self.units, *parameter.shape, device=each.device)
        self.dense[parameter].index_add_(0, owners, each.float())

    def clipped(self, longest: float, sums: Mapping[Tensor, Tensor]) -> Tensor:
        """Add each unit's gradient, made shorter where it is longer than ``longest``, to the sums; returns the lengths before."""
        squares = torch.zeros(self.units, device=next(iter(sums.values())).device)
        for each in self.dense.values():
            squares += each.flatten(1).square().sum(dim=1)
        tables = {table: _together(parts, len(table)) for table, parts in self.looked_up.items()}
        for owners, _, values in tables.values():
            squares.index_add_(0, owners, values.square().sum(dim=1))
        lengths = squares.sqrt()
        # A gradient that is no number would break the promise: it counts as nothing.
        factors = torch.where(lengths.isfinite(), (longest / lengths.clamp_min(1e-12)).clamp_max(1.0), 0.0)
        for parameter, each in self.dense.items():
            sums[parameter] += torch.tensordot(factors, each.nan_to_num(0, 0, 0), dims=1)
        for table, (owners, rows, values) in tables.items():
            sums[table].index_add_(0, rows, values.nan_to_num(0, 0, 0) * factors[owners].unsqueeze(1))
        return lengths


def _together(parts: list[tuple[Tensor, Tensor, Tensor]], size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Units, rows of a table, and gradients: those of the same row in the same unit added up, which is what its length is of."""
    owners, rows, values = (torch.cat(column) for column in zip(*parts, strict=True))
    keys, key_of = torch.unique(owners * size + rows, return_inverse=True)
    added = torch.zeros(len(keys), values.shape[1], device=values.device).index_add_(0, key_of, values.float())
    return keys // size, keys % size, added


class Recorder:
    """Watches what a network computes, so that afterwards the gradient of each row is known.

    Layers that are linear or normalise are Opacus's; tables are looked up row by row here, since Opacus counts a token that
    stands twice in a bag once, and since a text moves few rows of a table.

    Raises
    ------
    ModelError
        When weights learn that belong to a layer of another kind.
    """

    def __init__(self, network: nn.Module) -> None:
        self._network = network
        self._steps: list[_Step] = []
        self._watched: bool = False
        self.learned = [parameter for parameter in network.parameters() if parameter.requires_grad]
        known = {
            id(parameter)
            for module in network.modules()
            if isinstance(module, _KNOWN)
            for parameter in module.parameters(recurse=False)
        }
        if any(id(parameter) not in known for parameter in self.learned):
            raise ModelError(
                "privacy.layer",
                "This network has a layer of which the gradient of a single row is not known, so it cannot be learned with "
                "differential privacy. Choose another model.",
            )

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Within it, layers are taken apart and may be asked for `of`."""
        hooks = [
            module.register_forward_hook(self._met)
            for module in self._network.modules()
            if isinstance(module, _WATCHED) and any(own.requires_grad for own in module.parameters(recurse=False))
        ]
        try:
            with taken_apart(self._network, self._linear):
                yield
        finally:
            for hook in hooks:
                hook.remove()

    def of(
        self, loss: Callable[[], Tensor], owners: Tensor, into: Gradients, parts: Tensor | None, head: nn.Module
    ) -> float:
        """Add the gradients of some rows to those of their units; returns the loss.

        Parameters
        ----------
        loss
            Computes the sum of the rows' losses.
        owners
            The unit of each row.
        parts
            Where texts are encoded in parts: the row that each part belongs to. Layers other than ``head`` then see parts.
        """
        self._steps, self._watched = [], True
        total = loss()
        self._watched = False
        answers = [step.answer for step in self._steps]
        slopes: tuple[Tensor | None, ...] = torch.autograd.grad(total, answers, allow_unused=True)
        for step, slope in zip(self._steps, slopes, strict=True):
            if slope is None:
                continue
            own = owners if parts is None or step.layer is head else owners[parts]
            if step.dense is not None:
                for parameter, each in step.dense(slope).items():
                    into.add(parameter, each, own)
            elif step.rows_of is not None and step.table is not None:
                rows, values = step.rows_of(slope)  # (rows, looked up), (rows, looked up, width)
                known = own.unsqueeze(1).expand_as(rows)
                used = rows >= 0
                into.looked_up.setdefault(step.table, []).append((known[used], rows[used], values[used]))
        self._steps = []
        return float(total.detach())

    def _linear(self, weight: Tensor, bias: Tensor | None, read: Tensor, answer: Tensor) -> None:
        if self._watched and answer.requires_grad:
            self._steps.append(_Step(None, answer, dense=partial(_of_linear, weight, bias, read.detach())))

    def _met(self, layer: nn.Module, read: tuple[Any, ...], answer: Tensor) -> None:
        if not self._watched or not answer.requires_grad:
            return
        if isinstance(layer, nn.EmbeddingBag):
            self._steps.append(_Step(layer, answer, table=layer.weight, rows_of=partial(_of_bag, layer, read[0])))
        elif isinstance(layer, nn.Embedding):
            self._steps.append(_Step(layer, answer, table=layer.weight, rows_of=partial(_of_table, layer, read[0])))
        else:
            self._steps.append(_Step(layer, answer, dense=partial(_of_layer, layer, read[0].detach())))


_WATCHED = (nn.Linear, nn.LayerNorm, nn.Embedding, nn.EmbeddingBag)
_KNOWN = (*_WATCHED, nn.MultiheadAttention, nn.LSTM)


def _of_layer(layer: nn.Module, read: Tensor, slope: Tensor) -> Dense:
    from opacus.grad_sample.layer_norm import compute_layer_norm_grad_sample
    from opacus.grad_sample.linear import compute_linear_grad_sample

    compute = compute_layer_norm_grad_sample if isinstance(layer, nn.LayerNorm) else compute_linear_grad_sample
    made: Dense = compute(layer, [read.float()], slope.float())
    return made


def _of_linear(weight: Tensor, bias: Tensor | None, read: Tensor, slope: Tensor) -> Dense:
    """A linear step over a sequence, (rows, length, …), with weights that belong to no linear layer."""
    made: Dense = {weight: torch.einsum("nlo,nli->noi", slope, read)}
    if bias is not None:
        made[bias] = slope.sum(dim=1)
    return made


def _of_table(layer: nn.Embedding, tokens: Tensor, slope: Tensor) -> tuple[Tensor, Tensor]:
    """Rows of the table, −1 for padding, and their gradients."""
    padding = -1 if layer.padding_idx is None else layer.padding_idx
    return tokens.masked_fill(tokens == padding, -1), slope


def _of_bag(layer: nn.EmbeddingBag, rows: Tensor, slope: Tensor) -> tuple[Tensor, Tensor]:
    """The same where the rows of a text (rows, looked up) were averaged, without padding."""
    assert layer.mode == "mean"
    assert layer.padding_idx is not None
    used = rows != layer.padding_idx
    shares = used / used.sum(dim=1, keepdim=True).clamp_min(1)
    return rows.masked_fill(~used, -1), shares.unsqueeze(2) * slope.unsqueeze(1)
