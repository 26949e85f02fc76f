"""Which matrix products bear eight bits: as many as possible; the others stay in float32. Found by measuring, without labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

from core.serving.onnx.quantise import Batch, Product, Range, products_of, quantise

TRIED_ALONE = 4  # batches
MOST_KEPT = 1 / 4  # of all weights in products: with more in float32 it would not be twice as fast


@dataclass(frozen=True)
class Careful:
    """A network in eight bits, as far as it bears them.

    Parameters
    ----------
    agreement
        Share of rows with the same most probable label as in float32.
    kept
        Groups of products that stayed in float32, of ``groups``.
    """

    model: onnx.ModelProto
    agreement: float
    kept: int
    groups: int


def quantise_carefully(
    model: onnx.ModelProto, ranges: Mapping[str, Range], batches: Sequence[Batch], target: float
) -> Careful:
    """Bring a network to eight bits so that ``target`` of the rows get the same label as before.

    Where all products in eight bits change too many labels, the most sensitive ones are put back, one group that reads the
    same tensor at a time. When a quarter of the weights is back and it was still not enough, the best attempt is returned.
    """
    exact = answers(model, batches)
    labels = exact.argmax(axis=1)
    products = products_of(model)
    sizes = _sizes(model, products)
    kept: list[str] = []
    best = _attempt(model, ranges, kept, batches, labels, len(products))
    if best.agreement >= target:
        return best
    for source in most_sensitive(model, ranges, batches[:: max(1, len(batches) // TRIED_ALONE)]):
        kept.append(source)
        if sum(sizes[source] for source in kept) > MOST_KEPT * sum(sizes.values()):
            break
        attempt = _attempt(model, ranges, kept, batches, labels, len(products))
        best = max(best, attempt, key=lambda careful: careful.agreement)
        if best.agreement >= target:
            break
    return best


def most_sensitive(model: onnx.ModelProto, ranges: Mapping[str, Range], batches: Sequence[Batch]) -> list[str]:
    """Inputs of all products; first the one whose rounding, by itself, moves the answers most."""
    exact = _logarithms(answers(model, batches))
    damage = {}
    for source, bounds in ranges.items():
        alone = quantise(model, {source: bounds}, tables=False)
        damage[source] = float(np.square(_logarithms(answers(alone, batches)) - exact).mean())
    return sorted(damage, key=lambda source: -damage[source])


def answers(model: onnx.ModelProto, batches: Sequence[Batch]) -> np.ndarray:
    """Probabilities (rows, classes) of all batches in their order, on the CPU."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(None, {"tokens": tokens, "mask": mask})[0] for tokens, mask in batches])


def _attempt(
    model: onnx.ModelProto,
    ranges: Mapping[str, Range],
    kept: Sequence[str],
    batches: Sequence[Batch],
    labels: np.ndarray,
    groups: int,
) -> Careful:
    made = quantise(model, ranges, kept)
    agreement = float((answers(made, batches).argmax(axis=1) == labels).mean())
    return Careful(made, agreement, len(kept), groups)


def _sizes(model: onnx.ModelProto, products: Sequence[Product]) -> dict[str, int]:
    """Weights of all products that read a tensor, by its name."""
    constants = {constant.name: numpy_helper.to_array(constant).size for constant in model.graph.initializer}
    return {product.source: sum(constants[name] for name in product.weights) for product in products}


def _logarithms(probabilities: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(np.maximum(probabilities, 1e-7)))
