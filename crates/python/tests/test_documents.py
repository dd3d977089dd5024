"""What documents and stubs say is true."""

from __future__ import annotations

import doctest
import inspect
import subprocess
import sys
from pathlib import Path

import eventsieve
import eventsieve._errors
import eventsieve._sieve
import pytest

PACKAGE = Path(__file__).resolve().parents[1]


def test_the_readme_runs() -> None:
    failed, tried = doctest.testfile(str(PACKAGE / "README.md"), module_relative=False)
    assert failed == 0 and tried > 20


@pytest.mark.parametrize("module", [eventsieve, eventsieve._sieve], ids=lambda module: module.__name__)
def test_examples_in_docstrings_run(module: object) -> None:
    failed, tried = doctest.testmod(module)
    assert failed == 0 and tried > 3


def test_everything_public_is_documented() -> None:
    for name in eventsieve.__all__:
        thing = getattr(eventsieve, name)
        if not inspect.isclass(thing):
            continue
        assert thing.__doc__, name
        for member, value in vars(thing).items():
            if not member.startswith("_") and (callable(value) or isinstance(value, property)):
                assert inspect.getdoc(value), f"{name}.{member}"


def mypy(*arguments: str) -> None:
    run = subprocess.run([sys.executable, "-m", *arguments], capture_output=True, text=True, cwd=PACKAGE)
    assert run.returncode == 0, run.stdout + run.stderr


def test_types_are_told() -> None:
    pytest.importorskip("mypy")
    mypy("mypy", "--strict", "--no-incremental", "tests/typing_sample.py")


def test_stubs_agree_with_the_module() -> None:
    pytest.importorskip("mypy")
    mypy("mypy.stubtest", "eventsieve._eventsieve", "--ignore-missing-stub")


def test_the_example_runs() -> None:
    example = PACKAGE / "examples/local_filter.py"
    run = subprocess.run([sys.executable, str(example)], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    assert len(lines) == 8
    assert all(line.endswith("records delivered") and ": 0 of" not in line for line in lines)
