from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import core.workflows

ROOT = Path(__file__).resolve().parents[3]


def test_every_name_that_is_offered_is_there() -> None:
    assert all(hasattr(core.workflows, name) for name in core.workflows.__all__)
    assert not hasattr(core.workflows, "something_else")


@pytest.mark.parametrize(
    "code",
    [
        "from core.workflows import open_workspace",
        "import core.cli.predict, core.cli.threshold, core.cli.doctor",
    ],
)
def test_who_only_opens_a_workspace_does_not_wait_for_what_learns(code: str) -> None:
    code = f"import sys; {code}; print(sorted({{'torch', 'sklearn', 'mlflow'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"
