"""Export to ONNX, and the proof that the export says the same."""

from core.onnx.export import export_onnx
from core.onnx.parity import Parity, measure_parity

__all__ = ["Parity", "export_onnx", "measure_parity"]
