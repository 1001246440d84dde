"""Parts of a training that are one file each (a schedule, an optimizer): a dataclass whose fields become options.

A part called ``step`` with a field ``gamma`` gives the training options a field ``step_gamma``, shown in the form only
while that part is chosen. So one file adds the form, the validation, the REST schema and the help at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import MISSING, dataclass, field, fields, make_dataclass
from typing import Annotated, Any, Generic, TypeVar, get_type_hints

from pydantic import AfterValidator, Field

from data.registry import Registry

T = TypeVar("T")
P = TypeVar("P")


@dataclass(frozen=True)
class Part(Generic[P]):
    """A registered part: ``name`` in options and REST, ``title`` for people, ``help``, and the class of its options."""

    name: str
    title: str
    help: str
    options: type[P]

    def field(self, name: str) -> str:
        """What its option ``name`` is called among the training options."""
        return f"{self.name}_{name}"

    @property
    def fields(self) -> list[str]:
        """All its options as they are called among the training options."""
        return [self.field(item.name) for item in fields(self.options)]  # type: ignore[arg-type]

    def chosen(self, options: Any) -> P:
        """The part as the training options (a dataclass with its prefixed fields) have it."""
        return self.options(**{item.name: getattr(options, self.field(item.name)) for item in fields(self.options)})  # type: ignore[arg-type]


def registrar(registry: Registry[Part[P]]) -> Callable[[str, str], Callable[[type[T]], type[T]]]:
    """A class decorator ``@register(name, title)`` for the dataclasses of a registry; their docstring is the help."""

    def register(name: str, title: str) -> Callable[[type[T]], type[T]]:
        def add(cls: type[T]) -> type[T]:
            registry.register(Part(name, title, (cls.__doc__ or "").partition("\n")[0], cls))  # type: ignore[arg-type]
            return cls

        return add

    return register


def one_of(registry: Registry[Any], what: str, first: Sequence[str] = ()) -> tuple[Any, Any]:
    """Metadata of a text option that names a part: checked when it is parsed, an enum with titles in the schema.

    ``first`` are the names that a list shows first; the others follow by name.
    """

    def known(name: str) -> str:
        if name not in registry:
            raise ValueError(f"There is no {what} {name!r}; choose one of: {', '.join(registry.names())}")
        return name

    ordered = sorted(registry, key=lambda part: first.index(part.name) if part.name in first else len(first))
    labels = {part.name: part.title for part in ordered}
    return AfterValidator(known), Field(json_schema_extra={"enum": [*labels], "labels": labels})


def with_parts(choice: str, registry: Registry[Part[P]], group: str) -> Callable[[type[T]], type[T]]:
    """A class decorator: the fields of every part of ``registry`` become fields, shown where ``choice`` names it."""

    def extend(cls: type[T]) -> type[T]:
        added = [item for part in registry for item in _fields(part, choice, group)]
        space = {"__doc__": cls.__doc__, "__module__": cls.__module__}
        return make_dataclass(cls.__name__, added, bases=(cls,), namespace=space, frozen=True, kw_only=True)

    return extend


def _fields(part: Part[Any], choice: str, group: str) -> Iterable[tuple[str, Any, Any]]:
    hints = get_type_hints(part.options, include_extras=True)
    shown = Field(json_schema_extra={"show_if": {choice: [part.name]}, "group": group})
    for item in fields(part.options):
        if item.default is MISSING:
            raise TypeError(f"{part.name}: the option {item.name} has no default")
        yield part.field(item.name), Annotated[hints[item.name], shown], field(default=item.default)
