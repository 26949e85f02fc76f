"""``precision``: in which arithmetic a version answers, and what the others that were tried are worth."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from core.base.config import home
from core.base.messages import Message
from core.workflows.workspace import open_workspace

NOTHING: dict[str, Any] = {"serving": {}, "variants": [], "rule": None, "note": None}  # of versions made before


def precision(asked: argparse.Namespace) -> None:
    from core.workflows.versions.folder import VersionFolder

    workspace = open_workspace(home())
    version = workspace.registry.resolve(asked.classifier, asked.version)
    report = VersionFolder(workspace.registry.folder(asked.classifier, version.number)).report()
    content = {"version": version.number, **_readable(report.get("precision") or NOTHING)}
    sys.stdout.write((json.dumps(content, ensure_ascii=False) if asked.json else _as_text(content)) + "\n")


def _readable(record: dict[str, Any]) -> dict[str, Any]:
    """With sentences instead of messages."""
    variants = [{**variant, "why": str(Message.from_dict(variant["why"]))} for variant in record["variants"]]
    sentences = {part: str(Message.from_dict(record[part])) for part in ("rule", "note") if record[part] is not None}
    return {**record, "variants": variants, **sentences}


def _as_text(record: dict[str, Any]) -> str:
    lines = [
        f"  {variant['precision']}  {variant['device']:<4}  {variant['bytes'] / 1e6:7.1f} MB  "
        f"{variant['texts_per_second']:9,.0f} texts/s  "
        f"{variant['milliseconds']:7.2f} ms  accuracy {variant['accuracy']:.3f}  "
        f"same label {variant['agreement']:.1%}  {variant['why']}"
        for variant in record["variants"]
    ]
    serving = ", ".join(f"{kind}: {file}" for kind, file in record["serving"].items()) or "model.onnx everywhere"
    sentences = [record[part] for part in ("rule", "note") if record[part] is not None]
    return "\n".join([f"Version {record['version']} serves {serving}.", *lines, *sentences])
