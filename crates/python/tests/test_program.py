"""Programs: bytes that are the same everywhere."""

from __future__ import annotations

import pickle

from eventsieve import Program, Sieve


def test_equal_criteria_give_equal_programs() -> None:
    one, other = Sieve({"a": ["x"]}).program, Sieve('{"a":["x"]}').program
    assert one == other and hash(one) == hash(other) and bytes(one) == bytes(other)
    assert one != Sieve({"a": ["y"]}).program
    assert one != "a program"
    assert {one: 1}[other] == 1


def test_a_program_travels() -> None:
    program = Sieve([{"data": {"n": [1]}}], source="kinesis", dialect="pipes").program
    for there in (Program.from_bytes(bytes(program)), pickle.loads(pickle.dumps(program))):
        assert there == program
        assert (there.source, there.dialect, there.filter_len) == ("kinesis", "pipes", 1)
        assert there.disasm() == program.disasm()
    size = len(bytes(program))
    assert repr(program) == f"<eventsieve.Program source=kinesis dialect=pipes filters=1 bytes={size}>"


def test_a_listing_names_what_is_compared() -> None:
    sieve = Sieve({"state": ["paid"]})
    assert "paid" in sieve.disasm()
    assert sieve.disasm() == sieve.program.disasm()
