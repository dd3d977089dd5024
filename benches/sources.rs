//! What does it cost to take a record apart? Delivered records as they lie, the same in a poller's pieces, and whole events.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use eventsieve::source::{kafka, kinesis, sqs};
use eventsieve::{Batch, Encoded, Envelope, RecordView, Sieve, Verdict};
use eventsieve_benches::engines::eventsieve::compile;
use eventsieve_benches::workloads::{Workload, named};
use serde_json::Value;

const BYTES: usize = 2 << 20;

fn sources(c: &mut Criterion) {
    for (name, source) in
        [("sqs-string", Pieces::Message), ("kinesis-base64", Pieces::Stream), ("kafka-base64", Pieces::Topic)]
    {
        for share in ["1%", "100%"] {
            let workload = named(&format!("{name}-{share}"), BYTES);
            let sieve = compile(&workload);
            let documents: Vec<Value> =
                workload.records.view().iter().map(|record| serde_json::from_slice(record).expect("checked")).collect();
            let views: Vec<RecordView<'_>> = documents.iter().map(|document| source.view(document)).collect();
            let records = workload.records.view();
            let delivered = Batch::from_offsets(records.bytes, records.offsets).expect("the offsets ascend");
            evaluate(c, &workload, &sieve, "delivered", &delivered);
            evaluate(c, &workload, &sieve, "pieces", &Batch::from_views(&views));
            if let Pieces::Message | Pieces::Stream = source {
                whole_event(c, &workload, &sieve);
            }
        }
    }
}

/// Which members a poller holds.
#[derive(Clone, Copy)]
enum Pieces {
    Message,
    Stream,
    Topic,
}

impl Pieces {
    fn view(self, document: &Value) -> RecordView<'_> {
        match self {
            Pieces::Message => sqs::message(document["body"].as_str().expect("a body is text"), None),
            Pieces::Stream => {
                let record = &document["kinesis"];
                let data = record["data"].as_str().expect("data is text");
                let (key, number) = (record["partitionKey"].as_str(), record["sequenceNumber"].as_str());
                kinesis::record(
                    key.expect("it has a key"),
                    number.expect("it has a number"),
                    Encoded::base64(data.as_bytes()),
                )
            }
            Pieces::Topic => {
                let value = document["value"].as_str().expect("a value is text").as_bytes();
                kafka::Record { topic: "orders", ..kafka::Record::default() }.view().payload(Encoded::base64(value))
            }
        }
    }
}

fn evaluate(c: &mut Criterion, workload: &Workload, sieve: &Sieve<'_>, form: &str, batch: &Batch<'_>) {
    let mut scratch = sieve.scratch();
    let verdicts = sieve.evaluate(&mut scratch, batch).expect("the scratch is this sieve's");
    let found = verdicts.iter().filter(|&&verdict| verdict == Verdict::Match).count();
    assert_eq!(found, workload.matches(), "{}, {form}", workload.name);
    let mut group = c.benchmark_group(format!("sources/{}", workload.name));
    group.throughput(Throughput::Elements(batch.len() as u64));
    group.bench_function(form, |b| b.iter(|| sieve.evaluate(&mut scratch, black_box(batch)).expect("as above").len()));
    group.finish();
}

/// An event of 100 records, as a function is handed it.
fn whole_event(c: &mut Criterion, workload: &Workload, sieve: &Sieve<'_>) {
    const RECORDS: usize = 100;
    let records: Vec<&str> =
        workload.records.first(RECORDS).iter().map(|record| std::str::from_utf8(record).expect("checked")).collect();
    let event = format!("{{\"Records\":[{}]}}", records.join(","));
    let mut scratch = sieve.scratch();
    let mut group = c.benchmark_group(format!("sources/{}", workload.name));
    group.throughput(Throughput::Elements(RECORDS as u64));
    group.bench_function("envelope of 100", |b| {
        b.iter(|| {
            let envelope = Envelope::parse(black_box(event.as_bytes())).expect("it is an event");
            envelope.filter(sieve, &mut scratch).expect("it is of the sieve's source").is_some()
        });
    });
    group.finish();
}

criterion_group!(benches, sources);
criterion_main!(benches);
