"""Batches: of objects, and of one buffer with offsets."""

from __future__ import annotations

import array
import sys
from pathlib import Path

import pytest
from eventsieve import BatchResult, DropReason, Sieve, Verdict

RECORDS = [b'{"a": "x"}', b'{"a": "y"}', b'{"a": "x", "b": 1}', b'{"a": "x"', b'{"b": 1}']
EXPECTED = [Verdict.MATCH, Verdict.NO_MATCH, Verdict.MATCH, Verdict.MALFORMED, Verdict.MATCH]


@pytest.fixture
def sieve() -> Sieve:
    return Sieve([{"a": ["x"]}, {"b": [1]}], checks="every")


def cut(records: list[bytes], code: str) -> tuple[bytes, array.array]:
    offsets = array.array(code, [0])
    for record in records:
        offsets.append(offsets[-1] + len(record))
    return b"".join(records), offsets


def assert_as_expected(result: BatchResult) -> None:
    assert [Verdict(code) for code in result.verdicts] == EXPECTED
    assert len(result) == 5
    assert (result.count, result.malformed) == (3, 1)
    assert result.matches == [0, 2, 4]
    assert result.mask() == bytes([1, 0, 1, 0, 1])
    assert repr(result) == "<eventsieve.BatchResult records=5 count=3 malformed=1>"


def test_objects_of_every_kind(sieve: Sieve) -> None:
    mixed = [
        RECORDS[0].decode(),
        bytearray(RECORDS[1]),
        memoryview(RECORDS[2]),
        memoryview(bytearray(RECORDS[3])).toreadonly(),
        array.array("B", RECORDS[4]),
    ]
    for records in (RECORDS, tuple(RECORDS), iter(RECORDS), dict.fromkeys(RECORDS), mixed, (each for each in mixed)):
        assert_as_expected(sieve.match_batch(records))


def test_none_is_malformed_whatever_is_checked() -> None:
    for checks in ("matches", "every"):
        result = Sieve([], checks=checks).match_batch([b"{}", None, b"{}"], filters=True)
        assert result.verdicts == bytes([1, 2, 1])
        assert result.drop_reason(1) is DropReason.MALFORMED
        assert result.filters(1) == ()


@pytest.mark.parametrize("code", ["i", "I", "l", "L", "q", "Q"])
def test_offsets_of_every_width(sieve: Sieve, code: str) -> None:
    buffer, offsets = cut(RECORDS, code)
    for held in (buffer, bytearray(buffer), memoryview(buffer)):
        assert_as_expected(sieve.match_batch(buffer=held, offsets=offsets))
    assert_as_expected(sieve.match_batch(buffer=buffer, offsets=memoryview(offsets.tobytes()).cast(code)))


def test_offsets_may_begin_anywhere(sieve: Sieve) -> None:
    buffer, offsets = cut([b"skipped", *RECORDS, b"skipped"], "q")
    assert_as_expected(sieve.match_batch(buffer=buffer, offsets=offsets[1:-1]))


@pytest.mark.parametrize(
    ("offsets", "message"),
    [
        ([0, 11, 10], "must ascend"),
        ([0, 1000], "stay within the buffer, which has 55 bytes"),
        ([-1, 10], "negative or too large"),
        ([0, sys.maxsize], "stay within the buffer"),
    ],
)
def test_offsets_that_lie(sieve: Sieve, offsets: list[int], message: str) -> None:
    buffer = b"".join(RECORDS)
    assert len(buffer) == 55
    with pytest.raises(ValueError, match=message):
        sieve.match_batch(buffer=buffer, offsets=array.array("q", offsets))


@pytest.mark.parametrize("offsets", [b"\0\0\0\0", array.array("d", [0.0, 1.0]), array.array("h", [0, 1]), [0, 10]])
def test_offsets_of_another_type(sieve: Sieve, offsets: object) -> None:
    with pytest.raises(TypeError):
        sieve.match_batch(buffer=b"{}", offsets=offsets)


def test_there_may_be_nothing(sieve: Sieve) -> None:
    for result in (
        sieve.match_batch([]),
        sieve.match_batch(buffer=b"", offsets=array.array("q")),
        sieve.match_batch(buffer=b"", offsets=array.array("q", [0]), filters=True),
    ):
        assert (len(result), result.verdicts, result.matches, result.mask(), result.count) == (0, b"", [], b"", 0)
    assert sieve.match_batch(buffer=b"", offsets=array.array("i", [0, 0, 0])).verdicts == bytes([2, 2])


def test_filters_and_reasons_when_asked_for(sieve: Sieve) -> None:
    result = sieve.match_batch(RECORDS, filters=True)
    assert_as_expected(result)
    assert [result.filters(record) for record in range(5)] == [(0,), (), (0, 1), (), (1,)]
    reasons = [None, DropReason.FILTERED_OUT, None, DropReason.MALFORMED, None]
    assert [result.drop_reason(record) for record in range(5)] == reasons
    assert result.filters(-1) == (1,)
    for record in (5, -6, sys.maxsize, -sys.maxsize - 1):
        with pytest.raises(IndexError, match="the batch has 5"):
            result.filters(record)
    with pytest.raises(ValueError, match="filters=True"):
        sieve.match_batch(RECORDS).filters(0)


def test_an_answer_a_record_as_for_each_alone(orders: list[bytes], orders_criteria: Path) -> None:
    sieve = Sieve(orders_criteria, checks="every")
    result = sieve.match_batch(orders, filters=True)
    assert result.count == 9
    for record, line in enumerate(orders):
        assert result.verdicts[record] == sieve.verdict(line)
        assert result.filters(record) == sieve.filters(line)
        assert result.drop_reason(record) is sieve.drop_reason(line)


def test_misuse_is_told(sieve: Sieve) -> None:
    for wrong in ("{}", b"{}", bytearray(b"{}"), memoryview(b"{}")):
        with pytest.raises(TypeError, match="takes many records"):
            sieve.match_batch(wrong)
    for options in ({}, {"buffer": b""}, {"offsets": b""}, {"records": [], "buffer": b"", "offsets": b""}):
        with pytest.raises(TypeError, match="buffer and offsets"):
            sieve.match_batch(**options)
    with pytest.raises(TypeError, match="not <class 'int'>"):
        sieve.match_batch([b"{}", 1])
    with pytest.raises(TypeError):
        sieve.match_batch(1)
    with pytest.raises(BufferError):
        sieve.match_batch([memoryview(b"{ }")[::2]])


def test_an_iterable_that_fails_is_let_through(sieve: Sieve) -> None:
    def records():
        yield b"{}"
        raise RuntimeError("the reader broke")

    with pytest.raises(RuntimeError, match="the reader broke"):
        sieve.match_batch(records())


def test_numpy_wraps_and_is_wrapped(sieve: Sieve) -> None:
    numpy = pytest.importorskip("numpy")
    buffer, offsets = cut(RECORDS, "q")
    for width in ("i4", "u4", "i8", "u8"):
        result = sieve.match_batch(
            buffer=numpy.frombuffer(buffer, "u1"), offsets=numpy.array(offsets.tolist(), dtype=width)
        )
        assert_as_expected(result)
    mask = numpy.frombuffer(result.mask(), "?")
    assert numpy.array(RECORDS, dtype=object)[mask].tolist() == [RECORDS[0], RECORDS[2], RECORDS[4]]
    with pytest.raises(TypeError, match="offsets must be"):
        sieve.match_batch(buffer=buffer, offsets=numpy.array([0, 1], dtype=">i8"))
