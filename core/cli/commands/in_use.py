"""A model in use: ``threshold`` says what it answers by itself, ``monitor`` what it answered and what may be kept of it."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from core.base.config import build, home
from core.base.errors import ConfigError
from core.base.wording import counted, score
from core.cli.arguments.fields import values_of
from core.cli.printing import show, tell
from core.cli.tables import load_for
from core.serving.monitor.keeping import Keeping
from core.serving.monitor.store import MonitorStore
from core.statistics.intervals import Estimate
from core.tasks import DEFAULT, task_of
from core.tasks.answering import Foreseen
from core.workflows.monitor.look import DayLook, Monitored, monitored
from core.workflows.monitor.novelty import NoveltyLook, novelty
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import open_workspace

if TYPE_CHECKING:
    from core.workflows.monitor.groups import NovelGroups


def threshold(asked: argparse.Namespace) -> None:
    """Show it, set it or take it away."""
    workspace = open_workspace(home())
    registry = workspace.registry
    if asked.version is not None and asked.set is None:
        raise ConfigError(
            "config.version_alone",
            "--version says with which version a threshold was chosen, and means nothing without --set. Leave it out.",
        )
    if asked.set is not None:
        version = workspace.registry.resolve(asked.classifier, asked.version)
        if not task_of(str(version.summary.get("task", DEFAULT))).distribution:
            raise ConfigError(
                "config.no_probabilities",
                "'{classifier}' does not give each text one label with a probability, so nothing can be kept back below one.",
                classifier=asked.classifier,
            )
        registry.set_threshold(asked.classifier, asked.set, version=version.number)
    elif asked.clear:
        registry.clear_threshold(asked.classifier)
    stored = registry.threshold(asked.classifier)
    text = f"'{asked.classifier}' answers every text."
    if stored is not None:
        text = (
            f"'{asked.classifier}' answers from a probability of {stored.value:g} on; other texts are for a person. "
            f"Chosen with version {stored.version}."
        )
    show(asked, None if stored is None else asdict(stored), text)


def monitor(asked: argparse.Namespace) -> None:
    {"show": _show, "keep": _keep, "label": _label}[asked.verb](asked)


def _show(asked: argparse.Namespace) -> None:
    workspace = open_workspace(home())
    version = workspace.registry.resolve(asked.classifier, None)
    folder = VersionFolder(workspace.registry.folder_of(version))
    look = monitored(version, home(), folder, days=asked.days)
    if not look.days:
        show(asked, {**look.to_dict(), "novelty": None}, "\n".join(_lines(look)))
        return
    unlike = novelty(version, workspace, folder, days=asked.days)
    from core.workflows.monitor.groups import novel_groups  # loads scikit-learn, which the rest does without

    groups = novel_groups(unlike, version, workspace, folder, days=asked.days)
    content = {**look.to_dict(), "novelty": {**unlike.to_dict(), **groups.to_dict()}}
    show(asked, content, "\n".join([*_lines(look), *_novelty_lines(unlike, groups)]))


def _novelty_lines(look: NoveltyLook, groups: NovelGroups) -> list[str]:
    lines = [str(look.told)]
    lines += [
        f"  {day.day}  version {day.version:>3}  {counted(day.marked, 'text')} of {day.rows:,}  "
        f"{_percent(day.share)}, of usual texts at most {day.usual:.1%}"
        for day in look.days
    ]
    lines += [
        f"  Proposed label '{group.name}': {counted(len(group.texts), 'text')}, typical words {', '.join(group.words)}"
        for group in groups.groups
    ]
    if groups.groups and groups.left:
        lines.append(f"  In no group: {counted(groups.left, 'text')}")
    return lines


def _lines(look: Monitored) -> list[str]:
    if not look.days:
        return [f"'{look.model}' has answered nothing since {look.since}."]
    lines = [_day_line(day) for day in look.days]
    lines.append(f"Version {look.version} in these days: {_told(look.whole)}")
    if look.whole is not None and look.whole.unknown is not None:
        lines.append(str(look.whole.unknown))
    lines += [f"  {name}: {score(share.value, share.low, share.high)}" for name, share in _shares(look)]
    if look.true:
        figures = ", ".join(f"{name} {score(each.value, each.low, each.high)}" for name, each in look.true.items())
        lines.append(f"Of {counted(look.known, 'answer')} the truth is known: {figures}")
    if look.record[1]:
        lines.append(f"On {look.record[0]} of {counted(look.record[1], 'day')} the truth lay in the interval foreseen.")
    lines.append(str(look.alarm) if look.alarm is not None else "No alarm.")
    return lines


def _percent(share: Estimate) -> str:
    return f"{share.value:.1%} ({share.low:.1%}–{share.high:.1%})"


def _day_line(day: DayLook) -> str:
    answers = ", ".join(f"{name} {count:,}" for name, count in list(day.answers.items())[:6])
    speed = "" if day.median is None else f"  {1000 * day.median:g} ms"
    return (
        f"{day.day}  version {day.version:>3}  {day.texts:>8,} texts{speed}  {answers}  {_told(day.foreseen)}".rstrip()
    )


def _told(foreseen: Foreseen | None) -> str:
    if foreseen is None:
        return "–"
    if foreseen.unknown is not None:
        return "score unknown"
    return ", ".join(f"{name} {score(each.value, each.low, each.high)}" for name, each in foreseen.scores.items())


def _shares(look: Monitored) -> list[tuple[str, Estimate]]:
    return [] if look.whole is None else list(look.whole.shares.items())


def _keep(asked: argparse.Namespace) -> None:
    workspace = open_workspace(home())
    workspace.registry.resolve(asked.classifier, None)
    store = MonitorStore(home())
    keeping = build(Keeping, {**store.keeping(asked.classifier).model_dump(), **values_of(asked, Keeping)})
    store.keep(asked.classifier, keeping)
    told = f"Kept of '{asked.classifier}': {keeping.kept_texts}, for {counted(keeping.kept_days, 'day')}."
    tell(asked, keeping.model_dump(), told)


def _label(asked: argparse.Namespace) -> None:
    workspace = open_workspace(home())
    version = workspace.registry.resolve(asked.classifier, None)
    folder = VersionFolder(workspace.registry.folder_of(version))
    loaded = load_for(folder.task, asked, known=folder.outputs, inputs=folder.inputs)
    dataset = folder.task.as_read(loaded.dataset)
    known = MonitorStore(home()).tell(asked.classifier, dataset.texts, dataset.label_names())
    content = {"rows": len(dataset), "answers": known}
    tell(asked, content, f"Of {counted(len(dataset), 'text')} {counted(known, 'answer')} of the sample are known now.")
