"""What an encoder is about to learn: texts without those it will be judged by, tokens, and the network to begin with."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.base.errors import DataError
from core.base.files import read_json
from core.base.settings import TrimConfig
from core.data.dataset.inputs import body_of
from core.data.dataset.language import language_of
from core.data.dataset.rows import TextDataset
from core.data.dataset.same_text import text_key
from core.data.dataset.splitting import split_rows
from core.data.dataset.store import StoredDataset
from core.networks.encoders.pretrained import keep_pieces, read_network
from core.networks.pretrained import EncoderInfo
from core.networks.pretrained.trimming import trim_vocabulary
from core.tasks.text_classification.probe import ProbeRows
from core.training.pretraining.config import SCRATCH, PretrainConfig, ShapeConfig, resolve
from core.training.pretraining.masking import Masks
from core.training.pretraining.model import MaskedLanguageModel, encode_texts, load_head, make_encoder
from core.training.pretraining.tokens import Reader, learn_tokenizer
from core.workflows.pretrain.request import PretrainRequest
from core.workflows.workspace import Workspace

FEWEST = 50  # texts to learn from; fewer teach nothing but themselves
MOST_HELD_OUT = 1_000  # enough for two decimals, and soon measured
MOST_PROBED = 4_000  # rows of a labelled set on each side: beyond that, it only takes longer
_LANGUAGES = {"en": ("en",), "zh": ("zh",), "mixed": ("en", "zh"), "other": ()}


@dataclass(frozen=True)
class Texts:
    """The texts, divided; each occurs once.

    Parameters
    ----------
    repeated, probed
        Number of rows that were left out, since their text stands there already, or is among those that the probe is scored on.
    """

    given: int
    train: tuple[str, ...]
    held_out: tuple[str, ...]
    repeated: int
    probed: int


@dataclass(frozen=True)
class PretrainLesson:
    """One pretraining, ready to begin.

    Parameters
    ----------
    info
        What is known of the encoder that comes out, its base's prefix, pooling and licence included.
    pieces_before
        Size of the base's vocabulary before it was trimmed.
    """

    stored: StoredDataset
    config: PretrainConfig
    settings: dict[str, Any]
    texts: Texts
    probe: ProbeRows | None
    info: EncoderInfo
    model: MaskedLanguageModel
    reader: Reader
    tokenizer_json: str
    pieces_before: int | None

    @property
    def masks(self) -> Masks:
        return Masks(self.reader.mask, torch.from_numpy(self.reader.special), len(self.reader.lead))

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Features (texts, width) by the encoder as it is at this moment."""
        return encode_texts(
            self.model.encoder, self.tokenizer_json, self.info, texts, self.reader.max_length, self.reader.padding
        )


def prepare(request: PretrainRequest, workspace: Workspace, tokenizer_json: str | None = None) -> PretrainLesson:
    """Read and divide the texts, and make or load the network.

    Parameters
    ----------
    tokenizer_json
        The tokenizer that an interrupted run of the same request had learned, so that ids mean the same again.

    Raises
    ------
    CoreError
        When a dataset or the encoder cannot be used, or too few texts are left.
    """
    shape, config = resolve(request.start, request.settings)
    stored = workspace.datasets.info(request.dataset)
    probe = probe_rows(workspace, request.probe, config.seed) if request.probe else None
    rows = workspace.datasets.load(request.dataset).texts
    texts = divide([body_of(row) for row in rows], probe.texts if probe else (), config)
    languages = set(_LANGUAGES[language_of(texts.train)])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        if isinstance(shape, ShapeConfig):
            info = EncoderInfo(f"own:{request.name}", request.name, "own")
            tokens = tokenizer_json or learn_tokenizer(
                texts.train, shape.vocabulary_size, lowercase=shape.lowercase
            ).to_str(pretty=False)
            reader = Reader(tokens, config.max_length)
            encoder = make_encoder(shape, len(reader.special), config.max_length, config.encoder_dropout)
            model, before = MaskedLanguageModel(encoder, reader.padding), None
        else:
            info, model, reader, tokens, before = _go_on(request, workspace, shape, config, texts)
    info = _described(info, request, languages)
    settings = {**shape.model_dump(), **config.model_dump(), "max_length": reader.max_length}
    return PretrainLesson(stored, config, settings, texts, probe, info, model, reader, tokens, before)


def _go_on(
    request: PretrainRequest, workspace: Workspace, trim: TrimConfig, config: PretrainConfig, texts: Texts
) -> tuple[EncoderInfo, MaskedLanguageModel, Reader, str, int]:
    """The base encoder, with the pieces that are needed, and its head where it has one."""
    store = workspace.sources.encoders
    folder, base = store.folder(request.start), store.describe(request.start)
    network = read_network(folder, config.encoder_dropout)
    tokenizer = read_json(folder / "tokenizer.json")
    before = int(network.get_input_embeddings().weight.shape[0])
    kept = None
    if trim.trim_pieces:
        prefixed = [base.prefix + text for text in (*texts.train, *texts.held_out)]
        tokenizer, rows = trim_vocabulary(tokenizer, prefixed, trim.kept_pieces)
        keep_pieces(network, rows)
        kept = torch.from_numpy(rows)
    # RoBERTa begins to count positions at 2.
    longest = min(config.max_length, int(getattr(network.config, "max_position_embeddings", 512)) - 2)
    tokens = json.dumps(tokenizer, ensure_ascii=False)
    reader = Reader(tokens, longest, prefix=base.prefix, encoder=base.name)
    reader.fit_to(int(network.get_input_embeddings().weight.shape[0]))
    model = MaskedLanguageModel(network, reader.padding)
    load_head(model, folder, kept)
    return base, model, reader, tokens, before


def _described(base: EncoderInfo, request: PretrainRequest, languages: Collection[str]) -> EncoderInfo:
    return EncoderInfo(
        reference=f"own:{request.name}",
        name=request.name,
        kind="own",
        licence=base.licence,
        languages=tuple(sorted({*base.languages, *languages})),
        prefix=base.prefix,
        pooling=base.pooling,
        source=base.source if request.start != SCRATCH else "",
    )


def divide(texts: Sequence[str], probed: Sequence[str], config: PretrainConfig) -> Texts:
    """Each text once, without those of the probe; a random share, the same for the same seed, is held out.

    Raises
    ------
    DataError
        When too few are left to learn from.
    """
    hidden = {text_key(text) for text in probed}
    kept: dict[str, str] = {}
    left_out = 0
    for text in texts:
        key = text_key(text)
        if key in hidden:
            left_out += 1
        else:
            kept.setdefault(key, text)
    unique = list(kept.values())
    count = min(MOST_HELD_OUT, max(1, round(config.held_out_share * len(unique))))
    if len(unique) - count < FEWEST:
        raise DataError(
            "pretraining.too_few",
            "Of {given:,} texts, {left:,} different ones are left to learn from; a pretraining needs at least {fewest}, and "
            "thousands to be of use. Add texts.",
            given=len(texts),
            left=max(0, len(unique) - count),
            fewest=FEWEST,
        )
    aside = set(np.random.default_rng(config.seed).permutation(len(unique))[:count].tolist())
    return Texts(
        given=len(texts),
        train=tuple(text for row, text in enumerate(unique) if row not in aside),
        held_out=tuple(unique[row] for row in sorted(aside)),
        repeated=len(texts) - left_out - len(unique),
        probed=left_out,
    )


def probe_rows(workspace: Workspace, identity: str, seed: int) -> ProbeRows:
    """The labelled set, divided as a training would: a head is fitted on one part and scored on the other two."""
    dataset = workspace.datasets.load(identity)
    split = split_rows(dataset)
    generator = np.random.default_rng(seed)
    train = dataset.take(_some(split.train, generator))
    scored = dataset.take(_some(np.concatenate([split.validation, split.test]), generator))
    return ProbeRows(
        dataset=identity,
        name=workspace.datasets.info(identity).name,
        classes=dataset.classes,
        train_texts=train.texts,
        train_labels=_numbers(train),
        texts=scored.texts,
        labels=_numbers(scored),
    )


def _some(rows: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.int64]:
    return np.sort(generator.permutation(rows)[:MOST_PROBED])


def _numbers(dataset: TextDataset) -> NDArray[np.int64]:
    return np.asarray(dataset.labels, dtype=np.int64)
