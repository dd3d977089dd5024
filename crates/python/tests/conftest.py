"""What tests share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

CORPUS = Path(__file__).resolve().parents[3] / "corpus"


def rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a case file."""
    lines = path.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line.strip() and not line.startswith("//")]


@pytest.fixture
def orders() -> list[bytes]:
    """Records, one of them cut short."""
    return (CORPUS / "samples/orders.ndjson").read_bytes().splitlines()


@pytest.fixture
def orders_criteria() -> Path:
    """Three filters for them."""
    return CORPUS / "samples/orders.criteria.json"
