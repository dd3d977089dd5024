"""What runs on the executors. A module of its own: Spark ships what stands in the job's own file anew with every task, and
a cache there would be empty each time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

import pyarrow
from eventsieve import Program, Sieve
from pyspark import Broadcast

Batches = Iterator[pyarrow.RecordBatch]


@lru_cache(maxsize=16)
def sieve_of(program: bytes) -> Sieve:
    """One sieve a program in every Python worker, made when its first task comes."""
    return Sieve.from_program(Program.from_bytes(program))


def matching(program: Broadcast[bytes], column: str) -> Callable[[Batches], Batches]:
    """For `mapInArrow`: the rows whose column holds a record that matches."""

    def run(batches: Batches) -> Batches:
        sieve = sieve_of(program.value)
        for batch in batches:
            # The records are read where Spark's Arrow batch holds them, one call for all of them.
            mask = sieve.match_batch(batch.column(column)).mask()
            rows = pyarrow.Array.from_buffers(pyarrow.uint8(), len(mask), [None, pyarrow.py_buffer(mask)])
            yield batch.filter(rows.cast(pyarrow.bool_()))

    return run
