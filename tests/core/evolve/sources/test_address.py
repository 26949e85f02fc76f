"""An address holds no password, a query is one statement that reads; what is shown or told holds no secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.base.errors import ConfigError
from core.evolve.sources.address import check_query, check_source, masked, resolved, shown, unsaid

ASKED = "select text, label from rows"


@pytest.mark.parametrize(
    ("database", "key"),
    [
        ("postgresql://reader:geheim@host/shop", "evolve.database_password"),
        ("postgresql://reader:ge@he/im@host/shop", "evolve.database_password"),
        ("postgresql://reader:${A}geheim@host/shop", "evolve.database_password"),
        ("postgresql://host/shop?user=reader&password=geheim", "evolve.database_password"),
        ("mysql://reader:geheim@host/shop", "evolve.database_kind"),
        ("geheim", "evolve.database_kind"),
        ("sqlite:///shop.db", "evolve.database_relative"),
        ("sqlite://", "evolve.database_relative"),
        ("duckdb:////no/such/shop.db", "evolve.database_missing"),
        ("", "evolve.query_half"),
    ],
)
def test_an_address_that_cannot_be_asked_is_refused_without_its_password(database: str, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_source(database, ASKED)
    assert caught.value.message.key == key
    assert "geheim" not in str(caught.value)
    assert "geheim" not in str(caught.value.message.facts)


@pytest.mark.parametrize(
    ("database", "expected"),
    [
        ("postgresql://reader:geheim@host/shop", "postgresql://reader:***@host/shop"),
        ("postgresql://reader:${A}@host/shop", "postgresql://reader:${A}@host/shop"),
        ("postgresql://host/shop?password=geheim&x=1", "postgresql://host/shop?password=***&x=1"),
        ("postgresql://reader@host/shop", "postgresql://reader@host/shop"),
        ("sqlite:////data/a:b@c.db", "sqlite:////data/a:b@c.db"),
        ("${SHOP_DATABASE}", "${SHOP_DATABASE}"),
    ],
)
def test_what_is_shown_has_no_password_and_names_of_variables_stay(database: str, expected: str) -> None:
    assert masked(database) == expected
    assert shown({"database": database, "query": ASKED}) == {"database": expected, "query": ASKED}


def test_variables_are_filled_in_as_parts_of_an_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "p@ss/wörd")
    assert resolved("postgresql://reader:${SHOP_PASSWORD}@host/shop") == (
        "postgresql://reader:p%40ss%2Fw%C3%B6rd@host/shop"
    )
    monkeypatch.setenv("SHOP", "postgresql://reader:geheim@host/shop")
    assert resolved("${SHOP}") == "postgresql://reader:geheim@host/shop"
    monkeypatch.setenv("SHOP", f"sqlite:///{tmp_path}/none.db")
    with pytest.raises(ConfigError, match="no database"):
        resolved("${SHOP}")
    with pytest.raises(ConfigError, match="NOT_SET is not set"):
        resolved("postgresql://reader:${NOT_SET}@host/shop")


def test_what_a_database_says_holds_no_values_of_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "p@ss")
    address = "postgresql://reader:${SHOP_PASSWORD}@host/shop"
    assert unsaid("no user 'reader' with p@ss, p%40ss", address) == (
        "no user 'reader' with ${SHOP_PASSWORD}, ${SHOP_PASSWORD}"
    )
    monkeypatch.setenv("SHOP", "postgresql://reader:p@ss/w@host/shop")
    assert unsaid("no host 'ss' for 'x'", "${SHOP}") == "no host '${SHOP}' for 'x'"


@pytest.mark.parametrize(
    "query",
    [
        "select 1",
        "  SELECT text FROM rows WHERE text LIKE '%;%' ; ",
        "with a as (select 1) select * from a -- ; not more",
        "/* ; */ (select 1)",
        "select ';' as \";\", $a$ ; $a$",
        "from rows",
    ],
)
def test_one_statement_that_reads_is_let_through(query: str) -> None:
    check_query(query)


@pytest.mark.parametrize(
    ("query", "key"),
    [
        ("select 1; select 2", "evolve.query_several"),
        ("select 1; drop table rows --", "evolve.query_several"),
        ("delete from rows", "evolve.query_writes"),
        ("-- select\ninsert into rows values (1)", "evolve.query_writes"),
        ("attach 'x' as y", "evolve.query_writes"),
        ("copy rows to 'x.csv'", "evolve.query_writes"),
        ("-- nothing", "evolve.query_writes"),
    ],
)
def test_a_query_that_writes_or_two_of_them_are_refused(query: str, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_query(query)
    assert caught.value.message.key == key
