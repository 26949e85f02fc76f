"""Further columns on the Train page: listed, and switched off for any model."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import build_dataset
from core.jobs import JobQueue
from core.workflows.workspace import open_workspace


@pytest.fixture(autouse=True)
def _waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(JobQueue, "_start_next", lambda *_: None)


@pytest.mark.parametrize(("language", "number"), [("en", "price (a number)"), ("zh", "price (数字)")])
def test_columns_are_listed_and_can_be_switched_off(
    open_page: Callable[..., AppTest], evergreen_home: Path, new_store: Path, language: str, number: str
) -> None:
    shutil.copy(new_store, evergreen_home / "mlflow.db")
    workspace = open_workspace(evergreen_home)
    table = pd.DataFrame(
        [(f"{word} thing {row}", word, str(row % 9)) for row in range(40) for word in ("good", "bad")],
        columns=["text", "label", "price"],
    )
    roles = ColumnRoles("text", "label", inputs=(("price", "number"),))
    workspace.datasets.save(build_dataset(table, roles)[0], name="Shop", roles=roles)
    page = open_page("train", language=language)
    assert not page.exception
    assert any(number in caption.value.replace("\\", "") for caption in page.caption)
    page.toggle(key="train.inputs").set_value(False).run()
    page.button(key="train.start").click().run()
    assert not page.exception
    (job,) = JobQueue(evergreen_home).list()
    assert job.config["settings"]["use_inputs"] is False
