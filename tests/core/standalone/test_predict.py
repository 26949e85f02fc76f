from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.standalone.predict import Classifier, TextPipeline, batches_by_length, pad
from core.workflows.bundle import write_bundle

MODELS = ("ngrams", "bilstm", "transformer", "hashed")
NASTY = [
    "",
    " \t\r\n ",
    "\ud800 lone \udfff",
    "😀👍🏽 👨‍👩‍👧",
    "word " * 10_000,
    "很" * 10_000,
    "\x00\x07",
    "ＦＵＬＬ ｗｉｄｔｈ",
    "never-seen qzxvjk",
]


def run_alone(folder: Path, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a bundle's program where this project cannot be imported."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        [sys.executable, "-I", *arguments],
        cwd=folder,
        env=environment,
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )


@pytest.fixture
def unzipped(make_version: Callable[..., Path], tmp_path: Path) -> Path:
    write_bundle(make_version(), tmp_path / "bundle.zip")
    target = tmp_path / "taken home"
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        archive.extractall(target)
    return target


def test_a_bundle_holds_six_files_and_nothing_else(unzipped: Path) -> None:
    names = ["config.json", "labels.json", "model.onnx", "model_card.md", "predict.py", "tokenizer.json"]
    assert sorted(path.name for path in unzipped.iterdir()) == names


def test_the_unzipped_program_gives_exactly_the_same_probabilities(
    unzipped: Path, make_version: Callable[..., Path]
) -> None:
    texts = ["a great kettle", "快递很快，还会再买", ""]
    script = (
        "import importlib.util, json, sys\n"
        "assert importlib.util.find_spec('core') is None\n"
        "sys.path.insert(0, '.')\n"
        "from predict import Classifier\n"
        "rows = Classifier('.').predict_proba(json.loads(sys.stdin.read()))\n"
        "print(json.dumps([[float(value).hex() for value in row] for row in rows]))\n"
    )
    done = run_alone(unzipped, "-c", script, stdin=json.dumps(texts))
    assert done.returncode == 0, done.stderr
    expected = Classifier(make_version()).predict_proba(texts)
    assert json.loads(done.stdout) == [[float(value).hex() for value in row] for row in expected]


def test_the_program_labels_its_arguments(unzipped: Path, make_version: Callable[..., Path]) -> None:
    done = run_alone(unzipped, "predict.py", "快递很快", "a kettle")
    assert done.returncode == 0, done.stderr
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    classifier = Classifier(make_version())
    rows = classifier.predict_proba(["快递很快", "a kettle"])
    assert lines == [
        [classifier.labels[int(row.argmax())], f"{row.max():.6f}", text]
        for row, text in zip(rows, ["快递很快", "a kettle"], strict=True)
    ]


def test_the_program_labels_every_line_of_its_input(unzipped: Path) -> None:
    done = run_alone(unzipped, "predict.py", stdin="good phone\n\n包装破了 😀\n")
    assert done.returncode == 0, done.stderr
    assert [line.split("\t")[2] for line in done.stdout.splitlines()] == ["good phone", "", "包装破了 😀"]


def test_serving_loads_no_torch_and_no_mlflow(make_version: Callable[..., Path]) -> None:
    script = (
        "import sys\n"
        "from core.inference import Classifier\n"
        f"Classifier({str(make_version())!r}).predict_proba(['包装破了'])\n"
        "print(sorted({'torch', 'mlflow', 'streamlit', 'transformers'} & set(sys.modules)))\n"
    )
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize("model", MODELS)
def test_nothing_nasty_is_refused(make_version: Callable[..., Path], model: str) -> None:
    rows = Classifier(make_version(model)).predict_proba(NASTY)
    assert rows.shape == (len(NASTY), 3)
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("model", MODELS)
def test_padding_changes_no_answer(make_version: Callable[..., Path], model: str) -> None:
    classifier = Classifier(make_version(model))
    texts = ["kettle", "the screen broke after two days", "great " * 49]
    together = classifier.predict_proba(texts)
    alone = np.concatenate([classifier.predict_proba([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert np.abs(together[0] - together[1]).max() > 1e-3  # else equality would prove nothing


def test_answers_come_in_the_order_of_the_texts(make_version: Callable[..., Path]) -> None:
    classifier = Classifier(make_version())
    texts = ["a great kettle looks lovely", "phone", "awful screen", "phone", "包装破了，客服也没有回复"]
    rows = classifier.predict_proba(texts, batch_size=2)
    np.testing.assert_allclose(rows, [classifier.predict_proba([text])[0] for text in texts], atol=1e-6)
    assert classifier.predict(texts) == [classifier.labels[column] for column in rows.argmax(axis=1)]


def test_no_text_gives_no_row(make_version: Callable[..., Path]) -> None:
    assert Classifier(make_version()).predict_proba([]).shape == (0, 3)


def test_progress_ends_at_one(make_version: Callable[..., Path]) -> None:
    seen: list[float] = []
    Classifier(make_version()).predict_proba(["a", "b", "c"], batch_size=2, progress=seen.append)
    assert seen == [pytest.approx(2 / 3), 1.0]


def test_the_provider_is_the_one_that_runs(make_version: Callable[..., Path]) -> None:
    assert Classifier(make_version(), providers=["CPUExecutionProvider"]).provider == "CPUExecutionProvider"


def test_chinese_is_cut_into_words(make_version: Callable[..., Path]) -> None:
    assert TextPipeline.load(make_version()).segment("快递很快，味道也不错")[:2] == ["快递", "很快"]


def test_a_text_without_tokens_is_one_unknown_token(make_version: Callable[..., Path]) -> None:
    assert TextPipeline.load(make_version()).encode(["", " \n "]) == [[1], [1]]


def test_no_more_than_the_longest_length_is_read(make_version: Callable[..., Path]) -> None:
    assert [len(row) for row in TextPipeline.load(make_version()).encode(["kettle " * 400])] == [50]


def test_padding_stacks_rows_of_unequal_length() -> None:
    tokens, mask = pad([[5, 6, 7], [8]])
    assert tokens.tolist() == [[5, 6, 7], [8, 0, 0]]
    assert mask.tolist() == [[True, True, True], [True, False, False]]


def test_batches_hold_rows_of_similar_length() -> None:
    rows = [[1] * length for length in (9, 1, 8, 2)]
    assert [batch.tolist() for batch in batches_by_length(rows, 2)] == [[1, 3], [2, 0]]
