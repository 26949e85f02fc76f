"""Texts to try: a handful from the frozen tests of the serving version, one a label and one it gets wrong."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from core.data.dataset.inputs import body_of, parse
from dashboard.shell import state

if TYPE_CHECKING:
    import pandas as pd

    from core.registry import VersionInfo

HANDFUL = 3  # and a hard one
SHORTEST, LONGEST = 6, 160  # characters of a text that is nice to try
SHOWN = 90


@dataclass(frozen=True)
class Example:
    """A text of a frozen test with its true label."""

    text: str
    truth: str

    @property
    def short(self) -> str:
        """The beginning of the text, on one line, and what its further columns hold."""
        body, fields = parse(self.text)
        return " · ".join(
            (_cut(body), *(f"{_cut(field.name)}: {_cut(field.value)}" for field in fields if field.value))
        )


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else f"{line[: SHOWN - 1]}…"


def examples(version: VersionInfo, turn: int) -> list[Example]:
    """The handful of this turn; other turns give other texts."""
    return _choose(state.files_of(version), turn)


@st.cache_data(show_spinner=False, max_entries=50)
def _choose(files: state.Files, turn: int) -> list[Example]:
    tested = _tested(files)
    shuffled = tested.sample(frac=1, random_state=turn)
    nice = shuffled[shuffled["text"].map(body_of).str.strip().str.len().between(SHORTEST, LONGEST)]
    pool = nice if len(nice) else shuffled
    right, wrong = pool[pool["truth"] == pool["predicted"]], pool[pool["truth"] != pool["predicted"]]
    rows = [*right.drop_duplicates("truth").head(HANDFUL).itertuples(), *wrong.head(1).itertuples()]
    return list(dict.fromkeys(Example(str(row.text), str(row.truth)) for row in rows))


@st.cache_data(show_spinner=False, max_entries=4)
def _tested(files: state.Files) -> pd.DataFrame:
    """Every row of the version's frozen tests with its answer."""
    import pandas as pd

    # Not through `core.workflows`, which loads PyTorch: this page answers without it.
    tested = sorted((Path(files.folder) / "predictions").glob("test_*.parquet"))
    return pd.concat(
        [pd.read_parquet(file, columns=["text", "truth", "predicted"]) for file in tested], ignore_index=True
    )
