"""Export to ONNX, and the proof that the export says the same."""

from core.serving.onnx.export import export_onnx
from core.serving.onnx.parity import Parity, measure_parity
from core.serving.onnx.temperature import Scaling, read_temperature, set_scaling, set_temperature

__all__ = [
    "Parity",
    "Scaling",
    "export_onnx",
    "measure_parity",
    "read_temperature",
    "set_scaling",
    "set_temperature",
]
