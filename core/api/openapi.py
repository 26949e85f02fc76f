"""What the page under ``/docs`` says beside the routes: bodies, keys and the form of errors."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from core.api.door import OPEN
from core.api.schemas import ErrorAnswer

DESCRIPTION = (
    "Label texts with the classifiers of this workspace. Every address but /healthz and /metrics needs a key, as "
    "`Authorization: Bearer KEY` or `X-API-Key: KEY`; make one on the Models page or with "
    "`python -m core keys create --name NAME`. Whatever goes wrong is answered as "
    '`{"error": {"code": "…", "message": "…"}}`.'
)
ERRORS = {
    "400": "The body is not JSON.",
    "401": "No key, or one that is not known.",
    "404": "No such classifier or version.",
    "409": "No version of the classifier serves.",
    "413": "The body is too large.",
    "422": "A field is missing or wrong.",
    "503": "Too many requests wait; try again after the seconds in Retry-After.",
}


def body_of(kind: type[BaseModel]) -> dict[str, Any]:
    """The description of a route's body that the route itself reads."""
    schema = kind.model_json_schema()
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def describe(app: FastAPI) -> None:
    """Add keys and errors to the description that FastAPI makes of the routes."""
    made = app.openapi

    def whole() -> dict[str, Any]:
        if app.openapi_schema is None:
            _complete(made())
        return made()

    app.openapi = whole  # type: ignore[method-assign]


def _complete(schema: dict[str, Any]) -> None:
    parts = schema["components"]
    defined = ErrorAnswer.model_json_schema(ref_template="#/components/schemas/{model}")
    parts["schemas"] |= defined.pop("$defs") | {"ErrorAnswer": defined}
    parts["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}}
    for path, methods in schema["paths"].items():
        for method, route in methods.items():
            if path in OPEN:
                continue
            route["security"] = [{"key": []}]
            told = ERRORS if method == "post" else {status: ERRORS[status] for status in ("401", "404")}
            route["responses"] |= {status: {"description": words, "content": content} for status, words in told.items()}
            if method == "get" and "{" not in path:
                route["responses"].pop("404", None)
    for unused in ("HTTPValidationError", "ValidationError"):
        parts["schemas"].pop(unused, None)
