"""A trained PyTorch model to one ONNX file, with dynamic batch and length."""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import onnx
import torch
from onnx import TensorProto, helper
from torch import Tensor, nn

from core.networks.encoders.base import TextNetwork
from core.networks.encoders.graph import OPSET, Graph
from core.serving.onnx.files import save_model
from core.serving.onnx.parity import SIGMOID, SOFTMAX, probabilities_of
from core.tasks import DEFAULT, TASKS, Task

PROBABILITIES, VALUES = "probabilities", "values"  # what the output is called


class _Probabilities(nn.Module):
    """Softmax or sigmoid on top, so that every user of the file gets the same figures."""

    def __init__(self, model: TextNetwork, activation: str) -> None:
        super().__init__()
        self.model, self.activation = model, activation

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        return probabilities_of(self.model(tokens, mask), self.activation)


def export_onnx(model: TextNetwork, target: Path, task: Task = TASKS[DEFAULT], *, apart: bool = False) -> None:
    """Write ``target``: inputs tokens int64 and mask bool (batch, length), output ``probabilities`` (batch, outputs).

    Where a task's outputs are no logits, the file answers with them as they are, as ``values``; a task may have a file of
    another kind altogether (`Task.write`).

    Parameters
    ----------
    apart
        Whether the head stays apart from what it reads, also where a smaller file has it inside its table of words.
    """
    own = task.write(model)
    save_model(own or written(model, task.activation, apart=apart) or traced(model, task.activation), target)


@torch.no_grad()
def written(model: TextNetwork, activation: str = SOFTMAX, *, apart: bool = False) -> onnx.ModelProto | None:
    """As the architecture writes itself; None where it does not."""
    graph = Graph()
    write = partial(TextNetwork.write_logits, model) if apart else model.write_logits
    logits = write(graph, "tokens", "mask")
    if logits is None:
        return None
    if activation == SOFTMAX:
        name = graph.add("Softmax", logits, axis=1, result=PROBABILITIES)
    elif activation == SIGMOID:
        name = graph.add("Sigmoid", logits, result=PROBABILITIES)
    else:
        name = graph.add("Identity", logits, result=VALUES)
    inputs = [
        helper.make_tensor_value_info("tokens", TensorProto.INT64, ["batch", "length"]),
        helper.make_tensor_value_info("mask", TensorProto.BOOL, ["batch", "length"]),
    ]
    shape: list[str | int | None] = ["batch", *model.answer_shape, len(model.head.bias)]
    output = helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    return graph.finish(inputs, [output])


def traced(model: TextNetwork, activation: str = SOFTMAX) -> onnx.ModelProto:
    """As PyTorch's exporter sees it; loading the exporter alone takes seconds."""
    copied = copy.deepcopy(model).cpu()
    copied.for_export()
    wrapped = (_Probabilities(copied, activation) if activation else copied).eval()
    tokens = torch.ones((3, 7), dtype=torch.int64)
    mask = torch.ones((3, 7), dtype=torch.bool)
    batch, length = torch.export.Dim.DYNAMIC, torch.export.Dim.DYNAMIC
    # torch 2.13 keeps the first export's way of taking an LSTM apart, and the next one then freezes the length.
    torch.ops.aten.lstm.input._dispatch_cache.clear()
    with _quietly():
        program = torch.onnx.export(
            wrapped,
            (tokens, mask),
            input_names=["tokens", "mask"],
            output_names=[PROBABILITIES if activation else VALUES],
            dynamic_shapes={"tokens": {0: batch, 1: length}, "mask": {0: batch, 1: length}},
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    assert program is not None
    return program.model_proto


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """The exporter talks on standard output, which belongs to the command line's JSON."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
