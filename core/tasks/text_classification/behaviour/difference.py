"""What was changed in a text, in a few words."""

from __future__ import annotations

from difflib import SequenceMatcher

LONGEST = 40  # characters of one side


def difference(before: str, after: str) -> str:
    """The words that were replaced, such as ``either → eihter``; ``+ really`` for added ones, ``− .`` for removed ones.

    Words are told apart by spaces; in texts without spaces every character is one.
    """
    spaced = " " in before.strip() or " " in after.strip()
    old, new = (text.split(" ") if spaced else list(text) for text in (before, after))
    glue = " " if spaced else ""
    changes = []
    for kind, start, end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        removed, added = _short(glue.join(old[start:end])), _short(glue.join(new[new_start:new_end]))
        match kind:
            case "replace":
                changes.append(f"{removed} → {added}")
            case "delete":
                changes.append(f"− {removed}")
            case "insert":
                changes.append(f"+ {added}")
    return ", ".join(changes)


def _short(words: str) -> str:
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"
