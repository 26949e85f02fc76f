"""An ONNX graph, written operation by operation. Knows nothing of models, files or texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper
from torch import Tensor, nn

OPSET = 20
MICROSOFT = "com.microsoft"  # operations of ONNX Runtime's own
IR_VERSION = 10
END = 2**63 - 1  # as the end of a slice: all there is

# A value by its name, or what is always the same: integers become int64, other numbers float32.
Input = str | int | float | Sequence[int] | np.ndarray | Tensor


class Graph:
    """Operations and constants in the order in which they were added.

    Values are names. `add` returns the name of what an operation makes; what is no name among its inputs becomes a constant
    of the file.
    """

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._told: list[onnx.ValueInfoProto] = []

    def add(self, operation: str, *inputs: Input, result: str = "", unused: int = 0, **attributes: Any) -> str:
        """Append an operation, and return the name of its first output.

        Parameters
        ----------
        inputs
            Names of the inputs in ONNX's own order; an optional one that is left out is the empty string.
        result
            The name that the output gets; without, it is called after the operation.
        unused
            How many further outputs it has.
        attributes
            Attributes by ONNX's own names, such as ``axis=1``.
        """
        name = f"{operation.lower()}_{len(self._nodes)}"
        names = [value if isinstance(value, str) else self.constant(value) for value in inputs]
        if attributes.get("domain") == MICROSOFT:  # whose results no inference of types knows
            self._told.append(helper.make_tensor_value_info(result or name, onnx.TensorProto.FLOAT, None))
        outputs = [result or name, *(f"{name}_{number}" for number in range(unused))]
        self._nodes.append(helper.make_node(operation, names, outputs, name=name, **attributes))
        return result or name

    def holds(self, name: str) -> bool:
        """Whether an operation makes a value of this name."""
        return any(name in node.output for node in self._nodes)

    def constant(self, value: Input, *, narrow: bool = False) -> str:
        """Put a constant into the file; `add` does so by itself, but anew each time. Narrow integers are int32."""
        if isinstance(value, Tensor):
            value = value.detach().cpu().numpy()
        array = np.asarray(value)
        integers = np.int32 if narrow else np.int64
        array = array.astype(integers if np.issubdtype(array.dtype, np.integer) else np.float32, order="C")
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(array, name))
        return name

    def as_float(self, value: str) -> str:
        """Truth values or whole numbers as float32."""
        return self.add("Cast", value, to=onnx.TensorProto.FLOAT)

    def as_integer(self, value: str) -> str:
        """The same as int64."""
        return self.add("Cast", value, to=onnx.TensorProto.INT64)

    def as_narrow(self, value: str) -> str:
        """The same as int32."""
        return self.add("Cast", value, to=onnx.TensorProto.INT32)

    def slice(self, value: str, first: int, last: int | None, axis: int) -> str:
        """A Python slice: from ``first`` to before ``last``, which counts from the end when it is negative."""
        return self.add("Slice", value, [first], [END if last is None else last], [axis])

    def linear(self, value: str, layer: nn.Linear) -> str:
        """PyTorch's linear layer over the last dimension."""
        product = self.add("MatMul", value, layer.weight.T)
        return product if layer.bias is None else self.add("Add", product, layer.bias)

    def norm(self, value: str, layer: nn.LayerNorm) -> str:
        """PyTorch's norm over the last dimension."""
        return self.add("LayerNormalization", value, layer.weight, layer.bias, axis=-1, epsilon=layer.eps)

    def finish(self, inputs: Sequence[onnx.ValueInfoProto], outputs: Sequence[onnx.ValueInfoProto]) -> onnx.ModelProto:
        """The whole as a model with these inputs and outputs."""
        graph = helper.make_graph(self._nodes, "evergreen", inputs, outputs, self._constants, value_info=self._told)
        versions = [helper.make_opsetid("", OPSET)]
        if self._told:
            versions.append(helper.make_opsetid(MICROSOFT, 1))
        return helper.make_model(graph, opset_imports=versions, ir_version=IR_VERSION)
