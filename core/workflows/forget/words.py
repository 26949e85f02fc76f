"""The words that only forgotten texts hold leave a version: its tokenizer, and the weights that stood for them.

A word's id stays, under a name that no text can contain; its row of the embedding is zero, in PyTorch's file, in what the
strategy keeps and in every ONNX file. No text that stays holds the word, so its answers stay as they are.

A language model's rows stay: what stands for a token that is read says how probable it is as well, so without it every other
text would be as probable no more. The token has no name, and is never written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from core.base.integrity import MODELS
from core.data.dataset.rows import TextDataset
from core.networks.standalone.pipeline import tokenizer_files
from core.networks.text import TextPipeline
from core.networks.text.forgetting import forget_words, split_words, way_of_splitting, words_to_forget
from core.serving.onnx.files import save_model
from core.workflows.versions.folder import VersionFolder
from core.workflows.versions.tensors import load_tensors, save_tensors


class Wordings:
    """The words of forgotten texts and of those that stay, for each way in which a tokenizer cuts them; counted once.

    Parameters
    ----------
    staying
        Gives the texts of a dataset that stay; None where it was deleted before.
    """

    def __init__(self, gone: Collection[str], staying: Callable[[str], Iterable[str] | None]) -> None:
        self._gone = gone
        self._staying = staying
        self._known: dict[tuple[str, str], set[str]] = {}

    def to_forget(self, pipeline: TextPipeline, datasets: Iterable[str], others: Iterable[str] = ()) -> set[str]:
        """Names of the tokens that stand in forgotten texts and in no text that stays.

        Parameters
        ----------
        datasets
            Ids of those that were learned from.
        others
            Further texts that stay: memories, and tests whose dataset is gone.
        """
        way = way_of_splitting(pipeline)
        gone = self._words("", way, pipeline, self._gone)
        if not gone:
            return set()
        left = split_words(pipeline, others)
        for dataset in set(datasets):
            left |= self._words(dataset, way, pipeline, None)
        return words_to_forget(pipeline.tokenizer, gone, left)

    def _words(self, dataset: str, way: str, pipeline: TextPipeline, texts: Iterable[str] | None) -> set[str]:
        key = (dataset, way)
        if key not in self._known:
            read = self._staying(dataset) if texts is None else texts
            self._known[key] = split_words(pipeline, read or ())
        return self._known[key]


def staying_rows(dataset: TextDataset, gone: Collection[int]) -> list[str]:
    """The texts of a dataset without those in these rows."""
    rows = set(gone)
    return [text for row, text in enumerate(dataset.texts) if row not in rows]


def remove_words(folder: VersionFolder, names: Sequence[Collection[str]]) -> None:
    """Take these tokens, of each of its tokenizers, out of a version's files."""
    models = [own["model"] for own in folder.members()]
    for number, own in enumerate(names):
        if own:
            prefix = f"members.{number}." if models else ""
            _remove_words(folder, number, models[number] if models else folder.model_name, prefix, own)


def _remove_words(folder: VersionFolder, number: int, model: str, prefix: str, names: Collection[str]) -> None:
    """The same for one network, whose tensors are stored under a prefix."""
    pipeline = folder.load_pipeline().parts[number]
    size = pipeline.tokenizer.get_vocab_size()
    tokenizer, ids = forget_words(pipeline.tokenizer, names)
    tokenizer.save(str(folder.path / tokenizer_files(number + 1)[number]))
    stored = load_tensors(folder.path, "model")
    weights = {name.removeprefix(prefix): value for name, value in stored.items() if name.startswith(prefix)}
    rows = folder.task.networks()[model].network().rows_of_tokens(weights, ids, size)
    if rows is None:  # a model that only counts tokens has no row for each
        return
    by_name = {prefix + name: own for name, own in rows.by_name.items()}
    _clear_tensors(folder.path, "model", by_name, len(weights[rows.table]))
    if (folder.path / "state.safetensors").exists():
        _clear_tensors(folder.path, "state", by_name, len(weights[rows.table]))
    for name in MODELS:
        if (folder.path / name).exists():
            _clear_graph(folder.path / name, rows.by_length)


def _clear_tensors(folder: Path, name: str, rows: Mapping[str, np.ndarray], length: int) -> None:
    """Set rows to zero in every tensor of these names; a strategy's are called after the tables they belong to."""
    tensors = load_tensors(folder, name)
    for key, tensor in tensors.items():
        for table, own in rows.items():
            fits = len(tensor) == length if tensor.dim() == 2 else name == "model"
            if tensor.dim() and (key == table or key.endswith(f".{table}")) and fits:
                tensor[torch.from_numpy(own)] = 0
    save_tensors(folder, name, tensors)


def _clear_graph(path: Path, rows: Mapping[int, np.ndarray]) -> None:
    """The same in the tables that a graph looks rows up in, which are known by their length."""
    model = onnx.load(str(path))
    tables = {node.input[0] for node in model.graph.node if node.op_type == "Gather"}
    for constant in model.graph.initializer:
        own = rows.get(constant.dims[0]) if len(constant.dims) else None
        if constant.name in tables and own is not None:
            values = numpy_helper.to_array(constant).copy()
            values[own] = 0
            constant.CopyFrom(numpy_helper.from_array(values, constant.name))
    save_model(model, path)
