"""The folder of one version: everything it needs to serve, to be judged, and to be updated again."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow.parquet

from core.base.files import read_json
from core.base.integrity import reading
from core.data.dataset.splitting import Split
from core.networks.standalone.pipeline import tokenizer_files
from core.networks.text import TextPipeline
from core.registry.records.reports import read_report, write_report
from core.tasks import DEFAULT, task_of
from core.tasks.base import Task
from core.workflows.requests import Settings, architecture_of, resolve_settings
from core.workflows.standings import experience_records, predictions_path, rows_path
from core.workflows.versions.tensors import load_tensors, save_tensors, tensors_of

if TYPE_CHECKING:
    from core.networks.encoders import TextNetwork

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class ExperienceRecord:
    """One step of a version's stream: which dataset it brought, and what became of its rows.

    Parameters
    ----------
    cut
        Training rows whose text was longer than what was read of it; None where nobody counted.
    """

    number: int
    dataset: str
    name: str
    train: int
    validation: int
    test: int
    set_aside: int
    cut: int | None = None


@dataclass(frozen=True)
class Learner:
    """A model with everything needed to use it and to go on training it.

    Parameters
    ----------
    origin
        Facts about what it began from, for its reports.
    members
        Of a blend its members, as learners of their own.
    """

    model_name: str
    model: TextNetwork
    pipeline: TextPipeline
    outputs: tuple[str, ...]
    settings: Settings
    origin: dict[str, Any] = field(default_factory=dict)
    members: tuple[Learner, ...] = ()

    def of(self, model: TextNetwork) -> Learner:
        """The learner of this model: itself, or one of its members."""
        return next((member for member in self.members if member.model is model), self)


class VersionFolder:
    """Reads and writes the files of one version; a fresh one is an empty folder.

    ``model.safetensors`` (weights), ``tokenizer.json`` (of a blend ``tokenizer.2.json``, too), ``labels.json``,
    ``config.json``, ``state.json`` (the
    strategy's, with its memory) and ``state.safetensors`` (its tensors), large tensors of both below ``model/`` and
    ``state/``, ``experiences.json`` and ``experiences/<k>.parquet`` (which row went where),
    ``predictions/test_<k>.parquet`` and ``validation.parquet``, ``calibration.json``, ``report.json`` and
    ``matrix.parquet``, ``model.onnx``.

    Parameters
    ----------
    keeps_tables
        Whether a table is read once and then kept: for who asks again and again, of a version that stays as it is.
    """

    def __init__(self, path: Path, *, keeps_tables: bool = False) -> None:
        self.path = path
        self._tables: dict[Path, pd.DataFrame] | None = {} if keeps_tables else None

    # -- the model

    def save_model(self, learner: Learner) -> None:
        """Write weights, tokenizer, labels and config."""
        self.path.mkdir(parents=True, exist_ok=True)
        weights = {key: value.detach().cpu().contiguous() for key, value in learner.model.state_dict().items()}
        save_tensors(self.path, "model", weights)
        parts = learner.pipeline.parts
        for name, part in zip(tokenizer_files(len(parts)), parts, strict=True):
            part.tokenizer.save(str(self.path / name))
        self._write("labels.json", list(learner.outputs))
        config = {
            "task": learner.settings.task.name,
            "model": learner.model_name,
            "settings": learner.settings.flat(),
            "text": learner.pipeline.options,
            "architecture": learner.model.architecture(),
            "origin": learner.origin,
        }
        self._write("config.json", config)

    @property
    def task(self) -> Task:
        """What the version is for; those of old sort texts under labels."""
        return task_of(self._read("config.json").get("task", DEFAULT))

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of what the model computes: of a classifier its labels."""
        return tuple(self._read("labels.json"))

    @property
    def inputs(self) -> list[dict[str, Any]]:
        """Further columns that it reads beside the text; none in versions of old."""
        return list(self._read("config.json")["text"].get("inputs", ()))

    @property
    def model_name(self) -> str:
        return str(self._read("config.json")["model"])

    @property
    def settings(self) -> dict[str, Any]:
        """All settings, flat; versions of old read one window."""
        return {"windows": 1, **self._read("config.json")["settings"]}

    def resolved_settings(self) -> Settings:
        """The settings, checked."""
        return resolve_settings(self.model_name, self.settings, self.task)

    def load_pipeline(self) -> TextPipeline:
        with reading(self.path, "tokenizer.json"):
            return self.task.pipeline(self.path)

    def load_learner(self) -> Learner:
        """Everything needed to go on training; its settings are the version's own."""
        name = self.model_name
        settings = self.resolved_settings()
        origin = self._read("config.json").get("origin", {})
        model, pipeline, outputs = self.load_model(), self.load_pipeline(), self.outputs
        members = tuple(
            Learner(
                own["model"],
                network,
                part,
                outputs,
                resolve_settings(own["model"], own["settings"], self.task),
                own["origin"],
            )
            for own, network, part in zip(
                self.members(), getattr(model, "members", ()), pipeline.parts if self.members() else (), strict=True
            )
        )
        return Learner(name, model, pipeline, outputs, settings, origin, members)

    def members(self) -> list[dict[str, Any]]:
        """Of a blend what is stored of each member: model, settings, origin and the strategy of its updates; else empty."""
        stored: list[dict[str, Any]] = self._read("config.json").get("architecture", {}).get("members", [])
        return stored

    def load_model(self) -> TextNetwork:
        """Rebuild the model with its weights, on the CPU, in evaluation mode."""
        import torch

        with torch.random.fork_rng(devices=[]):
            model = self.blank_model()
        with reading(self.path, "model.safetensors"):
            model.load_state_dict(load_tensors(self.path, "model"))
        return model.eval()

    def blank_model(self) -> TextNetwork:
        """A model of the same shape with random weights."""
        name = self.model_name
        vocabulary = self.load_pipeline().tokenizer.get_vocab_size()
        config = self.resolved_settings().model
        architecture = self._read("config.json").get("architecture", {})  # versions of old have none
        model: TextNetwork = (
            architecture_of(name, self.task).network().rebuild(config, vocabulary, len(self.outputs), architecture)
        )
        return model

    # -- the strategy's state

    def save_state(self, state: dict[str, Any]) -> None:
        """Write a strategy's `state`; its tensors go to ``state.safetensors`` and ``state/``."""
        tensors = tensors_of(state)
        self._write("state.json", {name: value for name, value in state.items() if name not in tensors})
        if tensors:
            save_tensors(self.path, "state", tensors)

    def load_state(self) -> dict[str, Any]:
        state: dict[str, Any] = self._read("state.json")
        tensors = self.path / "state.safetensors"
        with reading(self.path, tensors.name):
            return {**state, **load_tensors(self.path, "state")} if tensors.exists() else state

    # -- experiences and their frozen tests

    def save_experiences(self, records: list[ExperienceRecord], parts: dict[int, Split]) -> None:
        """Write the stream so far, and where each row of these experiences' datasets went."""
        self._write("experiences.json", [asdict(record) for record in records])
        (self.path / "experiences").mkdir(exist_ok=True)
        for number, split in parts.items():
            rows = {name: getattr(split, name) for name in PARTS}
            names = np.repeat(list(rows), [len(part) for part in rows.values()])
            table = pd.DataFrame({"row": np.concatenate(list(rows.values())), "part": names})
            table.to_parquet(rows_path(self.path, number), index=False)

    def take_experiences(self, parent: VersionFolder) -> None:
        """Copy from another version where each row of its experiences went."""
        shutil.copytree(parent.path / "experiences", self.path / "experiences", dirs_exist_ok=True)

    def experiences(self) -> list[ExperienceRecord]:
        return [ExperienceRecord(**stored) for stored in experience_records(self.path)]

    def split(self, number: int) -> Split:
        """Where the rows of one experience's dataset went; which were set aside is not kept."""
        table = self._table(rows_path(self.path, number))
        rows, names = table["row"].to_numpy(dtype=np.int64), table["part"].to_numpy()
        train, validation, test = (rows[names == part] for part in PARTS)
        return Split(train, validation, test, rows[:0], ())

    def rows_of(self, number: int, part: str) -> np.ndarray:
        """Row numbers of one part of one experience's dataset."""
        rows: np.ndarray = getattr(self.split(number), part)
        return rows

    def save_predictions(self, number: int, table: pd.DataFrame) -> None:
        """Write a frozen test with this version's answers: text, truth, predicted (names), and p_<i> per class."""
        (self.path / "predictions").mkdir(exist_ok=True)
        table.to_parquet(predictions_path(self.path, number), index=False)

    def predictions(self, number: int) -> pd.DataFrame:
        return self._table(predictions_path(self.path, number))

    def save_validation(self, truth: np.ndarray, probabilities: np.ndarray) -> None:
        """Write what this version answers on validation rows: truth (class number), and p_<i> per class; no texts."""
        (self.path / "predictions").mkdir(exist_ok=True)
        table = pd.DataFrame(probabilities, columns=[f"p_{column}" for column in range(probabilities.shape[1])])
        table.insert(0, "truth", truth)
        table.to_parquet(self.path / "predictions" / "validation.parquet", index=False)

    def validation(self) -> pd.DataFrame | None:
        """The same again; None where a version of old kept none."""
        path = self.path / "predictions" / "validation.parquet"
        return self._table(path) if path.exists() else None

    @property
    def temperature(self) -> float:
        """What the exported file divides the model's logits by; 1 for versions of old."""
        exists = (self.path / "calibration.json").exists()
        return float(self._read("calibration.json").get("temperature", 1.0)) if exists else 1.0

    @property
    def scaling(self) -> tuple[Any, Any]:
        """What the exported file multiplies the model's logits by, and adds: numbers, or lists with one for each output."""
        stored = self._read("calibration.json") if (self.path / "calibration.json").exists() else {}
        return (stored["slopes"], stored["offsets"]) if "slopes" in stored else (1 / self.temperature, 0.0)

    def save_thresholds(self, thresholds: np.ndarray) -> None:
        """Write the probability of each output from which on it is part of an answer; whoever runs the file reads them."""
        self._write("thresholds.json", [round(float(value), 6) for value in thresholds])

    @property
    def thresholds(self) -> list[float] | None:
        """The same again; None where answers are not read so."""
        return list(self._read("thresholds.json")) if (self.path / "thresholds.json").exists() else None

    # -- the report

    def save_report(self, report: dict[str, Any]) -> None:
        write_report(self.path, report)

    def report(self) -> dict[str, Any]:
        return read_report(self.path)

    def _write(self, name: str, content: Any) -> None:
        text = json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False)
        (self.path / name).write_text(text, encoding="utf-8")

    def _read(self, name: str) -> Any:
        with reading(self.path, name):
            return read_json(self.path / name)

    def _table(self, path: Path) -> pd.DataFrame:
        if self._tables is not None and path in self._tables:
            return self._tables[path]
        # A quarter of the time of pandas' own way.
        with reading(self.path, path.relative_to(self.path).as_posix()), pyarrow.parquet.ParquetFile(path) as file:
            table: pd.DataFrame = file.read(use_threads=False).to_pandas()
        if self._tables is not None:
            self._tables[path] = table
        return table
