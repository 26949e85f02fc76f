"""Errors are values, too: what keeps them must give them back as they were."""

from __future__ import annotations

import copy
import pickle

import pytest

from core.base.errors import ConfigError, CoreError, DataError, JobError, ModelError, RegistryError, StorageError


@pytest.mark.parametrize("kind", [CoreError, DataError, ConfigError, ModelError, RegistryError, JobError, StorageError])
def test_a_copy_says_the_same(kind: type[CoreError]) -> None:
    error = kind("data.rows", "{rows:,} rows of {name}", rows=1200, name="a.csv")
    for again in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert type(again) is kind
        assert str(again) == "1,200 rows of a.csv"
        assert again.message == error.message
