"""Current encoders of the Hugging Face Hub that this program can use: for machines with a network. Downloads nothing.

Sizes and limits are those of the model cards; every one loads without code from its repository.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.networks.pretrained.info import EncoderInfo, Pooling

BOTH = ("en", "zh")
USUAL = "packaged:multilingual-e5-small"


@dataclass(frozen=True)
class KnownEncoder:
    """What is known of an encoder before it is downloaded.

    Parameters
    ----------
    tokens
        Most tokens of a text that it can read.
    """

    info: EncoderInfo
    tokens: int


def _known(
    name: str,
    millions: float,
    tokens: int,
    *,
    languages: tuple[str, ...] = BOTH,
    pooling: Pooling = "mean",
    prefix: str = "",
    licence: str = "MIT",
) -> KnownEncoder:
    info = EncoderInfo(
        f"hub:{name}",
        name,
        "hub",
        licence=licence,
        languages=languages,
        parameters=round(millions * 1e6),
        megabytes=round(4 * millions, 1),
        prefix=prefix,
        pooling=pooling,
        source=f"https://huggingface.co/{name}",
    )
    return KnownEncoder(info, tokens)


# From the smallest to the largest.
KNOWN = (
    _known("BAAI/bge-small-zh-v1.5", 24, 512, languages=("zh",), pooling="cls"),
    _known("BAAI/bge-small-en-v1.5", 33, 512, languages=("en",), pooling="cls"),
    _known("intfloat/multilingual-e5-small", 118, 512, prefix="query: "),
    _known("jhu-clsp/mmBERT-small", 140, 8192),
    _known("intfloat/multilingual-e5-base", 278, 512, prefix="query: "),
    _known("alibaba-nlp-community/gte-multilingual-base", 305, 8192, pooling="cls", licence="Apache-2.0"),
    _known("jhu-clsp/mmBERT-base", 307, 8192),
    _known("BAAI/bge-m3", 568, 8192, pooling="cls"),
)


def known(reference: str) -> EncoderInfo | None:
    """What is known of a model of the Hub by its reference; None for others."""
    return next((own.info for own in KNOWN if own.info.reference == reference), None)


def languages_of(language: str) -> set[str]:
    """Those of English and Chinese that texts of a dataset's language hold."""
    return {"en", "zh"} if language == "mixed" else {language} & {"en", "zh"}


def understands(info: EncoderInfo, language: str) -> bool:
    """Whether an encoder was made for a dataset's language, or nobody knows what it was made for."""
    return not info.languages or languages_of(language) <= set(info.languages)


def at_hand(encoders: Iterable[EncoderInfo], language: str) -> list[EncoderInfo]:
    """Those that need no download and understand the language."""
    return [info for info in encoders if info.installed and understands(info, language)]


def usual_encoder(encoders: Sequence[EncoderInfo], language: str) -> str:
    """The encoder to take where nothing is measured: the usual one, or else the first at hand that understands the language."""
    fitting = [info.reference for info in at_hand(encoders, language)]
    return USUAL if USUAL in fitting or not fitting else fitting[0]


def online(language: str, *, tokens: int, megabytes: float) -> list[EncoderInfo]:
    """Those of the Hub that understand the language, read so many tokens, and are no larger; the largest first."""
    return [
        own.info
        for own in reversed(KNOWN)
        if understands(own.info, language) and own.tokens >= tokens and own.info.megabytes <= megabytes
    ]
