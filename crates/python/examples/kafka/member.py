"""One member of a consumer group: reads a topic, writes the records that match to a file, commits.

    python member.py --brokers HOST:PORT --topic TOPIC --group GROUP --output FILE [--criteria FILE] [--batch 500]

A batch is judged in one call; its matches are on disk before its offsets are committed, and a partition is given up
with nothing of it in hand. So nothing is lost, and nothing is delivered twice but the batch that a member had in hand
when it was killed. SIGTERM makes it leave. What it does is told on stdout, one JSON object a line.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from binascii import b2a_base64
from pathlib import Path
from typing import Any, TypeAlias

from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, Consumer, KafkaException, Message, TopicPartition
from eventsieve import Sieve

HERE = Path(__file__).resolve().parent

#: Where a record lies: topic, partition, offset. No two share it, so it tells what has been delivered before.
Place: TypeAlias = tuple[str, int, int]


def base64(text: bytes | str) -> str:
    return b2a_base64(text.encode() if isinstance(text, str) else text, newline=False).decode()


def place_of(message: Message) -> Place:
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    assert topic is not None and partition is not None and offset is not None, "a message that was read has a place"
    return topic, partition, offset


def as_delivered(message: Message) -> bytes:
    """A record as a function receives it: this is what criteria for the source `kafka` are written for."""
    topic, partition, offset = place_of(message)
    kind, timestamp = message.timestamp()
    record: dict[str, Any] = {
        "topic": topic,
        "partition": partition,
        "offset": offset,
        "timestamp": timestamp,
        "timestampType": "LOG_APPEND_TIME" if kind == TIMESTAMP_LOG_APPEND_TIME else "CREATE_TIME",
    }
    key, value = message.key(), message.value()
    if key is not None:
        record["key"] = base64(key)
    if value is not None:  # `None` is a tombstone.
        record["value"] = base64(value)
    headers: Any = message.headers() or ()
    record["headers"] = [{name: list(text or b"")} for name, text in headers]
    return json.dumps(record, separators=(",", ":")).encode()


def tell(event: str, **facts: Any) -> None:
    print(json.dumps({"event": event, **facts}), flush=True)


class Member:
    def __init__(self, options: argparse.Namespace) -> None:
        self.sieve = Sieve(options.criteria, source="kafka")
        # A new file for every member: what a killed one left may end in the middle of a line.
        self.output = open(options.output, "xb")
        self.batch_len: int = options.batch
        self.hold: float = options.hold
        #: What has been read and not been judged.
        self.batch: list[Message] = []
        self.leaving = False
        self.records = self.matches = self.bytes = 0
        self.seconds = {"polling": 0.0, "building records": 0.0, "eventsieve": 0.0, "writing": 0.0, "committing": 0.0}
        self.consumer = Consumer(
            {
                "bootstrap.servers": options.brokers,
                "group.id": options.group,
                # Offsets are committed when matches are on disk, not when a timer says so.
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                # How long a member that was killed keeps its partitions.
                "session.timeout.ms": 6000,
                "heartbeat.interval.ms": 1000,
            }
        )
        self.consumer.subscribe(
            [options.topic], on_assign=self.on_assign, on_revoke=self.on_revoke, on_lost=self.on_lost
        )

    def run(self) -> None:
        while not self.leaving:
            self.gather()
            self.finish()
        self.consumer.close()  # Tells the group, which need not wait for a timeout then.
        self.output.close()
        tell("left", records=self.records, matches=self.matches, bytes=self.bytes, seconds=self.seconds)

    def gather(self) -> None:
        """Reads a batch, or what comes within a tenth of a second."""
        start = time.monotonic()
        while len(self.batch) < self.batch_len and (left := start + 0.1 - time.monotonic()) > 0:
            message = self.consumer.poll(left)
            if message is None:
                continue
            if error := message.error():
                raise KafkaException(error)
            self.batch.append(message)
        if self.batch:
            self.seconds["polling"] += time.monotonic() - start

    def finish(self) -> None:
        """Judges the batch in hand, delivers what matches, and only then commits."""
        if not self.batch:
            return
        times = [time.monotonic()]
        records = [as_delivered(message) for message in self.batch]
        times.append(time.monotonic())
        matches = self.sieve.match_batch(records).matches
        times.append(time.monotonic())
        if matches:
            self.output.write(b"".join(records[index] + b"\n" for index in matches))
            self.output.flush()
            os.fsync(self.output.fileno())
        time.sleep(self.hold)
        times.append(time.monotonic())
        # What is committed is the record to go on with. Later messages of a partition overwrite earlier ones.
        last = {(topic, partition): offset for topic, partition, offset in map(place_of, self.batch)}
        offsets = [TopicPartition(topic, partition, offset + 1) for (topic, partition), offset in last.items()]
        for committed in self.consumer.commit(offsets=offsets, asynchronous=False):
            if committed.error:
                raise KafkaException(committed.error)
        times.append(time.monotonic())
        self.batch.clear()
        self.records += len(records)
        self.matches += len(matches)
        self.bytes += sum(map(len, records))
        for index, step in enumerate(("building records", "eventsieve", "writing", "committing")):
            self.seconds[step] += times[index + 1] - times[index]

    def on_assign(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        tell("assigned", partitions=sorted(each.partition for each in partitions))

    def on_revoke(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        # Called by `poll`, so in the middle of a batch. They are still ours: whoever gets them begins behind it.
        self.finish()
        tell("revoked", partitions=sorted(each.partition for each in partitions))

    def on_lost(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        # Somebody else may have them already, and reads what is in hand of them.
        lost = {each.partition for each in partitions}
        self.batch = [message for message in self.batch if message.partition() not in lost]
        tell("lost", partitions=sorted(each.partition for each in partitions))

    def leave(self, *_: object) -> None:
        self.leaving = True


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--brokers", required=True)
    arguments.add_argument("--topic", required=True)
    arguments.add_argument("--group", required=True)
    arguments.add_argument("--output", type=Path, required=True, help="a file that does not exist yet")
    arguments.add_argument("--criteria", type=Path, default=HERE / "criteria.json")
    arguments.add_argument("--batch", type=int, default=500, help="records in a batch, at most")
    arguments.add_argument("--hold", type=float, default=0, help="seconds from delivery to commit, for demonstrations")
    member = Member(arguments.parse_args())
    signal.signal(signal.SIGTERM, member.leave)
    signal.signal(signal.SIGINT, member.leave)
    try:
        member.run()
    except KafkaException as error:
        # Nothing is lost: what was not committed is read again.
        sys.exit(f"{member.output.name}: {error}")


if __name__ == "__main__":
    main()
