"""The rule that a candidate has not spent more than was promised to those whose rows it learned from."""

from __future__ import annotations

from core.base.messages import message
from core.continual.gate.rules import Rule

ROUNDING = 1e-6  # of ε


def judge_privacy(spent: float, budget: float) -> Rule:
    """What a candidate has spent of ε against its budget; such a rule cannot be switched off.

    Parameters
    ----------
    spent
        The ε of whoever has paid most, over all experiences that the candidate was made of.
    """
    passed = spent <= budget + ROUNDING
    facts = {"spent": f"{spent:.2f}", "budget": f"{budget:.2f}"}
    if passed:
        text = message("gate.privacy_kept", "Privacy: {spent} of a budget of {budget} are spent.", **facts)
    else:
        text = message(
            "gate.privacy_exceeded", "Privacy: {spent} are spent, more than the budget of {budget}.", **facts
        )
    return Rule(text, passed, spent, budget, kind="privacy")
