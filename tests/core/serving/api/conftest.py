"""The API over a real registry; only the engines are made up: they answer at once, with what their folder says."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from core.networks.standalone.predict import Answers
from core.registry import Registry
from core.serving.api.app import create_app
from core.serving.api.keys import KeyStore
from core.tasks import DEFAULT

LABELS = ["negative", "positive"]
READ = 1000  # characters that the made-up engine reads


class MadeUpEngine:
    """Gives nine tenths to the label that its folder favours."""

    precision = "fp32"
    provider = "CPUExecutionProvider"
    task = DEFAULT

    def __init__(self, folder: Path) -> None:
        self.labels: list[str] = json.loads((folder / "labels.json").read_text("utf-8"))
        self.favoured = self.labels.index((folder / "favours.txt").read_text("utf-8"))

    def answer(self, texts: Sequence[str], progress: Callable[[float], None] | None = None) -> Answers:
        if "break" in texts:
            raise RuntimeError("the engine broke")
        row = np.full(len(self.labels), 0.1 / (len(self.labels) - 1), dtype=np.float32)
        row[self.favoured] = 0.9
        lengths = np.array([len(text) for text in texts], dtype=np.int64)
        return Answers(np.tile(row, (len(texts), 1)), np.minimum(lengths, READ), lengths)


class MadeUpPool:
    """Remembers what was loaded and released."""

    def __init__(self) -> None:
        self.loaded: list[Path] = []
        self.released: list[Path] = []

    def get(self, folder: Path) -> MadeUpEngine:
        self.loaded.append(folder)
        return MadeUpEngine(folder)

    def release(self, folder: Path) -> None:
        self.released.append(folder)


@pytest.fixture
def registry(evergreen_home: Path, new_store: Path) -> Registry:
    shutil.copy(new_store, evergreen_home / "mlflow.db")
    return Registry(evergreen_home)


@pytest.fixture
def add_version(registry: Registry, tmp_path: Path) -> Callable[..., int]:
    """Register a version that favours one label, and return its number: ``add_version(favours="negative")``."""
    return partial(_add_version, registry, tmp_path / "made")


def _add_version(registry: Registry, folder: Path, name: str = "Reviews", *, favours: str = "positive") -> int:
    folder.mkdir(exist_ok=True)
    (folder / "labels.json").write_text(json.dumps(LABELS), encoding="utf-8")
    (folder / "favours.txt").write_text(favours, encoding="utf-8")
    run_id = registry.start_run("train", name, {})
    summary: dict[str, float | str] = {"accuracy": 0.5, "macro_f1": 0.4, "model": "ngrams"}
    return registry.register(name, folder, run_id=run_id, parent=None, summary=summary)


@pytest.fixture(scope="session")
def served_once(new_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace where version 1 of 'Reviews' serves, made once and copied."""
    home = tmp_path_factory.mktemp("served")
    shutil.copy(new_store, home / "mlflow.db")
    registry = Registry(home)
    registry.promote("Reviews", _add_version(registry, tmp_path_factory.mktemp("made")))
    return home


@pytest.fixture
def pool() -> MadeUpPool:
    return MadeUpPool()


@pytest.fixture
def make_client(evergreen_home: Path, pool: MadeUpPool) -> Iterator[Callable[..., TestClient]]:
    """A caller with a key: ``make_client(Limits(texts=2))``; all calls of one client share an event loop."""
    opened: list[TestClient] = []

    def make(limits: Any = None) -> TestClient:
        app = create_app(evergreen_home, pool, limits)  # type: ignore[arg-type]
        keys = KeyStore(evergreen_home)
        secret = keys.create(f"test {len(opened)}")
        client = TestClient(app, headers={"Authorization": f"Bearer {secret}"}, raise_server_exceptions=True)
        client.__enter__()
        opened.append(client)
        return client

    yield make
    for client in opened:
        client.portal.call(client.app.state.service.close)  # type: ignore[union-attr, attr-defined]
        client.__exit__(None, None, None)


@pytest.fixture
def client(
    make_client: Callable[..., TestClient], registry: Registry, served_once: Path, evergreen_home: Path
) -> TestClient:
    """A caller of a workspace where version 1 of 'Reviews' serves."""
    shutil.copytree(served_once, evergreen_home, dirs_exist_ok=True)
    return make_client()
