"""ONNX files without a trace of where they were made.

An exporter leaves notes at every node: the lines of source that it came from with their paths on this machine, names of Python
modules. No runtime reads them. Every file of this project is written by `save_model`, and what was written before goes out
through `cleaned`.
"""

from __future__ import annotations

from pathlib import Path

import onnx
from google.protobuf.message import Message
from onnx import TensorProto

PRODUCER = "Evergreen"
NOTES = frozenset({"metadata_props", "doc_string"})


def save_model(model: onnx.ModelProto, target: Path) -> None:
    """Write a model to one file, without notes; the model is left without them, too."""
    remove_notes(model)
    onnx.save(model, str(target))


def cleaned(file: Path) -> bytes | None:
    """The content of a file without the notes it holds; None where it holds none."""
    model = onnx.load(str(file))
    return model.SerializeToString() if remove_notes(model) else None


def remove_notes(model: onnx.ModelProto) -> bool:
    """Remove what no runtime reads from a model and everything inside it; returns whether anything was there."""
    changed = _clear(model)
    if (model.producer_name, model.producer_version) != (PRODUCER, ""):
        model.producer_name, model.producer_version = PRODUCER, ""
        changed = True
    return changed


def _clear(message: Message) -> bool:
    if isinstance(message, TensorProto):  # without looking at its weights
        notes = [name for name in NOTES if getattr(message, name)]
        for name in notes:
            message.ClearField(name)
        return bool(notes)
    changed = False
    for field, value in message.ListFields():
        if field.name in NOTES:
            message.ClearField(field.name)
            changed = True
        elif field.message_type is not None:
            for part in [value] if isinstance(value, Message) else value:
                changed |= _clear(part)
    return changed
