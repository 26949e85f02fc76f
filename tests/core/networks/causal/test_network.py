from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from core.base.errors import ConfigError
from core.networks.causal.network import CausalText
from core.networks.causal.tokens import UNKNOWN_NATS, windows
from core.networks.standalone.pipeline import UNKNOWN, pad
from core.networks.standalone.write import END
from tests.language_models import make_network

ROWS = [[5, 9, 2], [7], [8, 8, 30, 49, 4, 3, 12, 22], [11, 2]]
LONG = [(7 * place) % 47 + 2 for place in range(53)]


def values(network: CausalText, rows: list[list[int]]) -> Tensor:
    tokens, mask = pad(rows)
    with torch.no_grad():
        return network(torch.from_numpy(tokens), torch.from_numpy(mask))


@torch.no_grad()
def nats_by_hand(network: CausalText, ids: list[int]) -> float:
    """Piece by piece, token by token."""
    nats = 0.0
    for piece in windows(ids, network.config.context):
        chances = torch.softmax(network.decoder(torch.tensor([piece[:-1]])), dim=-1)[0]
        nats -= sum(math.log(float(chances[place, token])) for place, token in enumerate(piece[1:]))
    return nats


def test_a_text_costs_the_nats_of_its_tokens_and_of_its_end() -> None:
    network = make_network()
    told = values(network, ROWS)
    assert told[:, 1].tolist() == [len(row) + 1 for row in ROWS]
    assert told[:, 0].tolist() == pytest.approx([nats_by_hand(network, row) for row in ROWS], rel=1e-5)


def test_an_unknown_character_costs_its_name_besides() -> None:
    network = make_network()
    (told,) = values(network, [[5, UNKNOWN, UNKNOWN, 9]])
    assert float(told[0]) == pytest.approx(nats_by_hand(network, [5, UNKNOWN, UNKNOWN, 9]) + 2 * UNKNOWN_NATS, rel=1e-5)
    assert float(told[1]) == 5


@pytest.mark.parametrize("length", [7, 8, 9, 15, 16, 53])
def test_a_long_text_is_read_in_windows_each_token_once(length: int) -> None:
    network, ids = make_network(context=8), LONG[:length]
    (told,) = values(network, [ids])
    assert float(told[0]) == pytest.approx(nats_by_hand(network, ids), rel=1e-5)
    assert float(told[1]) == length + 1


def test_other_texts_of_a_batch_change_nothing() -> None:
    network = make_network(context=8)
    rows = [*ROWS, LONG, LONG[:8]]
    alone = torch.cat([values(network, [row]) for row in rows])
    assert torch.allclose(values(network, rows), alone, rtol=1e-5)


def test_whoever_looks_back_further_reads_short_texts_alike() -> None:
    assert torch.equal(values(make_network(context=16), ROWS), values(make_network(context=64), ROWS))
    assert not torch.equal(values(make_network(context=16), [LONG]), values(make_network(context=64), [LONG]))


def test_features_are_the_mean_of_the_last_layer_over_tokens_and_end() -> None:
    network = make_network(context=8)
    rows = [*ROWS, LONG]
    tokens, mask = pad(rows)
    features = network.features(torch.from_numpy(tokens), torch.from_numpy(mask))
    assert features.shape == (5, network.feature_size) == (5, 16)
    hidden = network.decoder.hidden(torch.tensor([[END, *ROWS[0]]]))[0]
    assert torch.allclose(features[0], hidden.mean(dim=0), atol=1e-5)
    pieces = [network.decoder.hidden(torch.tensor([piece[:-1]]))[0] for piece in windows(LONG, 8)]
    assert torch.allclose(features[4], torch.cat(pieces).mean(dim=0), atol=1e-5)


def test_new_tokens_leave_the_outputs_two_and_old_logits_alone() -> None:
    network = make_network()
    before = network.decoder(torch.tensor([ROWS[0]]))
    network.grow_vocabulary(53)
    network.grow_outputs(7)
    assert network.vocabulary_size == 53
    assert torch.allclose(network.decoder(torch.tensor([ROWS[0]]))[:, :, :50], before, atol=1e-5)
    assert values(network, [[52, 51]]).shape == (1, 2)


def test_gradients_reach_every_weight() -> None:
    network = make_network(layers=2).train()
    tokens, mask = pad(ROWS)
    network(torch.from_numpy(tokens), torch.from_numpy(mask))[:, 0].sum().backward()
    assert [name for name, weight in network.learned_parameters() if weight.grad is None or not weight.grad.any()] == []
    layers = network.layers_from_bottom()
    assert [len(layer) > 0 for layer in layers] == [True] * 3


def test_heads_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ConfigError, match="multiple of 6"):
        make_network(heads=3)
