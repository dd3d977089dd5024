"""Limits: each by its name, what lies just within and what just beyond."""

from __future__ import annotations

import copy
import json
import pickle
import re
from typing import Any

import pytest
from eventsieve import CriteriaError, DropReason, Limits, Malformed, Sieve, Verdict

#: Those that can be off.
OPTIONAL = ("filters", "pattern_chars", "wildcard_complexity")
#: Multiplied out, for they share fields: 3 by 3 alternatives.
ORS = '{"$or":[{"a":["0"]},{"b":["0"]},{"c":["0"]}],"$or":[{"a":["1"]},{"b":["1"]},{"c":["1"]}]}'


def names() -> list[str]:
    """All names, as the error for a wrong one lists them."""
    with pytest.raises(ValueError, match="there is no limit with the name bytes; there are ") as refused:
        Sieve("{}", limits={"bytes": 1})
    return str(refused.value).split("; there are ")[1].split(", ")


def test_names_are_all_annotated() -> None:
    assert names() == list(Limits.__annotations__)


@pytest.mark.parametrize(
    ("name", "criteria", "within", "said"),
    [
        ("filters", [{"a": ["x"]}] * 3, 3, "3 filters; the limit is 2"),
        ("pattern_chars", ['{"a":["é"]}'], 11, "a pattern of 11 characters; the limit is 10"),
        ("wildcard_complexity", {"a": [{"wildcard": "*x*y*z"}]}, 4, "a complexity above 3, which is the limit"),
        ("or_alternatives", ORS, 9, "multiplied out to more than 8 alternatives"),
        ("paths", {"a": ["x"], "b": ["x"]}, 2, "2 different fields in one alternative; the limit is 1"),
        ("path_segments", {"a": {"b.c": ["x"]}}, 3, "3 segments (nested keys and dots); the limit is 2"),
        ("depth", '{"a": {"b": ["x"]}}', 3, "nested 3 deep; the limit is 2"),
        ("number_digits", '{"a": [123.4]}', 4, "a number of 4 digits; the limit is 3"),
        ("key_chars", '{"a😀": ["x"]}', 3, "a key of 3 characters; the limit is 2"),
    ],
)
def test_criteria_beyond_a_limit_are_refused(name: Any, criteria: Any, within: int, said: str) -> None:
    assert Sieve(criteria, limits={name: within}).program == Sieve(criteria).program
    with pytest.raises(CriteriaError) as refused:
        Sieve(criteria, limits={name: within - 1})
    assert said in refused.value.errors[0].message


def test_a_program_is_as_large_as_it_is() -> None:
    program = Sieve({"a": ["x"]}).program
    size = len(bytes(program))
    assert Sieve({"a": ["x"]}, limits={"program_bytes": size}).program == program
    with pytest.raises(CriteriaError, match=f"the limit is {size - 1}"):
        Sieve({"a": ["x"]}, limits={"program_bytes": size - 1})


def test_automata_beyond_a_limit_are_not_made() -> None:
    criteria = [{"a": [{"prefix": f"{letter}bc"}]} for letter in "abcdefghijkl"]
    merged, within, beyond = Sieve(criteria).disasm(), 0, 1 << 20
    # Halving, for the size of an automaton stands nowhere.
    while within + 1 < beyond:
        middle = (within + beyond) // 2
        if Sieve(criteria, limits={"automaton_bytes": middle}).disasm() == merged:
            beyond = middle
        else:
            within = middle
    apart = Sieve(criteria, limits={"automaton_bytes": within})
    assert " scan " in merged and " scan " not in apart.disasm() and apart.disasm().count(" prefix ") == len(criteria)
    record = b'{"a": "dbcd"}'
    assert apart.filters(record) == Sieve(criteria).filters(record) == (3,)


@pytest.mark.parametrize(
    ("name", "record", "within", "malformed"),
    [
        ("record_bytes", '{"a":1}', 7, Malformed(6, "the record has more than 6 bytes")),
        ("record_depth", '{"a":[1]}', 2, Malformed(5, "nested deeper than 1 levels")),
        ("record_number_digits", '{"a":1,"b":123}', 3, Malformed(13, "number has more than 2 digits")),
        ("record_key_chars", '{"a":1,"bc":1}', 2, Malformed(9, "key has more than 1 UTF-16 code units")),
    ],
)
def test_records_beyond_a_limit_are_malformed(name: Any, record: str, within: int, malformed: Malformed) -> None:
    compiled = Sieve({"a": [1]}, limits={name: within})
    strict = Sieve({"a": [1]}, limits={name: within - 1})
    assert compiled.program == strict.program, "a program has no bounds on records"
    loaded = Sieve.from_program(strict.program, limits={name: within - 1})
    assert compiled.match(record) and compiled.check(record) is None
    assert compiled.match_batch([record]).count == 1
    for sieve in (strict, loaded, pickle.loads(pickle.dumps(strict)), copy.copy(loaded)):
        assert sieve.verdict(record) is Verdict.MALFORMED
        assert sieve.drop_reason(record) is DropReason.MALFORMED
        assert sieve.check(record) == malformed
        assert sieve.match_batch([record]).malformed == 1


def test_what_can_be_off() -> None:
    criteria = [{"body": {"text": [{"wildcard": "*a*b*c*d*"}]}, "messageId": ["x" * 4096]}] * 6
    with pytest.raises(CriteriaError):
        Sieve(criteria, source="sqs")
    sieve = Sieve(criteria, source="sqs", limits={"filters": None, "pattern_chars": None, "wildcard_complexity": None})
    assert sieve.filter_len == 6
    for name in set(names()).difference(OPTIONAL):
        with pytest.raises(ValueError, match=f"limits: {name} guards memory and cannot be None"):
            Sieve([], limits={name: None})


def test_a_limit_left_out_is_that_of_the_dialect() -> None:
    for dialect in ("lambda", "pipes"):
        with pytest.raises(CriteriaError, match="6 filters; the limit is 5"):
            Sieve([{"a": ["x"]}] * 6, dialect=dialect, limits={"depth": 7})
    assert Sieve([{"a": ["x"]}] * 6, limits={"depth": 7}).filter_len == 6
    assert Sieve([], limits={}).match("{}") and Sieve([], limits=None).match("{}")


@pytest.mark.parametrize("value", [-1, 1 << 64, "9", 1.5, [1]])
def test_what_is_no_bound(value: Any) -> None:
    error = ValueError if isinstance(value, int) else TypeError
    said = re.escape(f"limits: record_bytes is a whole number from 0 to {2**64 - 1}, not {value!r}")
    for limits in ({"record_bytes": value}, {"paths": 5, "record_bytes": value}):
        with pytest.raises(error, match=said):
            Sieve([], limits=limits)


def test_a_program_takes_limits_for_records_only() -> None:
    program = Sieve([]).program
    for name in names():
        if name.startswith("record_"):
            Sieve.from_program(program, limits={name: 5})
        else:
            said = f"limits: {name}: a program is compiled already; what can be set is record_bytes, "
            with pytest.raises(ValueError, match=said):
                Sieve.from_program(program, limits={name: 5})
    with pytest.raises(ValueError, match="there is no limit with the name record"):
        Sieve.from_program(program, limits={"record": 5})
    with pytest.raises(TypeError, match="limits: names are str"):
        Sieve.from_program(program, limits={5: 5})


def test_limits_hold_within_an_event() -> None:
    event = json.dumps({"Records": [{"eventSource": "aws:sqs", "body": body} for body in ("short", "long" * 20)]})
    assert Sieve([], source="sqs").filter_envelope(event) == event.encode()
    kept = Sieve([], source="sqs", limits={"record_bytes": 50}).filter_envelope(event)
    assert kept is not None and [each["body"] for each in json.loads(kept)["Records"]] == ["short"]
