"""The OpenAPI description of the API, made of the types and of what each address says of itself."""

from typing import Any, NamedTuple

import msgspec

import tollwatch
from dashboards.console import api_types as types


class Operation(NamedTuple):
    """What one address and method does."""

    path: str
    method: str
    scope: str
    summary: str
    gives: type
    takes: type | None = None
    query: dict[str, dict[str, Any]] = {}  # noqa: RUF012  (a default that nobody changes)


def describe(operations: list[Operation]) -> dict[str, Any]:
    """The description, OpenAPI 3.1."""
    kinds = {types.ApiError, *(each.gives for each in operations), *(each.takes for each in operations if each.takes)}
    schemas, components = msgspec.json.schema_components(
        sorted(kinds, key=lambda kind: kind.__name__), ref_template="#/components/schemas/{name}"
    )
    del schemas
    paths: dict[str, dict[str, Any]] = {}
    for each in operations:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tollwatch", "version": tollwatch.__version__, "description": "Alerts, verdicts and feeds."},
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }


def _operation(each: Operation) -> dict[str, Any]:
    names = [part[1:-1] for part in each.path.split("/") if part.startswith("{")]
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[0-9a-f]{16}$"}}
        for name in names
    ]
    parameters += [{"name": name, "in": "query", "schema": schema} for name, schema in each.query.items()]
    errors = {"400": "not done", "401": "no token, or one that is over", "403": "not allowed", "404": "not there"}
    if each.takes is not None:
        errors |= {"409": "somebody was quicker", "413": "too long"}
    made: dict[str, Any] = {
        "summary": each.summary,
        "operationId": f"{each.method.lower()}{each.path.removeprefix('/api').replace('/', '_').strip('{}')}".replace(
            "{", ""
        ).replace("}", ""),
        "security": [{"token": [each.scope]}],
        "parameters": parameters,
        "responses": {"200": _answer("done", each.gives)}
        | {status: _answer(words, types.ApiError) for status, words in errors.items()},
    }
    if each.takes is not None:
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": _ref(each.takes)}}}
    return made


def _ref(kind: type) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{kind.__name__}"}


def _answer(words: str, kind: type) -> dict[str, Any]:
    return {"description": words, "content": {"application/json": {"schema": _ref(kind)}}}
