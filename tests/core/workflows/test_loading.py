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
        "import core.cli.commands.evolve, core.evolve.keeper",
        "import core.cli.commands.predict, core.cli.commands.in_use, core.cli.commands.doctor",
        "import core.networks.architectures, core.networks.architectures.causal",
        "import core.continual.methods, core.continual.families",
        "from core.tasks import TASKS; [task.networks() for task in TASKS.values()]",
        "from core.workflows.requests import *; resolve_settings('encoder', {}); resolve_update('ngrams', {}, 'ridge', {})",
        "from core.workflows.versions.folder import VersionFolder; import core.workflows.versions.decide",
    ],
)
def test_who_only_looks_does_not_wait_for_what_learns(code: str) -> None:
    code = f"import sys; {code}; print(sorted({{'torch', 'sklearn', 'mlflow', 'streamlit'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"
