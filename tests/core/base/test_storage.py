from __future__ import annotations

import errno
import os

from core.base.storage import storage_error


def test_a_full_disk_is_known_in_the_words_of_another_language() -> None:
    told = storage_error(RuntimeError("I/O error: No space left on device (os error 28)"))
    assert told is not None
    assert told.message.key == "storage.full"


def test_what_has_nothing_to_do_with_the_disk_is_left_alone() -> None:
    assert storage_error(ValueError("28")) is None
    assert storage_error(ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))) is None
