"""The server as it is started: which settings hold from any folder, what it listens on, what it sends and loads."""

from __future__ import annotations

import gzip
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.registry import Glance
from core.workflows.workspace import open_workspace
from dashboard.parts.plots import charts
from dashboard.shell import compressed
from tests.core.workflows.earlier.test_generators import write_generator
from tests.dashboard.serving import PATIENCE, Server

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = """
import sys, json
sys.path.insert(0, sys.argv[1])
import dashboard.app
import streamlit as st
names = ["server.address", "server.fileWatcherType", "server.runOnSave", "runner.postScriptGC",
         "client.showErrorDetails", "server.enableAgentApi",
         "browser.gatherUsageStats", "theme.light.primaryColor"]
print(json.dumps({name: st.get_option(name) for name in names}))
"""
FIRST_PAGE = """
import sys
sys.path.insert(0, sys.argv[1])
import dashboard.app
from streamlit.testing.v1 import AppTest
page = AppTest.from_file(sys.argv[1] + "/dashboard/main.py", default_timeout=120).run()
assert not page.exception and not page.error, (page.exception, page.error)
print(page.title[0].value)
print(sorted({"mlflow", "torch", "fastapi", "sklearn"} & set(sys.modules)))
"""

TAKEN_OVER = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
import dashboard.app as server
from core.base.config import home
async def start():
    async with server.lifespan(server.app):
        print((home() / "generators").exists())
asyncio.run(start())
"""


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory that has settings of its own, which open the server to everybody."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / ".streamlit").mkdir()
    (folder / ".streamlit" / "config.toml").write_text(
        '[server]\naddress = "0.0.0.0"\nfileWatcherType = "poll"\n', encoding="utf-8"
    )
    return folder


@pytest.fixture(scope="module")
def server(elsewhere: Path) -> Iterator[Server]:
    running = Server(elsewhere, elsewhere / "workspace")
    try:
        running.wait_until_healthy()
        yield running
    finally:
        running.close()


def test_started_from_another_folder_it_listens_on_this_machine_only(server: Server) -> None:
    assert server.listens_at() <= {"127.0.0.1", "::1"}


def test_pages_and_the_api_answer_there_and_the_api_is_loaded_when_asked(server: Server) -> None:
    assert server.get("/train")[0] == 200
    status, _, body = server.get("/api/v1/healthz")
    assert (status, json.loads(body)["status"]) == (200, "ok")
    assert server.get("/api/v1/classifiers")[0] == 401
    assert b"Evergreen" in server.get("/api/v1/openapi.json")[2]


def test_half_a_head_is_not_waited_for_forever(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as caller:
        caller.sendall(b"GET /api/v1/healthz HTTP/1.1\r\nHost: localhost\r\n")
        caller.settimeout(PATIENCE)
        assert caller.recv(1000).startswith(b"HTTP/1.1 408 ")
        assert caller.recv(1000) == b""


def test_what_a_page_loads_comes_compressed_with_its_length(server: Server) -> None:
    page = server.get("/")[2].decode()
    scripts = re.findall(r'(?:src|href)="\./static/(js/[^"]+\.js)"', page)
    assert scripts
    for name in scripts:
        status, headers, body = server.get(f"/static/{name}", **{"Accept-Encoding": "gzip"})
        original = (compressed.FILES / name).read_bytes()
        assert status == 200
        if len(original) >= compressed.SMALLEST:
            assert headers["content-encoding"] == "gzip"
            assert int(headers["content-length"]) == len(body) < len(original)
            assert gzip.decompress(body) == original
        assert server.get(f"/static/{name}", **{"Accept-Encoding": "identity"})[2] == original


def test_the_settings_hold_whoever_imports_the_app_and_from_anywhere(elsewhere: Path, evergreen_home: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", SETTINGS, str(ROOT)], cwd=elsewhere, capture_output=True, text=True, check=True
    ).stdout
    settings = json.loads(told)
    assert settings.pop("theme.light.primaryColor")
    assert settings == {
        "server.address": "localhost",
        "server.fileWatcherType": "none",
        "server.runOnSave": False,
        "runner.postScriptGC": False,
        "client.showErrorDetails": "none",
        "server.enableAgentApi": False,
        "browser.gatherUsageStats": False,
    }


def test_only_make_dev_watches_files() -> None:
    def start(target: str) -> str:
        done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=True)
        return next(line for line in done.stdout.splitlines() if "streamlit run" in line)

    assert "--server.fileWatcherType auto --server.runOnSave true" in start("dev")
    assert "fileWatcherType" not in start("run")
    assert "runOnSave" not in start("run")


def test_the_first_page_of_a_known_workspace_loads_neither_mlflow_nor_torch(evergreen_home: Path) -> None:
    glance = Glance(evergreen_home)
    assert glance.registry.classifiers() == []
    os.utime(evergreen_home / "mlflow.db", ns=(0, time.time_ns() - 10**9))  # as after an earlier start
    assert glance.classifiers() == []
    done = subprocess.run([sys.executable, "-c", FIRST_PAGE, str(ROOT)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1:] == ["[]"]


def test_a_curve_that_has_not_grown_is_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[object] = []
    monkeypatch.setattr(charts, "draw", lambda chart, **named: drawn.append(chart))
    for values in ([0.5, 0.6], [0.5, 0.6], [0.5, 0.6, 0.7]):
        charts.curves({"Macro-F1": values}, title="", key="curve", axis="Macro-F1", alt="", best=2)
    assert drawn[0] is drawn[1]
    assert drawn[2] is not drawn[1]


def test_what_an_earlier_edition_left_is_taken_over_before_the_server_answers(evergreen_home: Path) -> None:
    workspace = open_workspace(evergreen_home)
    write_generator(workspace, 1)
    command = [sys.executable, "-c", TAKEN_OVER, str(ROOT)]
    environment = {
        **os.environ,
        "EVERGREEN_HOME": str(workspace.home),
        "EVERGREEN_SPARE": "off",
        "EVERGREEN_EVOLVE": "off",
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert done.stdout.split() == ["False"]
    assert [known.name for known in workspace.registry.classifiers()] == ["notes"]


def test_the_pages_that_answer_and_tell_of_a_model_load_no_torch() -> None:
    pages = "dashboard.use.tabs, dashboard.overview.page, dashboard.overview.versions, dashboard.settings.page"
    program = f"import sys, {pages}, core.workflows.bundle; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
