"""A toy language model, written once for all tests that only read it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from core.networks.causal.network import CausalText
from core.networks.causal.tokens import Vocabulary
from core.tasks.language_modelling.engine import LanguageEngine
from tests.core.conftest import reviews
from tests.language_models import make_network, write_version


class Toy(NamedTuple):
    """Random weights over the words of made-up reviews, and what is exported of them."""

    network: CausalText
    engine: LanguageEngine
    folder: Path


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    folder = tmp_path_factory.mktemp("toy")
    vocabulary = Vocabulary.fit(reviews(60).texts, size=500, lowercase=False)
    network = make_network(len(vocabulary), layers=2)
    return Toy(network, write_version(folder, network, vocabulary), folder)
