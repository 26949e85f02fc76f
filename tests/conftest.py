"""Fixtures of the whole suite: a workspace of its own for every test, and the larger data sets where they are at hand."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# Before anything imports torch or numpy: one thread makes sums repeatable, and keeps two test processes from stalling
# each other. Environment variables reach the processes that tests start, too.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["EVERGREEN_SPARE"] = "off"  # servers that tests start keep no process that nobody asked for
os.environ.pop("MLFLOW_TRACKING_URI", None)

ROOT = Path(__file__).resolve().parent.parent


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
def data_folder() -> Path:
    """The public data sets used in benchmarks; a test that needs them is skipped where they are not at hand."""
    folder = Path(os.environ.get("EVERGREEN_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no data sets in {folder}: name their folder in EVERGREEN_DATA")
    return folder
