"""A temperature inside an exported file: the logits are multiplied with 1 / T right before the softmax.

There, rather than beside the file, so that every program that runs the file gets the same probabilities.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from core.base.errors import ModelError
from core.serving.onnx.files import save_model

NODE = "temperature"
FACTOR = "temperature_inverse"
COOLED = "temperature_logits"


def set_temperature(file: Path, temperature: float) -> None:
    """Make a file answer with its logits divided by ``temperature``, in place of what it divided them by before.

    Raises
    ------
    ModelError
        When the file does not end in a softmax.
    """
    model = onnx.load(str(file))
    graph = model.graph
    output = graph.output[0].name
    softmax = next((node for node in graph.node if node.op_type == "Softmax" and node.output[0] == output), None)
    if softmax is None:
        raise ModelError(
            "calibration.no_softmax", "{file} does not end in a softmax, so it has no temperature.", file=file.name
        )
    _remove(graph, softmax)
    if temperature != 1.0:
        graph.initializer.append(numpy_helper.from_array(np.array(1 / temperature, dtype=np.float32), FACTOR))
        divided = helper.make_node("Mul", [softmax.input[0], FACTOR], [COOLED], name=NODE)
        index = next(number for number, node in enumerate(graph.node) if node.output[0] == output)
        graph.node.insert(index, divided)
        graph.node[index + 1].input[0] = COOLED
    save_model(model, file)


def read_temperature(file: Path) -> float:
    """What an exported file divides its logits by; 1 where it says nothing of it."""
    for constant in onnx.load(str(file)).graph.initializer:
        if constant.name == FACTOR:
            return 1 / float(numpy_helper.to_array(constant))
    return 1.0


def _remove(graph: onnx.GraphProto, softmax: onnx.NodeProto) -> None:
    for node in [node for node in graph.node if node.name == NODE]:
        softmax.input[0] = node.input[0]
        graph.node.remove(node)
    for factor in [constant for constant in graph.initializer if constant.name == FACTOR]:
        graph.initializer.remove(factor)
