"""Fixtures of the whole suite: a workspace of its own for every test, and the larger data sets where they are at hand."""

from __future__ import annotations

import os
import shutil
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# Before anything imports torch or numpy: one thread makes sums repeatable, and keeps two test processes from stalling
# each other. Environment variables reach the processes that tests start, too.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["EVERGREEN_SPARE"] = "off"  # servers that tests start keep no process that nobody asked for
os.environ["EVERGREEN_EVOLVE"] = "off"  # nor one that follows policies
os.environ.pop("MLFLOW_TRACKING_URI", None)

ROOT = Path(__file__).resolve().parent.parent


# What takes longest begins first, so that at the end no process waits for the last file of another.
LONGEST = ("tests/browser", "tests/chaos", "tests/core/workflows", "tests/contract", "tests/dashboard/update")


KEPT_OF = 3  # cases, one

# Where cases take long: they train, open pages, start processes or kill them.
SLOW = tuple(
    f"tests/core/{part}" for part in ("workflows", "continual", "networks", "serving", "jobs", "cli", "registry")
)
SLOW += ("tests/browser", "tests/chaos", "tests/contract", "tests/dashboard", "tests/core/upkeep")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Order the files; the tests of one stay together and in their order.

    With ``EVERGREEN_TESTS=some``, as `make test` sets it, one case in three of a test with several is kept where cases take long,
    one of two where there are two; which, hangs on the test's name: so both languages, and all models and strategies, still come.
    """
    if os.environ.get("EVERGREEN_TESTS") == "some":
        _keep_some(config, items)
    last = len(LONGEST)
    items.sort(key=lambda item: next((rank for rank, part in enumerate(LONGEST) if item.nodeid.startswith(part)), last))


def _keep_some(config: pytest.Config, items: list[pytest.Item]) -> None:
    names = [item.nodeid.partition("[")[0] for item in items]
    cases, met = Counter(names), Counter[str]()
    kept: dict[bool, list[pytest.Item]] = {True: [], False: []}
    for item, name in zip(items, names, strict=True):
        first = zlib.crc32(name.encode()) % min(KEPT_OF, cases[name])
        kept[not item.nodeid.startswith(SLOW) or met[name] % min(KEPT_OF, cases[name]) == first].append(item)
        met[name] += 1
    items[:] = kept[True]
    config.hook.pytest_deselected(items=kept[False])


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
