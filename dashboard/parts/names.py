"""What things are called on screen: architectures, strategies, execution providers, versions in a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.base.messages import Message
from dashboard.shell.i18n import DEFAULT, catalogue, t, t_message, tn

if TYPE_CHECKING:
    from core.data.dataset.columns import Targets
    from core.data.dataset.store import StoredDataset
    from core.jobs import Job
    from core.registry import VersionInfo

SCORES = ("accuracy", "macro_f1", "macro_precision", "macro_recall")  # each is called ``results.<score>``
PROVIDERS = {"CPUExecutionProvider": "use.provider_cpu", "CUDAExecutionProvider": "use.provider_cuda"}


def name_of(kind: str, name: str) -> str:
    """The visible name of a model or strategy; one that the catalogue does not know yet keeps its own."""
    key = f"names.{kind}_{name}"
    return t(key) if key in catalogue(DEFAULT) else name


def key_for(reads: Targets, key: str) -> str:
    """Under which key a text stands for what is read: ``<key>_spans`` where there is one, else the ordinary one."""
    own = f"{key}_{reads}"
    return own if own in catalogue(DEFAULT) else key


def labels_of(dataset: StoredDataset, key: str) -> str:
    """How many labels a dataset has, by the text of this key, or that it has none; how many types of entities."""
    if dataset.kind == "spans":
        return tn("names.entity_types", len(dataset.label_rows))
    return tn(key, len(dataset.label_rows)) if dataset.labelled else t("names.no_labels")


def provider_name(provider: str) -> str:
    """The execution provider as people call it; its own name when it is a rarer one."""
    key = PROVIDERS.get(provider)
    return t(key) if key else provider.removesuffix("ExecutionProvider")


def version_line(version: VersionInfo, serves: bool = False) -> str:
    """A version in a list: its number, its strategy and its architecture."""
    facts = [
        t("evaluate.version_name", number=version.number),
        name_of("strategy", str(version.summary["strategy"])),
        name_of("model", str(version.summary["model"])),
    ]
    return " · ".join([*facts, t("evaluate.serves")] if serves else facts)


def titles(key: str, **facts: Any) -> dict[str, Any]:
    """What `JobQueue.submit` is told of a job's title: how it reads now, and what makes it readable in every language.

    Parameters
    ----------
    facts
        As stored: a ``model`` is told by the name that programs know it by.
    """
    titled = Message(key, catalogue(DEFAULT)[key], facts)
    return {"title": t_message(_with_visible_model(titled)), "titled": titled}


def job_title(job: Job) -> str:
    """What a job is called, in the reader's language where it was asked for by this edition."""
    return job.title if job.titled is None else t_message(_with_visible_model(job.titled))


def _with_visible_model(titled: Message) -> Message:
    if "model" not in titled.facts:
        return titled
    return Message(titled.key, titled.text, {**titled.facts, "model": name_of("model", str(titled.facts["model"]))})
