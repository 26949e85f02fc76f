from __future__ import annotations

import pytest

from core.base.errors import RegistryError
from core.registry import check_name


@pytest.mark.parametrize("name", ["a", "Shop reviews", "商店 评论（一）", "Tom's 50% #1", "x" * 80])
def test_names_of_any_script_with_spaces_are_accepted(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name", ["", " ", "a/b", "a:b", 'a"b', "a\nb", "a\x00", " a", "a ", ".a", "..", "x" * 81, "a\u2028b"]
)
def test_names_the_store_cannot_keep_are_refused_with_the_rule(name: str) -> None:
    with pytest.raises(RegistryError, match="Choose another name"):
        check_name(name)
