from collections.abc import Sequence
from typing import Any, Self, final

from typing_extensions import Buffer, disjoint_base

from eventsieve._arrow import Chunk
from eventsieve._errors import Diagnostic
from eventsieve._sieve import DropReason

@final
class Program:
    """Compiled criteria: a flat artefact that can be stored and shipped as bytes.

    `bytes(program)` gives the bytes, `Program.from_bytes` verifies them and takes them back; a program can also be
    pickled. Equal criteria give equal bytes on every platform, so programs can be compared, and be keys.
    """

    @classmethod
    def from_bytes(cls, data: Buffer) -> Program:
        """Verifies the bytes of a program and takes them (a copy).

        Raises `ProgramError`, which names the rule that the bytes break.
        """
    def __bytes__(self) -> bytes:
        """The bytes, to store or ship."""
    @property
    def source(self) -> str:
        """Where its records come from."""
    @property
    def dialect(self) -> str:
        """The dialect that its criteria were written in."""
    @property
    def filter_len(self) -> int:
        """How many filters it has; none lets every valid record pass."""
    def disasm(self) -> str:
        """The program as a listing, for people."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class BatchResult:
    """Verdicts of a batch, a byte each. Made by `Sieve.match_batch`."""

    @property
    def verdicts(self) -> bytes:
        """A byte a record: 0 no match, 1 match, 2 malformed, as in `Verdict`.

        Being `bytes`, it can be wrapped without a copy: `numpy.frombuffer(result.verdicts, "u1")`,
        `pyarrow.py_buffer(result.verdicts)`.
        """
    @property
    def count(self) -> int:
        """How many records match."""
    @property
    def malformed(self) -> int:
        """How many records are malformed; a lower bound unless the sieve was made with `checks="every"`."""
    @property
    def matches(self) -> list[int]:
        """The indices of the records that match, ascending."""
    def mask(self) -> bytes:
        """A byte a record: 1 if it matches, 0 if not.

        `numpy.frombuffer(result.mask(), "?")` is a mask of booleans.
        """
    def filters(self, record: int) -> tuple[int, ...]:
        """The filters that matched a record, counted from 0.

        Empty if none did, and if there are no filters at all. Needs `match_batch(…, filters=True)`.
        """
    def drop_reason(self, record: int) -> DropReason | None:
        """Why a record is not delivered; `None` if it is. Needs `match_batch(…, filters=True)`."""
    def __len__(self) -> int:
        """How many records the batch had."""

@disjoint_base
class NativeSieve:
    def __new__(cls, program: Program, checks: str, chosen: dict[str, Any]) -> Self: ...
    @property
    def program(self) -> Program:
        """The program: `bytes(sieve.program)` can be stored and shipped."""
    @property
    def source(self) -> str:
        """Where its records come from."""
    @property
    def dialect(self) -> str:
        """The dialect that its criteria were written in."""
    @property
    def filter_len(self) -> int:
        """How many filters it has; none lets every valid record pass."""
    @property
    def checks(self) -> str:
        """Which records are proved to be valid JSON: `"matches"` or `"every"`."""
    @property
    def _record_limits(self) -> dict[str, int]: ...
    def disasm(self) -> str:
        """The program as a listing, for people."""
    def match(self, record: str | Buffer) -> bool:
        """Whether a record passes. A malformed record does not."""
    def filters(self, record: str | Buffer) -> tuple[int, ...]:
        """The filters that match a record, counted from 0.

        Empty if none does, and if there are no filters at all.
        """
    def filter_envelope(self, event: str | Buffer) -> bytes | None:
        """An event with only the records that match, every other byte as it was.

        `None` if no record is left: then the function would not be invoked. Raises `EnvelopeError` if it is no event
        of the sieve's source.
        """
    def _verdict(self, record: str | Buffer) -> int: ...
    def _drop_reason(self, record: str | Buffer) -> int: ...
    def _check(self, record: str | Buffer) -> tuple[int, str] | None: ...
    def _match_objects(self, records: tuple[str | Buffer | None, ...], filters: bool) -> BatchResult: ...
    def _match_buffer(self, buffer: Buffer, offsets: Buffer, filters: bool) -> BatchResult: ...
    def _match_chunks(self, chunks: Sequence[Chunk], filters: bool) -> BatchResult: ...

def compile(
    text: str | None,
    patterns: list[str] | None,
    name: str | None,
    source: str,
    dialect: str | None,
    strict: bool,
    chosen: dict[str, Any],
) -> tuple[Program, list[Diagnostic]]: ...
