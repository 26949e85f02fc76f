"""Networks of the transformers library: reading one, leaving out word pieces, adapters, and its arithmetic.

Knows nothing of outputs, tokenizers or training.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from core.base.errors import ModelError


def read_network(folder: Path, dropout: float) -> Any:
    """The pretrained network of a ready folder, with this share of dropout while it learns.

    Raises
    ------
    ModelError
        When it cannot be read.
    """
    from transformers import AutoModel
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # it reports parts for other tasks as missing
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    shares = {"hidden_dropout_prob": dropout, "attention_probs_dropout_prob": dropout}
    try:
        return AutoModel.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, use_safetensors=True, dtype=torch.float32, **shares
        )
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(
            "model.encoder_unreadable",
            "The encoder in {folder} cannot be read: {reason}. It takes config.json, model.safetensors and tokenizer.json "
            "of a text encoder that this version of transformers knows.",
            folder=str(folder),
            reason=str(error).splitlines()[0] if str(error) else type(error).__name__,
        ) from None


def keep_pieces(network: Any, kept: np.ndarray) -> None:
    """Only these rows of the word embeddings, in this order."""
    rows = network.get_input_embeddings().weight.detach()[torch.from_numpy(kept)]
    network.set_input_embeddings(nn.Embedding(len(rows), rows.shape[1], _weight=rows.clone()))
    network.config.vocab_size = len(kept)


def marks_of(tokenizer: dict[str, Any]) -> tuple[str, str]:
    """The names of padding, and of what hides a word: the mask where there is one."""
    names = {token["content"] for token in tokenizer["added_tokens"]}
    return ("<pad>" if "<pad>" in names else "[PAD]"), ("<mask>" if "<mask>" in names else "[MASK]")


def layers_of(network: nn.Module) -> nn.ModuleList:
    """The stack of equal layers, lowest first: the longest list of modules that there is."""
    stacks = [module for module in network.modules() if isinstance(module, nn.ModuleList)]
    return max(stacks, key=len, default=nn.ModuleList())


def add_adapters(network: Any, rank: int, dropout: float) -> None:
    """LoRA (Hu et al. 2021): W x + B A x for every linear layer, with only A and B learning."""
    from peft import LoraConfig, inject_adapter_in_model

    linear = sorted({name.split(".")[-1] for name, module in network.named_modules() if isinstance(module, nn.Linear)})
    lora = LoraConfig(
        r=rank,
        lora_alpha=2 * rank,
        lora_dropout=dropout,
        target_modules=linear,
    )
    inject_adapter_in_model(lora, network)


def arithmetic(precision: str, device: torch.device) -> contextlib.AbstractContextManager[Any]:
    """Automatic mixed precision, if it is asked for or pays here."""
    if precision == "auto":
        if device.type == "cuda":
            precision = "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
        else:
            able = torch.cpu.get_capabilities()
            precision = "bfloat16" if able.get("avx512_bf16") or able.get("amx_bf16") else "float32"
    if precision == "float32":
        return contextlib.nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)


def merge_adapters(network: nn.Module) -> None:
    """Add each adapter's product to the weight beside it; the answers stay the same, in fewer steps."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    for module in network.modules():
        if isinstance(module, BaseTunerLayer):
            module.merge()
