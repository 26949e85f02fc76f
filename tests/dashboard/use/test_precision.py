from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import build_dataset
from core.registry import Registry
from core.workflows.precision.run import _choose, _doubt, _rule
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.workspace import open_workspace

FIGURES = {"max_abs_diff": 0.02, "milliseconds": 1.5, "kept": None}
DIFFERENCE = {"value": -0.002, "low": -0.008, "high": 0.004}


@pytest.fixture(scope="module")
def made(make_home: Callable[[str], Path]) -> Path:
    workspace = open_workspace(make_home("made"))
    rows = [(f"{word} thing {row}", label) for row in range(30) for word, label in (("great", "a"), ("awful", "b"))]
    roles = ColumnRoles("text", "label")
    dataset, _ = build_dataset(pd.DataFrame(rows, columns=["text", "label"]), roles)
    stored = workspace.datasets.save(dataset, name="toy", roles=roles)
    settings = {"epochs": 1, "embedding_size": 8, "buckets": 1024}
    list(
        train_classifier(
            TrainRequest(classifier="Shop", dataset=stored.id, model="ngrams", settings=settings), workspace
        )
    )
    return workspace.home


@pytest.fixture
def home(made: Path, evergreen_home: Path) -> Path:
    shutil.copytree(made, evergreen_home, dirs_exist_ok=True)
    return evergreen_home


def said(page: AppTest) -> str:
    return "\n".join(str(part.value) for part in [*page.markdown, *page.caption])


def open_tab(open_page: Callable[..., AppTest], language: str) -> AppTest:
    return open_page("use", "home", language=language)


@pytest.mark.usefixtures("home")
def test_a_small_model_says_why_it_serves_float32(open_page: Callable[..., AppTest]) -> None:
    page = open_tab(open_page, "en")
    assert not page.exception
    assert "Only fp32 was made" in said(page)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_variants_are_shown_with_what_they_are_worth(
    home: Path, open_page: Callable[..., AppTest], language: str
) -> None:
    _give_variants(home)
    page = open_tab(open_page, language)
    assert not page.exception
    table = page.dataframe[-1].value
    assert table.iloc[:, 0].tolist() == ["fp32", "int8"]
    assert table.iloc[1].tolist()[3:] == [
        "23.4 MB",
        "800",
        "1.5 ms" if language == "en" else "1.5 毫秒",
        "0.880 (0.856–0.900)",
        "−0.2 pt (−0.8 – +0.4)" if language == "en" else "−0.2 个百分点（−0.8 – +0.4）",
        "99.8%",
    ]
    assert ("2 of 24 groups" if language == "en" else "24 组矩阵乘法中有 2 组") in said(page)
    assert ("cannot rule out a loss of up to 0.8 points" if language == "en" else "最多 0.8 个百分点") in said(page)


def test_variants_of_an_entity_model_speak_of_entities(home: Path, open_page: Callable[..., AppTest]) -> None:
    _give_variants(home, entities=True)
    page = open_tab(open_page, "en")
    assert not page.exception
    table = page.dataframe[-1].value
    assert list(table)[6:] == ["Micro-F1", "Change of micro-F1", "Same entities as fp32"]
    assert table.iloc[1].tolist()[6] == "0.880"
    assert "marks the same entities in at least 99 % of 872 validation texts" in said(page)
    assert "label" not in "".join(line for line in said(page).split("\n") if "validation" in line)


def _give_variants(home: Path, *, entities: bool = False) -> None:
    """Write into the report what a large model would have there."""
    file = Registry(home).folder("Shop", 1) / "report.json"
    report = json.loads(file.read_text("utf-8"))
    exact: dict[str, Any] = {"precision": "fp32", "device": "cpu", "file": "model.onnx", "bytes": 89_200_000}
    exact |= {**FIGURES, "accuracy": 0.882, "agreement": 1.0, "difference": None, "texts_per_second": 300.0}
    fast: dict[str, Any] = {"precision": "int8", "device": "cpu", "file": "model.int8.onnx", "bytes": 23_400_000}
    fast |= {**FIGURES, "accuracy": 0.88, "agreement": 0.998, "difference": DIFFERENCE, "texts_per_second": 800.0}
    fast["kept"] = {"groups": 2, "of": 24}
    variants = [exact, fast]
    serving = _choose(variants, "auto", graphics_card=False, entities=entities)
    note = _doubt(variants, 872, entities)
    report["precision"] = {
        "wanted": "auto", "rows": 872, "serving": serving, "variants": variants,
        "rule": _rule(872, entities).to_dict(), "note": note
    }  # fmt: skip
    if entities:
        report["precision"]["score"] = "micro_f1"
    file.write_text(json.dumps(report), "utf-8")
