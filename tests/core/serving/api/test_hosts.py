from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from core.serving.api.hosts import VARIABLE, HostGuard, allowed_hosts
from core.serving.api.server import standalone

HERE = "http://localhost:8501"


async def page(request: object) -> PlainTextResponse:
    return PlainTextResponse("inside")


async def socket(connection: WebSocket) -> None:
    await connection.accept()
    await connection.send_text("inside")
    await connection.close()


@pytest.fixture
def guarded() -> Callable[..., TestClient]:
    def make(*named: str) -> TestClient:
        routes = [Route("/{path:path}", page, methods=["GET", "PUT", "POST"]), WebSocketRoute("/stream", socket)]
        guard = Middleware(HostGuard, hosts=allowed_hosts(named))
        return TestClient(Starlette(routes=routes, middleware=[guard]), base_url=HERE)

    return make


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8501", "LOCALHOST:1", "localhost.", "127.0.0.1:80", "[::1]:8501"]
)
def test_this_machine_answers_to_its_own_names(guarded: Callable[..., TestClient], host: str) -> None:
    assert guarded().get("/", headers={"Host": host}).text == "inside"


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8501", "localhost.evil.example", "127.0.0.1.evil.example", "192.168.1.7:8501", "10.0.0.1",
     "[::2]", "localhost:x", "localhost:99999", "evil.example@localhost", "localhost/evil.example", "evillocalhost",
     "localhost evil.example"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
def test_a_foreign_name_gets_nothing(guarded: Callable[..., TestClient], host: str, method: str) -> None:
    answer = guarded().request(method, "/media/file.png", headers={"Host": host})
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "host_foreign"
    assert "inside" not in answer.text


def test_two_hosts_or_none_get_nothing(guarded: Callable[..., TestClient]) -> None:
    for count, hosts in ((2, ["localhost", "evil.example"]), (0, [""])):
        answer = guarded().get("/", headers=[("Host", host) for host in hosts])
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "host_count"
        assert f"names {count} hosts" in answer.text
        assert VARIABLE not in answer.text


def test_a_person_is_told_in_words_what_to_do(guarded: Callable[..., TestClient]) -> None:
    answer = guarded().get("/", headers={"Host": "evil.example", "Accept": "text/html,*/*"})
    assert answer.headers["content-type"].startswith("text/plain")
    assert f"{VARIABLE}=evil.example" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
    ],
)
def test_a_foreign_name_or_page_gets_no_socket(guarded: Callable[..., TestClient], headers: dict[str, str]) -> None:
    with pytest.raises(WebSocketDisconnect) as refused, guarded().websocket_connect("/stream", headers=headers):
        pass
    assert refused.value.code == 1008


def test_the_own_page_gets_its_socket(guarded: Callable[..., TestClient]) -> None:
    headers = {"Host": "localhost:8501", "Origin": HERE}
    with guarded().websocket_connect("ws://localhost:8501/stream", headers=headers) as connection:
        assert connection.receive_text() == "inside"


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost:3000", "https://localhost.evil.example", ""]
)
def test_a_page_of_another_place_gets_nothing(guarded: Callable[..., TestClient], origin: str) -> None:
    answer = guarded().put("/upload", headers={"Origin": origin})
    assert answer.json()["error"]["code"] == "origin_foreign"
    assert answer.status_code == 403


def test_the_own_page_may_ask_and_so_may_programs(guarded: Callable[..., TestClient]) -> None:
    client = guarded()
    assert client.put("/upload", headers={"Origin": HERE}).text == "inside"
    assert client.put("/upload").text == "inside"


def test_the_owner_names_others(guarded: Callable[..., TestClient], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, " Texts.Example.org , *.lab.example,,")
    client = guarded("192.168.1.7", None, "0.0.0.0", "")
    for host in ("texts.example.org", "a.lab.example", "b.a.lab.example:80", "192.168.1.7:8501", "localhost"):
        assert client.get("/", headers={"Host": host}).text == "inside", host
    for host in ("example.org", "lab.example", "0.0.0.0", "192.168.1.8"):
        assert client.get("/", headers={"Host": host}).status_code == 403, host


def test_behind_a_server_that_puts_its_own_name_the_owners_page_may_ask(guarded: Callable[..., TestClient]) -> None:
    client = guarded("texts.example.org")
    assert client.put("/upload", headers={"Origin": "https://texts.example.org"}).text == "inside"
    assert client.put("/upload", headers={"Origin": "https://evil.example"}).status_code == 403


def test_a_star_is_any_name(guarded: Callable[..., TestClient]) -> None:
    assert guarded("*").get("/", headers={"Host": "anything.example"}).text == "inside"


def test_the_api_by_itself_is_guarded(evergreen_home: Path) -> None:
    with TestClient(standalone(evergreen_home), base_url="http://localhost") as client:
        assert client.get("/api/v1/healthz").status_code == 200
        for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
            answer: Any = client.get("/api/v1/healthz", headers=headers)
            assert answer.status_code == 403
            assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_port_behind_a_name_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "box.lan:8672, [fd00::1]:8501, fd00::2, 10.0.0.5")
    assert {"box.lan", "fd00::1", "fd00::2", "10.0.0.5"} <= allowed_hosts()
