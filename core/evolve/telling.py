"""What a policy tells people: an alarm, rows or a candidate that wait for them, a version that was taken back, and trouble."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from core.base.messages import Message, message
from core.evolve.channels import post, secret, send
from core.evolve.ledger import FOLDER, Ledger
from core.registry import VersionInfo
from core.workflows.monitor.look import monitored
from core.workflows.versions.folder import VersionFolder

HOURS_BETWEEN_LOOKS = 1.0
MOST_KEPT = 100  # messages that wait for an address that does not answer


def look(ledger: Ledger, champion: VersionInfo, folder: VersionFolder, home: Path, now: datetime) -> None:
    """Look at a model in use once an hour; an alarm, and a score below the line, is told once for each version."""
    if ledger.looked_at and now - datetime.fromisoformat(ledger.looked_at) < timedelta(hours=HOURS_BETWEEN_LOOKS):
        return
    ledger.looked_at = now.isoformat(timespec="seconds")
    seen, name = monitored(champion, home, folder), folder.task.score.name
    known = seen.whole.scores.get(name) if seen.whole is not None else None
    ledger.foreseen = None if known is None else known.value
    if ledger.foreseen is None or ledger.foreseen >= ledger.policy.least_score:
        ledger.lowered = None
    elif ledger.lowered != champion.number:
        ledger.lowered = champion.number
        low = message(
            "evolve.score_low",
            "The score in use is estimated at {score:.3f}, below the line of {line:.2f}.",
            score=ledger.foreseen,
            line=ledger.policy.least_score,
        )
        tell(ledger, "score_low", low)
    alarm = seen.alarm
    if alarm is None:
        ledger.alarmed = None
    elif ledger.alarmed != champion.number:
        ledger.alarmed = champion.number
        tell(ledger, "alarm", alarm)


def tell(ledger: Ledger, kind: str, told: Message) -> None:
    """Keep a message for whoever is to be told; nothing where nobody is."""
    policy = ledger.policy
    for channel, address in (("webhook", policy.webhook), ("mail", policy.mail)):
        if address:
            entry: dict[str, Any] = {"channel": channel, "to": address, "kind": kind, "message": told.to_dict()}
            ledger.outgoing = [*ledger.outgoing, entry][-MOST_KEPT:]


def deliver(ledger: Ledger, home: Path) -> None:
    """Send what waits; what does not arrive stays, and the rest for the same address with it."""
    left: list[dict[str, Any]] = []
    for entry in ledger.outgoing:
        silent = any(other["to"] == entry["to"] for other in left)
        problem = "waits" if silent else _sent(ledger.model, entry, home)
        if problem:
            left.append(entry)
            if not silent:
                ledger.trouble = message(
                    "evolve.not_told", "'{to}' could not be told: {problem}.", to=entry["to"], problem=problem
                ).to_dict()
    ledger.outgoing = left


def _sent(model: str, entry: dict[str, Any], home: Path) -> str:
    text = str(Message.from_dict(entry["message"]))
    if entry["channel"] == "mail":
        return send(entry["to"], f"Evergreen: {model}", f"{model}\n\n{text}\n")
    content = {"model": model, "kind": entry["kind"], "text": text, "message": entry["message"]}
    return post(entry["to"], content, secret(home / FOLDER))
