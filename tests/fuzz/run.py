"""Feeds files that were changed at random to everything that reads files, for as long as one likes: ``make fuzz``.

An example costs some 3 milliseconds of processor time, so that a million take about 50 minutes of one core that is free.

Each example has ten seconds on the clock and 1 GB of memory beyond what the process holds, and may end in a `CoreError` only.
Where the seconds run out it gets a minute, and does no harm if it takes at most ten seconds of the processor: the machine was at
other work. It is made from its number alone, so that a run can be repeated; files that do harm are kept beside the seeds, one of
each kind, and every later run of the tests reads them again.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from random import Random

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # every byte of which the limit counts
os.environ["RUST_BACKTRACE"] = "0"
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pyarrow  # noqa: E402

from core.data.reading.isolation.limits import held_to  # noqa: E402
from core.data.reading.source import is_small_text  # noqa: E402
from tests.fuzz.mutation import mutated  # noqa: E402
from tests.fuzz.targets import TARGETS  # noqa: E402

SEEDS = HERE / "seeds"
pyarrow.set_cpu_count(1)
MEMORY, SECONDS, AGAIN_SECONDS = 1024**3, 10.0, 60.0
MEMORY_DISK = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # files that are written a thousand times a second
TOLD = 10_000  # examples from one line to the next
BATCH = 5000  # examples of one process; its start costs as much as forty of them
DONE, HARMED = 0, 1
OUT_OF_TIME = "SIGALRM"
OUT_OF_MEMORY = ("MemoryError", "ArrowMemoryError", "SIGABRT")


def seeds_of(target: str) -> list[Path]:
    """The files that a target's examples are made from."""
    return sorted(path for path in (SEEDS / target).iterdir() if path.is_file())


class Examples:
    """All examples of a run, each made from its number."""

    def __init__(self, seed: int, targets: list[str]) -> None:
        self._seed = seed
        self._seeds = {target: [(path.name, path.read_bytes()) for path in seeds_of(target)] for target in targets}

    def make(self, number: int) -> tuple[str, str, bytes]:
        """Target, name of the file, and content."""
        random = Random(f"{self._seed}:{number}")
        target = random.choice(list(self._seeds))
        seeds = self._seeds[target]
        name, content = random.choice(seeds)
        return target, name, mutated(random, content, [other for _, other in seeds])


def check(target: str, name: str, content: bytes, folder: Path, seconds: float = SECONDS) -> None:
    """Read one file within the limits; what does harm raises, or ends the process."""
    with held_to(MEMORY, seconds), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        TARGETS[target](folder / name, content)


def run(examples: int, seed: int, targets: list[str], seconds: float) -> int:
    """Try so many examples, or as many as there is time for; returns how many did harm."""
    made, began, number = Examples(seed, targets), time.monotonic(), 0
    harmful: Counter[str] = Counter()
    limited = 0  # files for which the application has a process of its own, and which took more memory than that gets

    stalled = 0  # that took too long on the clock, and not of the processor: the machine had much else to do

    def told() -> str:
        took = time.monotonic() - began
        return f"{number:,} executions in {took:,.0f} s ({number / took:,.0f} a second); harmful: {harmful.total()}"

    with tempfile.TemporaryDirectory(prefix="evergreen-fuzz-", dir=MEMORY_DISK) as folder:
        while number < examples and time.monotonic() - began < seconds:
            before = number
            number, harm, _ = _batch(made, number, min(examples, number + BATCH), Path(folder))
            if harm == OUT_OF_TIME and not (harm := _harm_of_a_slow_example(made, number - 1, Path(folder))):
                stalled += 1
            elif harm.startswith(OUT_OF_MEMORY) and not is_small_text(_last(made, number - 1, Path(folder))):
                limited += 1
            elif harm:
                harmful[harm] += 1
                if harmful[harm] == 1:
                    _keep(*made.make(number - 1), harm)
            if number // TOLD > before // TOLD:
                _say(told())
    _say(told())
    _say(f"  {limited:,} ended by the limit of memory, which the application answers with a sentence")
    _say(f"  {stalled:,} took more than {SECONDS:.0f} seconds on the clock, and less of the processor")
    for harm, count in harmful.items():
        _say(f"  {count:,} × {harm}")
    return harmful.total()


def _last(made: Examples, number: int, folder: Path) -> Path:
    """The file of an example, once more."""
    _, name, content = made.make(number)
    path = folder / name
    path.write_bytes(content)
    return path


def _harm_of_a_slow_example(made: Examples, number: int, folder: Path) -> str:
    """What an example does that gets more time on the clock, and no more of the processor."""
    _, harm, spent = _batch(made, number, number + 1, folder, AGAIN_SECONDS)
    _say(f"example {number} took over {SECONDS:.0f} s on the clock; tried again, {spent:.1f} s of the processor")
    return harm or (OUT_OF_TIME if spent > SECONDS else "")


def _batch(made: Examples, first: int, end: int, folder: Path, seconds: float = SECONDS) -> tuple[int, str, float]:
    """Try examples in a process of their own.

    Returns
    -------
    number
        The one that follows the last that was tried.
    harm
        What the last did; empty where it did none.
    spent
        Seconds of the processor that the last took.
    """
    tempfile.tempdir = str(folder)
    progress, report = folder / "number", folder / "report"
    report.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        os._exit(_try(made, range(first, end), folder, progress, report, seconds))
    _, status, used = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    number, before = progress.read_text().split()
    spent = used.ru_utime + used.ru_stime - float(before)
    if code == DONE:
        return end, "", spent
    harm = (
        report.read_text(encoding="utf-8") if report.exists() else signal.Signals(-code).name if code < 0 else str(code)
    )
    return int(number) + 1, harm, spent


def _try(made: Examples, numbers: range, folder: Path, progress: Path, report: Path, seconds: float) -> int:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libraries say there what is told as an error, too
    for number in numbers:
        progress.write_text(f"{number} {time.process_time()}")
        try:
            check(*made.make(number), folder, seconds)
        except BaseException as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            report.write_text(
                f"{type(error).__name__} in {Path(last.filename).name}, line {last.lineno}", encoding="utf-8"
            )
            return HARMED
    return DONE


def _keep(target: str, name: str, content: bytes, harm: str) -> None:
    """Put a file that did harm beside the seeds."""
    digest = hashlib.sha256(content).hexdigest()[:12]
    path = SEEDS / target / f"found-{digest}{Path(name).suffix}"
    path.write_bytes(content)
    _say(f"{harm}: kept as {path.relative_to(HERE.parent.parent)}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    """Read the command line; 1 when an example did harm."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after so long")
    parser.add_argument("--seed", type=int, default=0, help="another one makes other examples")
    parser.add_argument("--target", choices=list(TARGETS), action="append", help="only this one")
    asked = parser.parse_args()
    return int(run(asked.examples, asked.seed, asked.target or list(TARGETS), asked.seconds) > 0)


if __name__ == "__main__":
    sys.exit(main())
