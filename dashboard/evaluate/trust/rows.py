"""What a version answers on test rows and on validation rows, as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.tasks.text_classification.tree import as_labelled
from core.workflows.versions.folder import VersionFolder
from dashboard.evaluate.page import Shown
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
        stated = table[[f"p_{index}" for index in range(len(classes))]].to_numpy(dtype=np.float64)
        return Answers.judged(truth, stated, classes)

    @staticmethod
    def judged(truth: np.ndarray, stated: np.ndarray, classes: Sequence[str]) -> Answers:
        """A row labelled from further up a tree counts as what it is answered, where that stands below its label."""
        right, _ = as_labelled(truth, stated, classes)
        return Answers(np.where(right, stated.argmax(axis=1), truth), stated)


def validation_rows(shown: Shown) -> Answers | None:
    """What the version answers on validation rows; None where it is from before they were kept, or has none."""
    return validation_of(state.version_folder(shown.version))


def validation_of(folder: Path) -> Answers | None:
    """The same for the version in this folder."""
    return _validation(str(folder))


@st.cache_data(show_spinner=False, max_entries=12)
def _validation(folder: str) -> Answers | None:
    version = VersionFolder(Path(folder))
    table = version.validation()
    if table is None or not len(table):
        return None
    truth, stated = table["truth"].to_numpy(dtype=np.int64), table.drop(columns="truth").to_numpy(dtype=np.float64)
    return Answers.judged(truth, stated, version.outputs)
