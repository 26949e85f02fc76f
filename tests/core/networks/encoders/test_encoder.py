"""What only a pretrained encoder does: where it comes from, what of it learns, and what is kept of frozen features."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from itertools import islice, product
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

from core.base.errors import ModelError
from core.networks.architectures.encoder import EncoderConfig
from core.networks.encoders import frozen
from core.networks.encoders.batches import predict_features, predict_logits
from core.networks.encoders.encoder import Encoder
from core.networks.encoders.feature_cache import FeatureCache, FeatureMemory, key_of
from core.networks.sources import Sources, open_sources
from core.networks.standalone.pipeline import pad
from core.networks.standalone.predict import Classifier
from core.networks.text import Examples, TextConfig, TextPipeline, count_cut, encode_examples
from core.serving.onnx import export_onnx, measure_parity, set_temperature
from core.serving.onnx.tail import TailEngine, tail_of
from core.training import TrainingConfig
from core.training.loop import learned_weights
from core.training.objectives.supervised import train
from core.workflows.learn.learners import first_learner, make_experience, make_strategy
from core.workflows.requests import resolve_settings
from core.workflows.versions.folder import Learner, VersionFolder
from tests.encoders import tiny_encoder

CPU = torch.device("cpu")
GOOD, BAD = "the battery was good and fast", "it was bad, very slow"
TEXTS = [GOOD, BAD, "质量很好 不慢", "电池很坏"] * 6
LABELS = ["good", "bad"] * 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # More than the smallest number of common pieces that can be kept.
    rare = ["".join(letters) for letters in islice(product("qwxz", "aeiouy", "bcdfgh", "klmnprst"), 1500)]
    return tiny_encoder(tmp_path_factory.mktemp("encoder"), words=rare)


@pytest.fixture
def sources(evergreen_home: Path) -> Sources:
    return open_sources(evergreen_home)


def begin(
    folder: Path, sources: Sources, *, max_length: int = 32, windows: int = 1, **settings: Any
) -> tuple[Encoder, TextPipeline]:
    torch.manual_seed(0)
    config = EncoderConfig(encoder=f"folder:{folder}", **settings)
    return Encoder.begin(config, TextConfig(max_length=max_length, windows=windows), TEXTS, 2, sources)


def learner(folder: Path, sources: Sources, **settings: Any) -> Learner:
    asked = {"encoder": f"folder:{folder}", "epochs": 2, "batch_size": 8, "max_length": 32, **settings}
    return first_learner("encoder", TEXTS, ("bad", "good"), resolve_settings("encoder", asked), sources)


def encoded(pipeline: TextPipeline, texts: Sequence[str] = TEXTS) -> Examples:
    return encode_examples(pipeline, texts, np.zeros(len(texts), dtype=np.int64))


def learn(learner: Learner) -> None:
    step = make_experience(1, learner, (TEXTS, LABELS), (TEXTS[:4], LABELS[:4]))
    config: TrainingConfig = learner.settings.training
    for _ in train(learner.model, make_strategy("finetune", _nothing(), learner.settings), step, config):
        pass


def _nothing() -> Any:
    from core.continual.methods import StrategyConfig

    return StrategyConfig()


def test_a_text_keeps_the_marks_of_its_tokenizer_when_it_is_cut(folder: Path, sources: Sources) -> None:
    _, pipeline = begin(folder, sources)
    short, long = pipeline.encode(["good", "good " * 100])
    marks = [pipeline.tokenizer.token_to_id(mark) for mark in ("[CLS]", "[SEP]")]
    assert [short[0], short[-1]] == [long[0], long[-1]] == marks
    assert len(long) == 32


def test_each_window_of_a_long_text_has_the_marks_of_its_tokenizer(folder: Path, sources: Sources) -> None:
    model, pipeline = begin(folder, sources, windows=3)
    first, last, good = (pipeline.tokenizer.token_to_id(name) for name in ("[CLS]", "[SEP]", "good"))
    assert model.window == 32
    (ids,), (held,) = pipeline.read(["good " * 75])  # windows of 30, 30 and 15 words
    assert ids == [first, *[good] * 30, last] * 2 + [first, *[good] * 15, last]
    assert held == len(ids) == 81
    (ids,), (held,) = pipeline.read(["good " * 91])
    assert (len(ids), held) == (96, 99)
    assert [begin(folder, sources)[1].read(["good " * count])[1] for count in (30, 31)] == [[32], [35]]
    examples = encoded(pipeline, ["good " * 90, "good " * 91, "good"])
    assert count_cut(pipeline, examples) == 1


def test_what_a_frozen_encoder_said_of_a_window_is_kept_whatever_follows_it(folder: Path, sources: Sources) -> None:
    cut, reading = begin(folder, sources, tuning="frozen", max_length=16)
    whole, further = begin(folder, sources, tuning="frozen", max_length=16, windows=4)
    texts = ["good fast " * 7, "good fast " * 21, "bad slow " * 12]
    predict_features(cut, encoded(reading, texts), CPU)
    assert cut.cache is not None
    assert whole.cache is not None
    alike = {tuple(ids) for ids in encoded(reading, texts).ids}
    assert len(cut.cache) == len(alike)
    read = predict_features(whole, encoded(further, texts), CPU)
    whole.cache._look()  # type: ignore[union-attr]
    windows = {
        tuple(ids[start : start + 16]) for ids in encoded(further, texts).ids for start in range(0, len(ids), 16)
    }
    assert {key_of(window) for window in windows} <= set(whole.cache.rows)  # type: ignore[union-attr]
    whole.cache = None
    torch.testing.assert_close(predict_features(whole, encoded(further, texts), CPU), read, rtol=0, atol=1e-5)


def test_trimming_changes_no_answer(folder: Path, sources: Sources) -> None:
    whole, pipeline = begin(folder, sources, trim_pieces=False)
    trimmed, smaller = begin(folder, sources, kept_pieces=1000)
    again = [predict_features(model, encoded(with_), CPU) for model, with_ in ((whole, pipeline), (trimmed, smaller))]
    torch.testing.assert_close(*again, rtol=0, atol=1e-6)
    assert trimmed.vocabulary_size < whole.vocabulary_size
    assert trimmed.encoder.get_input_embeddings().weight.shape[0] == smaller.tokenizer.get_vocab_size()


@pytest.mark.parametrize(
    ("settings", "learning"),
    [
        ({"tuning": "frozen"}, []),
        ({"tuning": "full"}, ["layer.0", "layer.1"]),
        ({"tuning": "full", "tune_word_embeddings": True}, ["embeddings", "layer.0", "layer.1"]),
        ({"tuning": "full", "frozen_encoder_layers": 1}, ["layer.1"]),
    ],
)
def test_what_learns_is_what_was_asked_for(
    folder: Path, sources: Sources, settings: dict[str, Any], learning: list[str]
) -> None:
    model, _ = begin(folder, sources, **settings)
    names = {name for name, _ in model.learned_parameters() if not name.startswith("head")}
    assert {part for part in ("embeddings", "layer.0", "layer.1") if any(part in name for name in names)} == set(
        learning
    )


def test_adapters_leave_the_pretrained_weights_as_they_are(folder: Path, sources: Sources) -> None:
    tuned = learner(folder, sources, tuning="lora", lora_rank=2)
    before = {name: value.clone() for name, value in tuned.model.state_dict().items()}
    learn(tuned)
    moved = {name for name, value in tuned.model.state_dict().items() if not torch.equal(value, before[name])}
    assert moved
    assert all("lora" in name or name.startswith("head") for name in moved)


@pytest.mark.parametrize("tuning", ["full", "lora", "frozen"])
def test_a_stored_version_answers_the_same_and_so_does_its_export(
    folder: Path, sources: Sources, tuning: str, tmp_path: Path
) -> None:
    made = learner(folder, sources, tuning=tuning)
    learn(made)
    stored = VersionFolder(tmp_path / "version")
    stored.save_model(made)
    again = stored.load_learner()
    examples = encoded(made.pipeline)
    torch.testing.assert_close(
        predict_logits(made.model, examples, CPU), predict_logits(again.model, examples, CPU), rtol=0, atol=1e-6
    )
    export_onnx(again.model, stored.path / "model.onnx")
    assert measure_parity(again.model, Classifier(stored.path), TEXTS).max_abs_diff <= 1e-5


def test_a_prefix_goes_before_every_text_in_the_stored_version_too(
    folder: Path, sources: Sources, tmp_path: Path
) -> None:
    info = sources.encoders.add("mine", folder, prefix="good ", languages=("en",))
    asked = resolve_settings("encoder", {"encoder": info.reference, "max_length": 32})
    made = first_learner("encoder", TEXTS, ("bad", "good"), asked, sources)
    stored = VersionFolder(tmp_path / "version")
    stored.save_model(made)
    plain, _ = begin(folder, sources)
    prefixed = stored.load_pipeline().segment("bad")
    assert prefixed == ["[CLS]", "good", "bad", "[SEP]"]
    assert plain.info.prefix == ""


def test_frozen_features_are_computed_once_for_each_text(
    folder: Path, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, pipeline = begin(folder, sources, tuning="frozen")
    first = predict_features(model, encoded(pipeline), CPU)
    assert model.cache is not None
    assert len(model.cache) == len(set(TEXTS))

    later, pipeline = begin(folder, sources, tuning="frozen")  # another update, perhaps another process
    asked: list[int] = []
    compute = Encoder._encode

    def counting(self: Encoder, tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        asked.append(len(tokens))
        return compute(self, tokens, mask)

    monkeypatch.setattr(Encoder, "_encode", counting)
    assert torch.equal(predict_features(later, encoded(pipeline), CPU), first)
    assert asked == []
    predict_features(later, encoded(pipeline, [GOOD, "new: fast"]), CPU)
    assert asked == [1]


def test_features_are_shared_however_the_vocabulary_was_trimmed(folder: Path, sources: Sources) -> None:
    whole, pipeline = begin(folder, sources, tuning="frozen", trim_pieces=False)
    predict_features(whole, encoded(pipeline), CPU)
    trimmed, smaller = begin(folder, sources, tuning="frozen", kept_pieces=1000)
    assert trimmed.cache is not None
    assert trimmed.vocabulary_size < whole.vocabulary_size
    known = len(trimmed.cache)
    torch.testing.assert_close(
        predict_features(trimmed, encoded(smaller), CPU), predict_features(whole, encoded(pipeline), CPU)
    )
    assert len(trimmed.cache) == known == len(set(TEXTS))


def test_a_cache_survives_a_writer_that_was_killed(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path / "some.features", 3)
    keys = [key_of([1, 2]), key_of([3])]
    cache.add(keys, torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))
    with cache.file.open("ab") as half:
        half.write(b"half a record")
    again = FeatureCache(cache.file, 3)
    again.add([key_of([4])], torch.tensor([[7.0, 8.0, 9.0]]))
    features, cached = FeatureCache(cache.file, 3).find([key_of([4]), key_of([5]), keys[0]])
    assert cached.tolist() == [True, False, True]
    assert features.tolist() == [[7.0, 8.0, 9.0], [0.0, 0.0, 0.0], [1.0, 2.0, 3.0]]


def test_copies_for_an_export_have_no_cache(folder: Path, sources: Sources) -> None:
    model, _ = begin(folder, sources, tuning="frozen")
    copied = copy.deepcopy(model)
    copied.for_export()
    assert copied.cache is None
    assert model.cache is not None


def test_a_folder_that_is_no_encoder_is_refused_with_what_it_takes(sources: Sources, tmp_path: Path) -> None:
    broken = tiny_encoder(tmp_path / "broken")
    (broken / "config.json").write_text('{"model_type": "unheard_of"}', "utf-8")
    with pytest.raises(ModelError, match=r"config\.json, model\.safetensors and tokenizer\.json"):
        begin(broken, sources)


def test_an_encoder_needs_a_workspace(folder: Path) -> None:
    with pytest.raises(ModelError, match="workspace"):
        Encoder.begin(EncoderConfig(encoder=f"folder:{folder}"), TextConfig(), TEXTS, 2, None)


def test_a_checkpoint_holds_only_what_learns(folder: Path, sources: Sources) -> None:
    frozen, _ = begin(folder, sources, tuning="frozen")
    assert set(learned_weights(frozen)) == {"head.weight", "head.bias", "pieces"}
    tuned, _ = begin(folder, sources, tuning="full")
    kept = set(learned_weights(tuned))
    assert not any("word_embeddings" in name for name in kept)
    assert any("layer.1" in name for name in kept)


def test_many_texts_are_encoded_by_onnx_runtime_with_the_same_features(
    folder: Path, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, pipeline = begin(folder, sources, tuning="frozen")
    model.eval()
    model.cache = FeatureMemory(model.feature_size)
    by_torch = predict_features(model, encoded(pipeline), CPU)
    monkeypatch.setattr("core.networks.encoders.encoder.FEW_TEXTS", 2)
    asked: list[int] = []
    real = frozen.features_of
    monkeypatch.setattr(
        "core.networks.encoders.encoder.features_of",
        lambda session, tokens, mask: asked.append(len(tokens)) or real(session, tokens, mask),  # type: ignore[func-returns-value]
    )
    other, _ = begin(folder, sources, tuning="frozen")
    other.eval()
    other.cache = FeatureMemory(other.feature_size)
    by_runtime = predict_features(other, encoded(pipeline), CPU)
    assert sum(asked) >= 4
    torch.testing.assert_close(by_runtime, by_torch, rtol=0, atol=1e-5)


def test_an_encoder_that_learns_is_never_asked_through_a_file_of_before(folder: Path, sources: Sources) -> None:
    model, pipeline = begin(folder, sources, tuning="full")
    model.cache = FeatureMemory(model.feature_size)
    model._encoded = 10_000
    tokens, mask = pad(pipeline.encode(TEXTS[:2]))
    features = model.eval()(torch.from_numpy(tokens), torch.from_numpy(mask))
    assert features.requires_grad


@pytest.mark.parametrize("tuning", ["frozen", "full"])
def test_the_head_can_read_several_layers_side_by_side(
    folder: Path, sources: Sources, tmp_path: Path, tuning: str
) -> None:
    one, _ = begin(folder, sources, tuning="frozen")
    made = learner(folder, sources, tuning=tuning, feature_layers=2)
    model = made.model
    assert model.feature_size == 2 * one.feature_size
    examples = encoded(made.pipeline)
    both = predict_features(model, examples, CPU)
    torch.testing.assert_close(both[:, : one.feature_size], predict_features(one, examples, CPU))
    assert not torch.allclose(both[:, : one.feature_size], both[:, one.feature_size :])
    stored = VersionFolder(tmp_path)
    stored.save_model(made)
    assert torch.equal(predict_features(stored.load_learner().model, examples, CPU), both)
    export_onnx(model, tmp_path / "model.onnx")
    assert measure_parity(model, Classifier(tmp_path), TEXTS).max_abs_diff < 1e-5


def test_the_upper_layers_can_be_left_out(folder: Path, sources: Sources, tmp_path: Path) -> None:
    made = learner(folder, sources, tuning="frozen", encoder_layers=1)
    whole, _ = begin(folder, sources, tuning="frozen")
    both, _ = begin(folder, sources, tuning="frozen", feature_layers=2)
    examples = encoded(made.pipeline)
    lower = predict_features(made.model, examples, CPU)
    torch.testing.assert_close(lower, predict_features(both, examples, CPU)[:, whole.feature_size :])
    assert made.model.parameter_count() < whole.parameter_count()
    assert made.model.cache.file != whole.cache.file  # features of other layers are kept apart
    stored = VersionFolder(tmp_path)
    stored.save_model(made)
    assert torch.equal(predict_features(stored.load_learner().model, examples, CPU), lower)
    export_onnx(made.model, tmp_path / "model.onnx")
    assert measure_parity(made.model, Classifier(tmp_path), TEXTS).max_abs_diff < 1e-5


def test_an_encoder_with_fewer_layers_is_read_as_a_whole(folder: Path, sources: Sources) -> None:
    whole, _ = begin(folder, sources, tuning="frozen", feature_layers=2)
    more, pipeline = begin(folder, sources, tuning="frozen", feature_layers=9)
    assert more.layers_read == whole.layers_read == 2
    examples = encoded(pipeline)
    assert torch.equal(predict_features(more, examples, CPU), predict_features(whole, examples, CPU))


def test_the_tail_of_a_file_answers_from_kept_features_as_the_file_does(
    folder: Path, sources: Sources, tmp_path: Path
) -> None:
    made = learner(folder, sources, tuning="frozen", feature_layers=2)
    learn(made)
    stored = VersionFolder(tmp_path)
    stored.save_model(made)
    export_onnx(made.model, tmp_path / "model.onnx")
    set_temperature(tmp_path / "model.onnx", 1.7)
    asked: list[int] = []

    @torch.no_grad()
    def features(tokens: np.ndarray, mask: np.ndarray) -> np.ndarray:
        asked.append(len(tokens))
        return np.asarray(made.model.features(torch.from_numpy(tokens), torch.from_numpy(mask)))

    graph = tail_of(onnx.load(str(tmp_path / "model.onnx")))
    assert graph is not None
    tail, file = TailEngine(tmp_path, graph, made.pipeline, features), Classifier(tmp_path, ["CPUExecutionProvider"])
    assert (tail.labels, tail.task, tail.probable) == (file.labels, file.task, file.probable)
    np.testing.assert_allclose(tail.compute(TEXTS), file.compute(TEXTS), atol=1e-6)
    assert sum(asked) == len(TEXTS)
    assert tail.compute([]).shape == (0, 2)


def test_a_file_of_an_encoder_that_learns_has_no_tail(folder: Path, sources: Sources, tmp_path: Path) -> None:
    made = learner(folder, sources, tuning="full")
    VersionFolder(tmp_path).save_model(made)
    export_onnx(made.model, tmp_path / "model.onnx")
    assert tail_of(onnx.load(str(tmp_path / "model.onnx"))) is None
