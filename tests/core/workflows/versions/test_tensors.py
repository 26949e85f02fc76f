from __future__ import annotations

from pathlib import Path

import torch

from core.workflows.versions.tensors import LARGE, load_tensors, save_tensors

MANY = LARGE // 4


def test_large_tensors_have_a_file_each_that_is_the_same_when_they_are(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    frozen = torch.arange(MANY, dtype=torch.float32)
    for folder, bias in ((first, 1.0), (second, 2.0)):
        folder.mkdir()
        save_tensors(folder, "model", {"encoder/weight": frozen.reshape(2, -1).T, "head.bias": torch.tensor([bias])})
    name = "model/encoder%2Fweight.safetensors"
    assert (first / name).read_bytes() == (second / name).read_bytes()
    loaded = load_tensors(second, "model")
    assert torch.equal(loaded["encoder/weight"], frozen.reshape(2, -1).T)
    assert loaded["head.bias"].item() == 2.0


def test_saving_again_leaves_nothing_of_what_was_there(tmp_path: Path) -> None:
    save_tensors(tmp_path, "state", {"gone": torch.ones(MANY), "stays": torch.ones(2)})
    save_tensors(tmp_path, "state", {"stays": torch.zeros(2)})
    assert list(load_tensors(tmp_path, "state")) == ["stays"]
    assert not (tmp_path / "state").exists()
