"""The dashboard's server as it is started by ``streamlit run``."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0  # seconds: nobody knows what else the machine does


class Server:
    """A running server over a workspace, started in a folder: ``process`` and ``url``."""

    def __init__(self, folder: Path, home: Path, *options: str, **environment: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.url = f"http://localhost:{self.port}"
        command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "dashboard" / "app.py")]
        self._running = subprocess.Popen(
            [*command, "--server.port", str(self.port), *options],
            cwd=folder,
            env={**os.environ, "EVERGREEN_HOME": str(home), **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.process = psutil.Process(self._running.pid)

    def wait_until_healthy(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self._running.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=5) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(f"the server did not start: {self._running.poll()}")

    def get(self, path: str, *, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        request = urllib.request.Request(self.url + path, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, {name.lower(): value for name, value in error.headers.items()}, error.read()

    def listens_at(self) -> set[str]:
        """The addresses under which it can be reached."""
        connections = self.process.net_connections(kind="inet")
        found = [one.laddr for one in connections if one.status == psutil.CONN_LISTEN]
        assert {address.port for address in found} == {self.port}
        return {address.ip for address in found}

    def close(self) -> None:
        self._running.kill()
        self._running.wait()
