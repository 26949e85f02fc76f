"""Word vectors as the start of a model's embedding, learned further or kept as they are.

Knows nothing of where the vectors come from.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from core.networks.encoders.base import TextNetwork


@torch.no_grad()
def start_embedding(model: TextNetwork, vectors: np.ndarray, has_vector: np.ndarray, first: int = 0) -> None:
    """Write word vectors into the rows of a model's words; rows of words without a vector stay as they are.

    At the beginning the vectors are centred, brought to the mean length that suits the model, and cut to the embedding's width by
    their principal components; in a wider embedding the remaining columns stay as they are.

    Parameters
    ----------
    vectors
        float32 (vocabulary, dimensions), one row a token of the model.
    has_vector
        bool (vocabulary,): which tokens have a vector.
    first
        The first token whose row is written. What the words before it have become then says where their new
        neighbours belong: a linear map from vectors to rows is fitted on them.
    """
    # Other rows, such as an n-gram bag's shared ones, stand before those of the words.
    rows = model.embedding.weight[-len(vectors) :]
    source = torch.as_tensor(vectors, dtype=torch.float64)
    has = torch.as_tensor(has_vector)
    fresh = has.clone()
    fresh[:first] = False
    known = has & ~fresh
    if not fresh.any():
        return
    if known.sum() > 2 * source.shape[1]:
        placed = _beside_neighbours(source[known], rows[known].double().cpu(), source[fresh])
    else:
        placed = _principal(source[fresh], rows.shape[1])
        length = getattr(model.config, "vector_length", None) or float(rows[fresh].norm(dim=1).mean())
        placed *= length / placed.norm(dim=1).mean().clamp_min(1e-12)
    columns = placed.shape[1]
    rows[fresh.to(rows.device), :columns] = placed.to(rows)


def _principal(vectors: Tensor, width: int) -> Tensor:
    """Centred vectors, and no more than the ``width`` directions in which they differ most (principal components)."""
    centred = vectors - vectors.mean(dim=0)
    if width >= centred.shape[1]:
        return centred
    _, _, directions = torch.linalg.svd(centred, full_matrices=False)
    cut: Tensor = centred @ directions[:width].T
    return cut


def _beside_neighbours(known: Tensor, rows: Tensor, fresh: Tensor) -> Tensor:
    """Rows for fresh vectors by the linear map (ridge regression) that takes known vectors to their rows."""
    centre, middle = known.mean(dim=0), rows.mean(dim=0)
    centred = known - centre
    gram = centred.T @ centred
    gram.diagonal().add_(1e-3 * gram.diagonal().mean())
    weights = torch.linalg.solve(gram, centred.T @ (rows - middle))
    placed: Tensor = (fresh - centre) @ weights + middle
    return placed
