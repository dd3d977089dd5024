"""Writes a directory of NDJSON partitions: events of an invented shop, one line in a thousand cut short.

    python generate.py DIRECTORY [--megabytes 200] [--partitions 8]
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path


def event(chance: random.Random) -> bytes:
    detail = {
        "state": chance.choice(["open", "paid", "shipped", "closed", "refunded"]),
        "total": round(chance.expovariate(1 / 80), 2),
        "customer": {"id": chance.randrange(10**6), "country": chance.choice(["NL", "BE", "DE", "FR"])},
        "items": [
            {"sku": f"T{chance.randrange(10**5)}", "quantity": chance.randrange(1, 9), "name": 'a box of "nails"'}
            for _ in range(chance.randrange(1, 12))
        ],
    }
    line = json.dumps({"id": f"{chance.getrandbits(64):016x}", "source": "shop.orders", "detail": detail}).encode()
    return line[: len(line) // 2] if chance.random() < 0.001 else line


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("directory", type=Path)
    arguments.add_argument("--megabytes", type=int, default=200)
    arguments.add_argument("--partitions", type=int, default=8)
    options = arguments.parse_args()
    options.directory.mkdir(parents=True, exist_ok=True)
    for partition in range(options.partitions):
        chance = random.Random(partition)
        left = options.megabytes * 1_000_000 // options.partitions
        with open(options.directory / f"part-{partition:05}.ndjson", "wb") as file:
            while left > 0:
                left -= file.write(event(chance) + b"\n")


if __name__ == "__main__":
    main()
