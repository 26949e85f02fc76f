from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.networks.standalone import pipeline as reading
from core.networks.standalone import predict
from core.networks.standalone.pipeline import TextPipeline, batches_by_length, batches_under_budget, pad
from core.networks.standalone.predict import Classifier, asked_rows, told_at_once
from core.networks.text import TextConfig, fit_pipeline
from core.workflows.bundle import write_bundle

MODELS = ("ngrams", "bilstm", "transformer", "hashed", "linear")
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


def test_a_bundle_with_a_threshold_prints_what_it_is_not_sure_of(
    make_version: Callable[..., Path], tmp_path: Path
) -> None:
    version = shutil.copytree(make_version(), tmp_path / "version")
    (version / "predict.py").write_text("raise SystemExit('of old, and without thresholds')\n", encoding="utf-8")
    write_bundle(version, tmp_path / "bundle.zip", threshold=1.0)
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        archive.extractall(tmp_path / "home")
    assert Classifier(tmp_path / "home").threshold == 1.0
    lines = run_alone(tmp_path / "home", "predict.py", "a text", "another").stdout.splitlines()
    assert [line.split("\t")[0] for line in lines] == ["unsure", "unsure"]


def test_a_bundle_holds_ten_files_and_nothing_else(unzipped: Path) -> None:
    names = [
        "config.json",
        "inputs.py",
        "labels.json",
        "model.onnx",
        "model_card.md",
        "personal.py",
        "pipeline.py",
        "predict.py",
        "tokenizer.json",
        "words.py",
    ]
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
        "from core.serving.engines import Classifier\n"
        f"Classifier({str(make_version())!r}).predict_proba(['包装破了'])\n"
        "print(sorted({'torch', 'mlflow', 'streamlit', 'transformers'} & set(sys.modules)))\n"
    )
    root = Path(__file__).resolve().parents[4]
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
    rows = classifier.predict_proba(texts)
    np.testing.assert_allclose(rows, [classifier.predict_proba([text])[0] for text in texts], atol=1e-6)
    assert classifier.predict(texts) == [classifier.labels[column] for column in rows.argmax(axis=1)]


def test_no_text_gives_no_row(make_version: Callable[..., Path]) -> None:
    assert Classifier(make_version()).predict_proba([]).shape == (0, 3)


def test_progress_is_told_after_each_batch_and_ends_at_one(
    make_version: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predict, "TOKENS_AT_ONCE", {"cpu": 2})
    seen: list[float] = []
    Classifier(make_version()).predict_proba(["a", "b", "c"], progress=seen.append)
    assert seen == [pytest.approx(2 / 3), 1.0]


def test_more_texts_than_one_chunk_are_answered_alike(
    make_version: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = Classifier(make_version())
    texts = ["a great kettle", "awful screen", "phone", "包装破了", "lovely lovely lovely"]
    whole = classifier.predict_proba(texts)
    monkeypatch.setattr(predict, "CHUNK", 2)
    np.testing.assert_allclose(classifier.predict_proba(texts), whole, atol=1e-6)


def test_the_provider_is_the_one_that_runs(make_version: Callable[..., Path]) -> None:
    assert Classifier(make_version(), providers=["CPUExecutionProvider"]).provider == "CPUExecutionProvider"


def test_chinese_is_cut_into_words(make_version: Callable[..., Path]) -> None:
    assert TextPipeline.load(make_version()).segment("快递很快，味道也不错")[:2] == ["快递", "很快"]


def test_a_text_without_tokens_is_one_unknown_token(make_version: Callable[..., Path]) -> None:
    assert TextPipeline.load(make_version()).encode(["", " \n "]) == [[1], [1]]


def test_no_more_than_the_longest_length_is_read(make_version: Callable[..., Path]) -> None:
    assert [len(row) for row in TextPipeline.load(make_version()).encode(["kettle " * 400])] == [50]
    assert [len(row) for row in TextPipeline.load(make_version(windows=3)).encode(["kettle " * 400])] == [150]


@pytest.mark.parametrize("text", ["kettle ", "好"])
def test_a_text_of_just_the_longest_length_is_not_cut(make_version: Callable[..., Path], text: str) -> None:
    segmentation = "words" if text.isascii() else "characters"
    answers = Classifier(make_version(segmentation=segmentation)).answer([text * 49, "", text * 50, text * 51])
    assert answers.read.tolist() == [49, 1, 50, 50]
    assert answers.tokens.tolist() == [49, 1, 50, 51]
    assert answers.truncated.tolist() == [False, False, False, True]


@pytest.mark.parametrize("model", ["ngrams", "hashed", "linear", "transformer", "bilstm"])
def test_a_word_at_the_end_of_a_long_text_counts_with_windows_alone(
    model: str, make_version: Callable[..., Path]
) -> None:
    text = "phone " * 140
    for windows, seen in ((1, False), (3, True)):
        classifier = Classifier(make_version(model, windows=windows))
        without, with_word = classifier.compute([text, f"{text} awful awful awful"])
        assert (np.abs(with_word - without).max() > 1e-4) == seen
        assert classifier.answer([text]).truncated.tolist() == [not seen]


def test_texts_that_are_cut_are_told_in_the_chunk_where_they_stand(
    make_version: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predict, "CHUNK", 2)
    answers = Classifier(make_version()).answer(["phone", "phone " * 60, "phone " * 70, "a", "kettle " * 51])
    assert answers.tokens.tolist() == [1, 60, 70, 1, 51]
    assert answers.truncated.tolist() == [False, True, True, False, True]


def test_padding_stacks_rows_of_unequal_length() -> None:
    tokens, mask = pad([[5, 6, 7], [8]])
    assert tokens.tolist() == [[5, 6, 7], [8, 0, 0]]
    assert mask.tolist() == [[True, True, True], [True, False, False]]


def test_batches_hold_rows_of_similar_length() -> None:
    rows = [[1] * length for length in (9, 1, 8, 2)]
    assert [batch.tolist() for batch in batches_by_length(rows, 2)] == [[1, 3], [2, 0]]


def test_a_batch_is_as_large_as_its_budget_of_padded_tokens_allows() -> None:
    rows = [[1] * length for length in (3, 1, 2, 2, 9, 1)]
    # 1, 1 and 2 make 6 padded tokens; 2 and 3 make 6; 9 alone is too long, and goes alone
    assert [batch.tolist() for batch in batches_under_budget(rows, 6)] == [[1, 5, 2], [3, 0], [4]]


def test_a_batch_ends_before_it_wastes_more_than_another_batch_costs() -> None:
    rows = [[1] * length for length in (3, 1, 2, 2, 9, 1)]
    # beside 2 and 2 the two rows of 1 waste 2 tokens; 3 would waste 4 more
    assert [batch.tolist() for batch in batches_under_budget(rows, 100, 2)] == [[1, 5, 2, 3], [0], [4]]


def test_no_rows_make_no_batch() -> None:
    assert list(batches_under_budget([], 6)) == []


@pytest.mark.parametrize("segmentation", ["words", "characters"])
@pytest.mark.parametrize("normalise", [True, False])
def test_words_that_are_remembered_have_the_tokens_that_the_tokenizer_gives(segmentation: str, normalise: bool) -> None:
    ordinary = ["It isn't good, is it? DON'T 'em", "包装破了，客服也没有 回复!", "naïve ｆｕｌｌ İstanbul ﬁne ½ K"]
    config = TextConfig(segmentation=segmentation, normalise=normalise, lowercase=normalise)
    pipeline = fit_pipeline(ordinary * 2, config)
    randomly = np.random.default_rng(0)
    points = [*range(1, 0x250), *range(0x300, 0x310), *range(0x2000, 0x2070), 0x3000, 0x85, 0x1C, 0x1F, 0xAC00, 0x1F600]
    letters = [chr(point) for point in points] + list("aeiou \t\n'’很好，") * 20
    texts = [*ordinary, *NASTY, *("".join(randomly.choice(letters, 40)) for _ in range(400))]
    tokenizer = pipeline.tokenizer
    asked = [tokenizer.encode(pipeline.prepare(text), add_special_tokens=False).ids or [1] for text in texts]
    expected = [ids[: pipeline.limit] for ids in asked]
    assert pipeline.encode(texts) == expected
    assert pipeline.encode(texts) == expected  # now from memory


def test_characters_that_change_with_their_neighbours_are_read_with_them() -> None:
    pipeline = fit_pipeline(["각 ガ é ΟΔΟΣ 很好，"] * 2, TextConfig(segmentation="characters"))
    randomly = np.random.default_rng(0)
    alone = [*"Aaeoßİ好，！ \u3000\t１²½ﬁΣσς", "\x1c", "\u2028", "\ud800", "\ufeff"]
    joining = ["\u0301", "\u0307", "\u093f", "\u1100", "\u1161", "\u11a8", "각", "か", "\uff9e", "\u3099", "\u200d"]
    texts = ["".join(randomly.choice(alone + joining, size)) for size in randomly.integers(1, 7, 3000)]
    assert pipeline._known is not None
    expected = [pipeline._look_up(pipeline.prepare(text), pipeline._known) or [1] for text in texts]
    assert pipeline.encode(texts) == expected


def test_memory_of_words_stays_bounded(make_version: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MEMORY", 10)
    pipeline = TextPipeline.load(make_version())
    first = pipeline.encode(["kettle"])
    pipeline.encode([f"word{number}" for number in range(100)])
    assert pipeline._known is not None
    assert len(pipeline._known) <= 10
    assert pipeline.encode(["kettle"]) == first


def test_the_file_that_serves_on_this_kind_of_device_is_opened(make_version: Callable[..., Path]) -> None:
    folder = make_version()
    shutil.copy(folder / "model.onnx", folder / "model.int8.onnx")
    assert Classifier(folder).precision == "fp32"
    (folder / "serving.json").write_text('{"cpu": "model.int8.onnx"}', encoding="utf-8")
    assert Classifier(folder, providers=["CPUExecutionProvider"]).precision == "int8"
    assert Classifier(folder, precision="fp32").precision == "fp32"


def test_bound_input_and_output_give_the_same_answer(
    make_version: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    classifier = Classifier(make_version(), providers=["CPUExecutionProvider"])
    expected = classifier.predict_proba(["a great kettle", "phone"])
    monkeypatch.setattr(predict, "kind_of", lambda _: "cuda")
    np.testing.assert_array_equal(classifier.predict_proba(["a great kettle", "phone"]), expected)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--csv"], "comes the name of one table"),
        (["--csv", "a.csv", "b.csv"], "comes the name of one table"),
        (["--cvs", "a.csv"], "There is no option --cvs."),
    ],
)
def test_what_cannot_be_asked_is_said_in_a_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        told_at_once(arguments, "About.")
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err


def test_help_is_told_and_a_text_may_begin_as_an_option_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert told_at_once(["--help"], "About.\n")
    assert told_at_once(["-h"], "About.\n")
    assert capsys.readouterr().out == "About.\nAbout.\n"
    for texts in (["- a point", "-5 degrees"], ["--", "--help"], []):
        assert not told_at_once(texts, "About.")
    assert asked_rows(["--", "--help", "more"], []) == ["--help", "more"]
    assert asked_rows(["- a point"], []) == ["- a point"]


@pytest.mark.parametrize("content", [None, b"", b"body\nx\n"])
def test_a_table_that_cannot_be_read_ends_the_program_without_a_trace(
    tmp_path: Path, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "rows.csv"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SystemExit) as ended:
        asked_rows(["--csv", str(file)], [])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("The table")
