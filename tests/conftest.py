"""Fixtures of the whole suite: a workspace of its own for every test, and the larger data sets where they are at hand."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# Before anything imports torch or numpy: one thread makes sums repeatable, and keeps two test processes from stalling
# each other. Environment variables reach the processes that tests start, too.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["EVERGREEN_SPARE"] = "off"  # servers that tests start keep no process that nobody asked for
os.environ.pop("MLFLOW_TRACKING_URI", None)

ROOT = Path(__file__).resolve().parent.parent


# What takes longest begins first, so that at the end no process waits for the last file of another.
LONGEST = ("tests/browser", "tests/chaos", "tests/core/workflows", "tests/contract", "tests/dashboard/update")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files; the tests of one stay together and in their order."""
    last = len(LONGEST)
    items.sort(key=lambda item: next((rank for rank, part in enumerate(LONGEST) if item.nodeid.startswith(part)), last))


@pytest.fixture(scope="session", autouse=True)
def _no_test_reaches_the_real_workspace() -> Iterator[None]:
    """Fixtures that outlive one test share a throw-away workspace; the checkout's own is never touched."""
    with tempfile.TemporaryDirectory(prefix="evergreen-", ignore_cleanup_errors=True) as folder:
        os.environ["EVERGREEN_HOME"] = folder
        yield
        os.environ.pop("EVERGREEN_HOME", None)


@pytest.fixture(autouse=True)
def evergreen_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The test's own, still empty workspace folder; ``EVERGREEN_HOME`` points to it."""
    home = tmp_path / "workspace"
    home.mkdir()
    monkeypatch.setenv("EVERGREEN_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def new_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of a registry without anything in it: creating its tables takes seconds, copying them none."""
    from core.registry import Registry

    home = tmp_path_factory.mktemp("new_store")
    Registry(home).classifiers()
    return home / "mlflow.db"


@pytest.fixture(scope="session")
def make_home(new_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A new workspace folder with such a registry, for what is made once and copied: ``make_home("trained")``."""

    def make(name: str) -> Path:
        home = tmp_path_factory.mktemp(name)
        shutil.copy(new_store, home / "mlflow.db")
        return home

    return make


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The public data sets used in benchmarks; a test that needs them is skipped where they are not at hand."""
    folder = Path(os.environ.get("EVERGREEN_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no data sets in {folder}: name their folder in EVERGREEN_DATA")
    return folder
