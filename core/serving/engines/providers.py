"""What ONNX Runtime really runs on here, and why it does not run on a graphics card that is there.

ONNX Runtime falls back to the CPU without a word, so nothing is believed but a session that was opened and run.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from core.base.device import DeviceInfo, describe_device, install_line
from core.base.files import scratch
from core.base.messages import Message, message
from core.networks.standalone.predict import kind_of, open_session, usable_providers

PACKAGES = ("onnxruntime", "onnxruntime-gpu")
CUDA, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"


@dataclass(frozen=True)
class ProviderReport:
    """What this machine could run classifiers on, and what it does.

    Parameters
    ----------
    packages
        Installed builds of ONNX Runtime, such as ``{"onnxruntime-gpu": "1.31.1"}``.
    available
        Execution providers that the build knows; that one is listed does not mean that it can run.
    runs
        The execution provider that ran a small network just now.
    placement
        Number of nodes that ran on each provider.
    problems
        What keeps the graphics card idle, each with its cure; empty when nothing does.
    """

    device: DeviceInfo
    packages: dict[str, str]
    available: tuple[str, ...]
    runs: str
    placement: dict[str, int]
    problems: tuple[Message, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "device": {"kind": self.device.kind, "name": self.device.name, "cores": self.device.cores},
            "packages": self.packages,
            "available": list(self.available),
            "runs": self.runs,
            "placement": self.placement,
            "problems": [str(problem) for problem in self.problems],
        }


def examine() -> ProviderReport:
    """Look at the installation and run a small network; takes about a second where a graphics driver is installed."""
    import onnxruntime

    device, packages = describe_device(), installed()
    with scratch() as folder:
        model = Path(folder) / "probe.onnx"
        _write_probe(model)
        runs = open_session(model, None, 1).get_providers()[0]
        placed = placement(model, {"numbers": np.ones((2, 2), dtype=np.float32)})
    problems = tuple(_problems(device, packages, runs))
    return ProviderReport(device, packages, tuple(onnxruntime.get_available_providers()), runs, placed, problems)


def problems_without_card(device: DeviceInfo) -> tuple[Message, ...]:
    """What keeps a graphics card idle on a machine on which none answers: no network has to be run to know that."""
    return tuple(_problems(device, installed(), ""))


def placement(model: Path, inputs: dict[str, np.ndarray], providers: list[str] | None = None) -> dict[str, int]:
    """How many nodes of a network run on which execution provider, counted while it runs once."""
    with scratch() as folder:
        session = open_session(model, providers, 1, profile=str(Path(folder) / "run"))
        session.run(None, inputs)
        events = json.loads(Path(session.end_profiling()).read_text("utf-8"))
    nodes = {
        (event["args"]["node_index"], event["args"]["provider"])
        for event in events
        if event.get("cat") == "Node" and event.get("args", {}).get("provider")
    }
    return dict(Counter(provider for _, provider in nodes))


def installed() -> dict[str, str]:
    """The builds of ONNX Runtime that pip knows of, with their versions."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def missing_libraries() -> list[str]:
    """Libraries of CUDA and cuDNN that cannot be loaded; call it after a session was opened, which loads them."""
    import onnxruntime

    major = (onnxruntime.cuda_version or "13").split(".")[0]
    if sys.platform == "win32":
        names = [f"cudart64_{major}.dll", f"cublas64_{major}.dll", "cudnn64_9.dll"]
    else:
        names = [f"libcudart.so.{major}", f"libcublas.so.{major}", "libcudnn.so.9"]
    return [name for name in names if not _loads(name)]


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _problems(device: DeviceInfo, packages: dict[str, str], runs: str) -> Iterable[Message]:
    if len(packages) == 2:
        yield message(
            "providers.both_packages",
            "onnxruntime and onnxruntime-gpu are both installed and overwrite each other's files, so the GPU is not used. "
            "Remove both, then install the one for GPUs: {remove} && {install}",
            remove=f"{sys.executable} -m pip uninstall -y {' '.join(PACKAGES)}",
            install=install_line(f"onnxruntime-gpu=={packages['onnxruntime-gpu']}"),
        )
        return
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
    if hidden is not None and hidden.strip() in ("", "-1"):
        if _card_is_there():
            yield message(
                "providers.hidden",
                "The graphics card is hidden: CUDA_VISIBLE_DEVICES is '{value}'. Unset it to use the card.",
                value=hidden,
            )
        return
    if CUDA not in usable_providers():
        if _card_is_there() and "onnxruntime-gpu" not in packages:
            yield message(
                "providers.cpu_build",
                "There is a graphics card, but the installed ONNX Runtime is the one for CPUs. "
                "Replace it: {remove} && {install}",
                remove=f"{sys.executable} -m pip uninstall -y onnxruntime",
                install=install_line(f"onnxruntime-gpu=={packages.get('onnxruntime', '')}".removesuffix("==")),
            )
        return
    if device.kind == "cpu":
        if _card_is_there():
            yield message(
                "providers.driver",
                "There is a graphics card, but its driver does not answer: nvidia-smi failed. Install or repair the NVIDIA "
                "driver, then restart.",
            )
        return
    if kind_of(runs) == "cpu":
        yield _silent_fallback(device)


def _silent_fallback(device: DeviceInfo) -> Message:
    missing = missing_libraries()
    if missing:
        return message(
            "providers.libraries",
            "{card} is there, but ONNX Runtime runs on the CPU, because these libraries cannot be loaded: {missing}. "
            "Install them: {install}",
            card=device.name,
            missing=missing,
            install=install_line('"onnxruntime-gpu[cuda,cudnn]"'),
        )
    return message(
        "providers.refused",
        "{card} is there and all libraries load, but ONNX Runtime runs on the CPU. Most often the driver is older than the "
        "CUDA version of this build ({cuda}); nvidia-smi shows what the driver supports. Update the driver.",
        card=device.name,
        cuda=_cuda_version(),
    )


def _cuda_version() -> str:
    import onnxruntime

    return str(onnxruntime.cuda_version or "–")


def _card_is_there() -> bool:
    """Whether the system sees an NVIDIA card, with or without a working driver."""
    return Path("/proc/driver/nvidia/gpus").exists() or Path("/dev/nvidia0").exists()


def _write_probe(target: Path) -> None:
    """A network of one matrix product, which every provider can run."""
    from onnx import TensorProto, helper, save

    numbers = helper.make_tensor_value_info("numbers", TensorProto.FLOAT, ["rows", 2])
    answer = helper.make_tensor_value_info("answer", TensorProto.FLOAT, ["rows", 2])
    weights = helper.make_tensor("weights", TensorProto.FLOAT, [2, 2], [1.0, 2.0, 3.0, 4.0])
    product = helper.make_node("MatMul", ["numbers", "weights"], ["answer"])
    graph = helper.make_graph([product], "probe", [numbers], [answer], [weights])
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), str(target))
