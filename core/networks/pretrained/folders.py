"""Any folder in Hugging Face's layout: whether it can be used, what it says of itself, and a copy of what is needed."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import Any

from core.base.errors import ModelError
from core.base.files import read_json
from core.networks.pretrained.info import EncoderInfo, Pooling
from core.networks.pretrained.weights import count_parameters, read_header, write_float32

CONFIG, WEIGHTS, TOKENIZER = NEEDED = ("config.json", "model.safetensors", "tokenizer.json")
POOLING, PROMPTS, CARD = "1_Pooling/config.json", "config_sentence_transformers.json", "README.md"

_PICKLED = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.h5", "*.msgpack")
_LICENCES = {"mit": "MIT", "apache-2.0": "Apache-2.0", "cc-by-4.0": "CC-BY-4.0", "bsd-3-clause": "BSD-3-Clause"}
_CODES = {"en": ("en",), "zh": ("zh",), "cn": ("zh",), "multilingual": ("en", "zh")}


def check_folder(folder: Path, reference: str) -> None:
    """Refuse what cannot be used, by name and with the cure.

    Parameters
    ----------
    reference
        What the user calls this folder: its path or its name on the Hub.

    Raises
    ------
    ModelError
        When a file is missing or broken, the weights could run code, or the model needs code of its own.
    """
    if not (folder / CONFIG).is_file():
        raise ModelError(
            "pretrained.config_missing",
            "'{place}' has no file config.json, so it is no encoder in Hugging Face's layout. Choose the folder that "
            "model.save_pretrained wrote.",
            place=reference,
        )
    config = _read_json(folder / CONFIG, reference)
    if config.get("auto_map"):
        raise ModelError(
            "pretrained.remote_code",
            "'{place}' needs program code of its own ({code}), which is never run here. Choose an encoder whose kind "
            "the transformers library knows, such as bert, roberta, xlm-roberta or modernbert.",
            place=reference,
            code=sorted(str(name) for name in config["auto_map"].values()),
        )
    if "model_type" not in config:
        raise ModelError(
            "pretrained.no_kind",
            "The config.json of '{place}' does not say what kind of model it is (model_type). Save the model again with "
            "model.save_pretrained.",
            place=reference,
        )
    _check_weights(folder, reference)
    if not (folder / TOKENIZER).is_file():
        raise ModelError(
            "pretrained.tokenizer_missing",
            "'{place}' has no file tokenizer.json, which holds a fast tokenizer. Write it beside the weights with: "
            "AutoTokenizer.from_pretrained(folder).save_pretrained(folder)",
            place=reference,
        )
    _read_json(folder / TOKENIZER, reference)


def _check_weights(folder: Path, reference: str) -> None:
    if not (folder / WEIGHTS).is_file():
        others = sorted(path.name for pattern in _PICKLED for path in folder.glob(pattern))
        others += sorted(path.name for path in folder.glob("model-*.safetensors"))
        if others:
            raise ModelError(
                "pretrained.weights_refused",
                "'{place}' has its weights in {found}, and only model.safetensors is read: one file that cannot run code. "
                "Write it with: AutoModel.from_pretrained(folder).save_pretrained(folder, max_shard_size='100GB')",
                place=reference,
                found=others,
            )
        raise ModelError(
            "pretrained.weights_missing",
            "'{place}' has no file model.safetensors, the only kind of weights that is read here. Choose another encoder, "
            "or write the file with: AutoModel.from_pretrained(...).save_pretrained(folder)",
            place=reference,
        )
    try:
        read_header(folder / WEIGHTS)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _broken(reference, WEIGHTS, error) from error


def read_facts(folder: Path, info: EncoderInfo) -> EncoderInfo:
    """Fill in what a checked folder says of itself: size, pooling, prefix, licence and languages; else what is known stays."""
    header = read_header(folder / WEIGHTS)
    parameters = count_parameters(header)
    card = _front_matter(folder / CARD)
    licence = card.get("license", [""])[0]
    codes = [code for name in card.get("language", []) for code in _CODES.get(name.lower().split("-")[0], ())]
    return replace(
        info,
        parameters=parameters,
        megabytes=round((4 * parameters + (folder / TOKENIZER).stat().st_size) / 1e6, 1),
        pooling=_pooling(folder, info),
        prefix=_prefix(folder, info.reference) or info.prefix,
        licence=_LICENCES.get(licence.lower(), licence) or info.licence,
        languages=tuple(sorted(set(codes))) or info.languages,
    )


def take_in(source: Path, target: Path, *, share: bool) -> None:
    """Copy the three files that are needed; weights become float32, the tokenizer cuts and pads nothing by itself.

    Parameters
    ----------
    share
        Whether the weights may be linked instead: only when nobody rewrites them in place.
    """
    for name in (CONFIG, TOKENIZER):
        shutil.copyfile(source / name, target / name)
    write_float32(source / WEIGHTS, target / WEIGHTS, share=share)


def finish(folder: Path, info: EncoderInfo) -> EncoderInfo:
    """Make a folder with the three files ready: a plain tokenizer, the fingerprint, and ``encoder.json``."""
    tokenizer = _read_json(folder / TOKENIZER, info.reference)
    if tokenizer.get("truncation") is not None or tokenizer.get("padding") is not None:
        _write_json(folder / TOKENIZER, tokenizer | {"truncation": None, "padding": None})
    digest = hashlib.sha256()
    for name in NEEDED:
        with (folder / name).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    ready = replace(
        info,
        parameters=count_parameters(read_header(folder / WEIGHTS)),
        megabytes=round(sum((folder / name).stat().st_size for name in NEEDED) / 1e6, 1),
        installed=True,
        install="",
        fingerprint=digest.hexdigest()[:16],
    )
    _write_json(folder / "encoder.json", ready.to_dict())
    return ready


def _pooling(folder: Path, info: EncoderInfo) -> Pooling:
    if not (folder / POOLING).is_file():
        return info.pooling
    stored = _read_json(folder / POOLING, info.reference)
    modes = [
        name.removeprefix("pooling_mode_") for name, on in stored.items() if name.startswith("pooling_mode_") and on
    ]
    modes += [stored["pooling_mode"]] if isinstance(stored.get("pooling_mode"), str) else []
    if modes in (["mean_tokens"], ["mean"]):
        return "mean"
    if modes in (["cls_token"], ["cls"]):
        return "cls"
    raise ModelError(
        "pretrained.pooling",
        "'{place}' makes one vector of a text by '{found}'. Known here are mean_tokens and cls_token; choose another encoder.",
        place=info.reference,
        found=modes,
    )


def _prefix(folder: Path, reference: str) -> str:
    if not (folder / PROMPTS).is_file():
        return ""
    prompts = _read_json(folder / PROMPTS, reference).get("prompts") or {}
    return str(prompts.get("query") or "")


def _front_matter(card: Path) -> dict[str, list[str]]:
    """The simple entries between the ``---`` lines of a model card: ``name: value`` or a list below ``name:``."""
    if not card.is_file():
        return {}
    first, *lines = card.read_text(encoding="utf-8", errors="replace").split("\n")
    if first.rstrip() != "---":
        return {}
    entries: dict[str, list[str]] = {}
    name = ""
    for line in takewhile(lambda line: not line.startswith("---"), lines):
        entry, item = re.match(r"(\w+):\s*(.*)", line), re.match(r"\s*-\s+(.+)", line)
        if entry:
            name = entry.group(1)
            entries[name] = [part.strip(" '\"") for part in entry.group(2).strip("[]").split(",") if part.strip()]
        elif item and name:
            entries[name].append(item.group(1).strip(" '\""))
    return {name: values for name, values in entries.items() if values}


def _read_json(path: Path, reference: str) -> dict[str, Any]:
    try:
        stored = read_json(path)
    except (OSError, ValueError) as error:
        raise _broken(reference, path.name, error) from error
    if not isinstance(stored, dict):
        raise _broken(reference, path.name, ValueError("not an object"))
    return stored


def _broken(reference: str, file: str, error: Exception) -> ModelError:
    return ModelError(
        "pretrained.broken_file",
        "The file {file} of '{place}' cannot be read ({reason}). Copy or download it again.",
        place=reference,
        file=file,
        reason=str(error),
    )


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
