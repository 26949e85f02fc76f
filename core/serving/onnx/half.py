"""Sixteen-bit floating point for graphics cards: half the size, and several times as fast there."""

from __future__ import annotations

import onnx

from core.serving.onnx.temperature import NODE, SHIFT_NODE

# Sums over many values and the answer itself stay in float32; inputs and the output keep their types.
EXACT = ("Softmax", "ReduceSum", "ReduceMean", "ReduceMax", "Max", "Div", "Range", "ScatterElements")


def halve(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy that computes in float16, with inputs and the output as before."""
    from onnxruntime.transformers.float16 import DEFAULT_OP_BLOCK_LIST, convert_float_to_float16

    copied = onnx.ModelProto()
    copied.CopyFrom(model)
    if (
        len(copied.graph.value_info) < len(copied.graph.node) - 1
    ):  # by which the conversion knows where float32 begins and ends
        copied = onnx.shape_inference.infer_shapes(copied, strict_mode=True)
    converted: onnx.ModelProto = convert_float_to_float16(
        copied,
        keep_io_types=True,
        disable_shape_infer=True,
        op_block_list=[*DEFAULT_OP_BLOCK_LIST, *EXACT],
        node_block_list=[NODE, SHIFT_NODE],
    )
    return converted
