"""Eight-bit weights and activations for an exported network: a quarter of the size, and about three times as fast on a processor.

Symmetric weights with one scale a column; activations with one fixed range for each matrix product, learned from texts, so
that an answer never depends on what else is in a batch. Channels that stand out, and would take most of a range for
themselves, are first evened out between activations and weights (Xiao et al. 2022, "SmoothQuant"). Embedding tables have one
scale a row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

from core.networks.encoders.graph import MICROSOFT

SMALLEST = 16_384  # weights; a smaller product gains nothing
LARGE_TABLE = 1_000_000  # weights of an embedding that are worth the scales beside them
STRENGTHS = (0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9)  # how much of a channel's size moves into the weights
CUTS = (1.0, 0.8, 0.65)  # share of the widest values that the range covers; what lies beyond is clipped
ROWS_SEARCHED = 1024  # tokens that choose among them
# Of weights that are multiplied: processors without instructions for eight bits (VNNI) add two products of activation (0 to 255)
# and weight in sixteen bits, and cut off what does not fit. Two of 255 × 63 fit.
LARGEST_FACTOR, LARGEST_LOOKED_UP = 63, 127

Batch = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Product:
    """Matrix products that read one and the same tensor: their nodes, and where their weights lie."""

    source: str
    nodes: tuple[str, ...]
    weights: tuple[str, ...]


@dataclass(frozen=True)
class Range:
    """How one tensor is brought to eight bits: divided by ``channels``, then ``low`` to ``high`` are spread over 0 to 255.

    Parameters
    ----------
    shift
        What rounding takes from each column of the products on average; it is given back.
    """

    channels: np.ndarray
    low: float
    high: float
    shift: np.ndarray

    @property
    def step(self) -> float:
        return max((self.high - self.low) / 255, 1e-12)

    @property
    def zero(self) -> int:
        return int(np.clip(round(-self.low / self.step), 0, 255))


def products_of(model: onnx.ModelProto) -> list[Product]:
    """All products of a tensor with constant weights that are large enough to matter, in the order of the graph."""
    constants = {constant.name: constant for constant in model.graph.initializer}
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in model.graph.node:
        if node.op_type == "MatMul" and node.input[1] in constants:
            shape = constants[node.input[1]].dims
            if len(shape) == 2 and shape[0] * shape[1] >= SMALLEST:
                readers.setdefault(node.input[0], []).append(node)
    return [
        Product(source, tuple(node.name for node in nodes), tuple(node.input[1] for node in nodes))
        for source, nodes in readers.items()
    ]


def matrix_weights(model: onnx.ModelProto) -> int:
    """Number of weights in matrix products: what eight bits would make faster."""
    sizes = {constant.name: int(np.prod(constant.dims)) for constant in model.graph.initializer}
    return sum(sizes[name] for product in products_of(model) for name in product.weights)


def learn_ranges(model: onnx.ModelProto, batches: Sequence[Batch]) -> dict[str, Range]:
    """Run the network on some texts (tokens and mask of each batch), and choose the range of every product's input."""
    products = products_of(model)
    constants = {constant.name: constant for constant in model.graph.initializer}
    seen: dict[str, list[np.ndarray]] = {product.source: [] for product in products}
    for values in _watched(model, list(seen), batches):
        for name, value in values.items():
            seen[name].append(value)
    ranges = {}
    for product in products:
        weights = np.concatenate([numpy_helper.to_array(constants[name]) for name in product.weights], axis=1)
        ranges[product.source] = _choose_range(np.concatenate(seen.pop(product.source)), weights)
    return ranges


def _watched(model: onnx.ModelProto, names: list[str], batches: Sequence[Batch]) -> Iterator[dict[str, np.ndarray]]:
    """The values of inner tensors, (tokens that are no padding, width), batch by batch."""
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    for name in names:
        watched.graph.output.append(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(watched.SerializeToString(), providers=["CPUExecutionProvider"])
    for tokens, mask in batches:
        values = session.run(names, {"tokens": tokens, "mask": mask})
        yield {
            name: activations[in_windows(mask, activations)] if activations.ndim == 3 else activations
            for name, activations in zip(names, values, strict=True)
        }


def in_windows(mask: np.ndarray, activations: np.ndarray) -> np.ndarray:
    """The mask (batch, length) of activations, (windows, window, width) where the network cuts texts into windows."""
    windows, window = activations.shape[:2]
    padded = np.pad(mask, ((0, 0), (0, windows * window // len(mask) - mask.shape[1])))
    return padded.reshape(windows, window)


def _choose_range(values: np.ndarray, weights: np.ndarray) -> Range:
    """The evening-out that moves the product of ``values`` (tokens, width) and ``weights`` (width, columns) least."""
    some = values[np.linspace(0, len(values) - 1, min(ROWS_SEARCHED, len(values))).astype(np.int64)]
    exact, tops = some @ weights, np.abs(values).max(axis=0)
    relative = np.maximum(tops / max(float(np.median(tops)), 1e-6), 1e-3)
    best, least = None, np.inf
    for strength in STRENGTHS:
        channels = (relative**strength).astype(np.float32)
        evened, own = values / channels, some / channels
        whole, scales = eight_bits(weights * channels[:, None])
        low, high = min(float(evened.min()), 0.0), max(float(evened.max()), 0.0)
        for cut in CUTS:
            candidate = Range(channels, cut * low, cut * high, np.zeros(0))
            rounded = (
                np.clip(np.round(own / candidate.step) + candidate.zero, 0, 255) - candidate.zero
            ) * candidate.step
            lost = exact - rounded.astype(np.float32) @ (whole * scales)
            shift = lost.mean(axis=0)
            error = float(np.square(lost - shift).sum())
            if best is None or error < least:
                best, least = replace(candidate, shift=shift.astype(np.float32)), error
    assert best is not None
    return best


def eight_bits(weights: np.ndarray, axis: int = 0, largest: int = LARGEST_FACTOR) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers −``largest`` to ``largest`` (int8) and the scales that bring them back: one for each line along ``axis``."""
    scales = np.maximum(np.abs(weights).max(axis=axis, keepdims=True) / largest, 1e-12).astype(np.float32)
    return np.round(weights / scales).astype(np.int8), scales


def quantise(
    model: onnx.ModelProto, ranges: Mapping[str, Range], keep: Collection[str] = (), *, tables: bool = True
) -> onnx.ModelProto:
    """A copy in which products and embeddings compute with eight bits.

    Parameters
    ----------
    ranges
        Ranges of `learn_ranges`; a product without a range stays as it is.
    keep
        Inputs of products that stay in float32.
    tables
        Whether large embedding tables are brought to eight bits too.
    """
    copied = onnx.ModelProto()
    copied.CopyFrom(model)
    del copied.graph.value_info[:]  # it speaks of float32
    editor = _Editor(copied)
    for node in model.graph.node:
        if tables and node.op_type == "Gather" and editor.is_table(node):
            editor.gather(node)
        else:
            editor.take(node)
    for product in products_of(model):
        if product.source in ranges and product.source not in keep:
            editor.multiply(product, ranges[product.source])
    return editor.finish()


class _Editor:
    """Rewrites the nodes of a graph, and adds the constants that they need."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = model
        self.constants = {constant.name: numpy_helper.to_array(constant) for constant in model.graph.initializer}
        self.nodes: list[onnx.NodeProto] = []

    def constant(self, name: str, value: np.ndarray) -> str:
        self.constants[name] = value
        return name

    def take(self, node: onnx.NodeProto) -> None:
        self.nodes.append(node)

    def is_table(self, node: onnx.NodeProto) -> bool:
        table = self.constants.get(node.input[0])
        axis = next((attribute.i for attribute in node.attribute if attribute.name == "axis"), 0)
        return (
            table is not None
            and table.ndim == 2
            and table.dtype == np.float32
            and table.size >= LARGE_TABLE
            and axis == 0
        )

    def gather(self, node: onnx.NodeProto) -> None:
        """Look rows up as whole numbers, and multiply each with its own scale."""
        table, rows, name = node.input[0], node.input[1], node.output[0]
        whole, scales = eight_bits(self.constants[table], 1, LARGEST_LOOKED_UP)
        self.constant(f"{table}_int8", whole)
        self.constant(f"{table}_scale", scales)
        self.nodes += [
            helper.make_node("Gather", [f"{table}_int8", rows], [f"{name}_int8"], axis=0),
            helper.make_node("Cast", [f"{name}_int8"], [f"{name}_whole"], to=onnx.TensorProto.FLOAT),
            helper.make_node("Gather", [f"{table}_scale", rows], [f"{name}_scale"], axis=0),
            helper.make_node("Mul", [f"{name}_whole", f"{name}_scale"], [name]),
        ]

    def multiply(self, product: Product, bounds: Range) -> None:
        """Bring the input to eight bits once, for all products that read it."""
        source = product.source
        step = self.constant(f"{source}_step", np.array(bounds.step, dtype=np.float32))
        zero = self.constant(f"{source}_zero", np.array(bounds.zero, dtype=np.uint8))
        entry = next(index for index, node in enumerate(self.nodes) if node.name in product.nodes)
        evened, fresh = source, []
        if not np.allclose(bounds.channels, 1):
            evened = f"{source}_even"
            inverse = self.constant(f"{source}_inverse", (1 / bounds.channels).astype(np.float32))
            fresh.append(helper.make_node("Mul", [source, inverse], [evened]))
        fresh.append(helper.make_node("QuantizeLinear", [evened, step, zero], [f"{source}_int8"]))
        self.nodes[entry:entry] = fresh
        first = 0
        for name, weights in zip(product.nodes, product.weights, strict=True):
            columns = self.constants[weights].shape[1]
            shift = bounds.shift[first : first + columns]
            self._product(name, weights, bounds.channels, shift, [f"{source}_int8", step, zero])
            first += columns

    def _product(self, name: str, weights: str, channels: np.ndarray, shift: np.ndarray, read: list[str]) -> None:
        index = next(index for index, node in enumerate(self.nodes) if node.name == name)
        whole, scales = eight_bits(self.constants[weights] * channels[:, None])
        inputs = [
            read[0],
            self.constant(f"{name}_weights", whole),
            read[1],
            self.constant(f"{name}_scales", scales.reshape(-1)),
            read[2],
            "",
        ]
        output = self.nodes[index].output[0]
        bias = self._bias(output)
        if bias is not None:  # added on the way
            shift = shift + self.constants[bias[1]]
            output = self.nodes.pop(bias[0]).output[0]
        inputs.append(self.constant(f"{name}_bias", shift.astype(np.float32)))
        self.nodes[index] = helper.make_node("MatMulIntegerToFloat", inputs, [output], name=name, domain=MICROSOFT)

    def _bias(self, output: str) -> tuple[int, str] | None:
        """The node that adds a constant row to a product, where it alone reads it; and that row."""
        readers = [index for index, node in enumerate(self.nodes) if output in node.input]
        if len(readers) != 1 or self.nodes[readers[0]].op_type != "Add":
            return None
        other = next(name for name in self.nodes[readers[0]].input if name != output)
        row = self.constants.get(other)
        return (readers[0], other) if row is not None and row.ndim == 1 else None

    def finish(self) -> onnx.ModelProto:
        used = {name for node in self.nodes for name in node.input}
        graph = self.model.graph
        nodes = [onnx.NodeProto.FromString(node.SerializeToString()) for node in self.nodes]
        del graph.node[:], graph.initializer[:]
        graph.node.extend(nodes)
        graph.initializer.extend(
            numpy_helper.from_array(np.asarray(value), name) for name, value in self.constants.items() if name in used
        )
        if all(opset.domain != MICROSOFT for opset in self.model.opset_import):
            self.model.opset_import.append(helper.make_opsetid(MICROSOFT, 1))
        return self.model
