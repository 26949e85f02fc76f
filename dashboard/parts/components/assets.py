"""A component of one's own, from the files of its name beside this one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from streamlit.components.v2 import component

FOLDER = Path(__file__).parent


def made_of(name: str, *scripts: str) -> Any:
    """The component of ``<name>.html``, ``<name>.css`` and ``<name>.js``; ``scripts`` are further ones that come first."""
    read = {ending: (FOLDER / f"{name}.{ending}").read_text(encoding="utf-8") for ending in ("html", "css", "js")}
    before = "".join((FOLDER / f"{script}.js").read_text(encoding="utf-8") for script in scripts)
    return component(f"evergreen_{name}", html=read["html"], css=read["css"], js=before + read["js"])
