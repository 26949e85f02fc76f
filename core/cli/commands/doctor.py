"""What this installation runs classifiers on, and what keeps it from running faster."""

from __future__ import annotations

import argparse
import sys

from core.cli.printing import show
from core.serving.engines.providers import ProviderReport, examine


def doctor(asked: argparse.Namespace) -> None:
    """Print the report; exit code 1 when something is wrong."""
    report = examine()
    show(asked, report.to_dict(), "\n".join(_lines(report)))
    if report.problems:
        raise SystemExit(1)


def _lines(report: ProviderReport) -> list[str]:
    builds = ", ".join(f"{name} {version}" for name, version in report.packages.items())
    where = ", ".join(f"{count} on {short(provider)}" for provider, count in report.placement.items())
    return [
        f"Python           {sys.version.split()[0]}, {sys.executable}",
        f"Processor cores  {report.device.cores}",
        f"Graphics card    {report.device.name or 'none that answers'}",
        f"ONNX Runtime     {builds or 'not installed by pip'}",
        f"Built for        {', '.join(map(short, report.available))}",
        f"Really runs on   {short(report.runs)} (nodes of a test network: {where})",
        *(f"Problem          {problem}" for problem in report.problems),
        *([] if report.problems else ["No problem found."]),
    ]


def short(provider: str) -> str:
    """``CUDA`` for ``CUDAExecutionProvider``."""
    return provider.removesuffix("ExecutionProvider")
