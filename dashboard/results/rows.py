"""What a version answers on test rows and on validation rows, as numbers; for tabs of the Results page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.workflows.versions.folder import VersionFolder
from dashboard.results.page import Shown
from dashboard.shell import state

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Answers:
    """True classes (rows) and stated probabilities (rows, classes)."""

    truth: np.ndarray
    stated: np.ndarray

    @staticmethod
    def of(table: pd.DataFrame, classes: tuple[str, ...]) -> Answers:
        """From a table of predictions on frozen tests."""
        number = {name: index for index, name in enumerate(classes)}
        truth = table["truth"].map(number).to_numpy(dtype=np.int64)
        return Answers(truth, table[[f"p_{index}" for index in range(len(classes))]].to_numpy(dtype=np.float64))


def validation_rows(shown: Shown) -> Answers | None:
    """What the version answers on validation rows; None where it is from before they were kept, or has none."""
    return validation_of(state.version_folder(shown.version))


def validation_of(folder: Path) -> Answers | None:
    """The same for the version in this folder."""
    return _validation(str(folder))


@st.cache_data(show_spinner=False, max_entries=12)
def _validation(folder: str) -> Answers | None:
    table = VersionFolder(Path(folder)).validation()
    if table is None or not len(table):
        return None
    return Answers(table["truth"].to_numpy(dtype=np.int64), table.drop(columns="truth").to_numpy(dtype=np.float64))
