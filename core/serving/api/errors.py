"""What a caller is told when something is not possible: one JSON form for all of it, and never a trace."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from core.base.errors import CoreError, RegistryError, StorageError
from core.base.integrity import is_damage
from core.base.messages import Message, message
from core.base.storage import storage_error

_STORE_FAILS = frozenset({"registry.damaged", "registry.database_lost", "registry.store_failed", "api.keys_unreadable"})
RETRY_SECONDS = "30"

log = logging.getLogger("evergreen.api")


class ApiError(Exception):
    """A request that cannot be answered.

    Parameters
    ----------
    status
        HTTP status, 400 to 599.
    told
        The sentence; the last part of its key is the ``code`` that programs look at.
    headers
        Further headers of the answer, such as ``Retry-After``.
    details
        Further facts beside code and message, such as ``field``; values that JSON can hold.
    """

    def __init__(self, status: int, told: Message, headers: Mapping[str, str] | None = None, **details: Any) -> None:
        super().__init__(str(told))
        self.status = status
        self.told = told
        self.headers = dict(headers or {})
        self.details = details

    def response(self) -> Response:
        """The answer that says so."""
        code = self.told.key.rpartition(".")[2]
        content = {"error": {"code": code, "message": str(self.told), **self.details}}
        body = json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")
        return Response(body, self.status, self.headers, media_type="application/json")


def of_core(error: CoreError) -> ApiError:
    """An error of `core` as an answer: what is missing is 404, what the disk or a damaged file keeps from working is 503, and
    all else could not be done and is 422.
    """
    if isinstance(error, StorageError) or is_damage(error) or error.message.key in _STORE_FAILS:
        return ApiError(503, error.message, {"Retry-After": RETRY_SECONDS})
    missing = isinstance(error, RegistryError) and error.message.key in (
        "registry.classifier_missing",
        "registry.version_missing",
    )
    facts = error.message.facts
    return ApiError(404 if missing else 422, error.message, **({"known": facts["known"]} if missing else {}))


def unexpected(error: Exception) -> ApiError:
    """A fault nobody thought of: the trace goes to the log under a number, the number to the caller.

    What the operating system has against reading or writing is known by its words.
    """
    told_by_disk = storage_error(error)
    if told_by_disk is not None:
        log.warning("in the API: %s", told_by_disk)
        return of_core(told_by_disk)
    number = secrets.token_hex(3)
    log.error("error %s in the API", number, exc_info=error)
    told = message(
        "api.unexpected",
        "Something went wrong in the server. It was written to the server's log as number {number}.",
        number=number,
    )
    return ApiError(500, told, number=number)


def not_found(path: str) -> ApiError:
    """No such address."""
    told = message(
        "api.no_such_address", "There is nothing at '{path}'. All addresses are listed at /api/v1/docs.", path=path
    )
    return ApiError(404, told)


def wrong_method(method: str, allowed: str) -> ApiError:
    """The address is there, but not for this method."""
    told = message(
        "api.wrong_method",
        "This address does not take {method} requests, only {allowed}.",
        method=method,
        allowed=allowed,
    )
    return ApiError(405, told, {"Allow": allowed})


def wrong_fields(problems: Sequence[Mapping[str, Any]]) -> ApiError:
    """What pydantic has against a body, in plain words: all of it as ``fields``, the first as the message."""
    if problems[0]["type"] == "json_invalid":
        told = message(
            "api.not_json",
            "The body is not valid JSON ({reason}). Send one object in UTF-8.",
            reason=problems[0]["ctx"]["error"],
        )
        return ApiError(400, told)
    fields: dict[str, Message] = {}
    for problem in problems:
        fields.setdefault(_name(problem["loc"]), _sentence(problem))
    if any(name.startswith(("inputs.", "inputs[")) for name in fields):
        fields.pop("inputs", None)  # of an object and a list, what it was not meant to be
    listed = [{"field": name, "message": str(told)} for name, told in fields.items()]
    return ApiError(422, next(iter(fields.values())), fields=listed)


def _name(location: Sequence[str | int]) -> str:
    """``("texts", 3)`` as a caller writes it: ``texts[3]``; of further columns without the types that were tried."""
    if location[:1] == ("inputs",):
        location = [part for part in location if not str(part).startswith(("dict[", "list["))]
        location = location[:-1] if location[-1] in ("str", "int", "float") else location
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).removeprefix(".")


def _sentence(problem: Mapping[str, Any]) -> Message:
    field, kind = _name(problem["loc"]), problem["type"]
    if problem["loc"][:1] == ("inputs",):
        return message(
            "api.field_not_columns",
            "The field '{field}' cannot be read: 'inputs' holds a text, a number or null for each column.",
            field=field,
        )
    if kind == "model_type":
        return message(
            "api.not_object", 'The body must be one JSON object, such as {{"classifier": "…", "text": "…"}}.'
        )
    if kind == "missing":
        return message("api.field_missing", "The field '{field}' is missing.", field=field)
    if kind == "extra_forbidden":
        return message("api.field_unknown", "There is no field '{field}' here.", field=field)
    if kind == "string_type":
        return message("api.field_not_text", "The field '{field}' must be a text in quotes.", field=field)
    if kind == "list_type":
        return message("api.field_not_list", "The field '{field}' must be a list of texts.", field=field)
    if kind.startswith(("int_", "greater_than", "less_than")):
        return message("api.field_not_number", "The field '{field}' must be a whole number from 1 up.", field=field)
    return message(
        "api.field_wrong", "The field '{field}' cannot be used: {reason}.", field=field, reason=problem["msg"]
    )
