"""What a file's head reads, as a second output beside the probabilities: heads of groups read it too."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import TensorProto, helper

from core.networks.architectures.base import FEATURES as KEPT
from core.networks.standalone.personal import FEATURES
from core.serving.onnx.files import save_model
from core.serving.onnx.temperature import NODE, SHIFT_NODE


def expose_features(file: Path, width: int) -> bool:
    """Let an exported file answer with what its encoder says of a text as `FEATURES`, float32 (batch, width), too.

    Returns whether it holds such a value: a file whose head was put into its table of words has none, and then stays as it is.
    """
    model = onnx.load(str(file))
    name = _features_of(model.graph)
    if name is None:
        return False
    model.graph.node.append(helper.make_node("Identity", [name], [FEATURES], name=FEATURES))
    model.graph.output.append(helper.make_tensor_value_info(FEATURES, TensorProto.FLOAT, ["batch", width]))
    save_model(model, file)
    return True


def _features_of(graph: onnx.GraphProto) -> str | None:
    """The value that the last linear layer reads; where a fixed map of features stands before that, what goes into the map."""
    maker = {name: node for node in graph.node for name in node.output}
    if KEPT in maker:
        return KEPT
    node = maker[graph.output[0].name]
    while node.op_type == "Softmax" or node.name in (NODE, SHIFT_NODE):
        node = maker[node.input[0]]
    if node.op_type == "Add":  # of the bias
        products = [maker[name] for name in node.input if name in maker and maker[name].op_type == "MatMul"]
        return str(products[0].input[0]) if products else None
    return str(node.input[0]) if node.op_type == "Gemm" else None
