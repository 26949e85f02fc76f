from __future__ import annotations

import hashlib
import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.base.errors import ConfigError, DataError
from core.serving.api.keys import KeyStore


@pytest.fixture
def keys(evergreen_home: Path) -> KeyStore:
    return KeyStore(evergreen_home)


def stored(home: Path) -> list[dict[str, str | None]]:
    found: list[dict[str, str | None]] = json.loads((home / "api_keys.json").read_text("utf-8"))["keys"]
    return found


def test_a_key_is_found_by_what_was_told_and_by_nothing_else(keys: KeyStore) -> None:
    secret = keys.create("web shop")
    found = keys.find(secret)
    assert found is not None
    assert found.name == "web shop"
    for wrong in ("", secret[:-1], secret + "a", secret.upper(), "é", found.digest):
        assert keys.find(wrong) is None


def test_a_key_has_256_random_bits_and_only_its_hash_is_stored(keys: KeyStore, evergreen_home: Path) -> None:
    secret = keys.create("web shop")
    assert secret.startswith("evergreen_")
    assert len(secret.removeprefix("evergreen_")) == 43  # 32 bytes in base 64
    assert secret not in (evergreen_home / "api_keys.json").read_text("utf-8")
    assert stored(evergreen_home)[0]["digest"] == hashlib.sha256(secret.encode()).hexdigest()


def test_only_the_owner_may_read_the_file(keys: KeyStore, evergreen_home: Path) -> None:
    keys.create("a")
    keys.create("b")
    assert stat.S_IMODE((evergreen_home / "api_keys.json").stat().st_mode) == 0o600


def test_a_revoked_key_is_not_found_by_a_store_that_knew_it(keys: KeyStore, evergreen_home: Path) -> None:
    secret, kept = keys.create("a"), keys.create("b")
    assert keys.find(secret) is not None
    KeyStore(evergreen_home).revoke("a")  # another process
    assert keys.find(secret) is None
    assert keys.find(kept) is not None


def test_a_name_is_needed_and_used_once(keys: KeyStore) -> None:
    keys.create("  web \n shop ")
    with pytest.raises(ConfigError, match="'web shop' already"):
        keys.create("web shop")
    for name in ("", "   ", "x" * 61):
        with pytest.raises(ConfigError, match="1 to 60 characters"):
            keys.create(name)


def test_revoking_an_unknown_name_says_which_there_are(keys: KeyStore) -> None:
    keys.create("web shop")
    with pytest.raises(ConfigError, match="The keys are: web shop"):
        keys.revoke("shop")


def test_the_last_use_is_written_at_most_once_a_minute(keys: KeyStore, evergreen_home: Path) -> None:
    keys.create("web shop")
    digest = keys.list()[0].digest
    assert keys.list()[0].last_used is None
    keys.touch(digest)
    first = (evergreen_home / "api_keys.json").stat()
    keys.touch(digest)
    assert (evergreen_home / "api_keys.json").stat().st_ino == first.st_ino  # not written again
    old = (datetime.now(UTC) - timedelta(seconds=61)).isoformat(timespec="seconds")
    (evergreen_home / "api_keys.json").write_text(
        json.dumps({"keys": [{**stored(evergreen_home)[0], "last_used": old}]}), "utf-8"
    )
    keys.touch(digest)
    assert keys.list()[0].last_used != old


def test_a_damaged_file_is_said(keys: KeyStore, evergreen_home: Path) -> None:
    (evergreen_home / "api_keys.json").write_text("{", "utf-8")
    with pytest.raises(DataError, match="is damaged"):
        keys.list()
