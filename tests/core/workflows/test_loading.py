from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    "code",
    [
        "import core.workflows.workspace",
        "import core.data.loading.load, core.data.dataset.store, core.data.reading.tables",
        "import core.cli.commands.predict, core.cli.commands.threshold, core.cli.commands.doctor",
    ],
)
def test_who_only_opens_a_workspace_does_not_wait_for_what_learns(code: str) -> None:
    code = f"import sys; {code}; print(sorted({{'torch', 'sklearn', 'mlflow', 'streamlit'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"
