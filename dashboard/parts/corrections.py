"""Corrections on their way into an update: what the Update page is asked to begin with, and how many are still lacking."""

from __future__ import annotations

from core.data.labelling.corrections import ENOUGH
from dashboard.shell.i18n import t, tn

NEXT_BATCH = "update.batch"  # in the session: what the Update page begins with
JOIN = "join"  # asked for in place of a source: any batch, with the corrections


def still_needed(missing: dict[str, int], *, sentence: str = "update.corrections_too_few") -> str:
    """How many more corrections of which label let them be learned alone, and what else can be done with them."""
    labels = [tn("update.more_of_label", count, label=label) for label, count in missing.items()]
    return t(sentence, enough=ENOUGH, labels=t("update.or").join(labels))
