# SPDX-License-Identifier: GPL-3.0-or-later
"""The OpenAPI document: what FastAPI finds out, and the rules, errors and tokens beside it."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from .access import RULES, Rule, Scope
from .problem import MEDIA_TYPE
from .shapes import FieldError, Problem

REF = "#/components/schemas/{model}"
_ANY = (400, 413, 500, 503)  # may be the answer to anything
_WORDS = {
    304: "The caller has it already.", 400: "The request cannot be read.",
    401: "No token, or none that counts.", 403: "Not for this caller.",
    404: "Not there, or not for this caller.", 405: "Not this method.",
    409: "Not as things are now.", 413: "The body is too large.",
    422: "A value is not allowed.", 429: "Too often; Retry-After says until when.",
    500: "A mistake of ours.", 503: "Database or agent are away; Retry-After.",
    504: "The modem did not answer in time.",
}  # fmt: skip


def problems(*codes: int) -> dict[int | str, dict[str, Any]]:
    """`responses` of a route: the problems that it may answer with."""
    content = {MEDIA_TYPE: {"schema": {"$ref": REF.format(model="Problem")}}}
    found: dict[int | str, dict[str, Any]] = {
        code: {"description": _WORDS[code], "content": content}
        for code in sorted({*codes, *_ANY} - {304})
    }
    return found | ({304: {"description": _WORDS[304]}} if 304 in codes else {})


def describe(app: FastAPI) -> dict[str, Any]:
    """The document of the app's own routes."""
    found = get_openapi(
        title="modemfarm",
        version=app.version,
        summary="The modems of a farm: what they do, and what may be done to them.",
        description="Errors are problems (RFC 9457) with field, value, what is allowed and remedy.",
        routes=app.routes,
        separate_input_output_schemas=False,
    )
    components = found.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for model in (FieldError, Problem):
        schemas[model.__name__] = model.model_json_schema(ref_template=REF)
        schemas[model.__name__].pop("$defs", None)
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            _add_rule(operation, RULES[method.upper(), path])
    return found


def _add_rule(operation: dict[str, Any], rule: Rule) -> None:
    operation["x-scope"] = rule.scope.value
    if rule.least is None:
        operation["security"] = []
        return
    operation["x-role"] = rule.least.value
    operation["security"] = [{"token": []}]
    more = (401, 403, 404) if rule.scope is Scope.MODEM else (401, 403)
    for code, response in problems(*more).items():
        operation["responses"].setdefault(str(code), response)
