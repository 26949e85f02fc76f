"""A trained PyTorch model to one ONNX file whose output is probabilities, with dynamic batch and length."""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from core.models.base import TextClassifier

OPSET = 20


class _Probabilities(nn.Module):
    """Softmax on top, so that every user of the file gets the same figures."""

    def __init__(self, model: TextClassifier) -> None:
        super().__init__()
        self.model = model

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        return torch.softmax(self.model(tokens, mask), dim=1)


def export_onnx(model: TextClassifier, target: Path) -> None:
    """Write ``target``: inputs tokens int64 and mask bool (batch, length), output probabilities (batch, classes)."""
    copied = copy.deepcopy(model).cpu()
    copied.for_export()
    wrapped = _Probabilities(copied).eval()
    tokens = torch.ones((3, 7), dtype=torch.int64)
    mask = torch.ones((3, 7), dtype=torch.bool)
    batch, length = torch.export.Dim.DYNAMIC, torch.export.Dim.DYNAMIC
    shapes = {"tokens": {0: batch, 1: length}, "mask": {0: batch, 1: length}}
    # torch 2.13 keeps the first export's way of taking an LSTM apart, and the next one then freezes the length.
    torch.ops.aten.lstm.input._dispatch_cache.clear()
    with exporting_quietly():
        torch.onnx.export(
            wrapped,
            (tokens, mask),
            str(target),
            input_names=["tokens", "mask"],
            output_names=["probabilities"],
            dynamic_shapes=shapes,
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )


@contextlib.contextmanager
def exporting_quietly() -> Iterator[None]:
    """The exporter talks on standard output, which belongs to the command line's JSON."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
