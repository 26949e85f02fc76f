"""The address of a database and the query that is put to it, as a person writes them; what they may not be. Loads no driver.

A password stands in an environment variable, never in the rules: ``postgresql://reader:${SHOP_PASSWORD}@host/shop``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from core.base.errors import ConfigError

FILES = ("sqlite", "duckdb")
SERVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
DRIVERS = {name: name for name in FILES} | SERVERS | {"postgresql+psycopg": "postgresql+psycopg"}
BEGINNINGS = ("select", "with", "values", "table", "from")
EXAMPLE = "postgresql://reader:${SHOP_PASSWORD}@db.example.org/shop"
HIDDEN = "***"
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_SECRET_OPTION = re.compile(r"(?i)([?&](?:password|passwd|pwd|sslpassword|token)=)([^&]*)")
_SPARED = 3  # shorter values of variables are not looked for in what a database says: they stand in every sentence
_CITED = re.compile(r"'[^']+'|\"[^\"]+\"")
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|(\$\w*\$).*?\1|--[^\n]*|/\*.*?\*/", re.DOTALL)


def check_source(database: str, query: str) -> None:
    """Raise the `ConfigError` that says why this query cannot be put to this database; neither of both is fine."""
    if not database and not query:
        return
    if not database or not query:
        raise ConfigError("evolve.query_half", "A query takes both: the address of a database, and what it is asked.")
    check_address(database)
    check_query(query)


def check_address(database: str) -> None:
    """Whether an address can be asked at all: its kind, its file, and no password in plain.

    Raises
    ------
    ConfigError
        With the cure; the message holds no password.
    """
    if _VARIABLE.fullmatch(database):
        return  # the whole address stands in a variable, and is looked at when it is asked
    kind = kind_of(database)
    if kind in FILES:
        _check_file(kind, database)
    elif masked(database) != database:
        raise ConfigError(
            "evolve.database_password",
            "The address holds a password, which would stand in files. Write the name of an environment variable in its place, "
            "such as {example}, and set that where Evergreen is started.",
            example=EXAMPLE,
        )


def kind_of(database: str) -> str:
    """``"sqlite"``, ``"duckdb"`` or ``"postgresql+psycopg"``."""
    name, sign, _ = database.partition("://")
    if not sign or name.lower() not in DRIVERS:
        raise ConfigError(
            "evolve.database_kind",
            "The address of the database begins with none of sqlite:///, duckdb:/// (both with the whole path of a file) and "
            "postgresql://.",
        )
    return DRIVERS[name.lower()]


def file_of(database: str) -> Path:
    """The file of a SQLite or DuckDB address."""
    return Path(unquote(database.partition(":///")[2].partition("?")[0])).expanduser()


def _check_file(kind: str, database: str) -> None:
    path = file_of(database)
    if not path.is_absolute() or ":///" not in database:
        raise ConfigError(
            "evolve.database_relative",
            "'{database}' does not say where the file lies. Write its whole path, such as {example}.",
            database=database,
            example=f"{kind}:///{Path.home() / 'shop.db'}",
        )
    if not path.is_file():
        raise ConfigError("evolve.database_missing", "There is no database '{path}' on this machine.", path=str(path))
    if not os.access(path, os.R_OK):
        raise ConfigError("evolve.database_closed", "The database '{path}' may not be read here.", path=str(path))


def check_query(query: str) -> None:
    """Whether a query is one statement that only reads, as far as its words tell; the database itself is held to both, too.

    Raises
    ------
    ConfigError
        When there is more than one statement, or it does not begin as one that reads.
    """
    bare = _QUOTED.sub(" ", query).strip().rstrip(";").strip()
    if ";" in bare:
        raise ConfigError("evolve.query_several", "The query holds more than one statement. Leave one of them.")
    first = re.match(r"\(*\s*(\w*)", bare)
    if first is None or first.group(1).lower() not in BEGINNINGS:
        raise ConfigError(
            "evolve.query_writes",
            "'{word}' is no query that only reads. Begin it with {beginnings}.",
            word=bare[:20],
            beginnings=" / ".join(word.upper() for word in BEGINNINGS),
        )


def masked(database: str) -> str:
    """The address as it may be shown: a password in plain is hidden, the name of a variable stays."""
    if database.partition("://")[0].lower() in FILES:
        return database
    beginning, sign, rest = database.partition("://")
    user, at, host = rest.rpartition("@")
    if at and ":" in user:
        name, _, password = user.partition(":")
        user = f"{name}:{password if _VARIABLE.fullmatch(password) or not password else HIDDEN}"
    hidden = f"{beginning}{sign}{user}{at}{host}"
    return _SECRET_OPTION.sub(
        lambda part: part[0] if _VARIABLE.fullmatch(part[2]) or not part[2] else f"{part[1]}{HIDDEN}", hidden
    )


def shown(rules: Mapping[str, Any]) -> dict[str, Any]:
    """A policy's rules as they may be shown, also where somebody has written a password into the file by hand."""
    return {name: masked(str(value)) if name == "database" else value for name, value in rules.items()}


def resolved(database: str) -> str:
    """The address with the values of its variables.

    Raises
    ------
    ConfigError
        When a variable is not set.
    """
    check_address(database)
    if _VARIABLE.fullmatch(database):
        whole = _value_of(database[2:-1])
        if (kind := kind_of(whole)) in FILES:
            _check_file(kind, whole)
        return whole
    return _VARIABLE.sub(lambda found: quote(_value_of(found[1]), safe=""), database)


def _value_of(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise ConfigError(
            "evolve.database_variable",
            "The environment variable {name} is not set. Set it where Evergreen is started, and start it again.",
            name=name,
        )
    return value


def unsaid(reason: str, database: str) -> str:
    """What a database says of an address, without the values of its variables."""
    for name in _VARIABLE.findall(database):
        value = os.environ.get(name, "")
        user = value.partition("://")[2].rpartition("@")[0]  # of a whole address
        for secret in (value, quote(value, safe=""), user.partition(":")[2]):
            for form in (secret, unquote(secret)):
                reason = reason.replace(form, f"${{{name}}}") if len(form) >= _SPARED else reason
        if _VARIABLE.fullmatch(database) and not value.lower().startswith(FILES):
            for part in _CITED.findall(reason):  # of a password that has signs of an address
                reason = reason.replace(part, f"'${{{name}}}'") if part[1:-1] in value else reason
    return reason
