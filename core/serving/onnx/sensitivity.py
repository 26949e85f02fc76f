"""Which matrix products bear eight bits: as many as possible; the others stay in float32. Found by measuring, without labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

from core.serving.onnx.quantise import Batch, Product, Range, products_of, quantise

TRIED_ALONE = 4  # batches
PROBABILITIES = "probabilities"  # name of an output that holds such
Read = Callable[
    [int, np.ndarray], Sequence[Any]
]  # number of a batch and outputs for it → the answer to each of its rows
MOST_KEPT = 1 / 4  # of all weights in products: with more in float32 it would not be twice as fast


def most_probable(number: int, values: np.ndarray) -> Sequence[Any]:
    """The number of the largest output of each row."""
    return [int(column) for column in values.argmax(axis=1)]


@dataclass(frozen=True)
class Careful:
    """A network in eight bits, as far as it bears them.

    Parameters
    ----------
    agreement
        Share of rows with the same answer as in float32.
    kept
        Groups of products that stayed in float32, of ``groups``.
    """

    model: onnx.ModelProto
    agreement: float
    kept: int
    groups: int


def quantise_carefully(
    model: onnx.ModelProto,
    ranges: Mapping[str, Range],
    batches: Sequence[Batch],
    target: float,
    read: Read = most_probable,
) -> Careful:
    """Bring a network to eight bits so that ``target`` of the rows get the same answer as before.

    Where all products in eight bits change too many answers, the most sensitive ones are put back, one group that reads the
    same tensor at a time. When a quarter of the weights is back and it was still not enough, the best attempt is returned.
    """
    wanted = _read(answers(model, batches), read)
    products = products_of(model)
    sizes = _sizes(model, products)
    kept: list[str] = []

    def attempted() -> Careful:
        made = quantise(model, ranges, kept)
        given = _read(answers(made, batches), read)
        same = sum(one == other for one, other in zip(given, wanted, strict=True))
        return Careful(made, same / len(wanted), len(kept), len(products))

    best = attempted()
    if best.agreement >= target:
        return best
    for source in most_sensitive(model, ranges, batches[:: max(1, len(batches) // TRIED_ALONE)]):
        kept.append(source)
        if sum(sizes[source] for source in kept) > MOST_KEPT * sum(sizes.values()):
            break
        best = max(best, attempted(), key=lambda careful: careful.agreement)
        if best.agreement >= target:
            break
    return best


def most_sensitive(model: onnx.ModelProto, ranges: Mapping[str, Range], batches: Sequence[Batch]) -> list[str]:
    """Inputs of all products; first the one whose rounding, by itself, moves the answers most."""
    scale = _logarithms if model.graph.output[0].name == PROBABILITIES else np.asarray
    exact = [scale(values) for values in answers(model, batches)]
    damage = {}
    for source, bounds in ranges.items():
        alone = quantise(model, {source: bounds}, tables=False)
        moved = [scale(values) - known for values, known in zip(answers(alone, batches), exact, strict=True)]
        damage[source] = float(np.mean([np.square(values).mean() for values in moved]))
    return sorted(damage, key=lambda source: -damage[source])


def answers(model: onnx.ModelProto, batches: Sequence[Batch]) -> list[np.ndarray]:
    """The outputs for each batch, on the CPU."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return [np.asarray(session.run(None, {"tokens": tokens, "mask": mask})[0]) for tokens, mask in batches]


def _read(values: Sequence[np.ndarray], read: Read) -> list[Any]:
    """The answer to each row of all batches."""
    return [answer for number, outputs in enumerate(values) for answer in read(number, outputs)]


def _sizes(model: onnx.ModelProto, products: Sequence[Product]) -> dict[str, int]:
    """Weights of all products that read a tensor, by its name."""
    constants = {constant.name: numpy_helper.to_array(constant).size for constant in model.graph.initializer}
    return {product.source: sum(constants[name] for name in product.weights) for product in products}


def _logarithms(probabilities: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(np.maximum(probabilities, 1e-7)))
