"""pages → dashboard → core, and inside core each imports only what stands to its left."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ORDER = [
    {"standalone"},
    {"wording"},
    {"messages"},
    {"errors"},
    {"faults", "processes", "storage"},
    {"files"},
    {"allocator", "at_work", "config", "device", "events", "imports", "integrity", "leftovers", "threads"},
    {"settings"},
    {"data", "records"},
    {"text"},
    {"pretrained", "vectors"},
    {"sources"},
    {"models", "metrics"},
    {"strategies", "quality", "explain", "behaviour"},
    {"training"},
    {"onnx", "inference"},
    {"generation", "pretraining"},
    {"registry"},
    {"standings"},
    {"workflows"},
    {"jobs"},
    {"upkeep"},
    {"api"},
    {"cli"},
    {"__main__"},
]
RANK = {name: rank for rank, names in enumerate(ORDER) for name in names}
WITHOUT_TORCH = {
    "data",
    "text",
    "pretrained",
    "vectors",
    "metrics",
    "standalone",
    "inference",
    "registry",
    "standings",
    "jobs",
    "api",
    "device",
    "events",
    "records",
    "quality",
    "behaviour",
    "upkeep",
}


def imports(path: Path, *, top_only: bool = False) -> Iterator[str]:
    """Whole names of what a file imports; ``from core import errors`` counts as ``core.errors``."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{name.name}" for name in node.names)


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def part(path: Path) -> str:
    """The name in `ORDER` of a file of core."""
    return path.relative_to(ROOT / "core").parts[0].removesuffix(".py")


def test_core_knows_no_screen() -> None:
    upward = [
        (path.name, name)
        for path in sources("core")
        for name in imports(path)
        if name.split(".")[0] in {"streamlit", "plotly", "dashboard", "pages"}
    ]
    assert upward == []


def test_the_dashboard_imports_no_page() -> None:
    assert [path.name for path in sources("dashboard") for name in imports(path) if name.split(".")[0] == "pages"] == []


def test_every_part_of_core_has_its_place() -> None:
    assert {part(path) for path in sources("core")} - set(RANK) == {"__init__"}


def test_inside_core_imports_go_left() -> None:
    wrong = []
    for path in sources("core"):
        for name in imports(path):
            pieces = name.split(".")
            if pieces[0] != "core" or len(pieces) < 2 or part(path) == "__init__" or pieces[1] == part(path):
                continue
            if RANK.get(pieces[1], 99) >= RANK[part(path)]:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert wrong == []


def test_what_serves_and_stores_loads_no_torch() -> None:
    heavy = [
        str(path.relative_to(ROOT))
        for path in sources("core")
        if part(path) in WITHOUT_TORCH
        for name in imports(path, top_only=True)
        if name.split(".")[0] == "torch"
    ]
    assert heavy == []


def test_only_the_registry_knows_mlflow() -> None:
    users = {part(path) for path in sources("core") if any(name.split(".")[0] == "mlflow" for name in imports(path))}
    assert users <= {"registry"}
