from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import torch
from torch import nn

from core.training.eager import AdamW

ROOT = Path(__file__).resolve().parents[3]


def moved(kind: type[torch.optim.Optimizer], *, stored: bool) -> tuple[torch.Tensor, list[str]]:
    torch.manual_seed(0)
    layer = nn.Linear(3, 2)
    optimizer = kind([{"params": list(layer.parameters()), "lr": 0.1}], weight_decay=0.01, fused=True)  # type: ignore[call-arg]
    for step in range(6):
        optimizer.zero_grad()
        layer(torch.full((1, 3), float(step))).square().sum().backward()
        optimizer.step()
        if stored and step == 3:
            optimizer.load_state_dict(optimizer.state_dict())
    return torch.cat([layer.weight.flatten(), layer.bias]), sorted(optimizer.state_dict()["param_groups"][0])


def test_weights_and_stored_state_are_those_of_pytorch_to_the_bit() -> None:
    (ours, kept), (theirs, known) = moved(AdamW, stored=True), moved(torch.optim.AdamW, stored=False)
    assert torch.equal(ours, theirs)
    assert kept == known


def test_learning_does_not_load_the_compiler_of_pytorch() -> None:
    code = """
import sys, torch
from torch import nn
from core.base.settings import OptimiserConfig
from core.training.optimiser import Optimizer
dense, rows = nn.Linear(2, 2), nn.Embedding(3, 2, sparse=True)
optimizer = Optimizer([(None, list(dense.parameters()))], OptimiserConfig(), 10, [rows.weight])
optimizer.zero_grad()
dense(rows(torch.tensor([1, 2]))).sum().backward()
optimizer.step()
optimizer.restore(optimizer.state())
sys.exit("torch._dynamo" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
