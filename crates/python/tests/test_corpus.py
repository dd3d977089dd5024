"""The cases of the corpus, by every road that a record can take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import CORPUS, rows
from eventsieve import CriteriaError, Program, Sieve, Verdict

FILES = sorted(CORPUS.glob("conformance/*.ndjson"))


def text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def check_pattern(row: dict[str, Any]) -> None:
    expect, message = row["expect"], row.get("aws_message")
    options = {"dialect": row.get("dialect", "eventbridge"), "checks": "every"}
    if expect == "invalid-pattern":
        with pytest.raises(CriteriaError) as raised:
            Sieve([text(row["pattern"])], **options)
        assert message in (None, raised.value.errors[0].aws_message)
        return
    sieve = Sieve([text(row["pattern"])], **options)
    if "event" not in row:
        return
    event = text(row["event"])
    expected = {"match": Verdict.MATCH, "no-match": Verdict.NO_MATCH, "invalid-event": Verdict.MALFORMED}[expect]
    there = Sieve.from_program(Program.from_bytes(bytes(sieve.program)), checks="every")
    for each in (sieve, there):
        assert each.verdict(event) is expected
        assert each.verdict(event.encode("utf-8", "surrogatepass")) is expected
        assert each.match(event) is (expected is Verdict.MATCH)
        assert each.filters(event) == ((0,) if expected is Verdict.MATCH else ())
        assert (each.check(event) is not None) is (expected is Verdict.MALFORMED)
        assert each.match_batch([event, event.encode("utf-8", "surrogatepass")]).verdicts == bytes([expected] * 2)
    assert Sieve([text(row["pattern"])], dialect=options["dialect"]).match(event) is (expected is Verdict.MATCH)


def check_mapping(row: dict[str, Any]) -> None:
    options = {"source": row["source"], "dialect": row.get("dialect", "lambda"), "checks": "every"}
    sieve = Sieve(row["filter_criteria"], **options)
    records = row["records"]
    if isinstance(records, list):
        assert sieve.match_batch([text(record) for record in records]).matches == row["expect"]
        return
    kept = sieve.filter_envelope(text(records))
    everything = Sieve([], **{**options, "dialect": "eventbridge"})
    assert everything.filter_envelope(text(records)) == text(records).encode()
    assert (kept is None) is (not row["expect"])
    if kept is not None:
        assert delivered(json.loads(kept)) == [delivered(records)[record] for record in row["expect"]]


def delivered(event: dict[str, Any]) -> list[Any]:
    """The records of an event, in the order in which they stand."""
    for member in ("Records", "messages", "events"):
        if member in event:
            return list(event[member])
    groups = event.get("records") or event.get("rmqMessagesByQueue")
    return [record for group in groups.values() for record in group]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_conformance(file: Path) -> None:
    checked = 0
    for row in rows(file):
        try:
            (check_mapping if "filter_criteria" in row else check_pattern)(row)
        except AssertionError as error:
            raise AssertionError(f"{file.name}: {row['name']}: {error}") from error
        checked += 1
    assert checked > 0


def test_there_are_cases() -> None:
    assert len(FILES) > 10
