"""Wrong keys are slowed down; the waiting is counted here, not lived through."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from core.serving.api import throttle
from core.serving.api.app import create_app
from core.serving.api.keys import KeyStore
from core.serving.api.throttle import CALLERS, FIRST_SECONDS, FORGOTTEN_SECONDS, FREE, MOST_SECONDS, Throttle


class Slept:
    """A clock that stands still, and what was waited on it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)


@pytest.fixture
def slept() -> Slept:
    return Slept()


@pytest.fixture
def slowed(slept: Slept) -> Throttle:
    return Throttle(clock=lambda: slept.now, sleep=slept.sleep)


@pytest.mark.anyio
async def test_the_first_wrong_keys_are_free_then_each_waits_twice_as_long_up_to_a_limit(
    slowed: Throttle, slept: Slept
) -> None:
    for _ in range(FREE):
        await slowed.wrong_key("a")
    assert slept.waits == []
    for _ in range(50):
        await slowed.wrong_key("a")
    assert slept.waits[:3] == [FIRST_SECONDS, 2 * FIRST_SECONDS, 4 * FIRST_SECONDS]
    assert slept.waits[-1] == max(slept.waits) == MOST_SECONDS


@pytest.mark.anyio
async def test_one_caller_does_not_wait_for_anothers_mistakes_and_time_heals(slowed: Throttle, slept: Slept) -> None:
    for _ in range(FREE + 1):
        await slowed.wrong_key("a")
    assert len(slept.waits) == 1
    await slowed.wrong_key("b")
    slept.now += FORGOTTEN_SECONDS
    await slowed.wrong_key("a")
    assert len(slept.waits) == 1


@pytest.mark.anyio
async def test_no_more_than_so_many_callers_are_remembered(slowed: Throttle) -> None:
    for number in range(CALLERS + 500):
        await slowed.wrong_key(f"10.0.{number // 256}.{number % 256}")
    assert len(slowed) == CALLERS


def test_a_right_key_never_waits_whoever_shows_it(
    evergreen_home: Path, slowed: Throttle, slept: Slept, make_client: Callable[..., TestClient]
) -> None:
    secret = KeyStore(evergreen_home).create("right")
    with TestClient(create_app(evergreen_home, throttle=slowed)) as client:
        for _ in range(FREE + 4):
            assert client.get("/classifiers", headers={"X-API-Key": "wrong"}).status_code == 401
        assert len(slept.waits) == 4
        assert client.get("/classifiers", headers={"X-API-Key": secret}).status_code == 200
        assert client.get("/classifiers").status_code == 401  # without a key there is nothing to guess
        assert len(slept.waits) == 4


def test_the_module_waits_as_a_server_must() -> None:
    assert Throttle()._sleep is throttle.asyncio.sleep  # it keeps no other request waiting
