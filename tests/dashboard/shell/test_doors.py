"""Who gets in: under which names and from which pages the dashboard answers, however it was started, and what it says with it."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from core.serving.api.hosts import VARIABLE
from dashboard.shell.doors import SIDEBAR_SCRIPT
from dashboard.shell.navigation import EARLIER, FIRST_PAGE
from tests.dashboard.serving import PATIENCE, ROOT, Server

# A page, its script, a file that was uploaded or made, an upload, Streamlit's own addresses, and the API.
ADDRESSES = [
    "/",
    "/train",
    "/media/x.png",
    "/_stcore/health",
    "/_stcore/host-config",
    "/api/v1/healthz",
    "/favicon.png",
]
STREAM = "/_stcore/stream"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Started from ``/``, where no settings lie; its owner named another host."""
    running = Server(Path("/"), tmp_path_factory.mktemp("doors"), **{VARIABLE: "texts.example.org"})
    try:
        running.wait_until_healthy()
        yield running
    finally:
        running.close()


def scripts_of(server: Server) -> list[str]:
    return re.findall(r'src="\.(/static/js/[^"]+)"', server.get("/")[2].decode())


def test_started_from_the_root_it_listens_on_this_machine_only(server: Server) -> None:
    assert server.listens_at() <= {"127.0.0.1", "::1"}


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "192.168.1.7"])
def test_a_foreign_name_gets_no_page_no_file_no_script_and_no_upload(server: Server, host: str) -> None:
    for path in [*ADDRESSES, *scripts_of(server)]:
        status, headers, body = server.get(path, Host=host)
        assert status == 403, path
        assert host.partition(":")[0].encode() in body  # without the port, as the cure names it
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert host not in headers["content-security-policy"]
    for method in ("PUT", "DELETE", "POST"):
        assert server.get("/_stcore/upload_file/session/file", method=method, Host=host)[0] == 403


def test_a_page_of_another_place_gets_none_of_them(server: Server) -> None:
    for origin in ("http://evil.example", "null", "http://localhost:1"):
        for path in ADDRESSES:
            assert server.get(path, Origin=origin)[0] == 403, (origin, path)
        assert server.get("/_stcore/upload_file/session/file", method="PUT", Origin=origin)[0] == 403


def socket_of(server: Server, host: str, origin: str) -> ClientConnection:
    """Ask for the socket of a page; the name is not looked up, since somebody may have it lead here."""
    reached = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
    return connect(f"ws://{host}{STREAM}", sock=reached, origin=Origin(origin), open_timeout=PATIENCE, proxy=None)


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("evil.example", "http://evil.example"),
        ("localhost", "http://evil.example"),
        ("localhost", "null"),
        ("localhost", "http://localhost:1"),
    ],
)
def test_a_foreign_name_or_page_gets_no_socket(server: Server, host: str, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        socket_of(server, f"{host}:{server.port}", origin)
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "texts.example.org"])
def test_its_own_names_and_those_that_the_owner_gave_get_all(server: Server, name: str) -> None:
    host = f"{name}:{server.port}"
    for path in ("/", "/train", "/_stcore/health", "/api/v1/healthz"):
        assert server.get(path, Host=host, Origin=f"http://{host}")[0] == 200, path
    with socket_of(server, host, f"http://{host}") as connection:
        assert connection.state.name == "OPEN"


def test_pages_load_from_this_server_alone_and_stand_in_no_frame(server: Server) -> None:
    for path in ("/", "/train", scripts_of(server)[0], "/_stcore/health", "/nowhere"):
        headers = server.get(path)[1]
        policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'self'"
        assert policy["frame-ancestors"] == policy["object-src"] == policy["frame-src"] == "'none'"
        assert f"ws://localhost:{server.port}" in policy["connect-src"]
        assert "unsafe" not in policy["script-src"]
        assert not re.search(r"https?:|\*", headers["content-security-policy"])
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["x-frame-options"] == "DENY"


def test_the_scripts_of_the_page_and_the_sidebar_are_known_by_their_content(server: Server) -> None:
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text("utf-8")
    written = [*re.findall(r"<script>(.*?)</script>", page, re.DOTALL), SIDEBAR_SCRIPT]
    policy = server.get("/")[1]["content-security-policy"]
    for script in written:
        assert f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" in policy


def test_the_api_below_the_pages_keeps_its_own_policy(server: Server) -> None:
    assert server.get("/api/v1/healthz")[1]["content-security-policy"].startswith("default-src 'none'")
    assert "sha256-" in server.get("/api/v1/docs")[1]["content-security-policy"]


CONTRARY = """
[server]
enableXsrfProtection = false
enableCORS = false
enableStaticServing = true
enableAgentApi = true
corsAllowedOrigins = ["http://evil.example"]
address = "0.0.0.0"

[client]
disableDataExport = false
showErrorDetails = "full"
"""
ASKED = """
import json, sys
from streamlit import config
config._main_script_path = sys.argv[1]
print(json.dumps({name: config.get_option(name) for name in sys.argv[2:]}))
"""


def test_the_settings_of_the_folder_it_is_started_in_open_nothing(tmp_path: Path) -> None:
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "config.toml").write_text(CONTRARY, encoding="utf-8")
    wanted = {
        "server.enableXsrfProtection": True,
        "server.enableCORS": True,
        "server.enableStaticServing": False,
        "server.enableAgentApi": False,
        "server.corsAllowedOrigins": [],
        "server.address": "localhost",
        "client.disableDataExport": True,
        "client.showErrorDetails": "none",
    }

    def read(script: Path) -> dict[str, object]:
        command = [sys.executable, "-c", ASKED, str(script), *wanted]
        told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        found: dict[str, object] = json.loads(told.stdout)
        return found

    assert read(ROOT / "dashboard" / "app.py") == wanted
    other = read(tmp_path / "app.py")  # so the folder's settings are really there
    assert all(other[name] != value for name, value in wanted.items())


def test_an_upload_without_the_page_s_token_is_refused(server: Server) -> None:
    assert server.get("/_stcore/upload_file/session/file", method="PUT")[0] == 403


def test_the_first_page_answers_to_its_name_and_keeps_the_link(server: Server) -> None:
    for query in ("", "?lang=zh&classifier=a%2Ab"):
        connection = http.client.HTTPConnection("localhost", server.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request("GET", f"/{FIRST_PAGE}{query}")
            answer = connection.getresponse()
            assert (answer.status, answer.headers["location"]) == (307, f"./{query}")


@pytest.mark.parametrize("name", EARLIER)
def test_an_address_of_the_first_edition_leads_to_where_its_page_stands_now(server: Server, name: str) -> None:
    place = EARLIER[name]
    tab = f"tab={place.tab}" if place.tab else ""
    for query in ("", "lang=zh&classifier=a%2Ab"):
        connection = http.client.HTTPConnection("localhost", server.port, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request("GET", f"/{name}?{query}" if query else f"/{name}")
            answer = connection.getresponse()
            carried = "&".join(part for part in (query, tab) if part)
            assert (answer.status, answer.headers["location"]) == (
                307,
                f"./{place.page}{'?' if carried else ''}{carried}",
            )
