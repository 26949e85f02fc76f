"""The tests' side of `forker.py`: orders go in, answers come out."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.chaos.operations import OPERATIONS

FORKER = Path(__file__).with_name("forker.py")
LOCKS_AND_MLFLOW = {"MLFLOW_DISABLE_TELEMETRY": "true", "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}


class Forker:
    """One forking process with a folder of its own, for workspaces and for temporary files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.temporary = folder / "temporary"
        self.temporary.mkdir(parents=True)
        self._warm = set[str]()
        self.kept: dict[str, Any] = {}  # what tests that share it need to find out once
        environment = {**os.environ, **LOCKS_AND_MLFLOW, "TMPDIR": str(self.temporary)}
        environment.pop("EVERGREEN_FAULT", None)
        command = [sys.executable, str(FORKER), str(folder / "answer.json")]
        self._log = (folder / "forker.log").open("w", encoding="utf-8")
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True, env=environment
        )
        self._read()

    def ask(self, home: Path, do: str, what: str, **further: Any) -> dict[str, Any]:
        """Have something done in a process of its own; see `forker.py`."""
        if do == "run" and what not in self._warm:
            self._warm.add(what)
            told = self._order(self.workspace(OPERATIONS[what].base, "whole"), "whole", what)
            assert "trace" not in told, told["trace"]
        return self._order(home, do, what, **further)

    def _order(self, home: Path, do: str, what: str, **further: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"home": str(home), "do": do, "what": what, **further}) + "\n")
        self._process.stdin.flush()
        return self._read()

    def workspace(self, base: str, name: str) -> Path:
        """A fresh copy of a base workspace, which is made the first time."""
        kept = self.folder / "bases" / base
        if not kept.exists():
            part = self.folder / "bases" / f"{base}.part"
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            told = self._order(part, "base", base)
            assert "trace" not in told, told["trace"]
            part.rename(kept)
        home = self.folder / name
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(kept, home)
        return home

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._log.close()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, (self.folder / "forker.log").read_text(encoding="utf-8")[-4000:]
        told: dict[str, Any] = json.loads(line)
        return told
