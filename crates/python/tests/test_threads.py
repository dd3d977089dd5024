"""Threads: they share a sieve, and run while it reads."""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from eventsieve import CriteriaError, Sieve


def test_threads_share_a_sieve(orders: list[bytes], orders_criteria: object) -> None:
    sieve = Sieve(orders_criteria, checks="every")
    alone = [sieve.verdict(record) for record in orders]
    barrier = threading.Barrier(16)

    def work(seed: int) -> int:
        chance = random.Random(seed)
        barrier.wait(60)
        for _ in range(200):
            picked = [chance.randrange(len(orders)) for _ in range(chance.randrange(64))]
            records = [orders[record] for record in picked]
            result = sieve.match_batch(records, filters=True)
            assert list(result.verdicts) == [alone[record] for record in picked]
            if records:
                assert result.filters(0) == sieve.filters(records[0])
                assert sieve.verdict(records[-1]) is alone[picked[-1]]
        return seed

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(work, range(16))) == list(range(16))


@pytest.fixture
def no_switching() -> Iterator[None]:
    """Threads run until they give the lock up by themselves."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.parametrize("kind", ["objects", "buffer", "one", "envelope"])
def test_others_run_meanwhile(no_switching: None, kind: str) -> None:
    sieve = Sieve([{"a": ["x"]}], source="sqs", dialect="eventbridge", checks="every")
    filler = b"f" * 64_000_000
    record = b'{"a": "y", "filler": "' + filler + b'"}'
    event = b'{"Records": [{"eventSource": "aws:sqs", "filler": "' + filler + b'"}]}'
    offsets = memoryview((0).to_bytes(8, "little") + len(record).to_bytes(8, "little")).cast("q")
    calls = {
        "objects": lambda: sieve.match_batch([record]),
        "buffer": lambda: sieve.match_batch(buffer=record, offsets=offsets),
        "one": lambda: sieve.match(record),
        "envelope": lambda: sieve.filter_envelope(event),
    }
    started, done = threading.Event(), threading.Event()
    spent = []

    def work() -> None:
        started.set()
        begin = time.perf_counter()
        calls[kind]()
        spent.append(time.perf_counter() - begin)
        done.set()

    worker = threading.Thread(target=work)
    worker.start()
    started.wait(60)
    rounds = 0
    while not done.is_set():
        rounds += 1
        time.sleep(0.0005)
    worker.join(60)
    # With the lock held there would be a round before the call and one after it.
    assert rounds > 3, f"{rounds} rounds in {spent[0]:.4f} s"


def test_records_may_go_away_meanwhile() -> None:
    sieve = Sieve([{"a": ["x"]}], checks="every")
    stop = threading.Event()
    records: list[bytes | bytearray] = []

    def churn() -> None:
        while not stop.is_set():
            records[:] = [bytes(b'{"a": "x"}'), bytearray(b'{"a": "x"}')] * 500
            records.clear()

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(300):
            result = sieve.match_batch(records)
            assert result.count == len(result)
    finally:
        stop.set()
        thread.join(60)


def test_what_can_be_written_to_is_judged_as_it_was() -> None:
    sieve = Sieve([{"a": ["x"]}], checks="every")
    record = bytearray(b'{"a": "x", "filler": "' + b"f" * 1_000_000 + b'"}')
    stop = threading.Event()

    def write() -> None:
        # Both are valid and match; what lies between them, half written, is not looked at.
        while not stop.is_set():
            record[:] = bytes(record[:-2]).replace(b"f", b"g") + b'"}'
            record[:] = bytes(record[:-2]).replace(b"g", b"f") + b'"}'

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(50):
            assert sieve.match(record)
            with memoryview(record).toreadonly() as view:
                assert sieve.match_batch([record, view]).count == 2
    finally:
        stop.set()
        thread.join(60)


def test_compiling_in_threads() -> None:
    def work(number: int) -> bool:
        with pytest.raises(CriteriaError):
            Sieve([{"a": [{"no-operator": number}]}])
        return Sieve([{"a": [number]}]).match('{"a": %d}' % number)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(200)))
