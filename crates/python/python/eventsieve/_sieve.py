"""The sieve: criteria in, verdicts out."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, Self, TypeAlias, TypedDict

from eventsieve import _arrow, _eventsieve
from eventsieve._eventsieve import BatchResult, Program

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from eventsieve._errors import Diagnostic

#: Filter criteria: the text of the object that the Lambda API takes, of a list of patterns or of one pattern; the
#: same as objects; or the path of a file that holds such a text.
Criteria: TypeAlias = "str | bytes | os.PathLike[str] | Mapping[str, Any] | Sequence[str | Mapping[str, Any]]"

#: A record: JSON text, or a buffer of its UTF-8.
Record: TypeAlias = "str | Buffer"


class Limits(TypedDict, total=False):
    """Bounds on criteria and on records, by name. What is left out stays as it is.

    Names and defaults are those of the command's `--limit`, with underscores for dashes. Beyond a bound on criteria there
    is a `CriteriaError`, beyond one on records a record is malformed.
    """

    #: Filters in one criteria; `None` for no bound.
    filters: int | None
    #: Characters in one pattern; `None` for no bound.
    pattern_chars: int | None
    #: Complexity of the wildcards of one field; `None` for no bound.
    wildcard_complexity: int | None
    #: Alternatives that the `$or`s of one filter may be multiplied out to.
    or_alternatives: int
    #: Different fields in one alternative of a pattern.
    paths: int
    #: Segments of one path: nested keys, and the parts of keys with dots.
    path_segments: int
    #: Open objects and lists at any point of a pattern.
    depth: int
    #: Digits of one number in a pattern.
    number_digits: int
    #: Length of one key of a pattern in UTF-16 code units.
    key_chars: int
    #: Bytes of an automaton that string tests of one field are merged into; beyond, they stay apart, without an error.
    automaton_bytes: int
    #: Bytes of the program.
    program_bytes: int
    #: Bytes of a record.
    record_bytes: int
    #: Open objects and arrays at any point of a record.
    record_depth: int
    #: Digits of one number in a record.
    record_number_digits: int
    #: Length of one key of a record in UTF-16 code units.
    record_key_chars: int


class ArrowStream(Protocol):
    """What offers Arrow data in chunks: a pyarrow `ChunkedArray`, a polars `Series`."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


class ArrowArray(Protocol):
    """What offers Arrow data in one piece: a pyarrow `Array`."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]: ...


class Verdict(IntEnum):
    """What became of a record. Only `MATCH` is true."""

    #: The record is valid and no filter matched: it is dropped.
    NO_MATCH = 0
    #: At least one filter matched: the record is delivered.
    MATCH = 1
    #: The record is no valid JSON object, or exceeds a limit: it is dropped.
    MALFORMED = 2

    def __bool__(self) -> bool:
        return self is Verdict.MATCH


class DropReason(Enum):
    """Why a record is not delivered."""

    #: No filter matched it.
    FILTERED_OUT = 1
    #: No filter matched it, and its payload is no JSON although a filter asks for JSON: more likely a broken message
    #: than an unwanted one. SQS deletes it all the same. To tell this of payloads that begin like JSON and break off
    #: later, make the sieve with `checks="every"`.
    PAYLOAD_NOT_JSON = 2
    #: The record itself is malformed.
    MALFORMED = 3


class Malformed(NamedTuple):
    """Why a record is malformed: its first problem in the order of its bytes."""

    #: The first byte that no valid record could have there, or the record's length where it ends too early.
    offset: int
    #: What is wrong there.
    reason: str


_VERDICTS = tuple(Verdict)
_REASONS: tuple[DropReason | None, ...] = (None, *DropReason)


class Sieve(_eventsieve.NativeSieve):
    """Filter criteria, compiled for a source.

    It never changes, and threads may share it: all reading happens with Python's lock released (for single records,
    if they are large). It can be pickled, without its warnings.

    >>> sieve = Sieve('{"Filters": [{"Pattern": "{\\\\"body\\\\": {\\\\"n\\\\": [1]}}"}]}', source="sqs")
    >>> sieve.match('{"messageId": "m", "body": "{\\\\"n\\\\": 1}"}')
    True
    """

    #: What the dialect had to say about criteria that it took all the same. Empty for a loaded program.
    warnings: tuple[Diagnostic, ...]

    def __new__(
        cls,
        criteria: Criteria,
        source: str = "raw",
        dialect: str | None = None,
        *,
        strict: bool = False,
        checks: Literal["matches", "every", "trusted"] = "matches",
        limits: Limits | None = None,
    ) -> Self:
        """Compiles criteria.

        `criteria` are text (`str` or `bytes`), objects (a mapping with `Filters`, or one pattern; a sequence of
        patterns), or the path of a file, as an `os.PathLike`. A `Pattern` may be text or an object.

        `source` is one of raw, sqs, kinesis, dynamodb, msk, kafka, activemq, rabbitmq, documentdb; `dialect` one of
        lambda, pipes, eventbridge, by default `eventbridge` for raw records and `lambda` for others. With `strict`,
        warnings are errors. `checks="every"` proves every record to be valid JSON, not only those that match: then
        all malformed records are told, for about twice the time. `checks="trusted"` is for records of your own making:
        keys are taken to be unique and nothing is proved, so reading ends with the last field that a filter asks about.

        `limits` are other bounds than those of the dialect, by the names of `Limits`: `{"filters": None}` takes any
        number of filters, `{"record_bytes": 1_000_000}` makes longer records malformed.

        Raises `CriteriaError` with everything that is wrong, `OSError` for a file that cannot be read,
        `UnicodeDecodeError` for bytes that are no UTF-8 and `ValueError` for an argument that is not legal.
        """
        text, patterns, name = _read(criteria)
        bounds: dict[str, Any] = dict(limits or {})
        program, warnings = _eventsieve.compile(text, patterns, name, source, dialect, strict, bounds)
        of_records = {name: bound for name, bound in bounds.items() if name.startswith("record_")}
        sieve = super().__new__(cls, program, checks, of_records)
        sieve.warnings = tuple(warnings)
        return sieve

    @classmethod
    def from_program(
        cls,
        program: Program,
        *,
        checks: Literal["matches", "every", "trusted"] = "matches",
        limits: Limits | None = None,
    ) -> Self:
        """Runs a program that was compiled before. `limits` are bounds on records: those named `record_…`.

        >>> shipped = bytes(Sieve([{"id": ["a"]}]).program)
        >>> Sieve.from_program(Program.from_bytes(shipped)).match('{"id": "a"}')
        True
        """
        sieve = super().__new__(cls, program, checks, dict(limits or {}))
        sieve.warnings = ()
        return sieve

    def __reduce__(self) -> tuple[object, tuple[type[Self], Program, str, dict[str, int]]]:
        return _load, (type(self), self.program, self.checks, self._record_limits)

    def verdict(self, record: Record) -> Verdict:
        """The verdict of a record."""
        return _VERDICTS[self._verdict(record)]

    def drop_reason(self, record: Record) -> DropReason | None:
        """Why a record is not delivered; `None` if it is."""
        return _REASONS[self._drop_reason(record)]

    def check(self, record: Record) -> Malformed | None:
        """Where and why a record is malformed; `None` if it is not.

        >>> Sieve([]).check('{"a": 1,}')
        Malformed(offset=8, reason="expected a key after ','")
        """
        malformed = self._check(record)
        return None if malformed is None else Malformed(*malformed)

    def match_batch(
        self,
        records: Iterable[Record | None] | ArrowStream | ArrowArray | None = None,
        *,
        buffer: Buffer | None = None,
        offsets: Buffer | None = None,
        filters: bool = False,
    ) -> BatchResult:
        """Verdicts of many records, in one call.

        The records are one of

        - a list or another iterable of records, as `match` takes them;
        - Arrow data: a pyarrow `Array` or `ChunkedArray`, a polars `Series`, or whatever else offers
          `__arrow_c_array__` or `__arrow_c_stream__`, of a binary or string type. Read where it lies, by way of pyarrow
          (16 or later), which must be installed; only dictionaries and values of fixed size are copied first;
        - `buffer` with `offsets`: record `i` is `buffer[offsets[i]:offsets[i + 1]]`, and `offsets` (int32, int64, uint32
          or uint64, for instance an `array.array("q")` or a numpy array) has one entry more than there are records.

        `None` in an iterable and a null in an Arrow array are malformed. A buffer that can be written to is copied
        first; memory that is read-only to Python must not be written by others while the call lasts.

        With `filters`, the result also tells which filters matched each record, and why records were dropped; that
        costs a little more.
        """
        if buffer is not None or offsets is not None:
            if records is not None or buffer is None or offsets is None:
                raise TypeError("match_batch takes records, or buffer and offsets together")
            return self._match_buffer(buffer, offsets, filters)
        if records is None:
            raise TypeError("match_batch needs records, or buffer and offsets")
        if isinstance(records, (str, bytes, bytearray, memoryview)):
            raise TypeError("match_batch takes many records; for one, call match, for lines, pass text.splitlines()")
        if not isinstance(records, (list, tuple)):
            chunks = _arrow.chunks(records)
            if chunks is not None:
                return self._match_chunks(chunks, filters)
        return self._match_objects(tuple(records), filters)  # type: ignore[arg-type]


def _load(cls: type[Sieve], program: Program, checks: Literal["matches", "every", "trusted"], limits: Limits) -> Sieve:
    return cls.from_program(program, checks=checks, limits=limits)


def _read(criteria: Criteria) -> tuple[str | None, list[str] | None, str | None]:
    """Criteria as one text or as texts of patterns, and the name of the file they came from."""
    if isinstance(criteria, str):
        return criteria, None, None
    if isinstance(criteria, (bytes, bytearray, memoryview)):
        return bytes(criteria).decode(), None, None
    if isinstance(criteria, os.PathLike):
        with open(criteria, encoding="utf-8") as file:
            return file.read(), None, os.fspath(criteria)
    if isinstance(criteria, Mapping):
        return _text(criteria), None, None
    if isinstance(criteria, Sequence):
        if all(isinstance(pattern, str) for pattern in criteria):
            return None, [pattern for pattern in criteria if isinstance(pattern, str)], None
        return _text(list(criteria)), None, None
    raise TypeError(
        f"criteria are text, a mapping, a sequence of patterns or an os.PathLike, not {type(criteria).__name__}"
    )


def _text(criteria: object) -> str:
    """Objects as JSON text, readable if it can be: errors show it."""

    def plain(value: object) -> object:
        if isinstance(value, Mapping):
            return dict(value)
        raise TypeError(f"criteria hold what JSON can say, not {type(value).__name__}")

    text = json.dumps(criteria, ensure_ascii=False, default=plain)
    try:
        text.encode()
    except UnicodeEncodeError:  # Half a surrogate pair has to be written as an escape.
        text = json.dumps(criteria, default=plain)
    return text
