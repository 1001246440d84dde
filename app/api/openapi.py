"""The OpenAPI 3.1 description, made from the operations themselves: ``python -m app.api.openapi PREFIX`` prints it."""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, TypeAdapter

from app.api.endpoint import Api, Operation
from app.version import VERSION

REFERENCE = "#/components/schemas/{model}"
PATH_TYPES = {"int": {"type": "integer", "minimum": 0}, "string": {"type": "string"}, "path": {"type": "string"}}
PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457. `errors` names each wrong field, `hint` says what to do.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "hint": {"type": "string"},
        "reference": {"type": "string"},
        "blockers": {"type": "array", "items": {"type": "string"}},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
RAW = {"schema": {"type": "string", "format": "binary"}}
"""A body that is a file, byte for byte."""
IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "A text of your own: the same request with the same key again makes nothing twice.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
}


def describe(apis: Iterable[Api], prefix: str) -> dict[str, Any]:
    """The whole document."""
    schemas: dict[str, Any] = {"Problem": PROBLEM}
    paths: dict[str, Any] = {}
    for api in apis:
        for operation in api.operations:
            address = prefix + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", operation.path)
            paths.setdefault(address, {})[operation.method.lower()] = _operation(operation, api.tag, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Foveal", "version": VERSION, "description": "Everything the pages can do, for programs."},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}, {}],
    }


def _operation(operation: Operation, tag: str, schemas: dict[str, Any]) -> dict[str, Any]:
    summary, _, more = (inspect.getdoc(operation.function) or operation.name).partition("\n")
    found: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [tag],
        "summary": summary,
        "parameters": _parameters(operation, schemas),
        "responses": _responses(operation, schemas),
    }
    if more.strip():
        found["description"] = more.strip()
    if body := operation.hints.get("body"):
        content = _schema(TypeAdapter(body), schemas, "validation")
        needed = bool(operation.hints["body"].model_json_schema().get("required"))
        kinds = {kind: RAW if kind in operation.files else {"schema": content} for kind in operation.takes}
        found["requestBody"] = {"required": needed, "content": kinds}
    elif operation.takes != ("application/json",):
        found["requestBody"] = {"required": True, "content": dict.fromkeys(operation.takes, RAW)}
    return found


def _parameters(operation: Operation, schemas: dict[str, Any]) -> list[dict[str, Any]]:
    found = [
        {"name": name, "in": "path", "required": True, "schema": PATH_TYPES[kind or "string"]}
        for kind, name in re.findall(r"<(?:(\w+):)?(\w+)>", operation.path)
    ]
    query: type[BaseModel] | None = operation.hints.get("query")
    if query is not None:
        schema = _expanded(TypeAdapter(query), schemas)
        for name, value in schema["properties"].items():
            parameter = {"name": name, "in": "query", "schema": value, "required": name in schema.get("required", ())}
            found.append({**parameter, **({"description": value["description"]} if "description" in value else {})})
    return [*found, IDEMPOTENCY] if operation.idempotent else found


def _responses(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": {"$ref": REFERENCE.format(model="Problem")}}}
    responses: dict[str, Any] = {"default": {"description": "What went wrong, in words.", "content": problem}}
    if operation.answer is not None:
        content = {operation.produces: {"schema": _schema(operation.answer, schemas, "serialization")}}
        responses[str(operation.status)] = {"description": "Success.", "content": content}
    elif operation.hints.get("return") in (None, type(None)):
        responses["204"] = {"description": "Done; nothing to say."}
    else:
        binary = {} if operation.produces.startswith("text/") else {"format": "binary"}
        content = {operation.produces: {"schema": {"type": "string", **binary}}}
        responses[str(operation.status)] = {"description": "Success.", "content": content}
    return responses


def _schema(adapter: TypeAdapter[Any], schemas: dict[str, Any], mode: Any) -> dict[str, Any]:
    """The JSON schema of a type; what it refers to goes to the components."""
    found = adapter.json_schema(ref_template=REFERENCE, mode=mode)
    schemas.update(found.pop("$defs", {}))
    return found


def _expanded(adapter: TypeAdapter[Any], schemas: dict[str, Any]) -> dict[str, Any]:
    return _schema(adapter, schemas, "validation")


def main(prefix: str) -> None:
    """Print the document of the routes below ``prefix`` ("/api/v1")."""
    from app.api.v1 import APIS  # which asks this module, run as a program, for the document

    print(json.dumps(describe(APIS, prefix)))


if __name__ == "__main__":
    main(sys.argv[1])
