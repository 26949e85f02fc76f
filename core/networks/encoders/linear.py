"""A linear model of n-grams of words and of the letters in them (Wang & Manning 2012, "Baselines and Bigrams")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from core.data.dataset.inputs import MARK
from core.networks.architectures.linear import LINEAR, LinearConfig
from core.networks.encoders.base import TextNetwork, TokenRows
from core.networks.encoders.ngram_keys import (
    MULTIPLIERS,
    POSITIVE,
    TOKEN_BITS,
    Integers,
    counted,
    hold_any,
    pieces_of,
    runs,
    slots_of,
)
from core.networks.standalone.pipeline import UNKNOWN, TextPipeline, batches_under_budget, pad
from core.networks.text import TextConfig, fit_pipeline

if TYPE_CHECKING:
    import scipy.sparse

    from core.networks.encoders.graph import Graph

SINGLES_UP_TO = 2000  # texts; with more, what occurs in one text alone is left out
MOST_NGRAMS = 400_000
MOST_WEIGHTS = 60_000_000  # learned ones of all outputs: bounds the memory where there are many
SPELLED_AT_ONCE = 50_000  # texts whose pieces are counted together: bounds the memory
AT_ONCE = 262_144  # tokens, padding included


class LinearNgrams(TextNetwork):
    """Weights of all different words, n-grams and letters of a text, added up, over the length of the text.

    A text holds units: tokens, and the n-grams that were met in training texts. A unit counts once, however often it occurs. It
    is made of features: itself and, for a word, the pieces of its spelling. Each feature has a fixed weight, the logarithm
    of how rare it is, and learned ones, a row of `embedding`. What a feature weighs in a text is divided by the
    root of the sum of squares over all features of all units.

    Attributes
    ----------
    feature_weights
        Fixed weight of each feature, float32 (features).
    spelled, spelled_offsets
        Features of each token, one token after another, and where each begins.
    ngram_features
        The feature of each n-gram; the first is no n-gram.
    keys, slots
        Key of each n-gram, and the table in which it is looked up by two hashes: an n-gram's number, or 0.
    letter_keys, letter_features
        Hashes of all pieces of words, and their features.
    met
        How many texts and tokens it has met.
    """

    declared = LINEAR

    config: LinearConfig
    embedding: nn.EmbeddingBag
    feature_weights: Tensor
    spelled: Tensor
    spelled_offsets: Tensor
    ngram_features: Tensor
    keys: Tensor
    slots: Tensor
    letter_keys: Tensor
    letter_features: Tensor
    met: Tensor

    def __init__(
        self, config: LinearConfig, vocabulary_size: int, outputs: int, architecture: dict[str, int] | None = None
    ) -> None:
        stored = {"width": outputs, "features": vocabulary_size, "spelled": vocabulary_size, **(architecture or {})}
        super().__init__(config, vocabulary_size, outputs, stored["width"])
        self.length, self.letter_weight = config.ngram_length, config.letter_weight
        self.embedding = nn.EmbeddingBag(stored["features"], stored["width"], mode="sum", sparse=True)
        nn.init.uniform_(self.embedding.weight, -0.01, 0.01)
        sizes = {
            "spelled": stored["spelled"],
            "ngram_features": stored.get("ngrams", 1),
            "slots": stored.get("slots", 1),
            "letter_keys": stored.get("letters", 0),
        }
        empty = {name: torch.zeros(size, dtype=torch.int64) for name, size in sizes.items()}
        for name, value in empty.items():
            self.register_buffer(name, value)
        self.register_buffer("keys", torch.full_like(self.ngram_features, -1))
        self.register_buffer("letter_features", torch.zeros_like(self.letter_keys))
        self.register_buffer("spelled_offsets", torch.arange(vocabulary_size + 1).clamp_max(stored["spelled"]))
        self.register_buffer("feature_weights", torch.ones(stored["features"]))
        self.register_buffer("met", torch.zeros(2, dtype=torch.int64))
        if architecture is None:  # each token is a feature
            self.spelled.copy_(torch.arange(vocabulary_size))
            self.feature_weights[: UNKNOWN + 1] = 0
        self._kept: tuple[Tensor, int, Tensor] | None = None  # what `_folded` made of which weights

    @classmethod
    def begin(
        cls, config: Any, text: TextConfig, texts: Sequence[str], outputs: int, sources: Any
    ) -> tuple[Self, TextPipeline]:
        pipeline = fit_pipeline(texts, text)
        model = cls(config, pipeline.tokenizer.get_vocab_size(), outputs)
        with torch.no_grad():
            model.embedding.weight.zero_()
        model.meet(pipeline, texts)
        return model, pipeline

    @classmethod
    def rebuild(cls, config: Any, vocabulary_size: int, outputs: int, architecture: dict[str, Any]) -> Self:
        return cls(config, vocabulary_size, outputs, architecture or None)

    def architecture(self) -> dict[str, Any]:
        return {
            "width": self.embedding.embedding_dim,
            "features": self.embedding.num_embeddings,
            "spelled": len(self.spelled),
            "ngrams": len(self.keys),
            "slots": len(self.slots),
            "letters": len(self.letter_keys),
        }

    def sparse_parameters(self) -> list[nn.Parameter]:
        return list(self.embedding.parameters())

    # -- what is counted

    @torch.no_grad()
    def meet(self, pipeline: TextPipeline, texts: Sequence[str]) -> None:
        ids = pipeline.encode_early(list(texts))
        tokens = np.fromiter(chain.from_iterable(ids), np.int64)
        rows = np.repeat(np.arange(len(ids)), [len(row) for row in ids])
        fewest = 1 if len(texts) <= SINGLES_UP_TO else 2
        first_met = max(int(self.met[1]), UNKNOWN + 1)
        self.met[0] += len(texts)
        self.met[1] = self.vocabulary_size
        words, counts = counted(tokens, rows)
        fresh = words >= first_met
        self.feature_weights[self._own_features(words[fresh])] = self._rarity(counts[fresh])
        if self.letter_weight:
            self._spell(pipeline, tokens, rows, first_met, fewest)
        self._take_ngrams(tokens, rows, fewest, pipeline.column_tokens() if pipeline.inputs else None)

    def _own_features(self, tokens: Integers) -> Integers:
        """The feature of each token that is the token itself."""
        return np.asarray(self.spelled.numpy()[self.spelled_offsets.numpy()[tokens]])

    def _rarity(self, counts: NDArray[Any]) -> Tensor:
        """Logarithm of how rare features are that so many texts hold: float32 (features)."""
        return torch.from_numpy(np.log((1 + int(self.met[0])) / (1 + np.asarray(counts, dtype=np.float64)))).float()

    def _most_frequent(self, counts: NDArray[Any], most: int) -> Integers:
        """The numbers of what is counted here, the most frequent first, for as many as there is room."""
        room = MOST_WEIGHTS // self.embedding.embedding_dim - self.embedding.num_embeddings
        return np.argsort(-counts, kind="stable")[: max(0, min(room, most))]

    def _add_features(self, weights: Tensor) -> range:
        """Append features with these fixed weights that have learned nothing yet; returns their numbers."""
        first, old = self.embedding.num_embeddings, self.embedding.weight
        self.feature_weights = torch.cat([self.feature_weights, weights])
        self.embedding.weight = nn.Parameter(torch.cat([old, old.new_zeros(len(weights), old.shape[1])]))
        self.embedding.num_embeddings = len(self.embedding.weight)
        return range(first, self.embedding.num_embeddings)

    def _spell(self, pipeline: TextPipeline, tokens: Integers, rows: Integers, first: int, fewest: int) -> None:
        """Give tokens from the first on the pieces of their spelling as further features."""
        count = self.vocabulary_size - first
        names = (str(pipeline.tokenizer.id_to_token(token)) for token in range(first, self.vocabulary_size))
        words = ["" if name.startswith(MARK) else name for name in names]  # a column's value is not spelled
        owners, keys = pieces_of(words)
        if not len(keys):
            return
        pieces, piece = np.unique(keys, return_inverse=True)
        new = tokens >= first
        held, spelling = _which(rows[new], tokens[new] - first, count), _which(owners, piece, len(pieces), count)
        counts = np.zeros(len(pieces), dtype=np.int64)
        for start in range(0, held.shape[0], SPELLED_AT_ONCE):
            pieces_held = (held[start : start + SPELLED_AT_ONCE] @ spelling).indices  # each once in a text
            counts += np.bincount(pieces_held, minlength=len(pieces))
        added = np.flatnonzero((counts >= fewest) & ~np.isin(pieces, self.letter_keys.numpy()))
        added = added[np.sort(self._most_frequent(counts[added], len(added)))]
        features = self._add_features(self._rarity(counts[added]) * self.letter_weight)
        self.letter_keys = torch.cat([self.letter_keys, torch.from_numpy(pieces[added])])
        self.letter_features = torch.cat([self.letter_features, torch.tensor(features, dtype=torch.int64)])
        order = self.letter_keys.argsort()
        known = self.letter_keys[order].numpy()
        at = np.searchsorted(known, pieces).clip(0, len(known) - 1)
        of_piece = np.where(known[at] == pieces, self.letter_features[order].numpy()[at], -1)
        kept = of_piece[piece] >= 0
        # Each token's own feature stands before those of its pieces.
        all_owners = np.concatenate([np.arange(count), owners[kept]])
        own = self._own_features(np.arange(first, self.vocabulary_size))
        all_features = np.concatenate([own, of_piece[piece[kept]]])
        start = int(self.spelled_offsets[first])
        ordered = all_features[np.argsort(all_owners, kind="stable")]
        lengths = torch.from_numpy(np.bincount(all_owners, minlength=count))
        self.spelled = torch.cat([self.spelled[:start], torch.from_numpy(ordered)])
        self.spelled_offsets = torch.cat([self.spelled_offsets[: first + 1], start + lengths.cumsum(0)])

    def _take_ngrams(
        self, tokens: Integers, rows: Integers, fewest: int, alone: NDArray[np.bool_] | None = None
    ) -> None:
        """Take up the n-grams that are not known yet, the most frequent first while there is room.

        Parameters
        ----------
        alone
            Whether each token is part of no n-gram, as values of further columns are.
        """
        met = [counted(*held) for held in runs(tokens, rows, 2**TOKEN_BITS, self.length)]
        fresh = np.concatenate([np.zeros(0, np.int64), *(keys for keys, _ in met)])
        often = np.concatenate([np.zeros(0, np.int64), *(counts for _, counts in met)])
        wanted = (often >= fewest) & ~np.isin(fresh, self.keys.numpy())
        if alone is not None:
            wanted &= ~hold_any(fresh, alone)
        fresh, often = fresh[wanted], often[wanted]
        order = self._most_frequent(often, MOST_NGRAMS - len(self.keys))
        features = self._add_features(self._rarity(often[order]))
        self.ngram_features = torch.cat([self.ngram_features, torch.tensor(features, dtype=torch.int64)])
        self.keys = torch.cat([self.keys, torch.from_numpy(fresh[order])])
        self.slots = slots_of(self.keys)

    @torch.no_grad()
    def grow_vocabulary(self, vocabulary_size: int) -> None:
        """Make room for new tokens, which weigh as much as a rare one until `meet` has counted them."""
        added = vocabulary_size - self.vocabulary_size
        if added <= 0:
            return
        features = self._add_features(torch.full((added,), float(self.feature_weights.max())))
        start = int(self.spelled_offsets[-1])
        self.spelled_offsets = torch.cat([self.spelled_offsets, start + torch.arange(1, added + 1)])
        self.spelled = torch.cat([self.spelled, torch.tensor(features)])
        self.vocabulary_size = vocabulary_size

    # -- from texts to numbers

    def units(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Different units of each text, (batch, units) in descending order; 0 stands for none."""
        units = self._all_units(tokens, mask).sort(dim=1, descending=True).values
        repeated = functional.pad(units[:, 1:] == units[:, :-1], (1, 0))
        return units.masked_fill(repeated, 0)

    def _all_units(self, tokens: Tensor, mask: Tensor) -> Tensor:
        units = [torch.where(mask, tokens, 0)]
        key = tokens
        for size in range(2, self.length + 1):
            # Pad on the right instead of cutting: a text shorter than the n-gram then needs no special case.
            following = functional.pad(tokens, (0, size - 1))[:, size - 1 :]
            inside = functional.pad(mask, (0, size - 1))[:, size - 1 :]
            key = key * 2**TOKEN_BITS + following
            slots = [self.slots[((key * by) & POSITIVE) % len(self.slots)] for by in MULTIPLIERS]
            first, second = (torch.where(self.keys[slot] == key, slot, 0) for slot in slots)
            number = torch.maximum(first, second)
            units.append(torch.where(inside & (number > 0), number + (self.vocabulary_size - 1), 0))
        return torch.cat(units, dim=1)

    def features(self, tokens: Tensor, mask: Tensor) -> Tensor:
        units = self.units(tokens, mask)
        folded, squares = self._folded(), self._squares()
        total: Tensor = folded[units].sum(dim=1)
        return total / squares[units].sum(dim=1, keepdim=True).clamp_min(1e-12).sqrt()

    def _folded(self) -> Tensor:
        """What each unit adds, its features put together: (units, width)."""
        table = self.embedding.weight
        sparse = torch.is_grad_enabled()
        if not sparse and self._kept is not None:
            of, version, folded = self._kept
            if of is table and version == table._version and folded.device == table.device:
                return folded
        words = functional.embedding_bag(
            self.spelled,
            table,
            self.spelled_offsets[:-1],
            mode="sum",
            per_sample_weights=self.feature_weights[self.spelled],
            sparse=sparse,
        )
        rows, weights = self.ngram_features[1:], self.feature_weights[self.ngram_features[1:]]
        folded = torch.cat([words, functional.embedding(rows, table, sparse=sparse) * weights[:, None]])
        if not sparse:
            self._kept = (table, table._version, folded)
        return folded

    def _squares(self) -> Tensor:
        """Sum of squares of the fixed weights of each unit's features: (units)."""
        squares = self.feature_weights.square()
        words = functional.embedding_bag(self.spelled, squares[:, None], self.spelled_offsets[:-1], mode="sum")
        return torch.cat([words[:, 0], squares[self.ngram_features[1:]]])

    @torch.no_grad()
    def held(self, ids: Sequence[Sequence[int]]) -> scipy.sparse.csr_array:
        """Which units each text holds, divided by its length: float32 (texts, units).

        This times `composition` times learned weights are the logits.
        """
        import scipy.sparse

        rows, columns = [], []
        for some in batches_under_budget(ids, AT_ONCE):
            units = self.units(*map(torch.from_numpy, pad([ids[number] for number in some]))).numpy()
            inside, at = units.nonzero()
            rows.append(some[inside])
            columns.append(units[inside, at])
        row, unit = np.concatenate(rows), np.concatenate(columns)
        length = np.sqrt(np.maximum(np.bincount(row, self._squares().numpy()[unit], len(ids)), 1e-12))
        shape = (len(ids), self.vocabulary_size + len(self.keys) - 1)
        return scipy.sparse.csr_array(((1 / length[row]).astype(np.float32), (row, unit)), shape)

    def composition(self) -> scipy.sparse.csr_array:
        """Which features a unit is made of, by their fixed weights: (units, features)."""
        import scipy.sparse

        features = np.concatenate([self.spelled.numpy(), self.ngram_features[1:].numpy()])
        offsets = np.concatenate([self.spelled_offsets.numpy(), len(self.spelled) + 1 + np.arange(len(self.keys) - 1)])
        shape = (len(offsets) - 1, self.embedding.num_embeddings)
        return scipy.sparse.csr_array((self.feature_weights.numpy()[features], features, offsets), shape)

    @torch.no_grad()
    def effective(self) -> tuple[Tensor, Tensor]:
        """Learned weights as the logits have them, (features, outputs), and their bias."""
        return self.embedding.weight @ self.head.weight.T, self.head.bias.clone()

    @torch.no_grad()
    def set_effective(self, weights: Tensor, bias: Tensor) -> None:
        """Take over learned weights, (features, outputs), so that features are the logits without their bias."""
        self.set_feature_map(None)
        self.feature_size = weights.shape[1]
        self.embedding.weight = nn.Parameter(weights.contiguous())
        self.embedding.embedding_dim = self.feature_size
        self.head = nn.Linear(self.feature_size, self.feature_size, device="meta").to_empty(device=weights.device)
        self.head.weight.copy_(torch.eye(self.feature_size))
        self.head.bias.copy_(bias)

    # -- served and explained

    def write_features(self, graph: Graph, tokens: str, mask: str) -> str:
        return self._write_sum(graph, self._folded(), tokens, mask)

    def write_logits(self, graph: Graph, tokens: str, mask: str) -> str | None:
        """Put the head's scores into the table: the sum of scores is the score of the sum."""
        if self.lift is not None:
            return super().write_logits(graph, tokens, mask)
        scores = functional.linear(self._folded(), self.head.weight)
        return graph.add("Add", self._write_sum(graph, scores, tokens, mask), self.head.bias)

    def _write_sum(self, graph: Graph, table: Tensor, tokens: str, mask: str) -> str:
        units = self._write_units(graph, tokens, mask)
        total = graph.add("ReduceSum", graph.add("Gather", table, units), [1], keepdims=0)
        squares = graph.add("ReduceSum", graph.add("Gather", self._squares(), units), [1], keepdims=1)
        return graph.add("Div", total, graph.add("Sqrt", graph.add("Max", squares, 1e-12)))

    def _write_units(self, graph: Graph, tokens: str, mask: str) -> str:
        """What `units` computes."""
        units = [graph.add("Where", mask, tokens, 0)]
        further, key = self.length - 1, tokens
        if further:
            padded = graph.add("Pad", tokens, [0, 0, 0, further]), graph.add("Pad", mask, [0, 0, 0, further])
            slots, none = (graph.constant(value, narrow=True) for value in (self.slots, 0))
            keys, size_of = graph.constant(self.keys), len(self.slots)
        for size in range(2, self.length + 1):
            following, inside = (graph.slice(values, size - 1, size - 1 - further or None, 1) for values in padded)
            key = graph.add("Add", graph.add("Mul", key, 2**TOKEN_BITS), following)
            slot = [
                graph.add(
                    "Gather",
                    slots,
                    graph.add("Mod", graph.add("BitwiseAnd", graph.add("Mul", key, by), POSITIVE), size_of),
                )
                for by in MULTIPLIERS
            ]
            first, second = (
                graph.add("Where", graph.add("Equal", graph.add("Gather", keys, each), key), each, none)
                for each in slot
            )
            number = graph.as_integer(graph.add("Max", first, second))
            present = graph.add("And", inside, graph.add("Greater", number, 0))
            units.append(graph.add("Where", present, graph.add("Add", number, self.vocabulary_size - 1), 0))
        every = graph.add("Concat", *units, axis=1) if further else units[0]
        count = graph.add("Shape", every, start=1, end=2)
        ordered = graph.add("TopK", every, count, axis=1, largest=1, sorted=1, unused=1)
        later = graph.slice(ordered, 1, None, 1)
        kept = graph.add("Where", graph.add("Equal", later, graph.slice(ordered, 0, -1, 1)), 0, later)
        return graph.add("Concat", graph.slice(ordered, 0, 1, 1), kept, axis=1)

    @classmethod
    def rows_of_tokens(cls, weights: Mapping[str, Tensor], ids: Sequence[int], size: int) -> TokenRows | None:
        """Features, n-grams and pieces of words that these tokens alone have."""
        offsets, spelled, keys = (weights[name].numpy() for name in ("spelled_offsets", "spelled", "keys"))
        gone = np.isin(np.arange(size), ids)
        of_token = np.repeat(gone, np.diff(offsets))
        letters = np.setdiff1d(spelled[of_token], spelled[~of_token])
        ngrams = np.flatnonzero(hold_any(keys, gone))
        features = np.concatenate([letters, weights["ngram_features"].numpy()[ngrams]])
        pieces = np.flatnonzero(np.isin(weights["letter_features"].numpy(), letters))
        by_name = {
            "embedding.weight": features,
            "feature_weights": features,
            "spelled": np.flatnonzero(of_token),
            "keys": ngrams,
            "ngram_features": ngrams,
            "letter_keys": pieces,
        }
        units = np.concatenate([np.flatnonzero(gone), size - 1 + ngrams])
        return TokenRows("embedding.weight", by_name, {size + len(keys) - 1: units, len(keys): ngrams})

    @property
    def additive(self) -> bool:
        return self.lift is None

    @torch.no_grad()
    def parts(self, tokens: Tensor, mask: Tensor) -> tuple[Tensor, list[list[int]]]:
        length, owners = tokens.shape[1], dict[int, set[int]]()
        for index, unit in enumerate(self._all_units(tokens, mask)[0].tolist()):
            if unit:
                size, first = divmod(index, length)
                owners.setdefault(unit, set()).update(range(first, first + size + 1))
        units = torch.tensor(list(owners), dtype=torch.int64)
        scores = functional.linear(self._folded()[units], self.head.weight)
        return scores / self._squares()[units].sum().clamp_min(1e-12).sqrt(), [sorted(own) for own in owners.values()]


def _which(rows: Integers, columns: Integers, width: int, height: int | None = None) -> scipy.sparse.csr_array:
    """Which columns each row holds, 1 or more where it does: (rows, width); as many rows as are named, or ``height``."""
    import scipy.sparse

    if height is None:
        height = int(rows.max(initial=-1)) + 1
    places = rows.astype(np.int32), columns.astype(np.int32)
    return scipy.sparse.csr_array((np.ones(len(rows), np.int8), places), (height, width))
