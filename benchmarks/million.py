"""A million rows: linear n-grams beside fastText with 5 epochs, and Auto through the real command line with its peak of memory.

    python -m pip install --no-deps --target /tmp/fasttext fasttext-wheel==0.9.2 pybind11  # its own folder
    OMP_NUM_THREADS=1 python benchmarks/million.py --data ../shared/data --fasttext /tmp/fasttext --minutes 10

The rows are those of five English tables of opinions, repeated, each with one word changed for another of the same tables.
Most test rows so have a near copy among the training rows, and accuracies are no figures for other data. Seconds of training
are those of the processor; memory is the sum over Auto's process and its children, looked at five times a second. Prints lines.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pandas as pd
import psutil

from core.data.reading.tables import read_table
from core.workflows.learn.learning import answers, first_lesson, learn
from core.workflows.requests import resolve_settings

TABLES = ("sst2", "movie_sentences", "customer_reviews", "tweets_2016_2018", "sentences_3_domains")
ASKED = 20_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with en/")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--fasttext", type=Path, help="folder that fastText was installed to; without, it is left out")
    parser.add_argument("--minutes", type=float, default=10.0, help="for Auto; 0 leaves it out")
    asked = parser.parse_args()
    rows = _rows(asked.data, asked.rows)
    train, test = rows[: int(0.7 * len(rows))], rows[int(0.8 * len(rows)) :][:ASKED]
    with tempfile.TemporaryDirectory() as home:
        if asked.fasttext is not None:
            _fasttext(asked.fasttext, train, test, Path(home))
        _ours(train, rows[len(train) : int(0.8 * len(rows))], test)
        if asked.minutes:
            _auto(rows, Path(home), asked.minutes)


def _rows(data: Path, count: int) -> pd.DataFrame:
    real = pd.concat([read_table(data / "en" / f"{name}.csv")[["text", "label"]] for name in TABLES])
    texts, labels = [str(text).split() for text in real["text"]], real["label"].tolist()
    known = [row for row, words in enumerate(texts) if words]
    words, generator = sorted({word for text in texts for word in text}), np.random.default_rng(0)
    made = []
    while len(made) < count:
        for row in generator.permutation(known)[: count - len(made)]:
            changed = list(texts[row])
            changed[generator.integers(len(changed))] = words[generator.integers(len(words))]
            made.append((" ".join(changed), labels[row]))
    return pd.DataFrame(made, columns=["text", "label"])


def _fasttext(folder: Path, train: pd.DataFrame, test: pd.DataFrame, home: Path) -> None:
    sys.path.insert(0, str(folder))
    import fasttext

    file = home / "train.txt"
    file.write_text("".join(f"__label__{label} {text}\n" for text, label in train.itertuples(index=False)))
    for ngrams in (1, 2):
        began = time.process_time()
        model = fasttext.train_supervised(str(file), epoch=5, wordNgrams=ngrams, thread=1, verbose=0)
        seconds = time.process_time() - began
        given = [model.f.predict(f"{text}\n", 1, 0.0, "strict")[0][1] for text in test["text"]]
        right = np.mean([answer == f"__label__{label}" for answer, label in zip(given, test["label"], strict=True)])
        print(f"fastText, wordNgrams={ngrams}: {seconds:.1f} processor seconds, accuracy {100 * right:.1f}", flush=True)


def _ours(train: pd.DataFrame, validation: pd.DataFrame, test: pd.DataFrame) -> None:
    rows, unseen = ((part["text"].tolist(), part["label"].tolist()) for part in (train, validation))
    began = time.process_time()
    lesson = first_lesson("linear", rows, unseen, tuple(sorted(set(rows[1]))), resolve_settings("linear", {}), None)
    for _ in learn(lesson, should_stop=lambda: False):
        pass
    seconds = time.process_time() - began
    given = [lesson.learner.outputs[number] for number in answers(lesson.learner, test["text"].tolist())]
    right = np.mean([answer == label for answer, label in zip(given, test["label"], strict=True)])
    print(f"linear n-grams: {seconds:.1f} processor seconds, accuracy {100 * right:.1f}", flush=True)


def _auto(rows: pd.DataFrame, home: Path, minutes: float) -> None:
    file = home / "rows.csv"
    rows.to_csv(file, index=False)
    command = [sys.executable, "-m", "core", "train", "--classifier", "m", "--data", str(file)]
    command += ["--text", "text", "--label", "label", "--model", "auto", "--set", f"minutes={minutes}"]
    began, peak = time.monotonic(), 0
    environment = {**os.environ, "EVERGREEN_HOME": str(home / "workspace")}
    with subprocess.Popen(command, env=environment, cwd=Path(__file__).resolve().parents[1]) as process:
        while process.poll() is None:
            peak = max(peak, _memory(process.pid))
            time.sleep(0.2)
    print(f"Auto, {minutes:g} minutes: {time.monotonic() - began:.0f} s, {peak / 1e9:.2f} GB at most", flush=True)


def _memory(process: int) -> int:
    try:
        whole = psutil.Process(process)
        return sum(int(each.memory_info().rss) for each in (whole, *whole.children(recursive=True)))
    except psutil.Error:
        return 0


if __name__ == "__main__":
    main()
