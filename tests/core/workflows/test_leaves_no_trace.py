"""Every file that leaves the machine is searched for what tells of it: paths, the names of its user and of the machine."""

from __future__ import annotations

import getpass
import io
import json
import os
import shutil
import socket
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx
import pytest

from core.cli import main
from core.networks.standalone.predict import Classifier
from core.registry.records.outgoing import short_reference, without_paths
from core.serving.onnx.export import traced
from core.workflows.bundle import write_bundle
from core.workflows.compare.request import CompareRequest
from core.workflows.compare.run import compare_strategies
from core.workflows.versions.folder import VersionFolder
from core.workflows.workspace import open_workspace
from dashboard.lab import download
from tests.core.conftest import reviews, save
from tests.encoders import tiny_encoder

ROOT = Path(__file__).parents[3]
USER = "wilhelmina"
QUICK = ["epochs=1", "batch_size=8", "max_length=24"]
NAMES = ("tiny", "bag")
VERSIONS = [("tiny", 1), ("bag", 1), ("bag", 2)]


@pytest.fixture(scope="module")
def shop(new_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A workspace below a user's own folder: an encoder from another folder there, and a bag, which was updated once."""
    own = tmp_path_factory.mktemp("home") / USER
    home = own / "workspace"
    home.mkdir(parents=True)
    shutil.copy(new_store, home / "mlflow.db")
    encoder = tiny_encoder(own / "encoders" / "tiny_bert")
    tables = []
    for number in range(2):
        rows = reviews(60, seed=number)
        lines = [f"{text},{rows.classes[label]}" for text, label in zip(rows.texts, rows.labels, strict=True)]
        tables.append(own / f"reviews {number}.csv")
        tables[-1].write_text("\n".join(["text,label", *lines]), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVERGREEN_HOME", str(home))
        for name, model in zip(NAMES, ("encoder", "ngrams"), strict=True):
            settings = [*QUICK, f"encoder=folder:{encoder}"] if model == "encoder" else QUICK
            columns = ["--text", "text", "--label", "label", "--classifier", name]
            main(["train", "--data", str(tables[0]), *columns, "--model", model, "--set", *settings])
        main(["update", "--data", str(tables[1]), *columns, "--strategy", "replay", "--promote", "always"])
        yield home


@pytest.fixture(autouse=True)
def _at_home(shop: Path, evergreen_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERGREEN_HOME", str(shop))


@pytest.fixture(scope="module")
def secrets(shop: Path) -> list[bytes]:
    """What must not occur anywhere."""
    places = [ROOT, shop, shop.parent, Path.home(), tempfile.gettempdir(), Path(os.sep) / "tmp"]
    words = [USER, "site-packages", "dist-packages", ".venv", *(f"{place}{os.sep}" for place in places)]
    # A short name such as "root" is a word of mathematics, too.
    words += [name for name in (getpass.getuser(), socket.gethostname()) if len(name) >= 6]
    return [word.encode() for word in words]


def unpacked(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """A file, and every file in it."""
    yield name, content
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for entry in archive.namelist():
                yield from unpacked(f"{name}/{entry}", archive.read(entry))


def told(content: bytes, secrets: list[bytes]) -> list[bytes]:
    return [secret for secret in secrets if secret in content]


def assert_silent(name: str, content: bytes, secrets: list[bytes]) -> None:
    assert content
    assert {part: found for part, inner in unpacked(name, content) if (found := told(inner, secrets))} == {}


def folder_of(shop: Path, classifier: str, version: int = 1) -> Path:
    return open_workspace(shop).registry.folder(classifier, version)


def test_the_search_finds_what_it_looks_for(shop: Path, secrets: list[bytes]) -> None:
    """The stored settings hold the encoder's path, which an update may need: it is the way out that is watched."""
    assert told((folder_of(shop, "tiny") / "config.json").read_bytes(), secrets)
    assert told(b'File "' + str(ROOT / "core" / "models.py").encode() + b'", line 3', secrets)


@pytest.mark.parametrize(("classifier", "version"), VERSIONS)
def test_a_bundle(shop: Path, secrets: list[bytes], classifier: str, version: int, tmp_path: Path) -> None:
    target = tmp_path / "bundle.zip"
    main(["export", "--classifier", classifier, "--version", str(version), "--out", str(target)])
    assert_silent(target.name, target.read_bytes(), secrets)


def test_a_bundle_of_an_edition_that_kept_the_exporter_s_notes(
    shop: Path, secrets: list[bytes], tmp_path: Path
) -> None:
    folder = tmp_path / "version"
    shutil.copytree(folder_of(shop, "tiny"), folder)
    (folder / "version.json").unlink()  # that edition kept no checksums
    onnx.save(traced(VersionFolder(folder).load_model()), str(folder / "model.onnx"))
    stored = (folder / "model.onnx").read_bytes()
    assert told(stored, secrets)
    write_bundle(folder, tmp_path / "bundle.zip")
    assert_silent("bundle.zip", (tmp_path / "bundle.zip").read_bytes(), secrets)
    assert (folder / "model.onnx").read_bytes() == stored
    with zipfile.ZipFile(tmp_path / "bundle.zip") as archive:
        archive.extractall(tmp_path / "bundle")
    texts = ["the lamp is great", ""]
    assert (Classifier(tmp_path / "bundle").predict_proba(texts) == Classifier(folder).predict_proba(texts)).all()


@pytest.mark.parametrize(("classifier", "version"), VERSIONS)
def test_files_that_answer_and_what_is_kept_beside_them(
    shop: Path, secrets: list[bytes], classifier: str, version: int
) -> None:
    for file in sorted(folder_of(shop, classifier, version).rglob("*")):
        if file.is_file() and file.name not in ("config.json", "report.json"):
            assert_silent(file.name, file.read_bytes(), secrets)


@pytest.mark.parametrize("classifier", NAMES)
@pytest.mark.parametrize(("ending", "language"), [("html", "en"), ("html", "zh"), ("md", "en"), ("md", "zh")])
def test_a_report(
    shop: Path, secrets: list[bytes], classifier: str, ending: str, language: str, tmp_path: Path
) -> None:
    target = tmp_path / f"report.{ending}"
    main(["report", "--classifier", classifier, "--out", str(target), "--language", language])
    assert_silent(target.name, target.read_bytes(), secrets)
    if classifier == "tiny":
        assert b"folder:tiny" in target.read_bytes().replace(b"\\_", b"_")  # the name is still said


def test_what_the_lab_gives_away(shop: Path, secrets: list[bytes]) -> None:
    workspace = open_workspace(shop)
    stored = [save(workspace, reviews(40, seed=seed), f"part {seed}").id for seed in (0, 1)]
    settings = {"epochs": 1, "batch_size": 8, "max_length": 24, "tuning": "frozen"}
    settings["encoder"] = VersionFolder(folder_of(shop, "tiny")).settings["encoder"]
    request = CompareRequest(
        datasets=stored, strategies=["finetune", "ridge"], model="encoder", settings=settings, jobs=1
    )
    *_, done = compare_strategies(request, workspace)
    assert_silent("comparison.json", download.as_json(done.result), secrets)
    assert_silent("comparison.html", download.standalone(done.result).encode(), secrets)


def test_labelled_rows_and_receipts(
    shop: Path, secrets: list[bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = shop.parent / "reviews 1.csv"
    main(["predict", "--data", str(table), "--text", "text", "--classifier", "bag", "--out", str(tmp_path / "out.csv")])
    assert_silent("out.csv", (tmp_path / "out.csv").read_bytes(), secrets)
    forgotten = tmp_path / "texts.txt"
    forgotten.write_text(reviews(60, seed=1).texts[3], encoding="utf-8")
    capsys.readouterr()
    main(["forget", "--classifier", "bag", "--texts", str(forgotten), "--json"])
    receipt = capsys.readouterr().out
    assert json.loads(receipt)["id"]
    assert_silent("receipt.json", receipt.encode(), secrets)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("folder:/home/wilhelmina/my encoder", "folder:my encoder"),
        ("folder:/home/wilhelmina/enc/", "folder:enc"),
        (r"folder:C:\Users\wilhelmina\enc", "folder:enc"),
        ("folder:~/enc", "folder:enc"),
        ("folder:enc", "folder:enc"),
        ("packaged:multilingual-e5-small", "packaged:multilingual-e5-small"),
        ("hub:owner/name", "hub:owner/name"),
        ("/b/", "/b/"),  # a label may look like a path
    ],
)
def test_a_folder_is_called_by_its_name(given: str, expected: str) -> None:
    assert short_reference(given) == expected


def test_plain_values_without_paths() -> None:
    given: dict[str, Any] = {
        "settings": {"encoder": "folder:/home/wilhelmina/enc", "epochs": 3, "layers": [1, None, True]},
        "origin": {
            "encoder": {"source": "/home/wilhelmina/enc", "name": "enc"},
            "vectors": {"source": "https://a.org/b"},
        },
        "classes": ["/home/x", "good"],
        "facts": {"folder": r"C:\Users\wilhelmina\enc", "reason": "No such file: '/home/wilhelmina/a.json', or 1/2."},
    }
    kept = json.dumps(given)
    assert without_paths(given) == {
        "settings": {"encoder": "folder:enc", "epochs": 3, "layers": [1, None, True]},
        "origin": {"encoder": {"source": "enc", "name": "enc"}, "vectors": {"source": "https://a.org/b"}},
        "classes": ["/home/x", "good"],
        "facts": {"folder": "enc", "reason": "No such file: 'a.json', or 1/2."},
    }
    assert json.dumps(given) == kept
