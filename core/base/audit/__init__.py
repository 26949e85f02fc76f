"""The audit log: `entries` are what is written down, `log` is where."""

from core.base.audit.entries import (
    COMMAND,
    PAGE,
    POLICY,
    PROGRAM,
    RUN,
    Done,
    Entry,
    Verified,
    act_as,
    acting,
    as_csv,
    as_lines,
)
from core.base.audit.log import FILE, HEAD, AuditLog

__all__ = [
    "COMMAND",
    "FILE",
    "HEAD",
    "PAGE",
    "POLICY",
    "PROGRAM",
    "RUN",
    "AuditLog",
    "Done",
    "Entry",
    "Verified",
    "act_as",
    "acting",
    "as_csv",
    "as_lines",
]
