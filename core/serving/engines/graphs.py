"""One text at a time on a graphics card: the network's hundreds of small launches recorded once and replayed as one CUDA graph.

A recording has fixed shapes and addresses, so there is one for each of a few lengths, to which a text is padded. It is used only
where this machine shows that it helps: it must give the same answers as the ordinary session and take less time.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from core.base.files import read_json
from core.base.integrity import check_serving, reading
from core.networks.standalone.pipeline import PADDING
from core.networks.standalone.predict import Classifier, kind_of, model_file, open_session
from core.tasks import DEFAULT, task_of
from core.tasks.answering import Engine

LENGTHS = (16, 32, 64, 128, 256, 512)
TRIAL = ("a lovely little lamp, but it broke after two days", "快递很快，味道一般")
ROUNDS = 20
SAME = 5e-3  # of a probability; what half precision may differ by
FASTER = 0.9  # of the ordinary time, at most


class SingleText:
    """Answers batches of one text from fixed buffers; a text that is longer than the longest is left to others.

    Parameters
    ----------
    session
        Session of ONNX Runtime; on CUDA opened with recording switched on.
    device
        ``"cuda"``, or ``"cpu"``, where nothing is recorded but all else is the same.
    """

    def __init__(self, session: Any, labels: int, device: str = "cuda") -> None:
        self._session, self._labels, self._device = session, labels, device
        self._recordings: dict[int, _Recording] = {}
        self._lock = threading.Lock()  # the buffers are shared by all who ask

    def __call__(self, tokens: np.ndarray, mask: np.ndarray) -> np.ndarray | None:
        """Probabilities (1, labels) of one padded text (1, length); None where it does not fit."""
        length = next((length for length in LENGTHS if length >= tokens.shape[1]), None)
        if length is None:
            return None
        with self._lock:
            if length not in self._recordings:
                self._recordings[length] = _Recording(self._session, length, self._labels, self._device)
            return self._recordings[length].run(tokens, mask)


class _Recording:
    """The buffers of one length, and the recording that belongs to them."""

    def __init__(self, session: Any, length: int, labels: int, device: str) -> None:
        from onnxruntime import OrtValue, RunOptions

        self._session, self._length = session, length
        self._tokens = OrtValue.ortvalue_from_numpy(np.full((1, length), PADDING, dtype=np.int64), device, 0)
        self._mask = OrtValue.ortvalue_from_numpy(np.zeros((1, length), dtype=bool), device, 0)
        self._output = OrtValue.ortvalue_from_shape_and_type((1, labels), np.float32, device, 0)
        self._binding = session.io_binding()
        self._binding.bind_ortvalue_input("tokens", self._tokens)
        self._binding.bind_ortvalue_input("mask", self._mask)
        self._binding.bind_ortvalue_output(session.get_outputs()[0].name, self._output)
        self._options = RunOptions()
        if device == "cuda":
            self._options.add_run_config_entry("gpu_graph_id", str(length))

    def run(self, tokens: np.ndarray, mask: np.ndarray) -> np.ndarray:
        padding = ((0, 0), (0, self._length - tokens.shape[1]))
        self._tokens.update_inplace(np.pad(tokens, padding, constant_values=PADDING))
        self._mask.update_inplace(np.pad(mask, padding))
        self._session.run_with_iobinding(self._binding, self._options)
        return np.array(self._output.numpy())


def load_engine(folder: Path) -> Engine:
    """A version's engine; on a graphics card with recorded graphs for single texts, where they help."""
    engine = load_version(folder)
    if isinstance(engine, Classifier) and task_of(engine.task).numeric:
        single = recorded(engine, folder)
        engine.single = single if isinstance(single, SingleText) else None
    return engine


def load_version(folder: Path) -> Engine:
    """What answers with a version's files, after they were found to be those that were registered.

    Raises
    ------
    RegistryError
        When one of them is damaged or missing.
    """
    check_serving(folder)
    with reading(folder):
        return task_of(read_json(folder / "config.json").get("task", DEFAULT)).engine(folder)


def recorded(engine: Classifier, folder: Path) -> SingleText | str:
    """What answers single texts from recorded graphs; where it would not help or cannot be had, why (for logs, in English)."""
    if kind_of(engine.provider) != "cuda":
        return "no graphics card is used"
    if engine.personal is not None and engine.personal.reads_features:
        return "heads of groups read a second output"
    try:
        session = open_session(folder / model_file(folder, "cuda", None), [engine.provider], None, recorded=True)
        single = SingleText(session, len(engine.labels))
        return single if helps(engine, single) else "not faster here, or other answers"
    except Exception as error:  # whatever keeps this graph from being recorded, such as a node on the CPU
        engine.single = None
        return str(error).strip().partition("\n")[0] or type(error).__name__


def helps(engine: Classifier, single: SingleText) -> bool:
    """Whether recorded graphs answer as the ordinary session does, and faster; the two take turns."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for number in range(ROUNDS + 2):
        text = TRIAL[number % len(TRIAL)]
        answers = []
        for side, way in enumerate((None, single)):
            engine.single = way
            began = time.perf_counter()
            answers.append(engine.compute([text]))
            if number >= 2:  # before that memory is found, and the graph recorded
                seconds[side].append(time.perf_counter() - began)
        engine.single = None
        if np.abs(answers[1] - answers[0]).max() > SAME:
            return False
    ordinary, replayed = map(np.median, seconds)
    return bool(replayed <= FASTER * ordinary)
