"""One record at a time: criteria of every shape, records of every kind."""

from __future__ import annotations

import array
import copy
import json
import pickle
from collections import OrderedDict
from pathlib import Path
from types import MappingProxyType

import pytest
from eventsieve import DropReason, Malformed, Sieve, Verdict

PATTERN = '{"a": ["x"]}'


@pytest.mark.parametrize(
    "criteria",
    [
        '{"Filters": [{"Pattern": "{\\"a\\": [\\"x\\"]}"}]}',
        b'{"Filters": [{"Pattern": {"a": ["x"]}}]}',
        bytearray(PATTERN.encode()),
        PATTERN,
        [PATTERN],
        (PATTERN,),
        [{"a": ["x"]}],
        [{"Pattern": PATTERN}],
        {"a": ["x"]},
        {"a": ("x",)},
        {"Filters": [{"Pattern": PATTERN}]},
        {"Filters": [{"Pattern": {"a": ["x"]}}]},
        OrderedDict(a=["x"]),
        MappingProxyType({"a": MappingProxyType({"$or": [{"b": ["x"]}, {"c": ["x"]}]})}),
    ],
)
def test_criteria_have_every_shape(criteria: object) -> None:
    sieve = Sieve(criteria)
    assert sieve.filter_len == 1
    if not isinstance(criteria, MappingProxyType):
        assert sieve.match('{"a": "x"}')
    assert not sieve.match('{"a": "y"}')


def test_criteria_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "criteria.json"
    file.write_text('{"a": ["é"]}', encoding="utf-8")
    assert Sieve(file).match('{"a": "\\u00e9"}')
    with pytest.raises(FileNotFoundError):
        Sieve(tmp_path / "missing.json")


def test_no_filters_let_every_valid_record_pass() -> None:
    for criteria in ["{}", [], {"Filters": []}, {"Filters": None}]:
        sieve = Sieve(criteria)
        assert sieve.filter_len == 0
        assert sieve.match("{}")
        assert sieve.filters("{}") == ()
        assert sieve.verdict("[]") is Verdict.MALFORMED


def test_half_a_surrogate_pair_can_be_asked_for() -> None:
    assert Sieve({"a": ["\ud83d"]}).match('{"a": "\\ud83d"}')


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, bytes.decode, lambda record: array.array("B", record)])
def test_records_are_of_every_kind(kind: object) -> None:
    sieve = Sieve(PATTERN)
    assert sieve.match(kind(b'{"a": "x"}')) is True
    assert sieve.match(kind(b'{"a": "y"}')) is False
    assert sieve.match(kind(b'{"a": "x"')) is False
    assert sieve.match(kind(b"")) is False


def test_a_subclass_of_bytes_is_bytes() -> None:
    class Payload(bytes):
        pass

    assert Sieve(PATTERN).match(Payload(b'{"a": "x"}'))


def test_verdicts_and_reasons() -> None:
    sieve = Sieve([{"body": {"n": [1]}}], source="sqs", checks="every")
    for record, verdict, reason in [
        ('{"body": "{\\"n\\": 1}"}', Verdict.MATCH, None),
        ('{"body": "{\\"n\\": 2}"}', Verdict.NO_MATCH, DropReason.FILTERED_OUT),
        ('{"body": "n=1"}', Verdict.NO_MATCH, DropReason.PAYLOAD_NOT_JSON),
        ('{"body": "{}"', Verdict.MALFORMED, DropReason.MALFORMED),
    ]:
        assert sieve.verdict(record) is verdict
        assert sieve.drop_reason(record) is reason
        assert bool(sieve.verdict(record)) is sieve.match(record)


def test_filters_are_counted_from_0() -> None:
    sieve = Sieve([{"a": ["x"]}, {"b": ["y"]}, {"a": ["x", "z"]}])
    assert sieve.filters('{"a": "x", "b": "y"}') == (0, 1, 2)
    assert sieve.filters('{"a": "z"}') == (2,)
    assert sieve.filters("{}") == ()


def test_check_tells_the_first_problem() -> None:
    sieve = Sieve([])
    assert sieve.check("{}") is None
    assert sieve.check('{"a": tru}') == Malformed(9, "expected true, false or null")
    assert sieve.check("") == Malformed(0, "the record is empty")
    half = sieve.check('{"a": "\ud83d"}')
    assert half == Malformed(7, "invalid UTF-8")
    assert sieve.check(b'{"a": 1}\0').offset == 8


def test_large_records_are_read_without_the_lock_and_alike() -> None:
    record = json.dumps({"filler": "f" * 300_000, "a": "x"})
    sieve = Sieve([{"a": ["x"]}, {"b": ["y"]}])
    for kind in (record, record.encode(), bytearray(record.encode()), memoryview(record.encode())):
        assert sieve.match(kind)
        assert sieve.filters(kind) == (0,)
        assert sieve.check(kind) is None
        assert sieve.drop_reason(kind) is None


@pytest.mark.parametrize("record", [None, 1, 1.5, {"a": "x"}, ["a"], object()])
def test_what_is_no_record_is_a_type_error(record: object) -> None:
    sieve = Sieve(PATTERN)
    for method in (sieve.match, sieve.verdict, sieve.filters, sieve.drop_reason, sieve.check):
        with pytest.raises(TypeError, match="bytes, bytearray, memoryview or str is needed"):
            method(record)


def test_a_buffer_with_gaps_is_refused() -> None:
    with pytest.raises(BufferError, match="has gaps"):
        Sieve(PATTERN).match(memoryview(b'{ "a": "x" }')[::2])


def test_names_and_shapes_that_do_not_exist() -> None:
    with pytest.raises(ValueError, match='source: unknown name "sns"; legal names are raw, sqs'):
        Sieve(PATTERN, source="sns")
    with pytest.raises(ValueError, match='dialect: unknown name "aws"; legal names are lambda'):
        Sieve(PATTERN, dialect="aws")
    with pytest.raises(ValueError, match="legal names are matches, every, trusted"):
        Sieve(PATTERN, checks="all")
    with pytest.raises(TypeError, match="not int"):
        Sieve(1)
    with pytest.raises(TypeError, match="what JSON can say, not object"):
        Sieve({"a": [object()]})
    with pytest.raises(UnicodeDecodeError):
        Sieve(b"\xff")


def test_what_it_was_made_of_can_be_asked() -> None:
    sieve = Sieve(['{"body": {"n": [1]}}'], source="sqs", checks="every")
    assert (sieve.source, sieve.dialect, sieve.filter_len, sieve.checks) == ("sqs", "lambda", 1, "every")
    assert repr(sieve) == "<eventsieve.Sieve source=sqs dialect=lambda filters=1 checks=every>"
    assert Sieve(PATTERN, dialect="pipes").dialect == "pipes"


def test_it_travels() -> None:
    sieve = Sieve([{"body": {"n": [1]}}], source="sqs", checks="every")
    for there in (pickle.loads(pickle.dumps(sieve)), copy.copy(sieve), copy.deepcopy(sieve)):
        assert type(there) is Sieve
        assert repr(there) == repr(sieve)
        assert there.program == sieve.program
        assert there.match('{"body": "{\\"n\\": 1}"}')
        assert there.verdict('{"body": 1') is Verdict.MALFORMED


def test_a_subclass_stays_one() -> None:
    class Counting(Sieve):
        calls = 0

    sieve = Counting(PATTERN)
    sieve.calls += 1
    assert isinstance(Counting.from_program(sieve.program), Counting)
    assert sieve.match('{"a": "x"}')


def test_envelopes() -> None:
    corpus = Path(__file__).resolve().parents[3] / "corpus/sources"
    for criteria in sorted(corpus.glob("*.criteria.json")):
        source = criteria.name.split(".")[0]
        dialect = "eventbridge" if source == "documentdb" else None
        sieve = Sieve(criteria, source=source, dialect=dialect)
        event = (corpus / f"{source}.event.json").read_bytes()
        records = (corpus / f"{source}.ndjson").read_bytes().splitlines()
        kept = sieve.filter_envelope(event)
        assert kept is not None and len(kept) < len(event), source
        json.loads(kept)
        assert 0 < sieve.match_batch(records).count < len(records), source
        everything = Sieve([], source=source, dialect=dialect)
        assert everything.filter_envelope(event) == event
        assert everything.filter_envelope(event.decode()) == event
        nothing = Sieve([{"no such field": ["x"]}], source=source, dialect="eventbridge")
        assert nothing.filter_envelope(event) is None, source


def test_trusted_records_are_not_read_on() -> None:
    cut = b'{"state": "paid", "rest": ["no end'
    assert not Sieve(['{"state": ["paid"]}']).match(cut)
    trusting = Sieve(['{"state": ["paid"]}'], checks="trusted")
    assert trusting.match(cut) and trusting.checks == "trusted"
