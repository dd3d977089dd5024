"""The sieve: criteria in, verdicts out."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, Self, TypeAlias

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
        checks: Literal["matches", "every"] = "matches",
    ) -> Self:
        """Compiles criteria.

        `criteria` are text (`str` or `bytes`), objects (a mapping with `Filters`, or one pattern; a sequence of
        patterns), or the path of a file, as an `os.PathLike`. A `Pattern` may be text or an object.

        `source` is one of raw, sqs, kinesis, dynamodb, msk, kafka, activemq, rabbitmq, documentdb; `dialect` one of
        lambda, pipes, eventbridge, by default `eventbridge` for raw records and `lambda` for others. With `strict`,
        warnings are errors. `checks="every"` proves every record to be valid JSON, not only those that match: then
        all malformed records are told, for about twice the time.

        Raises `CriteriaError` with everything that is wrong, `OSError` for a file that cannot be read and
        `UnicodeDecodeError` for bytes that are no UTF-8.
        """
        text, patterns, name = _read(criteria)
        program, warnings = _eventsieve.compile(text, patterns, name, source, dialect, strict)
        sieve = super().__new__(cls, program, checks)
        sieve.warnings = tuple(warnings)
        return sieve

    @classmethod
    def from_program(cls, program: Program, *, checks: Literal["matches", "every"] = "matches") -> Self:
        """Runs a program that was compiled before.

        >>> shipped = bytes(Sieve([{"id": ["a"]}]).program)
        >>> Sieve.from_program(Program.from_bytes(shipped)).match('{"id": "a"}')
        True
        """
        sieve = super().__new__(cls, program, checks)
        sieve.warnings = ()
        return sieve

    def __reduce__(self) -> tuple[object, tuple[type[Self], Program, str]]:
        return _load, (type(self), self.program, self.checks)

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


def _load(cls: type[Sieve], program: Program, checks: Literal["matches", "every"]) -> Sieve:
    return cls.from_program(program, checks=checks)


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
