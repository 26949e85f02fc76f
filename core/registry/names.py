"""What a classifier may be called; knows nothing of where it is kept."""

from __future__ import annotations

import unicodedata

from core.base.errors import RegistryError

LONGEST_NAME = 80
# MLflow refuses / and :, and its filter language cannot quote a double quotation mark.
_REFUSED_CHARACTERS = frozenset('/:"')
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})  # control characters, half characters, line breaks


def check_name(name: str) -> str:
    """Return the name when a classifier can be called that.

    Any script will do, and spaces inside.

    Raises
    ------
    RegistryError
        When the name is empty, too long, or holds a character that the store cannot keep.
    """
    fits = (
        1 <= len(name) <= LONGEST_NAME
        and name == name.strip()
        and not name.startswith(".")
        and not any(_refused(character) for character in name)
    )
    if not fits:
        raise RegistryError(
            "registry.bad_name",
            "A model cannot be called '{name}'. A name has 1 to {longest} characters, no / : or quotation mark "
            '("), no line break, no dot at the start and no space at either end. Choose another name.',
            name=name,
            longest=LONGEST_NAME,
        )
    return name


def _refused(character: str) -> bool:
    return character in _REFUSED_CHARACTERS or unicodedata.category(character) in _REFUSED_CATEGORIES
