"""Loading large packages without what slows it down."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unhindered_imports() -> Iterator[None]:
    """Keep the search for circular garbage out of an import, and what was imported out of every later search.

    Modules make hundreds of thousands of objects that all stay; looking them over again and again takes a quarter of the
    time that PyTorch and MLflow need to load.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
