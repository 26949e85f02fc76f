from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from core.base.threads import QUIET, WORTH_A_THREAD, learning_threads, wait_quietly

ROOT = Path(__file__).resolve().parents[3]


def test_what_is_small_learns_with_one_thread_and_gives_the_others_back() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with learning_threads(WORTH_A_THREAD - 1):
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 3
        with learning_threads(WORTH_A_THREAD):
            assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_who_has_chosen_how_threads_wait_is_asked_first() -> None:
    environment = {"OMP_WAIT_POLICY": "ACTIVE"}
    wait_quietly(environment)
    assert environment == {**QUIET, "OMP_WAIT_POLICY": "ACTIVE"}


@pytest.mark.parametrize("code", ["import runpy; runpy.run_module('core', run_name='x')", "import core.jobs.queue"])
def test_nothing_that_computes_is_loaded_before_the_threads_are_told(code: str) -> None:
    code = f"import sys\nclass Watch:\n def find_spec(self, name, path=None, target=None):\n  \
import os\n  assert name not in ('torch', 'numpy', 'sklearn') or 'OMP_WAIT_POLICY' in os.environ, name\n\
sys.meta_path.insert(0, Watch())\n{code}"
    environment = {name: value for name, value in os.environ.items() if name not in QUIET}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, env=environment)


def test_processes_that_execute_jobs_wait_quietly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.jobs.queue import launch

    for name in QUIET:
        monkeypatch.delenv(name, raising=False)
    code = "import os; print(os.environ['OMP_WAIT_POLICY'])"
    process = launch([sys.executable, "-c", code], tmp_path, stdin=subprocess.DEVNULL, output=subprocess.PIPE)
    written, _ = process.communicate()
    assert written == b"PASSIVE\n"
    assert "OMP_WAIT_POLICY" not in os.environ
