"""Downloads an encoder from the Hugging Face Hub, into the cache that other programs of the user share."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.base.errors import ModelError
from core.networks.pretrained.folders import CARD, NEEDED, POOLING, PROMPTS


def download(name: str, progress: Callable[[float], None]) -> Path:
    """Fetch the files that are needed of ``owner/name``; returns their folder in the Hub's own cache.

    Raises
    ------
    ModelError
        When the Hub cannot be reached, knows no such encoder, or asks for its terms to be accepted first.
    """
    import huggingface_hub

    try:
        wanted = [*NEEDED, POOLING, PROMPTS, CARD]
        return Path(huggingface_hub.snapshot_download(name, allow_patterns=wanted, tqdm_class=_reporter(progress)))
    except Exception as error:
        raise _explain(name, error) from error


def _explain(name: str, error: Exception) -> Exception:
    """What went wrong as a sentence for the user; an error of another kind stays as it is."""
    from huggingface_hub import errors
    from huggingface_hub.utils import httpx  # type: ignore[attr-defined]  # whichever client the Hub speaks through

    if isinstance(error, errors.GatedRepoError):
        return ModelError(
            "pretrained.hub_gated",
            "'{name}' is given only to those who accepted its terms. Accept them on https://huggingface.co/{name} and sign in "
            "here with: hf auth login",
            name=name,
        )
    if isinstance(error, errors.RepositoryNotFoundError | errors.DisabledRepoError | errors.HFValidationError):
        return ModelError(
            "pretrained.hub_missing",
            "The Hub has no open model '{name}'. Check owner and name on https://huggingface.co/models; for a private "
            "model sign in with: hf auth login",
            name=name,
        )
    # The library's own errors, those of its connections, and a disk that is full.
    if isinstance(error, errors.HfHubHTTPError | errors.EntryNotFoundError | httpx.HTTPError | OSError):
        return ModelError(
            "pretrained.hub_unreachable",
            "'{name}' could not be downloaded from the Hugging Face Hub ({reason}). Check the connection, use a packaged "
            "encoder, or copy the model's folder from a computer that has it and choose folder:/path/of/the/folder.",
            name=name,
            reason=_first_line(error.__cause__ or error),
        )
    return error


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _reporter(progress: Callable[[float], None]) -> type[Any]:
    """A progress bar that draws nothing and reports the share of bytes that are here."""
    from tqdm import tqdm  # type: ignore[import-untyped]

    class Reporter(tqdm):  # type: ignore[misc]
        def __init__(self, *arguments: Any, **options: Any) -> None:
            options.pop("name", None)  # an option of the Hub's own bars
            super().__init__(*arguments, **(options | {"file": io.StringIO(), "disable": False}))

        def update(self, n: float | None = 1) -> bool | None:
            drawn: bool | None = super().update(n)
            if self.unit == "B" and self.total:
                progress(min(1.0, self.n / self.total))
            return drawn

    return Reporter
