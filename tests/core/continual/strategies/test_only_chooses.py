"""What is declared of strategies without PyTorch is what their classes do."""

from __future__ import annotations

import pytest

from core.continual.methods import STRATEGIES
from core.continual.strategies import Strategy


@pytest.mark.parametrize("name", [name for name, method in STRATEGIES.items() if not method.freezes_encoder])
def test_a_strategy_only_chooses_where_neither_loss_nor_gradients_are_its_own(name: str) -> None:
    own = STRATEGIES[name].strategy()
    chooses = own.loss is Strategy.loss and own.adjust_gradients is Strategy.adjust_gradients
    assert STRATEGIES[name].only_chooses is chooses
