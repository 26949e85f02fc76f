"""Learn a tokenizer from training texts, and let it learn new words later without renumbering the old ones."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import BPE, WordLevel
from tokenizers.trainers import BpeTrainer

from core.base.errors import ModelError
from core.data.dataset.inputs import (
    FIELD,
    MOST_CATEGORIES,
    border_name,
    learned_inputs,
    parse,
    token_name,
    tokens_of,
    values_for,
)
from core.data.dataset.language import language_of
from core.networks.standalone.marking import PIPELINES, FeaturePipeline
from core.networks.standalone.pipeline import MEMORY, ODD_SPACES, UNKNOWN, TextPipeline
from core.networks.text.config import TextConfig
from core.networks.text.stopwords import STOP_WORDS

SPECIAL = ["[PAD]", "[UNK]"]

# A word may hold and start with an apostrophe (don't, 's); every other sign stands alone.
WORD = r"['’]?\w+(?:['’]\w+)*|[^\w\s]"


def fit_pipeline(texts: Sequence[str], config: TextConfig) -> TextPipeline:
    """Learn the vocabulary of training texts.

    Raises
    ------
    ModelError
        When the texts hold no token at all.
    """
    segmentation = _resolve(config.segmentation, texts)
    inputs = learned_inputs(texts) if config.use_inputs else []
    columns = input_tokens(inputs, texts)
    written = written_texts(texts, inputs)
    tokenizer = (
        _learn_subwords(written, config, columns)
        if segmentation == "subwords"
        else _empty_tokenizer(segmentation, config)
    )
    options = {
        "segmentation": segmentation,
        "max_length": config.max_length,
        "windows": config.windows,
        "stop_words": STOP_WORDS if config.remove_stop_words and segmentation == "words" else [],
        **({"inputs": inputs} if inputs else {}),
    }
    pipeline = TextPipeline(tokenizer, options)
    if segmentation != "subwords":
        counts, words = _count(pipeline, written)
        kept = [token for token, count in counts.most_common() if count >= config.minimum_frequency]
        if not kept:
            raise _no_tokens(texts)
        kept = kept[: config.vocabulary_size]
        vocabulary = SPECIAL + kept + [*columns] + [*words_of_columns(pipeline, texts, set(kept))]
        pipeline = TextPipeline(_with_vocabulary(tokenizer, vocabulary), options)
        numbers = {token: number for number, token in enumerate(vocabulary)}
        pipeline.remember(
            {word: [numbers.get(token, UNKNOWN) for token in words[word]] for word in islice(words, MEMORY)}
        )
    return pipeline


def fit_features(
    texts: Sequence[str], config: TextConfig, kind: type[FeaturePipeline] = FeaturePipeline
) -> FeaturePipeline:
    """Learn the features of tokens (`FeaturePipeline.names`) that training texts hold.

    Raises
    ------
    ModelError
        When the texts hold no token at all.
    """
    name = next(name for name, known in PIPELINES.items() if known is kind)
    options = {"segmentation": name, "max_length": config.max_length, "stop_words": []}
    plain = Tokenizer(WordLevel({token: number for number, token in enumerate(SPECIAL)}, unk_token=SPECIAL[1]))
    counts = _count_features(kind(plain, options), texts)
    kept = [name for name, count in counts.most_common(config.vocabulary_size) if count >= config.minimum_frequency]
    if not kept:
        raise _no_tokens(texts)
    return kind(_with_vocabulary(plain, SPECIAL + kept), options)


def _count_features(pipeline: FeaturePipeline, texts: Sequence[str]) -> Counter[str]:
    return Counter(name for text in texts for own in pipeline.names(text) for name in own)


def _no_tokens(texts: Sequence[str]) -> ModelError:
    return ModelError(
        "text.no_tokens",
        "No token was left after cleaning {rows} texts. Lower 'smallest count of a token' or check the text column.",
        rows=len(texts),
    )


def extend_pipeline(pipeline: TextPipeline, texts: Sequence[str], *, minimum_frequency: int = 1) -> TextPipeline:
    """Add the words of new texts behind the known ones; subword and pretrained vocabularies stay as they are.

    Old ids keep their meaning, so a model only needs more embedding rows. The given pipeline is left unchanged.
    """
    if pipeline.brought or pipeline.options["segmentation"] == "subwords":
        return pipeline
    known = pipeline.tokenizer.get_vocab()
    if isinstance(pipeline, FeaturePipeline):
        counts = _count_features(pipeline, texts)
        new = [name for name, count in counts.most_common() if count >= minimum_frequency and name not in known]
        ordered = sorted(known, key=lambda name: known[name])
        return (
            type(pipeline)(_with_vocabulary(pipeline.tokenizer, ordered + new), pipeline.options) if new else pipeline
        )
    counts, _ = _count(pipeline, written_texts(texts, pipeline.inputs))
    counts |= input_tokens(pipeline.inputs, texts)
    fresh = [token for token, count in counts.most_common() if count >= minimum_frequency and token not in known]
    fresh += [word for word in words_of_columns(pipeline, texts, {*known, *fresh}) if word not in known]
    if not fresh:
        return pipeline
    ordered = sorted(known, key=lambda token: known[token])
    return TextPipeline(_with_vocabulary(pipeline.tokenizer, ordered + fresh), pipeline.options)


def written_texts(texts: Sequence[str], inputs: Sequence[Mapping[str, Any]]) -> Sequence[str]:
    """All that is read as words: of rows with further columns the text and each second text."""
    if not any(FIELD in text for text in texts):
        return texts
    seconds = {known["name"] for known in inputs if known["kind"] == "text"}
    rows = map(parse, texts)
    return [
        part for body, fields in rows for part in (body, *(field.value for field in fields if field.name in seconds))
    ]


def input_tokens(
    inputs: Sequence[Mapping[str, Any]], texts: Sequence[str], most: int = MOST_CATEGORIES
) -> Counter[str]:
    """Names of the tokens of further columns, with how often each occurs; of each column the most frequent ones."""
    counts: Counter[str] = Counter()
    rows = [values_for(inputs, parse(text)[1]) for text in texts] if inputs else []
    for place, known in enumerate(inputs):
        values = Counter(row[place] for row in rows)
        own: Counter[str] = Counter()
        for value, count in values.items():
            if known["kind"] == "text":
                own[border_name(known["name"]) if value.strip() else token_name(known["name"], "")] += count
                continue
            for token in tokens_of(known, value):
                own[token] += count
        counts.update(dict(own.most_common(most)))
    return counts


def words_of_columns(pipeline: TextPipeline, texts: Sequence[str], known: Collection[str]) -> list[str]:
    """Names of the tokens of known words in second texts, as words of their column; what occurs once is left out."""
    names: list[str] = []
    for column in (known["name"] for known in pipeline.inputs if known["kind"] == "text"):
        values = [field.value for text in texts for field in parse(text)[1] if field.name == column]
        counts, _ = _count(pipeline, values)
        names += [token_name(column, word) for word, count in counts.most_common() if count > 1 and word in known]
    return names


def _resolve(segmentation: str, texts: Sequence[str]) -> str:
    if segmentation != "auto":
        return segmentation
    return "characters" if language_of(texts) == "zh" else "words"


def _normalizer(config: TextConfig) -> normalizers.Normalizer | None:
    steps: list[normalizers.Normalizer] = []
    if config.normalise:
        steps.append(normalizers.NFKC())
    if config.lowercase:
        steps.append(normalizers.Lowercase())
    return normalizers.Sequence(steps) if steps else None


def _empty_tokenizer(segmentation: str, config: TextConfig) -> Tokenizer:
    tokenizer = Tokenizer(WordLevel({token: number for number, token in enumerate(SPECIAL)}, unk_token=SPECIAL[1]))
    normalizer = _normalizer(config)
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    pattern = Regex(".") if segmentation == "characters" else Regex(WORD)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Split(pattern, behavior="isolated")]
    )
    return tokenizer


def _learn_subwords(texts: Sequence[str], config: TextConfig, columns: Iterable[str]) -> Tokenizer:
    tokenizer = Tokenizer(BPE(unk_token=SPECIAL[1]))
    normalizer = _normalizer(config)
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Metaspace(), pre_tokenizers.Split(Regex(r"[^\w\s▁]"), behavior="isolated")]
    )
    trainer = BpeTrainer(
        vocab_size=min(config.vocabulary_size, 8_000),  # beyond this, pieces are whole words again
        min_frequency=max(config.minimum_frequency, 2),
        special_tokens=[*SPECIAL, *columns],
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def _count(pipeline: TextPipeline, texts: Sequence[str]) -> tuple[Counter[str], dict[str, list[str]]]:
    """How often each token occurs, known or not; and the tokens of each word, where texts are cut into words."""
    if pipeline.options["segmentation"] == "characters":
        return _count_letters(pipeline, texts), {}
    prepared = [pipeline.prepare(text) for text in texts]
    if any(ODD_SPACES.search(text) for text in prepared):
        return Counter(token for text in prepared for token in _tokens(pipeline, text)), {}
    # The tokenizer cuts at white space first, so each word has to be looked at once.
    counted = Counter(chain.from_iterable(text.split() for text in prepared))
    plain = pipeline.options["segmentation"] == "words"  # whose words of letters and digits stay whole
    words = {
        word: [word] if plain and word.isascii() and word.isalnum() else _tokens(pipeline, word) for word in counted
    }
    counts: Counter[str] = Counter()
    for word, count in counted.items():
        for token in words[word]:
            counts[token] += count
    return counts, words


def _count_letters(pipeline: TextPipeline, texts: Sequence[str]) -> Counter[str]:
    """The same of characters: each that stands alone is looked at once, and the texts of all others as a whole."""
    others = {letter for letter in set().union(*texts) if not pipeline.stands_alone(letter)}
    whole = [text for text in texts if not others.isdisjoint(text)] if others else []
    counts = Counter(token for text in whole for token in _tokens(pipeline, pipeline.prepare(text)))
    for letter, count in Counter(chain.from_iterable(filter(others.isdisjoint, texts))).items():
        for token in "".join(pipeline.prepare(letter).split()):
            counts[token] += count
    return counts


def _tokens(pipeline: TextPipeline, text: str) -> list[str]:
    return [token for token, _ in pipeline.tokenizer.pre_tokenizer.pre_tokenize_str(text)]


def _with_vocabulary(tokenizer: Tokenizer, tokens: Sequence[str]) -> Tokenizer:
    """A copy of a word-level tokenizer with these tokens, numbered in order."""
    described = json.loads(tokenizer.to_str())
    described["model"]["vocab"] = {token: number for number, token in enumerate(tokens)}
    return Tokenizer.from_str(json.dumps(described, ensure_ascii=False))
