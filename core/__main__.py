"""``python -m core``: the whole job without a browser."""

import sys

from core.base.threads import wait_quietly

wait_quietly()  # before anything is imported that computes

from core.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
