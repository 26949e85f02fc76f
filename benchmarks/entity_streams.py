"""Types of entities that arrive one after the other, each batch marked with its new types alone: what is remembered of old ones.

    python benchmarks/entity_streams.py --data ../shared/data/ner --table conllpp_en --types 1
    python benchmarks/entity_streams.py --data ../shared/data/ner --table cluener_zh --types 2 --model crf

The training and the validation texts are divided by chance into as many batches as there are steps; types come in alphabetical
order. After each step the model marks the whole test, and the types that were seen so far are scored; figures are means over
the steps, as in Monaikul et al. (2021) and later. ``all marked`` learns all batches so far together, with all types seen so far
marked in all of them: what could be had. Nothing is chosen on the test. Prints Markdown.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.base.config import build
from core.continual.methods import FINETUNE, STRATEGIES
from core.data.dataset.columns import guess_roles
from core.data.dataset.rows import build_dataset
from core.data.reading.tables import read_table
from core.data.spans.targets import spans_of, target_of, types_of
from core.networks.sources import Sources, open_sources
from core.tasks import TASKS
from core.workflows.learn.learners import first_learner, make_experience, make_strategy, next_learner
from core.workflows.learn.learning import ClassifierLesson, learn
from core.workflows.requests import Settings, resolve_settings
from core.workflows.versions.folder import Learner
from core.workflows.versions.past import Labelled, together

TASK = TASKS["token_classification"]
WITHOUT_MEMORY = "self_training without memory"
JOINT = "all marked"
OWN = {setting for method in STRATEGIES.values() for setting in method.config_class.model_fields}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--table", default="conllpp_en")
    parser.add_argument("--types", type=int, default=1, help="new types in each step")
    parser.add_argument("--model", default="bilstm_crf")
    parser.add_argument(
        "--methods",
        default=f"finetune,ewc,lwf,replay,self_training,{WITHOUT_MEMORY},{JOINT}",
        help="separated by commas",
    )
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--rows", type=int, default=0, help="training texts at most, drawn by chance")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="of model, training and strategies")
    asked = parser.parse_args()
    settings = dict(pair.split("=", 1) for pair in asked.set)
    with tempfile.TemporaryDirectory() as home:
        stream = _Stream(asked, settings, open_sources(Path(home)))
        print(f"{asked.table}, {asked.model}, {len(stream.train[0]):,} texts in {len(stream.steps)} batches, ", end="")
        print(f"{len(stream.test[0]):,} in the test: {' → '.join(', '.join(step) for step in stream.steps)}\n")
        print("| method | mean over steps: micro-F1 | macro-F1 | at the end: micro-F1 | macro-F1 | by type | seconds |")
        print("|---|---|---|---|---|---|---|", flush=True)
        for method in asked.methods.split(","):
            runs = [stream.run(method, seed) for seed in range(asked.seeds)]
            print(_line(method, runs), flush=True)


class _Stream:
    """The texts of a table in batches, what is marked in each, and how a method does on them."""

    def __init__(self, asked: argparse.Namespace, settings: dict[str, str], sources: Sources) -> None:
        self.model, self.settings, self.sources = asked.model, settings, sources
        files = [asked.data / f"{asked.table}_{part}.tsv" for part in ("train", "dev", "test")]
        self.train, self.validation, self.test = map(_read, files)
        if asked.rows:
            self.train = _part(self.train, np.random.default_rng(0).permutation(len(self.train[0]))[: asked.rows])
        types = types_of(self.train[1])
        self.steps = [types[first : first + asked.types] for first in range(0, len(types), asked.types)]

    def run(self, method: str, seed: int) -> tuple[list[dict[str, float]], float]:
        """Scores after each step, micro and macro and by type, and the seconds of all steps."""
        shared = {name: value for name, value in self.settings.items() if name not in OWN}
        if method == WITHOUT_MEMORY:
            shared["memory_size"] = "0"
        settings = resolve_settings(self.model, {**shared, "seed": seed}, TASK)
        batches, held = (_divided(part, len(self.steps), seed) for part in (self.train, self.validation))
        began, scores = time.monotonic(), []
        learner, state = None, None
        for number, new in enumerate(self.steps, start=1):
            seen = [each for step in self.steps[:number] for each in step]
            if method == JOINT:
                parts = [together(part[:number]) for part in (batches, held)]
                learner = self._step(1, settings, FINETUNE.name, *(_marked(part, seen) for part in parts))[0]
            else:
                parts = [_marked(part[number - 1], new) for part in (batches, held)]
                learner, state = self._step(number, settings, method.split()[0], *parts, learner, state)
            scores.append(self._scores(learner, seen))
        return scores, time.monotonic() - began

    def _step(
        self,
        number: int,
        settings: Settings,
        name: str,
        train: Labelled,
        validation: Labelled,
        parent: Learner | None = None,
        state: dict[str, Any] | None = None,
    ) -> tuple[Learner, dict[str, Any]]:
        """Learn one batch, as a training or an update does; the strategy's state goes on."""
        own = STRATEGIES[name].config_class
        values = {key: value for key, value in self.settings.items() if key in own.model_fields}
        strategy = make_strategy(name, build(own, values), settings)
        if parent is None:
            learner = first_learner(self.model, train[0], TASK.outputs(train[1]), settings, self.sources)
        else:
            strategy.restore(state or {})
            outputs = TASK.outputs(train[1], parent.outputs)
            learner = next_learner(parent, train[0], outputs, settings, strategy.declared, (), self.sources)
        known = 0 if parent is None else len(parent.outputs)
        experience = make_experience(number, learner, train, validation, known_outputs=known)
        for _ in learn(ClassifierLesson(learner, strategy, experience), should_stop=lambda: False):
            pass
        learner.model.cpu()
        strategy.end_experience(learner.model, experience)
        return learner, strategy.state()

    def _scores(self, learner: Learner, seen: Sequence[str]) -> dict[str, float]:
        texts, truth = _marked(self.test, seen)
        values = TASK.computed(learner.model, learner.pipeline, texts, learner.outputs)
        report = TASK.report(truth, TASK.answers(values, learner.outputs), learner.outputs)
        named = {name: report.per_type[name].f1.value for name in seen}
        return {"micro": report.scores["micro_f1"].value, "macro": report.scores["macro_f1"].value, **named}


def _read(path: Path) -> Labelled:
    table = read_table(path)
    dataset, _ = build_dataset(table, guess_roles(table), batch=True)
    return tuple(dataset.texts), tuple(dataset.label_names())


def _part(rows: Labelled, numbers: Iterable[int]) -> Labelled:
    kept = list(numbers)
    return tuple(rows[0][row] for row in kept), tuple(rows[1][row] for row in kept)


def _divided(rows: Labelled, parts: int, seed: int) -> list[Labelled]:
    order = np.random.default_rng(seed).permutation(len(rows[0]))
    return [_part(rows, part) for part in np.array_split(order, parts)]


def _marked(rows: Labelled, types: Iterable[str]) -> Labelled:
    """The same texts with no other types marked than these."""
    wanted = set(types)
    return rows[0], tuple(target_of(span for span in spans_of(target) if span.type in wanted) for target in rows[1])


def _line(method: str, runs: list[tuple[list[dict[str, float]], float]]) -> str:
    cells = [method]
    for figures in ([[step[name] for step in steps] for steps, _ in runs] for name in ("micro", "macro")):
        cells.append(_spread([float(np.mean(steps)) for steps in figures]))
    for name in ("micro", "macro"):
        cells.append(_spread([steps[-1][name] for steps, _ in runs]))
    last = {name: np.mean([steps[-1][name] for steps, _ in runs]) for name in runs[0][0][-1]}
    cells.append(
        ", ".join(f"{name} {100 * value:.0f}" for name, value in last.items() if name not in ("micro", "macro"))
    )
    cells.append(f"{np.mean([seconds for _, seconds in runs]):.0f}")
    return f"| {' | '.join(cells)} |"


def _spread(values: list[float]) -> str:
    return f"{100 * np.mean(values):.1f}" + (f" ± {100 * np.std(values, ddof=1):.1f}" if len(values) > 1 else "")


if __name__ == "__main__":
    main()
