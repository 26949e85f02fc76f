"""``make audit``: looks up every package of requirements.lock in the list of known vulnerabilities, with pip-audit.

Ends with 0 when nothing is known against any of them, 1 when something is, and 2 when that could not be found out, as
without a network: then nothing is said to be safe.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

LOCK = Path(__file__).resolve().parents[1] / "requirements.lock"


def main() -> int:
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(LOCK), "--require-hashes", "--disable-pip"]
    ended = subprocess.run([*command, "--format", "json", "--progress-spinner", "off"], capture_output=True, text=True)
    try:
        dependencies = json.loads(ended.stdout)["dependencies"]
    except (ValueError, KeyError):
        dependencies = []
    lines, status = verdict(dependencies, ended.stderr.strip())
    sys.stdout.write("\n".join(lines) + "\n")
    return status


def verdict(dependencies: list[dict[str, Any]], trouble: str) -> tuple[list[str], int]:
    """What to print, and the status to end with.

    Parameters
    ----------
    dependencies
        As pip-audit lists them: ``name`` and either ``skip_reason`` or ``version`` and ``vulns``.
    trouble
        What pip-audit wrote beside its list.
    """
    lines = [
        f"{package['name']} {package['version']}: {flaw['id']}, mended in {', '.join(flaw['fix_versions']) or 'no version'}"
        for package in dependencies
        for flaw in package.get("vulns", [])
    ]
    skipped = [package for package in dependencies if "skip_reason" in package]
    known = len(dependencies) - len(skipped)
    if lines:
        return [*lines, f"{known} packages looked up, {len(lines)} known vulnerabilities."], 1
    if skipped or not dependencies:
        reason = skipped[0]["skip_reason"] if skipped else trouble[-500:] or "pip-audit gave no answer"
        what = f"{len(skipped)} of {len(dependencies)} packages" if dependencies else "The packages"
        return [f"{what} could not be looked up, so nothing is known about them. {reason}"], 2
    return [f"{known} packages looked up, no known vulnerability."], 0


if __name__ == "__main__":
    raise SystemExit(main())
