"""The one error family meant for the user's eyes: a sentence, the field or file it is about, and what to do."""

from __future__ import annotations


class UserError(Exception):
    """Something the user can mend.

    ``message`` is a full sentence naming the file or value; ``field`` is the option it belongs to (None: the whole
    request); ``hint`` says what to do next. The web shows all three and never a stack trace.
    """

    def __init__(self, message: str, *, field: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message


class InvalidOptions(UserError):
    """One or more option fields are wrong; ``fields`` maps the field name to its messages."""

    def __init__(self, fields: dict[str, list[str]]) -> None:
        first = next(iter(fields))
        super().__init__(f"{first}: {fields[first][0]}", field=first)
        self.fields = fields
