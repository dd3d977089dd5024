"""A decorator that filters an event before a handler sees it, as the event source mapping would.

For functions that are run locally or in tests: there is no event source mapping there, so a handler is given records that
it never meets in production. Needs nothing but `eventsieve`; the demo runs over the events of `corpus/sources`:

    python crates/python/examples/local_filter.py
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from eventsieve import Criteria, Sieve

Handler = Callable[[dict[str, Any], object], Any]

#: What a filtered handler returns where Lambda would not have invoked it.
NOT_INVOKED = object()


def event_source_mapping(source: str, criteria: Criteria, dialect: str | None = None) -> Callable[[Handler], Handler]:
    """Gives a handler only the records that the criteria let through, and calls it only if there is one."""
    sieve = Sieve(criteria, source=source, dialect=dialect)

    def decorate(handler: Handler) -> Handler:
        @functools.wraps(handler)
        def filtered(event: dict[str, Any], context: object = None) -> Any:
            kept = sieve.filter_envelope(json.dumps(event))
            return NOT_INVOKED if kept is None else handler(json.loads(kept), context)

        return filtered

    return decorate


def demo() -> None:
    corpus = Path(__file__).resolve().parents[3] / "corpus/sources"
    for file in sorted(corpus.glob("*.event.json")):
        source = file.name.split(".")[0]
        # The service takes no filters for DocumentDB; here they are an extension of this dialect.
        dialect = "eventbridge" if source == "documentdb" else None

        def count(event: dict[str, Any], context: object) -> int:
            groups = event.get("records") or event.get("rmqMessagesByQueue")
            lists = groups.values() if groups else (event.get(key, ()) for key in ("Records", "messages", "events"))
            return sum(map(len, lists))

        handler = event_source_mapping(source, corpus / f"{source}.criteria.json", dialect)(count)
        event = json.loads(file.read_bytes())
        print(f"{source}: {handler(event, None)} of {count(event, None)} records delivered")
        unwanted = event_source_mapping(source, [{"no such field": ["x"]}], "eventbridge")(count)
        assert unwanted(event, None) is NOT_INVOKED


if __name__ == "__main__":
    demo()
