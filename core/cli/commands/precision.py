"""``precision``: in which arithmetic a version answers, and what the others that were tried are worth."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from core.base.config import home
from core.base.messages import Message
from core.cli.chosen import chosen_version
from core.workflows.workspace import open_workspace

NOTHING: dict[str, Any] = {"serving": {}, "variants": [], "rule": None, "note": None}  # of versions made before


def precision(asked: argparse.Namespace) -> None:
    from core.workflows.versions.folder import VersionFolder

    workspace = open_workspace(home())
    version = chosen_version(asked.classifier, asked.version, workspace)
    report = VersionFolder(workspace.registry.folder(asked.classifier, version.number)).report()
    found = {"version": version.number, **_readable(report.get("precision") or NOTHING)}
    sys.stdout.write((json.dumps(found, ensure_ascii=False) if asked.json else _as_text(found)) + "\n")


def _readable(found: dict[str, Any]) -> dict[str, Any]:
    """With sentences instead of messages."""
    variants = [{**one, "why": str(Message.from_dict(one["why"]))} for one in found["variants"]]
    said = {part: str(Message.from_dict(found[part])) for part in ("rule", "note") if found[part] is not None}
    return {**found, "variants": variants, **said}


def _as_text(found: dict[str, Any]) -> str:
    lines = [
        f"  {one['precision']}  {one['device']:<4}  {one['bytes'] / 1e6:7.1f} MB  {one['texts_per_second']:9,.0f} texts/s  "
        f"{one['milliseconds']:7.2f} ms  accuracy {one['accuracy']:.3f}  same label {one['agreement']:.1%}  {one['why']}"
        for one in found["variants"]
    ]
    serving = ", ".join(f"{kind}: {file}" for kind, file in found["serving"].items()) or "model.onnx everywhere"
    said = [found[part] for part in ("rule", "note") if found[part] is not None]
    return "\n".join([f"Version {found['version']} serves {serving}.", *lines, *said])
