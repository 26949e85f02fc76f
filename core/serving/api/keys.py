"""Keys that callers of the API show: random, told once, stored as hashes in ``api_keys.json`` of the workspace."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from core.base.audit import AuditLog
from core.base.errors import ConfigError, DataError
from core.base.files import read_json, writing

PREFIX = "evergreen_"  # so that a key is recognised where it should not be, such as in a public repository
NAME_CHARACTERS = 60
TOUCH_SECONDS = 60.0


@dataclass(frozen=True)
class Key:
    """What is known of a key; times are ISO 8601 in UTC, ``digest`` is the SHA-256 of the key, in hexadecimals."""

    name: str
    digest: str
    created: str
    last_used: str | None = None


class KeyStore:
    """The keys of one workspace. Every process reads the file again once it has changed.

    A key holds 256 random bits, so that a plain hash is enough: nobody can try them all.
    """

    def __init__(self, home: Path) -> None:
        self._path = Path(home) / "api_keys.json"
        self._audit = AuditLog(home)
        self._file = str(self._path)  # looked at with every request
        self._read_at: tuple[int, int, int] | None = None
        self._keys: tuple[Key, ...] = ()

    def list(self) -> tuple[Key, ...]:
        """All keys, oldest first."""
        try:
            stat = os.stat(self._file)
        except FileNotFoundError:
            return ()
        token = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        if token != self._read_at:
            self._keys, self._read_at = self._read(), token
        return self._keys

    def create(self, name: str) -> str:
        """Make a key and return it; it is told this once and cannot be read again.

        Raises
        ------
        ConfigError
            When the name is empty, too long, or another key's.
        """
        name = " ".join(name.encode("utf-8", "replace").decode("utf-8").split())
        if not 1 <= len(name) <= NAME_CHARACTERS:
            raise ConfigError(
                "api.key_name",
                "A key needs a name of 1 to {most} characters, such as 'web shop'.",
                most=NAME_CHARACTERS,
            )
        secret = PREFIX + secrets.token_urlsafe(32)
        with self._writing():
            if any(key.name == name for key in self.list()):
                raise ConfigError(
                    "api.key_taken",
                    "There is a key '{name}' already. Revoke it first, or choose another name.",
                    name=name,
                )
            self._write((*self.list(), Key(name, _digest(secret), _now())))
            self._audit.add("key_created", facts={"key": name})
        return secret

    def revoke(self, name: str) -> None:
        """Take a key away; the next request that shows it is refused.

        Raises
        ------
        ConfigError
            When there is no key of this name.
        """
        with self._writing():
            known = self.list()
            if all(key.name != name for key in known):
                raise ConfigError(
                    "api.key_missing",
                    "There is no key '{name}'. The keys are: {known}.",
                    name=name,
                    known=[key.name for key in known] or ["–"],
                )
            self._write(tuple(key for key in known if key.name != name))
            self._audit.add("key_revoked", facts={"key": name})

    def find(self, secret: str) -> Key | None:
        """The key that was shown, if it is one; takes as long for a wrong key as for a right one."""
        digest = _digest(secret)
        match = None
        for key in self.list():
            if hmac.compare_digest(key.digest, digest):
                match = key
        return match

    def touch(self, digest: str) -> None:
        """Note that a key was used now; does nothing where that was noted within the last minute."""
        with suppress(OSError), self._writing():  # a workspace that can only be read: the key is good all the same
            known = self.list()
            if any(key.digest == digest and needs_touch(key) for key in known):
                now = _now()
                self._write(tuple(replace(key, last_used=now) if key.digest == digest else key for key in known))

    def _read(self) -> tuple[Key, ...]:
        try:
            return tuple(Key(**key) for key in read_json(self._path)["keys"])
        except (ValueError, TypeError, KeyError):
            raise DataError(
                "api.keys_unreadable",
                "The file {file} is damaged, so no key can be checked. Put back a copy of it, or delete it and make new keys.",
                file=str(self._path),
            ) from None

    def _write(self, keys: tuple[Key, ...]) -> None:
        text = json.dumps({"keys": [asdict(key) for key in keys]}, ensure_ascii=False, indent=1)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with writing(self._path) as part, os.fdopen(os.open(part, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(text)

    def _writing(self) -> FileLock:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(self._path.with_suffix(".lock"))


def needs_touch(key: Key) -> bool:
    """Whether the last use that was noted lies more than a minute back."""
    if key.last_used is None:
        return True
    return (datetime.now(UTC) - datetime.fromisoformat(key.last_used)).total_seconds() >= TOUCH_SECONDS


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
