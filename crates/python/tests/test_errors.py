"""Errors: what they say, what they hold, and that they travel."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from eventsieve import CriteriaError, Diagnostic, EnvelopeError, Program, ProgramError, Sieve


def refused(criteria: object, **options: object) -> CriteriaError:
    with pytest.raises(CriteriaError) as raised:
        Sieve(criteria, **options)
    assert isinstance(raised.value, ValueError)
    return raised.value


def test_every_error_is_told_and_drawn() -> None:
    error = refused(['{"a": [{"begins-with": "x"}]}', '{"b": []}'])
    assert [(each.code, each.filter) for each in error.errors] == [("unknown-operator", 0), ("empty-list", 1)]
    first = error.errors[0]
    assert first == Diagnostic(
        message='unknown operator "begins-with"',
        code="unknown-operator",
        severity="error",
        aws_message="Event pattern is not valid. Reason: Unrecognized match type begins-with",
        help='the operator for this is "prefix"',
        filter=0,
        within="pattern",
        start=8,
        end=21,
        line=None,
        column=None,
        rendered=first.rendered,
    )
    assert str(error) == "\n".join(each.rendered for each in error.errors)
    assert "^^^^^^^^^^^^^ byte 8" in str(error)


def test_a_place_in_the_text_of_criteria() -> None:
    error = refused('{"Filters": [\n  {"Pattern": "{\\"a\\": 1}"}]}')
    (only,) = error.errors
    assert (only.within, only.start, only.end, only.line, only.column) == ("pattern", 6, 7, 2, 24)
    (only,) = refused('{"Filters": [}').errors
    assert (only.within, only.start, only.filter) == ("criteria", 13, None)
    (only,) = refused("").errors
    assert only.code == "criteria-shape"


def test_a_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "criteria.json"
    file.write_text('{"a": []}')
    assert f"at {file}:1:7" in str(refused(file))


def test_warnings_stay_with_the_sieve() -> None:
    pattern = '{"body": {"key": [{"wildcard": "a*"}]}}'
    sieve = Sieve([pattern], source="sqs")
    assert [(each.code, each.severity) for each in sieve.warnings] == [("undocumented-operator", "warning")]
    assert str(sieve.warnings[0]).startswith("warning: ")
    assert Sieve.from_program(sieve.program).warnings == ()
    assert refused([pattern], source="sqs", strict=True).errors[0].severity == "error"


def test_limits_are_named() -> None:
    error = refused([{"a": ["x"]}] * 6, source="sqs")
    assert error.errors[0].message == "6 filters; the limit is 5"
    assert Sieve([{"a": ["x"]}] * 6).filter_len == 6
    error = refused([json_of_length(4097)], dialect="lambda")
    assert (error.errors[0].code, error.errors[0].message) == (
        "pattern-too-long",
        "a pattern of 4097 characters; the limit is 4096",
    )


def json_of_length(length: int) -> str:
    pattern = '{"a": ["%s"]}' % ("x" * (length - 11))
    assert len(pattern) == length
    return pattern


def test_bytes_that_are_no_program() -> None:
    good = bytes(Sieve([{"a": ["x"]}]).program)
    for bad in (b"", b"no program", good[:-1], good + b"\0", bytes([good[0] ^ 1]) + good[1:]):
        with pytest.raises(ProgramError):
            Program.from_bytes(bad)
    damaged = bytearray(good)
    damaged[-1] ^= 1
    with pytest.raises(ProgramError, match="damaged: checksum"):
        Program.from_bytes(damaged)
    with pytest.raises(TypeError):
        Program.from_bytes("text")


def test_documents_that_are_no_event() -> None:
    sieve = Sieve([], source="sqs")
    with pytest.raises(EnvelopeError, match="byte 12: ") as raised:
        sieve.filter_envelope(b'{"Records": }')
    assert raised.value.offset == 12
    with pytest.raises(EnvelopeError, match="holds its records under `Records`, which is missing") as raised:
        sieve.filter_envelope(b"{}")
    assert raised.value.offset is None
    with pytest.raises(EnvelopeError, match="comes from kinesis, and the sieve was made for sqs"):
        sieve.filter_envelope(b'{"Records": [{"eventSource": "aws:kinesis"}]}')
    with pytest.raises(EnvelopeError, match="no known `eventSource`"):
        Sieve([]).filter_envelope(b'{"Records": []}')
    assert Sieve([], source="msk").filter_envelope(b'{"eventSource": "SelfManagedKafka", "records": {}}') is None


def test_errors_travel() -> None:
    with pytest.raises(EnvelopeError) as envelope:
        Sieve([], source="sqs").filter_envelope(b"[")
    for error in (refused(['{"b": []}']), ProgramError("damaged"), envelope.value):
        there = pickle.loads(pickle.dumps(error))
        assert type(there) is type(error)
        assert str(there) == str(error)
        assert vars(there) == vars(error)
