from __future__ import annotations

import inspect
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from core.base.config import Config
from core.jobs.kinds import KINDS

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_names_a_request_and_a_workflow(name: str) -> None:
    kind = KINDS[name]
    request, workflow = (
        getattr(import_module(module), attribute)
        for module, attribute in (named.split(":") for named in (kind.request, kind.workflow))
    )
    assert issubclass(request, Config)
    assert list(inspect.signature(workflow).parameters)[:2] == ["request", "workspace"]
    assert {"should_stop", "resume"} <= set(inspect.signature(workflow).parameters)


def test_looking_at_the_kinds_loads_no_torch() -> None:
    code = "import json, sys, core.jobs.kinds; print(json.dumps('torch' in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert json.loads(done.stdout) is False
