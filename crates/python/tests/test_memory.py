"""Memory: nothing is kept of a call but room for the next."""

from __future__ import annotations

import array
import gc
import os
import sys
from collections.abc import Callable

import pytest
from eventsieve import CriteriaError, Sieve

LINUX = pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="reads /proc/self/statm")


def resident() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def calls() -> dict[str, Callable[[], object]]:
    sieve = Sieve([{"a": ["x"]}, {"b": [1]}])
    records = [b'{"a": "%s", "filler": "%s"}' % (b"xy"[each % 2 :][:1], b"f" * 400) for each in range(500)]
    mixed = [record.decode() if number % 2 else bytearray(record) for number, record in enumerate(records)]
    offsets = array.array("q", [0])
    for record in records:
        offsets.append(offsets[-1] + len(record))
    buffer = b"".join(records)
    event = b'{"Records": [{"eventSource": "aws:sqs", "a": "x"}, {"a": "y"}]}'
    sqs = Sieve([{"a": ["x"]}], source="sqs", dialect="eventbridge")

    def refuse() -> None:
        with pytest.raises(CriteriaError):
            Sieve(['{"a": [{"begins-with": "x"}]}'])
        with pytest.raises(TypeError):
            sieve.match_batch([b"{}", 1])
        with pytest.raises(ValueError):
            sieve.match_batch(buffer=b"", offsets=array.array("q", [0, 1]))

    made: dict[str, Callable[[], object]] = {
        "objects": lambda: sieve.match_batch(records, filters=True).matches,
        "mixed": lambda: sieve.match_batch(mixed).mask(),
        "buffer": lambda: sieve.match_batch(buffer=buffer, offsets=offsets),
        "one": lambda: [sieve.filters(record) for record in records],
        "envelope": lambda: sqs.filter_envelope(event),
        "compiling": lambda: Sieve.from_program(Sieve([{"a": ["x"]}]).program).match(records[0]),
        "refusing": refuse,
    }
    try:
        import pyarrow
    except ImportError:
        return made
    column = pyarrow.chunked_array([records, [None, *records]])
    made["arrow"] = lambda: sieve.match_batch(column)
    return made


@LINUX
@pytest.mark.parametrize("name", list(calls()))
def test_memory_stays_flat(name: str) -> None:
    call = calls()[name]
    for _ in range(100):
        call()
    gc.collect()
    resident_before, blocks_before = resident(), sys.getallocatedblocks()
    for _ in range(1000):
        call()
    gc.collect()
    # A leak of one object or a hundred bytes a record would be a thousand times that.
    assert sys.getallocatedblocks() - blocks_before < 500
    assert resident() - resident_before < 4 << 20


def test_references_are_given_back() -> None:
    sieve = Sieve([])
    records = [b"{}" + b" " * 20_000, "{}" + " " * 20_000, bytearray(b"{}"), None]
    before = [sys.getrefcount(records[each]) for each in range(3)]
    sieve.match_batch(records)
    sieve.match_batch(iter(records), filters=True)
    for each in range(3):
        sieve.match(records[each])
        sieve.filters(records[each])
    assert [sys.getrefcount(records[each]) for each in range(3)] == before
    records[2].extend(b" ")  # A buffer that was still exported would forbid that.
