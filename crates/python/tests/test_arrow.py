"""Arrow data: every layout that holds bytes, where it lies."""

from __future__ import annotations

import random

import pytest
from eventsieve import DropReason, Sieve

pyarrow = pytest.importorskip("pyarrow")

TEXTS = ['{"a": "x"}', '{"a": "y"}', None, '{"a": "x", "filler": "long enough for a buffer of its own"}', "{", "", "{}"]
EXPECTED = bytes([1, 0, 2, 1, 2, 2, 0])
LAYOUTS = ["string", "large_string", "binary", "large_binary", "string_view", "binary_view"]


@pytest.fixture
def sieve() -> Sieve:
    return Sieve([{"a": ["x"]}], checks="every")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout(sieve: Sieve, layout: str) -> None:
    data = pyarrow.array(TEXTS, getattr(pyarrow, layout)())
    result = sieve.match_batch(data, filters=True)
    assert result.verdicts == EXPECTED
    assert [result.filters(record) for record in range(7)] == [(0,), (), (), (0,), (), (), ()]
    assert result.drop_reason(2) is DropReason.MALFORMED
    for start in range(8):
        for end in range(start, 8):
            assert sieve.match_batch(data[start:end]).verdicts == EXPECTED[start:end]
    assert sieve.match_batch(data[:0]).verdicts == b""


@pytest.mark.parametrize("layout", LAYOUTS)
def test_chunks_follow_one_another(sieve: Sieve, layout: str) -> None:
    kind = getattr(pyarrow, layout)()
    chunks = pyarrow.chunked_array([TEXTS[:2], [], TEXTS[2:5], TEXTS[5:]], kind)
    assert sieve.match_batch(chunks).verdicts == EXPECTED
    result = sieve.match_batch(chunks[1:6], filters=True)
    assert result.verdicts == EXPECTED[1:6]
    assert result.filters(2) == (0,)
    assert sieve.match_batch(pyarrow.chunked_array([], kind)).verdicts == b""


def test_types_that_are_copied_first(sieve: Sieve) -> None:
    assert sieve.match_batch(pyarrow.array(TEXTS).dictionary_encode()).verdicts == EXPECTED
    assert sieve.match_batch(pyarrow.array([b"{}", b"[]", None], pyarrow.binary(2))).verdicts == bytes([0, 2, 2])
    assert sieve.match_batch(pyarrow.nulls(3)).verdicts == bytes([2, 2, 2])
    if hasattr(pyarrow, "json_"):
        wrapped = pyarrow.ExtensionArray.from_storage(pyarrow.json_(), pyarrow.array(TEXTS))
        assert sieve.match_batch(wrapped).verdicts == EXPECTED


def test_bytes_under_a_null_are_not_read() -> None:
    # The format leaves open what lies there.
    offsets, values = pyarrow.py_buffer(b"\0\0\0\0\2\0\0\0\4\0\0\0"), pyarrow.py_buffer(b"{}{}")
    data = pyarrow.Array.from_buffers(pyarrow.binary(), 2, [pyarrow.py_buffer(b"\2"), offsets, values])
    assert data.to_pylist() == [None, b"{}"]
    assert Sieve([]).match_batch(data).verdicts == bytes([2, 1])


def test_other_types_are_refused(sieve: Sieve) -> None:
    for data in (pyarrow.array([1]), pyarrow.array([["{}"]]), pyarrow.array([{"a": 1}])):
        with pytest.raises(TypeError, match="binary or string, not"):
            sieve.match_batch(data)
    table = pyarrow.table({"records": TEXTS})
    for columns in (table, table.to_batches()[0]):
        with pytest.raises(TypeError, match="pass the one that holds the records"):
            sieve.match_batch(columns)
    assert sieve.match_batch(table["records"]).verdicts == EXPECTED


def test_broken_buffers_are_refused(sieve: Sieve) -> None:
    # pyarrow sees to most of this when it makes an array; data of others it takes as they come.
    def words(*numbers: int, width: int = 4) -> bytes:
        return b"".join(number.to_bytes(width, "little", signed=True) for number in numbers)

    spaces = [b"{}" + b" " * 18]
    for broken in (
        (4, None, words(0, 2), [b"{}"], 0, 2),
        (4, None, words(0, 2), [b"{}"], 1, 1),
        (4, None, None, [b"{}"], 0, 1),
        (4, None, words(0, 3), [b"{}"], 0, 1),
        (4, None, words(0, 2), [], 0, 1),
        (4, None, words(0, 2, 1), [b"{}"], 0, 2),
        (4, None, words(-1, 2), [b"{}"], 0, 1),
        (4, None, words(0, 2), [b"{}"], 1 << 62, 1),
        (4, b"\1", words(0, 2), [b"{}"], (1 << 64) - 1, 1),
        (4, b"\xff", words(*range(10)), [b"{}" * 5], 0, 9),
        (8, None, words(0, 2), [b"{}"], 0, 1),
        (8, None, words(0, 1 << 62, width=8), [b"{}"], 0, 1),
        (16, None, words(0, 0, 0, 0), [], 0, 2),
        (16, None, words(0, 0, 0, 0), [], 1, 1),
        (16, None, words(-1, 0, 0, 0), [], 0, 1),
        (16, None, words(20, 0, 1, 0), spaces, 0, 1),
        (16, None, words(20, 0, 0, 1), spaces, 0, 1),
        (16, None, words(20, 0, -1, 0), spaces, 0, 1),
        (16, None, words(20, 0, 0, -1), spaces, 0, 1),
        (5, None, words(0, 2), [b"{}"], 0, 1),
    ):
        with pytest.raises(ValueError, match="broken|ascend|negative"):
            sieve._match_chunks([broken], False)
    sound = [(16, None, words(20, 0, 0, 0), spaces, 0, 1), (4, None, words(7, 0, 2), [b"{}"], 1, 1)]
    assert sieve._match_chunks(sound, False).verdicts == b"\0\0"


def test_nothing_is_copied_from_an_array(sieve: Sieve) -> None:
    data = pyarrow.array([b'{"a": "x"}' + b" " * 90] * 200_000, pyarrow.large_binary())
    before = pyarrow.total_allocated_bytes()
    pool = pyarrow.default_memory_pool()
    peak = pool.max_memory()
    assert sieve.match_batch(data).count == 200_000
    assert pyarrow.total_allocated_bytes() == before
    assert pool.max_memory() == peak


def test_arrays_agree_with_lists(sieve: Sieve) -> None:
    chance = random.Random(7)
    pool = [*TEXTS, '{"a": ["y", "x"]}', '{"a": "\u00e9"}', '{"b": {"a": "x"}}', '{"a": "x"} trailing text']
    texts = [chance.choice(pool) for _ in range(2000)]
    expected = sieve.match_batch(texts).verdicts
    for layout in LAYOUTS:
        assert sieve.match_batch(pyarrow.array(texts, getattr(pyarrow, layout)())).verdicts == expected


def test_the_result_is_wrapped_without_a_copy(sieve: Sieve) -> None:
    verdicts = sieve.match_batch(TEXTS).verdicts
    wrapped = pyarrow.Array.from_buffers(pyarrow.uint8(), len(verdicts), [None, pyarrow.py_buffer(verdicts)])
    assert wrapped.to_pylist() == list(EXPECTED)
    assert wrapped.buffers()[1].address == pyarrow.py_buffer(verdicts).address


def test_what_offers_arrow_data(sieve: Sieve) -> None:
    class Stream:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return pyarrow.chunked_array([TEXTS]).__arrow_c_stream__(requested_schema)

    class Array:
        def __arrow_c_array__(self, requested_schema: object = None) -> object:
            return pyarrow.array(TEXTS).__arrow_c_array__(requested_schema)

    assert sieve.match_batch(Stream()).verdicts == EXPECTED
    assert sieve.match_batch(Array()).verdicts == EXPECTED


def test_polars(sieve: Sieve) -> None:
    polars = pytest.importorskip("polars")
    assert sieve.match_batch(polars.Series(TEXTS)).verdicts == EXPECTED
    column = polars.Series([None if text is None else text.encode() for text in TEXTS])
    assert sieve.match_batch(column).verdicts == EXPECTED
    assert sieve.match_batch(polars.concat([column, column])[3:10]).verdicts == (EXPECTED * 2)[3:10]
