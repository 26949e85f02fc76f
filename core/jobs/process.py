"""Whether the process that executes a job is still the one it was."""

from core.base.processes import identity, is_alive

__all__ = ["identity", "is_alive"]
