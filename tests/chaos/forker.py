"""A process that has imported everything, and for each line on its input forks one that does what the line says.

So a killed process costs a fraction of a second and not the imports. A line is a JSON object: ``home``, ``do``, ``what``, and
for a run ``fault`` or ``after`` (seconds until it is killed). The answer is a line, too. ``run`` and ``look`` are forked;
``base`` makes a workspace, and ``whole`` does an operation that nobody kills, in this process itself, so that the forked ones
begin with statements compiled and models loaded.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import mlflow.store.model_registry.sqlalchemy_store  # noqa: E402
import mlflow.store.tracking.sqlalchemy_store  # noqa: E402
import mlflow.tracking  # noqa: E402, F401
import torch.fx.experimental.symbolic_shapes  # noqa: E402, F401

import core.workflows.forget.run  # noqa: E402, F401
from core.base import faults  # noqa: E402
from tests.chaos.operations import OPERATIONS, go_on_and_look, make_base  # noqa: E402


def execute(order: dict[str, Any], answer: Path) -> None:
    """Do what an order says; but for ``base`` and ``whole`` in a forked process."""
    home = Path(order["home"])
    os.environ["EVERGREEN_HOME"] = str(home)
    if order["do"] == "base":
        make_base(home, order["what"])
    elif order["do"] == "run":
        faults.arm(order.get("fault"))
        OPERATIONS[order["what"]].run(home)
    elif order["do"] == "whole":
        OPERATIONS[order["what"]].run(home)
        go_on_and_look(home, order["what"])
    else:
        answer.write_text(json.dumps(go_on_and_look(home, order["what"])), encoding="utf-8")


def serve(order: dict[str, Any], answer: Path) -> dict[str, Any]:
    """Fork, wait, and say how it ended."""
    answer.unlink(missing_ok=True)
    began = time.monotonic()
    child = os.fork()
    if not child:
        status = 1
        try:
            execute(order, answer)
            status = 0
        except BaseException:
            Path(f"{answer}.trace").write_text(traceback.format_exc(), encoding="utf-8")
        finally:
            os._exit(status)
    if "after" in order:
        time.sleep(order["after"])
        if os.waitpid(child, os.WNOHANG) == (0, 0):
            os.kill(child, signal.SIGKILL)
            status = os.waitpid(child, 0)[1]
        else:
            status = 0
    else:
        status = os.waitpid(child, 0)[1]
    told: dict[str, Any] = {"killed": os.WIFSIGNALED(status), "seconds": time.monotonic() - began}
    if status and not told["killed"]:
        told["trace"] = Path(f"{answer}.trace").read_text(encoding="utf-8")
    if answer.exists():
        told["found"] = json.loads(answer.read_text(encoding="utf-8"))
    return told


def prepare(order: dict[str, Any], answer: Path) -> dict[str, Any]:
    """Do it in this process: what it loads, compiles and caches on the way, the forked ones have from the beginning."""
    answer.unlink(missing_ok=True)
    try:
        execute(order, answer)
    except Exception:
        return {"trace": traceback.format_exc()}
    return {}


def main() -> None:
    answer = Path(sys.argv[1])
    say({})
    for line in sys.stdin:
        order = json.loads(line)
        say(prepare(order, answer) if order["do"] in ("base", "whole") else serve(order, answer))


def say(told: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
