"""A scaling inside an exported file: the logits are multiplied, such as with 1 / T, and something is added, right before the
softmax or the sigmoid.

There, rather than beside the file, so that every program that runs the file gets the same probabilities.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
from numpy.typing import ArrayLike
from onnx import helper, numpy_helper

from core.base.errors import ModelError
from core.serving.onnx.files import save_model

NODE = "temperature"
FACTOR = "temperature_inverse"
COOLED = "temperature_logits"
SHIFT_NODE, SHIFT, SHIFTED = "temperature_shift", "temperature_offset", "temperature_shifted"
LAST = ("Softmax", "Sigmoid")


class Scaling(NamedTuple):
    """What logits are multiplied by, and what is then added: a number each, or one for each output."""

    factors: ArrayLike
    offsets: ArrayLike


AS_IT_IS = Scaling(1.0, 0.0)


def set_temperature(file: Path, temperature: float) -> None:
    """Make a file answer with its logits divided by ``temperature``, in place of what it divided them by before.

    Raises
    ------
    ModelError
        When the file does not end in probabilities.
    """
    set_scaling(file, Scaling(1 / temperature, 0.0))


def set_scaling(file: Path, scaling: Scaling) -> None:
    """Make a file answer with its logits scaled, in place of what it scaled them by before; see `set_temperature`."""
    model = onnx.load(str(file))
    graph = model.graph
    output = graph.output[0].name
    last = next((node for node in graph.node if node.op_type in LAST and node.output[0] == output), None)
    if last is None:
        raise ModelError(
            "calibration.no_softmax", "{file} does not end in a softmax, so it has no temperature.", file=file.name
        )
    _remove(graph, last)
    steps = (
        (NODE, "Mul", FACTOR, COOLED, scaling.factors, 1.0),
        (SHIFT_NODE, "Add", SHIFT, SHIFTED, scaling.offsets, 0.0),
    )
    for name, operation, constant, result, values, idle in steps:
        numbers = np.asarray(values, dtype=np.float32)
        if (numbers == idle).all():
            continue
        graph.initializer.append(numpy_helper.from_array(numbers, constant))
        index = next(number for number, node in enumerate(graph.node) if node.output[0] == output)
        graph.node.insert(
            index, helper.make_node(operation, [graph.node[index].input[0], constant], [result], name=name)
        )
        graph.node[index + 1].input[0] = result
    save_model(model, file)


def read_temperature(file: Path) -> float:
    """What an exported file divides its logits by; 1 where it says nothing of it."""
    for constant in onnx.load(str(file)).graph.initializer:
        if constant.name == FACTOR:
            return 1 / float(numpy_helper.to_array(constant))
    return 1.0


def _remove(graph: onnx.GraphProto, last: onnx.NodeProto) -> None:
    for name in (SHIFT_NODE, NODE):
        for node in [node for node in graph.node if node.name == name]:
            last.input[0] = node.input[0]
            graph.node.remove(node)
    for constant in [constant for constant in graph.initializer if constant.name in (FACTOR, SHIFT)]:
        graph.initializer.remove(constant)
