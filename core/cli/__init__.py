"""The command line: the same core as the dashboard, with a stable contract for programs.

``--json`` prints exactly one object on standard output; everything else goes to standard error. Exit code 2 and one
clear line on bad input.
"""

from core.cli.main import main

__all__ = ["main"]
