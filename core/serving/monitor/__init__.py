"""What is counted of a model in use, and which of its texts are kept; see `core.workflows.monitor` for what is told from it."""

from core.serving.monitor.keeping import Keeping
from core.serving.monitor.recorder import Recorder, Seen
from core.serving.monitor.store import MonitorStore

__all__ = ["Keeping", "MonitorStore", "Recorder", "Seen"]
