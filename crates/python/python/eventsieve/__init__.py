"""Evaluates AWS Lambda event filters: exactly, fast and inspectably.

A `Sieve` is made once of filter criteria and judges records, one by one or in batches; threads may share it.

>>> import eventsieve
>>> sieve = eventsieve.Sieve([{"detail": {"total": [{"numeric": [">", 100]}]}}])
>>> sieve.match(b'{"detail": {"total": 250}}')
True
>>> sieve.match_batch([b'{"detail": {"total": 250}}', b'{"detail": {"total": 5}}']).matches
[0]

*Criteria* are a list of *filters*; a filter is one *pattern*. A *source* says where records come from, and so what a
filter sees of one; a *dialect* says which operators and limits are legal. A match is always proved: the whole record
is valid JSON. A record that no filter lets through need not be read to its end, so a malformed one may come out as
`Verdict.NO_MATCH`; `checks="every"` tells all malformed records.
"""

from eventsieve._errors import CriteriaError, Diagnostic, EnvelopeError, ProgramError
from eventsieve._eventsieve import BatchResult, Program
from eventsieve._sieve import Criteria, DropReason, Limits, Malformed, Record, Sieve, Verdict

__all__ = [
    "BatchResult",
    "Criteria",
    "CriteriaError",
    "Diagnostic",
    "DropReason",
    "EnvelopeError",
    "Limits",
    "Malformed",
    "Program",
    "ProgramError",
    "Record",
    "Sieve",
    "Verdict",
]
