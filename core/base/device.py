"""What this machine computes with, in words for a person.

Asks the graphics driver and ONNX Runtime; knows nothing of models and never imports torch.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class DeviceInfo:
    """The device that training and prediction will use.

    Parameters
    ----------
    kind
        ``"cuda"`` when a graphics card answers and ONNX Runtime was built for it, else ``"cpu"``.
    name
        The card's name; empty for a CPU.
    cores
        Processor cores this process may use.
    """

    kind: Literal["cpu", "cuda"]
    name: str
    cores: int


def describe_device() -> DeviceInfo:
    """Look once at the machine; takes up to a second where a graphics driver is installed."""
    card = _graphics_card()
    return DeviceInfo("cuda" if card else "cpu", card, _cores())


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # Linux: what a container leaves us, not what the machine has
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _graphics_card() -> str:
    import onnxruntime

    # ONNX Runtime lists CUDA even where no driver is installed, and then runs on the CPU without a word:
    # only a card that answers counts.
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        return ""
    if os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in ("", "-1"):
        return ""
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    names = answer.stdout.strip().splitlines()
    return names[0].removeprefix("NVIDIA ").strip() if names else ""


def install_line(*packages: str) -> str:
    """The command that installs packages for the Python that runs this, wherever its environment lies."""
    return f"{shlex.quote(sys.executable)} -m pip install {' '.join(packages)}"
