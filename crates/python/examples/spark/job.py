"""Filters a directory of NDJSON partitions with Spark, and compares the count with that of the `eventsieve` command.

    PYSPARK_PYTHON=$(which python) python job.py DIRECTORY [--master 'local[2]'] [--command PATH] [--output DIRECTORY]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from eventsieve import Sieve
from pyspark.sql import DataFrame, SparkSession

import executor

HERE = Path(__file__).resolve().parent


def session(master: str) -> SparkSession:
    # Workers must be the Python that has eventsieve and pyarrow; by themselves they are whichever is first in PATH.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.master(master).appName("eventsieve").config("spark.ui.showConsoleProgress", "false")
    if master.startswith("local"):
        # A machine whose own name does not resolve would keep the driver from being found.
        builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
    spark = builder.config("spark.ui.enabled", "false").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    spark.sparkContext.addPyFile(str(HERE / "executor.py"))
    return spark


def filtered(spark: SparkSession, directory: Path, criteria: Path) -> DataFrame:
    program = spark.sparkContext.broadcast(bytes(Sieve(criteria).program))  # Compiled and verified once, here.
    # By itself the reader takes a lone carriage return for the end of a line as well.
    lines = spark.read.option("lineSep", "\n").text(str(directory))
    return lines.mapInArrow(executor.matching(program, "value"), lines.schema)


def count_of_command(command: Path, criteria: Path, files: list[Path]) -> int:
    # It names malformed records on stderr, which is captured with the rest.
    arguments = [command, "filter", "--count", "--criteria", criteria, *files]
    return int(subprocess.run(arguments, capture_output=True, check=True, text=True).stdout)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("directory", type=Path)
    arguments.add_argument("--criteria", type=Path, default=HERE / "criteria.json")
    arguments.add_argument("--master", default="local[2]")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--command", type=Path, help="the eventsieve command, to compare counts with")
    arguments.add_argument("--output", type=Path, help="where to write the records that match, as text")
    options = arguments.parse_args()

    files = sorted(options.directory.glob("*.ndjson"))
    size = sum(file.stat().st_size for file in files)
    expected = count_of_command(options.command, options.criteria, files) if options.command else None
    spark = session(options.master)
    matching = filtered(spark, options.directory, options.criteria)
    everything = spark.read.option("lineSep", "\n").text(str(options.directory))
    for number in range(options.rounds):
        start = time.perf_counter()
        count = matching.count()
        seconds = time.perf_counter() - start
        # What Spark and Python take to hand the rows over and back, with nobody looking at them.
        start = time.perf_counter()
        everything.mapInArrow(lambda batches: (batch.slice(0, 0) for batch in batches), everything.schema).count()
        passing = time.perf_counter() - start
        print(
            f"{options.master} round {number}: {count} records match, {seconds:.2f} s, {size / seconds / 1e6:.0f} MB/s; "
            f"handing rows over alone {passing:.2f} s",
            flush=True,
        )
        if expected is not None and count != expected:
            sys.exit(f"the command counts {expected}")
    if expected is not None:
        print(f"the command counts {expected} as well")
    if options.output:
        matching.write.text(str(options.output))
    spark.stop()


if __name__ == "__main__":
    main()
