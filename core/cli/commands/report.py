"""What is told of a model: a ``report`` of a version (HTML, or Markdown), the bundle of ``export``, the owner's ``card``."""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path

from core.base.config import home
from core.cli.arguments.fields import values_of
from core.cli.printing import show, tell
from core.cli.workflow import version_of
from core.registry import Statements
from core.workflows.report.document import ReportLanguage
from core.workflows.report.statements import stated_rows
from core.workflows.workspace import open_workspace

# Core brings English; other languages are files of the dashboard, which is not imported for them.
CATALOGUES = Path(__file__).resolve().parents[3] / "dashboard" / "shell" / "i18n"


def report(asked: argparse.Namespace) -> None:
    from core.workflows.report.run import gather, html_report, model_card

    workspace, version, _ = version_of(asked)
    texts = catalogue(asked.language)
    words = ReportLanguage(asked.language, lambda key, english: texts.get(key, english))
    write = model_card if asked.out.suffix.lower() in (".md", ".markdown") else html_report
    asked.out.write_text(write(gather(version, workspace), words), encoding="utf-8")
    _written(asked, version.number)


def export(asked: argparse.Namespace) -> None:
    from core.workflows.bundle import write_bundle

    workspace, version, path = version_of(asked)
    limit = workspace.registry.threshold(asked.classifier)
    statements = workspace.registry.statements(asked.classifier)
    write_bundle(path, asked.out, limit.value if limit else None, statements)
    _written(asked, version.number)


def card(asked: argparse.Namespace) -> None:
    """Show what the owner states of a model, or change it."""
    registry = open_workspace(home()).registry
    if asked.verb == "set":
        changed = registry.set_statements(asked.classifier, values_of(asked, Statements))
        content = registry.statements(asked.classifier).model_dump()
        told = f"Stated of '{asked.classifier}'; changed: {', '.join(changed) or 'nothing'}."
        tell(asked, {"classifier": asked.classifier, **content, "changed": changed}, told)
        return
    statements = registry.statements(asked.classifier)
    lines = [f"{name}: {value}" for name, value in stated_rows(statements, ReportLanguage())]
    show(asked, {"classifier": asked.classifier, **statements.model_dump()}, "\n".join(lines))


def _written(asked: argparse.Namespace, number: int) -> None:
    content = {"classifier": asked.classifier, "version": number, "out": str(asked.out)}
    tell(asked, content, f"Version {number} of '{asked.classifier}' → {asked.out}")


def catalogue(language: str) -> dict[str, str]:
    """Templates and names of a language by their whole keys; empty where the dashboard's files are not at hand."""
    texts: dict[str, str] = {}
    for path in sorted((CATALOGUES / language).glob("*.toml")):
        entries = tomllib.loads(path.read_text(encoding="utf-8"))
        whole = path.stem.startswith("messages_")
        texts |= entries if whole else {f"{path.stem}.{name}": text for name, text in entries.items()}
    return texts
