"""What a command prints: one JSON object, or words."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from core.base.messages import Message


def show(asked: argparse.Namespace, content: Any, text: str) -> None:
    """Print what was asked for: the object with ``--json``, else the words."""
    sys.stdout.write(json.dumps(content, ensure_ascii=False) + "\n" if asked.json else f"{text}\n")
    sys.stdout.flush()


def tell(asked: argparse.Namespace, content: dict[str, Any], sentence: str) -> None:
    """Say on standard error what was done, and print it as an object where that is asked for."""
    if asked.json:
        show(asked, content, "")
    sys.stderr.write(f"{sentence}\n")


def plain(content: Any) -> Any:
    """The same with sentences in place of stored messages, at any depth."""
    if isinstance(content, dict):
        if content.keys() == {"key", "text", "facts"}:
            return str(Message.from_dict(content))
        return {name: plain(value) for name, value in content.items()}
    return [plain(value) for value in content] if isinstance(content, list | tuple) else content
