from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from core.cli.main import main
from core.data.dataset.columns import ColumnRoles
from core.data.dataset.rows import build_dataset
from core.workflows.requests import TrainRequest
from core.workflows.train.run import train_classifier
from core.workflows.workspace import open_workspace


def test_a_threshold_is_set_shown_used_by_predict_and_cleared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EVERGREEN_HOME", str(tmp_path / "home"))
    workspace = open_workspace(tmp_path / "home")
    rows = [(f"{word} {row}", label) for row in range(30) for word, label in (("great", "good"), ("awful", "bad"))]
    roles = ColumnRoles("text", "label")
    dataset, _ = build_dataset(pd.DataFrame(rows, columns=["text", "label"]), roles)
    stored = workspace.datasets.save(dataset, name="toy", roles=roles)
    settings = {"epochs": 1, "embedding_size": 8, "buckets": 1024}
    list(
        train_classifier(TrainRequest(classifier="T", dataset=stored.id, model="ngrams", settings=settings), workspace)
    )
    table, out = tmp_path / "table.csv", tmp_path / "out.csv"
    table.write_text('text\ngreat 3\nawful 4\n""\n', encoding="utf-8")
    predict = ["predict", "--data", str(table), "--text", "text", "--classifier", "T", "--out", str(out)]

    assert main(["threshold", "--classifier", "T"]) == 0
    assert "answers every text" in capsys.readouterr().out
    assert main(predict) == 0
    plain = pd.read_csv(out)
    assert "decision" not in plain

    assert main(["threshold", "--classifier", "T", "--set", "1", "--json"]) == 0
    assert {name: json.loads(capsys.readouterr().out)[name] for name in ("value",)} == {"value": 1.0}
    assert main(predict) == 0
    decided = pd.read_csv(out)
    assert set(decided["decision"]) == {"person"}
    pd.testing.assert_frame_equal(decided.drop(columns="decision"), plain)

    assert main(["threshold", "--classifier", "T", "--set", "1.5"]) != 0
    assert main(["threshold", "--classifier", "T", "--clear"]) == 0
    assert main(predict) == 0
    assert "decision" not in pd.read_csv(out)
