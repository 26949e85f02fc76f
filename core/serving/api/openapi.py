"""What the page under ``/docs`` says beside the routes: bodies, keys and the form of errors."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from pydantic import BaseModel
from starlette.responses import Response

from core.serving.api.auth import ASSETS, DOCS, OPEN
from core.serving.api.headers import CONTENT, own_scripts
from core.serving.api.schemas import ErrorAnswer

DESCRIPTION = (
    "Label texts with the classifiers of this workspace. Every address but /healthz and /metrics needs a key, as "
    "`Authorization: Bearer KEY` or `X-API-Key: KEY`; make one on the Use page under API or with "
    "`python -m core keys create --name NAME`. Whatever goes wrong is answered as "
    '`{"error": {"code": "…", "message": "…"}}`.'
)
ERRORS = {
    "400": "The body is not JSON.",
    "401": "No key, or one that is not known.",
    "403": "The server does not answer to the host that was named, or a page of another site asks.",
    "404": "No such classifier or version.",
    "408": "The body did not arrive in time.",
    "409": "No version of the classifier serves.",
    "413": "The body is too large.",
    "422": "A field is missing or wrong.",
    "503": "Too many requests wait, or the workspace cannot be read; try again after the seconds in Retry-After.",
}
OF_LISTS = ("401", "403", "503")  # what can go wrong where nothing is sent
OF_NAMES = ("404", "422")  # and where a classifier is named


def body_of(kind: type[BaseModel]) -> dict[str, Any]:
    """The description of a route's body that the route itself reads."""
    schema = kind.model_json_schema()
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def add_docs(app: FastAPI) -> None:
    """Add the page under ``/docs``, which loads nothing from elsewhere and runs no script but its own."""

    @app.get(DOCS, include_in_schema=False)
    async def docs(request: Request) -> Response:
        root = request.scope.get("root_path", "")
        page = get_swagger_ui_html(
            openapi_url=f"{root}{app.openapi_url}",
            title=app.title,
            swagger_js_url=f"{root}{ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{root}{ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{root}{ASSETS}/favicon.png",
        )
        page.headers[CONTENT] = (
            f"default-src 'none'; script-src {own_scripts(bytes(page.body).decode())}; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
        )
        return page


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
            known = ERRORS if method == "post" else OF_LISTS + (OF_NAMES if "{" in path else ())
            route["responses"] |= {status: {"description": ERRORS[status], "content": content} for status in known}
    for unused in ("HTTPValidationError", "ValidationError"):
        parts["schemas"].pop(unused, None)
