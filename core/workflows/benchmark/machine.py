"""The machine that something was measured on, in plain values: a figure without it says little."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import psutil
import torch

from core.base.device import DeviceInfo
from core.serving.engines.providers import installed


def describe_machine(device: DeviceInfo, threads: int) -> dict[str, Any]:
    """Processor, memory, graphics card, versions, threads, and how busy the machine is at the moment.

    ``load`` counts the processes that want to compute, as a mean over the last minute; None where the system does not
    count them. ``memory`` is in bytes.
    """
    return {
        "processor": processor_name(),
        "cores": device.cores,
        "memory": int(psutil.virtual_memory().total),
        "card": torch.cuda.get_device_name() if torch.cuda.is_available() else device.name,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "onnxruntime": next(iter(installed().values()), ""),
        "threads": threads,
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def processor_name() -> str:
    """What the processor calls itself; its family where it has no name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()
