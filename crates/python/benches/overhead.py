"""What a batch costs from Python, beside the same batch in Rust.

    python crates/python/benches/overhead.py            # with the package installed (a release build), and pyarrow

Builds `rust_side.rs` (release), writes records, and lets both sides pass over the same batches by turns, so that a machine
that slows down slows both. Speeds are those of the best round of each side, the one that the rest of the machine disturbed
least, and so is the first ratio; the second is the median of the rounds' ratios. Both sides must count the same matches.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow
from eventsieve import Sieve

ROOT = Path(__file__).resolve().parents[3]

#: `read`: no literal that a match must hold, so every record is walked. `searched`: most records are dropped unread.
CRITERIA = {
    "read": {"detail": {"total": [{"numeric": [">", 900]}], "state": [{"anything-but": "open"}]}},
    "searched": {"detail": {"state": ["refunded"], "total": [{"numeric": [">", 100]}]}},
}


def records(size: int, total: int, chance: random.Random) -> list[bytes]:
    """Events of about `size` bytes each."""
    made = []
    while total > 0:
        event = {
            "id": f"{chance.getrandbits(64):016x}",
            "source": "shop.orders",
            "detail": {
                "state": chance.choice(["open", "paid", "shipped", "closed"] * 5 + ["refunded"]),
                "total": chance.randrange(1000),
                "items": [],
            },
        }
        while len(json.dumps(event)) < size - 10:
            event["detail"]["items"].append(
                {"sku": f"T{chance.randrange(10**6)}", "quantity": chance.randrange(9), "name": "a box of \"nails\""}
            )
        made.append(json.dumps(event).encode())
        total -= len(made[-1])
    return made


def rust_binary() -> str:
    command = ["cargo", "bench", "--locked", "-p", "eventsieve-python", "--bench", "rust_side", "--no-run"]
    run = subprocess.run([*command, "--message-format=json"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    messages = [json.loads(line) for line in run.stdout.splitlines()]
    return next(each["executable"] for each in messages if each.get("target", {}).get("name") == "rust_side")


def measure(rust: subprocess.Popen[str], word: str, python: Callable[[], int], rounds: int) -> tuple[float, float, float]:
    """Best seconds of Rust and of Python, and the median ratio."""
    assert rust.stdin is not None and rust.stdout is not None
    seconds: list[tuple[float, float]] = []
    for number in range(rounds + 1):
        rust.stdin.write(f"{word}\n")
        rust.stdin.flush()
        of_rust, expected = rust.stdout.readline().split()
        start = time.perf_counter()
        count = python()
        of_python = time.perf_counter() - start
        assert count == int(expected) > 0, (word, count, expected)
        if number > 0:  # The first round warms both up.
            seconds.append((float(of_rust), of_python))
    return (
        min(rust for rust, _ in seconds),
        min(python for _, python in seconds),
        statistics.median(python / rust for rust, python in seconds),
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=51)
    arguments.add_argument("--megabytes", type=int, default=8)
    arguments.add_argument("--batch", type=int, default=1000, help="records in a batch")
    arguments.add_argument("--rust", help="a rust_side that was built before")
    options = arguments.parse_args()
    binary = options.rust or rust_binary()

    print(f"batches of {options.batch} records, {options.megabytes} MB, {options.rounds} rounds by turns")
    print(f"{'bytes':>6} {'criteria':9} {'records as':18} {'Rust GB/s':>10} {'Python GB/s':>12} {'Python/Rust':>12} {'median':>8}")
    for size in (500, 1000, 4000):
        made = records(size, options.megabytes * 1_000_000, random.Random(size))
        total = sum(map(len, made))
        # Objects of their own each, in the order of the list.
        lists = [made[start : start + options.batch] for start in range(0, len(made), options.batch)]
        column = pyarrow.array(made, pyarrow.binary())
        arrays = [column[start : start + options.batch] for start in range(0, len(made), options.batch)]
        for name, criteria in CRITERIA.items():
            sieve = Sieve([criteria])
            with tempfile.TemporaryDirectory() as folder:
                (Path(folder) / "criteria.json").write_text(json.dumps([criteria]))
                (Path(folder) / "records.ndjson").write_bytes(b"\n".join(made))
                command = [binary, f"{folder}/criteria.json", f"{folder}/records.ndjson", str(options.batch)]
                with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as rust:
                    for word, label, python in (
                        ("objects", "list of bytes", lambda: sum(sieve.match_batch(each).count for each in lists)),
                        (
                            "objects+filters",
                            "list, filters",
                            lambda: sum(sieve.match_batch(each, filters=True).count for each in lists),
                        ),
                        ("offsets", "Arrow binary", lambda: sum(sieve.match_batch(each).count for each in arrays)),
                    ):
                        of_rust, of_python, ratio = measure(rust, word, python, options.rounds)
                        speeds = f"{total / of_rust / 1e9:10.2f} {total / of_python / 1e9:12.2f}"
                        of_best = of_python / of_rust
                        print(f"{total // len(made):6} {name:9} {label:18} {speeds} {of_best:12.3f} {ratio:8.3f}", flush=True)
                    assert rust.stdin is not None
                    rust.stdin.close()


if __name__ == "__main__":
    main()
