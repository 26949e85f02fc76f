"""pages → dashboard → core; inside core each folder imports only what stands before it, and nothing goes in circles."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ORDER = (
    "base",
    "data",
    "statistics",
    "networks",
    "tasks",
    "continual",
    "training",
    "fairness",
    "registry",
    "serving",
    "workflows",
    "jobs",
    "evolve",
    "upkeep",
    "cli",
    "__main__",
)
WITHOUT_TORCH = (
    "base",
    "data",
    "statistics",
    "networks/architectures",
    "networks/pretrained",
    "networks/sources.py",
    "networks/standalone",
    "networks/text",
    "networks/vectors",
    "tasks",
    "continual/drift",
    "continual/families.py",
    "continual/gate",
    "continual/matrix.py",
    "continual/memory.py",
    "continual/methods",
    "registry",
    "serving/api",
    "serving/engines",
    "workflows/requests.py",
    "workflows/standings",
    "workflows/versions/folder.py",
    "jobs",
    "upkeep",
)
PARTS = ("parts", "shell")  # of the dashboard: what every page may use
MOST_FILES = 20  # side by side in one folder


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module(path): path for folder in ("core", "dashboard", "pages") for path in sources(folder)}


def imports(path: Path, *, top_only: bool = False, running: bool = False) -> Iterator[str]:
    """Whole names of what a file imports; ``from core import base`` counts as ``core.base``.

    With ``running``, without what only a type checker reads.
    """
    yield from _imports(path, top_only, running)


@cache
def _imports(path: Path, top_only: bool, running: bool) -> tuple[str, ...]:
    tree, names = ast.parse(path.read_text(encoding="utf-8")), []
    if running:
        tree.body = [node for node in tree.body if not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node))]
    for node in tree.body if top_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [f"{node.module}.{name.name}" for name in node.names]
    return tuple(names)


def imported(path: Path, *, running: bool = False) -> set[str]:
    """The project's own modules that a file imports."""
    names = {name if name in MODULES else name.rpartition(".")[0] for name in imports(path, running=running)}
    return {name for name in names if name in MODULES} - {module(path)}


def folder(name: str) -> str:
    return name if MODULES[name].name == "__init__.py" else name.rpartition(".")[0]


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """One circle of the graph, or nothing."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


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


def test_every_folder_of_core_has_its_place() -> None:
    names = {path.name.removesuffix(".py") for path in (ROOT / "core").iterdir()} - {"__init__", "__pycache__"}
    assert names == set(ORDER)


def test_inside_core_imports_go_up_the_list() -> None:
    rank = {name: number for number, name in enumerate(ORDER)}
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources("core")
        for name in imported(path)
        if name.startswith("core.") and path.parent != ROOT / "core"
        if rank[name.split(".")[1]] > rank[module(path).split(".")[1]]
    ]
    assert wrong == []


def test_a_page_uses_its_own_folder_and_what_all_share() -> None:
    wrong = []
    for path in sources("dashboard"):
        own = path.relative_to(ROOT / "dashboard").parts[0]
        for name in imported(path):
            pieces = name.split(".")
            if pieces[0] == "dashboard" and len(pieces) > 2 and pieces[1] not in (*PARTS, own):
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert wrong == []


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = {name: imported(path, running=True) - {name.rpartition(".")[0]} for name, path in MODULES.items()}
    assert circle(graph) == []


def test_no_folder_imports_itself_by_way_of_others() -> None:
    graph: dict[str, set[str]] = {}
    for name, path in MODULES.items():
        own = folder(name)
        others = {folder(other) for other in imported(path)}
        outside = {other for other in others if other != own and not own.startswith(f"{other}.")}
        graph.setdefault(own, set()).update(outside if not own.startswith("dashboard.") else ())
    assert circle(graph) == []


def test_what_serves_and_stores_loads_no_torch() -> None:
    light = [ROOT / "core" / name for name in WITHOUT_TORCH]
    heavy = [
        str(path.relative_to(ROOT))
        for path in sources("core")
        if any(path == free or free in path.parents for free in light)
        for name in imports(path, top_only=True)
        if name.split(".")[0] == "torch"
    ]
    assert heavy == []


def test_only_the_registry_knows_mlflow() -> None:
    users = {path for path in sources("core") if any(name.split(".")[0] == "mlflow" for name in imports(path))}
    assert users
    assert all(ROOT / "core" / "registry" in path.parents for path in users)


def test_no_folder_is_a_drawer() -> None:
    files: dict[Path, int] = {}
    for path in (*sources("core"), *sources("dashboard"), *sources("tests")):
        files[path.parent] = files.get(path.parent, 0) + 1
    assert {str(path.relative_to(ROOT)): count for path, count in files.items() if count > MOST_FILES} == {}
