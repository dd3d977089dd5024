"""Errors: what is wrong, where, and what would be legal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Diagnostic:
    """One thing that is wrong with criteria, or doubtful about them."""

    #: What is wrong and what would be legal; one clause.
    message: str
    #: A stable name for the kind of error, for programs: `"unknown-operator"`.
    code: str
    #: `"error"`, or `"warning"` where the criteria compiled all the same.
    severity: Literal["error", "warning"]
    #: The text that EventBridge answers with, as recorded; in our words where no recording exists.
    aws_message: str
    #: What to write instead, where that is clear.
    help: str | None
    #: The filter it is in, counted from 0; `None` where it concerns the criteria as a whole.
    filter: int | None
    #: Which text `start` and `end` count in: the filter's `"pattern"`, or the `"criteria"`.
    within: Literal["pattern", "criteria"] | None
    #: The first byte that it points at, in the text's UTF-8.
    start: int | None
    #: The byte behind the last.
    end: int | None
    #: The line of the criteria's text, counted from 1, where the criteria were given as one text.
    line: int | None
    #: The character in that line, counted from 1.
    column: int | None
    #: The error drawn: what, where, help.
    rendered: str

    def __str__(self) -> str:
        return self.rendered


class CriteriaError(ValueError):
    """Criteria that do not compile. `str()` of it draws every error."""

    #: Everything that is wrong, the first as the service would report it.
    errors: list[Diagnostic]

    def __init__(self, rendered: str, errors: list[Diagnostic]) -> None:
        super().__init__(rendered, errors)
        self.errors = errors

    def __str__(self) -> str:
        return str(self.args[0])


class ProgramError(ValueError):
    """Bytes that are no program; the text names the rule that they break."""


class EnvelopeError(ValueError):
    """A document that is no event of the sieve's source."""

    #: The byte at which that shows, if there is one.
    offset: int | None

    def __init__(self, message: str, offset: int | None = None) -> None:
        super().__init__(message, offset)
        self.offset = offset

    def __str__(self) -> str:
        return str(self.args[0]) if self.offset is None else f"byte {self.offset}: {self.args[0]}"
