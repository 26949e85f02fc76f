"""``make chaos``: kills at random moments and random points, with the invariants of the tests after each; prints its seed.

Run it again with ``--seed`` to have the same kills.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.chaos.forked import Forker  # noqa: E402
from tests.chaos.operations import OPERATIONS  # noqa: E402
from tests.chaos.test_kills import assert_ended, look  # noqa: E402

LEARNING = ("train", "update", "closed form", "forget")
LONGEST = {
    "train": 60,
    "update": 70,
    "closed form": 50,
    "rewrite": 8,
    "forget": 190,
    "tidy": 8,
}  # points that an operation comes by, about


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--minutes", type=float, default=15.0, help="no further kill after that")
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    say(f"seed {asked.seed}, {asked.kills} kills")
    failures = killed = 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        forker = Forker(Path(folder))
        usual: dict[str, float] = {}
        done = 0
        while done < asked.kills and time.monotonic() - began < 60 * asked.minutes:
            done += 1
            weights = [4 if name in LEARNING else 1 for name in OPERATIONS]
            (operation,) = chance.choices(list(OPERATIONS), weights=weights)
            if operation not in usual:
                home = forker.workspace(OPERATIONS[operation].base, "timed")
                usual[operation] = forker.ask(home, "run", operation)["seconds"]
            home = forker.workspace(OPERATIONS[operation].base, "killed")
            if chance.random() < 0.5:
                how = {"after": round(chance.uniform(0.0, 1.1 * usual[operation]), 3)}
            else:
                how = {"fault": f"*:{chance.randint(1, LONGEST.get(operation, 12))}"}
            told = forker.ask(home, "run", operation, **how)
            killed += told["killed"]
            try:
                outcome = look(forker, home, operation)
                assert outcome["killed"]["wrong"] == [], outcome
                assert_ended(outcome, operation)
                assert outcome.get("marked", []) == []
            except AssertionError as error:
                failures += 1
                say(f"kill {done}: {operation} {how}: {str(error)[:2000]}")
        forker.close()
    minutes = (time.monotonic() - began) / 60
    say(f"seed {asked.seed}: {done} runs, {killed} killed, {failures} failures, {minutes:.1f} minutes")
    return 1 if failures else 0


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
