"""Export to ONNX, and the proof that the export says the same."""

from core.onnx.export import export_onnx
from core.onnx.parity import Parity, measure_parity
from core.onnx.temperature import read_temperature, set_temperature

__all__ = ["Parity", "export_onnx", "measure_parity", "read_temperature", "set_temperature"]
