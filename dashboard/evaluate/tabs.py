"""The row of tabs under the cards; what a task does not have is not among them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from dashboard.evaluate import behaviour, confusion, entities, personal, plain, several, slices, summary
from dashboard.evaluate.compare import tab as compare
from dashboard.evaluate.errors import cards, farthest, marks
from dashboard.evaluate.fairness import tab as fairness
from dashboard.evaluate.page import Shown
from dashboard.evaluate.privacy import tab as privacy
from dashboard.shell import tabs

Part = Callable[[Shown], None]


def draw(shown: Shown) -> None:
    """Only the open tab is computed."""
    tabs.row("evaluate", {name: partial(part, shown) for name, part in parts(shown).items()})


def parts(shown: Shown) -> dict[str, Part]:
    """Tab → what draws it: of one label a text, of several, of entities, of none."""
    if shown.labelled:
        return {
            "summary": summary.draw,
            "confusions": confusion.draw,
            "errors": cards.draw,
            "slices": slices.draw,
            **({"personal": personal.draw} if shown.report.get("personal") else {}),
            "trust": _trust,
            "behaviour": behaviour.draw,
            "fairness": fairness.draw,
            "compare": compare.draw,
            "privacy": privacy.draw,
        }
    if shown.task.reads_sets:
        found: dict[str, Part] = {"summary": summary.draw, "confusions": several.pairs, "errors": cards.draw}
    elif shown.task.reads == "spans":
        found = {"summary": summary.draw, "confusions": entities.confused, "errors": marks.draw}
    else:
        found = {"summary": summary.draw, "farthest": farthest.draw}
    found["fairness"] = fairness.draw
    return found | ({"compare": plain.matrix} if len(shown.report["tests"]) > 1 else {})


def _trust(shown: Shown) -> None:
    from dashboard.evaluate.trust import tab  # loads what calibrates, for which no other tab should wait

    tab.draw(shown)
