"""One decorator that makes a function a REST operation: it validates, answers JSON, and is the documentation."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from fnmatch import fnmatch
from functools import cached_property
from types import UnionType
from typing import Any, BinaryIO, Union, cast, get_args, get_origin, get_type_hints

from flask import Blueprint, Response, request
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, create_model
from werkzeug.exceptions import BadRequest, UnsupportedMediaType
from werkzeug.wrappers import Response as BaseResponse

from data.errors import InvalidOptions

Function = Callable[..., Any]
FIELDS = ("application/json", "multipart/form-data", "application/x-www-form-urlencoded")
"""Media types of a body that is made of named fields."""


class Input(BaseModel):
    """Base of what comes in: a field that is not known is a mistake, not to be passed over."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, populate_by_name=True, defer_build=True)


@dataclass(frozen=True)
class Operation:
    """A documented function at a method and path. Its ``body`` and ``query`` parameters are pydantic models.

    ``returns`` is the type of its JSON answer; without one it answers a Response of its own (``produces``) or nothing.
    """

    method: str
    path: str
    function: Function
    returns: Any = None
    status: int = 200
    produces: str = "application/json"
    takes: tuple[str, ...] = ("application/json",)
    idempotent: bool = False
    public: bool = False

    @property
    def name(self) -> str:
        """The operationId."""
        return self.function.__name__

    @cached_property
    def hints(self) -> dict[str, Any]:
        """Types of the parameters and of the answer."""
        return get_type_hints(self.function, include_extras=True)

    @cached_property
    def answer(self) -> TypeAdapter[Any] | None:
        """Checks and writes the JSON answer; None for another kind of answer."""
        return None if self.returns is None else TypeAdapter(self.returns)

    def __call__(self, **path: Any) -> BaseResponse:
        """Run it for the current request. Raises InvalidOptions, BadRequest, UnsupportedMediaType."""
        _refuse_nul(path, request.args)
        if query := self.hints.get("query"):
            path["query"] = validate(query, _query_values(query))
        if body := self.hints.get("body"):
            path["body"] = validate(body, self._values())
        return self._respond(self.function(**path))

    @property
    def files(self) -> tuple[str, ...]:
        """The media types whose body is a file itself ("image/*"); the fields of ``body`` then have their defaults."""
        return tuple(kind for kind in self.takes if kind not in FIELDS)

    def _values(self) -> Any:
        """The fields of the request's body."""
        if request.is_json or request.mimetype == "":
            return json_body()
        return {} if any(fnmatch(request.mimetype, kind) for kind in self.files) else form_body(self)

    def _respond(self, value: Any) -> BaseResponse:
        if isinstance(value, BaseResponse):
            return value
        if self.answer is None:
            return Response(status=204)
        text = self.answer.dump_json(self.answer.validate_python(value), by_alias=True)
        response = Response(text, self.status, mimetype="application/json")
        if self.status == 201 and isinstance(value, Mapping) and "url" in value:
            response.headers["Location"] = value["url"]
        return response


class Api:
    """Operations collected by decorator; ``blueprint`` makes routes of them, app/api/openapi.py the documentation."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.operations: list[Operation] = []

    def operation(self, method: str, path: str, **more: Any) -> Callable[[Function], Function]:
        """Register the function below at ``method path`` (Werkzeug's notation); ``more`` as in :class:`Operation`."""

        def register(function: Function) -> Function:
            self.operations.append(Operation(method, path, function, **more))
            return function

        return register


def add_routes(blueprint: Blueprint, api: Api) -> None:
    """Make a route of each operation."""
    for operation in api.operations:

        def view(_operation: Operation = operation, **path: Any) -> BaseResponse:
            return _operation(**path)

        view.public = operation.public  # type: ignore[attr-defined]
        blueprint.add_url_rule(operation.path, operation.name, view, methods=[operation.method])


def form_model(title: str, /, *classes: type[Any], **defaults: Any) -> type[Input]:
    """An input model with the fields of options dataclasses; ``defaults`` make required ones optional."""
    found: dict[str, Any] = {}
    for cls in classes:
        hints = get_type_hints(cls, include_extras=True)
        for field in fields(cls):
            default = ... if field.default is MISSING else field.default
            found[field.name] = (hints[field.name], defaults.get(field.name, default))
    return create_model(title, __base__=Input, **found)


def validate(model: type[BaseModel], values: Any) -> BaseModel:
    """``values`` as ``model``. Raises InvalidOptions naming each wrong field ("records.0.split")."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        wrong: dict[str, list[str]] = {}
        for item in error.errors(include_url=False, include_context=False, include_input=False):
            place = ".".join(str(part) for part in item["loc"]) or "body"
            wrong.setdefault(place, []).append(item["msg"].removeprefix("Value error, "))
        raise InvalidOptions(wrong) from None


def json_body() -> Any:
    """The request's JSON. Raises BadRequest for anything that is none."""
    try:
        return json.loads(request.get_data(cache=False) or b"{}", parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The body is not valid JSON: {error}.") from None


def form_body(operation: Operation) -> dict[str, Any]:
    """Fields of a multipart or url-encoded form; files are read by the function itself."""
    if request.mimetype not in operation.takes:
        raise UnsupportedMediaType(f"Send {' or '.join(operation.takes)}, not {request.mimetype}.")
    return request.form.to_dict()


def sent_file(name: str) -> tuple[BinaryIO, str]:
    """The file that the request brings and its name: the body itself, called ``name``, or the file `file` of a form."""
    sent = request.files.get("file") if request.mimetype == "multipart/form-data" else None
    stream, name = (sent.stream, sent.filename or "") if sent else (request.stream, name)
    return cast(BinaryIO, stream), name


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is not a JSON number")


def _query_values(model: type[BaseModel]) -> dict[str, Any]:
    """The query string; a parameter that may be repeated becomes a list."""
    lists = {field.alias or name for name, field in model.model_fields.items() if _is_list(field.annotation)}
    return {key: values if key in lists else values[-1] for key, values in request.args.lists()}


def _is_list(kind: Any) -> bool:
    if get_origin(kind) in (Union, UnionType):
        return any(_is_list(part) for part in get_args(kind))
    return get_origin(kind) in (list, tuple)


def _refuse_nul(path: Mapping[str, Any], args: Any) -> None:
    """No name or value has a NUL character, and neither the file system nor PostgreSQL takes one."""
    values = [*path.values(), *args, *(value for _, listed in args.lists() for value in listed)]
    if any(isinstance(value, str) and "\0" in value for value in values):
        raise BadRequest("The address contains a NUL character.")
