"""What mypy has to accept, strictly, and to know the types of."""

from __future__ import annotations

import array
from pathlib import Path
from typing import assert_type

from eventsieve import (
    BatchResult,
    CriteriaError,
    Diagnostic,
    DropReason,
    Limits,
    Malformed,
    Program,
    Sieve,
    Verdict,
)

by_text = Sieve('{"a": ["x"]}', "sqs", "lambda", strict=True, checks="every")
by_objects = Sieve({"Filters": [{"Pattern": {"a": ["x"]}}]})
by_patterns = Sieve([{"a": ["x"]}, '{"b": [1]}'])
by_file = Sieve(Path("criteria.json"))

assert_type(by_text, Sieve)
assert_type(by_text.match(b"{}"), bool)
assert_type(by_text.verdict(bytearray(b"{}")), Verdict)
assert_type(by_text.filters(memoryview(b"{}")), tuple[int, ...])
assert_type(by_text.drop_reason("{}"), DropReason | None)
assert_type(by_text.check("{}"), Malformed | None)
assert_type(by_text.filter_envelope(b"{}"), bytes | None)
assert_type(by_text.program, Program)
assert_type(by_text.warnings, tuple[Diagnostic, ...])
assert_type(Sieve.from_program(Program.from_bytes(bytes(by_text.program))), Sieve)

assert_type(by_text.match_batch([b"{}", "{}", None]), BatchResult)
result = by_text.match_batch(buffer=b"{}", offsets=array.array("q", [0, 2]), filters=True)
assert_type(result.verdicts, bytes)
assert_type(result.matches, list[int])
assert_type(result.mask(), bytes)
assert_type(result.count, int)
assert_type(result.filters(0), tuple[int, ...])
assert_type(result.drop_reason(0), DropReason | None)

try:
    Sieve("")
except CriteriaError as error:
    assert_type(error.errors, list[Diagnostic])
    assert_type(error.errors[0].start, int | None)

bounds: Limits = {"filters": None, "record_bytes": 1_000_000}
assert_type(Sieve([], limits=bounds), Sieve)
assert_type(Sieve.from_program(by_text.program, limits={"record_depth": 20}), Sieve)
Sieve([], limits={"filter": 5})  # type: ignore[arg-type]
