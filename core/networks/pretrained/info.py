"""What is known of a pretrained encoder before anything of it is loaded."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

EncoderKind = Literal["packaged", "folder", "hub", "own"]
Pooling = Literal["mean", "cls"]


@dataclass(frozen=True)
class EncoderInfo:
    """Facts of one encoder; they lie as ``encoder.json`` beside its weights.

    Parameters
    ----------
    reference
        How a setting names it, such as ``"packaged:multilingual-e5-small"`` or ``"hub:owner/name"``.
    licence
        SPDX name, ``""`` when unknown.
    languages
        Those of ``"en"`` and ``"zh"`` that it was made for; empty when unknown.
    parameters
        Number of weights, 0 when not known before a download.
    megabytes
        Size of its ready folder with float32 weights, in millions of bytes; 0 when not known before a download.
    prefix
        What stands before every text, such as ``"query: "``.
    pooling
        How the vectors of a text's tokens become one: their mean, or the first.
    source
        Address of its model card, or where the folder was.
    install
        The line that installs a packaged encoder which is missing, else ``""``.
    fingerprint
        SHA-256 of weights, tokenizer and configuration, 16 hexadecimal digits; ``""`` until the folder is ready.
    """

    reference: str
    name: str
    kind: EncoderKind
    licence: str = ""
    languages: tuple[str, ...] = ()
    parameters: int = 0
    megabytes: float = 0.0
    prefix: str = ""
    pooling: Pooling = "mean"
    source: str = ""
    installed: bool = False
    install: str = ""
    fingerprint: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"languages": list(self.languages)}

    @staticmethod
    def from_dict(stored: dict[str, Any]) -> EncoderInfo:
        return EncoderInfo(**(stored | {"languages": tuple(stored["languages"])}))
