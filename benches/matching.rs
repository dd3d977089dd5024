//! How fast are records matched in each of our modes? One core, a few workloads, answers checked before timing.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use eventsieve_benches::engines::Engine;
use eventsieve_benches::engines::eventsieve::MODES;
use eventsieve_benches::workloads::{Workload, named, orders};

const BYTES: usize = 4 << 20;
const WORKLOADS: [&str; 6] = ["sqs-1%", "sqs-100%", "kinesis-1%", "dynamodb-1%", "dynamodb-100%", "citylots-1%"];

fn matching(c: &mut Criterion) {
    let (sample, matches) = orders::sample(BYTES);
    group(c, &sample, matches);
    for name in WORKLOADS {
        let workload = named(name, BYTES);
        group(c, &workload, workload.matches());
    }
}

fn group(c: &mut Criterion, workload: &Workload, matches: usize) {
    let records = workload.records.view();
    let mut group = c.benchmark_group(format!("matching/{}", workload.name));
    group.throughput(Throughput::Bytes(records.byte_count() as u64));
    for mode in MODES.iter().filter(|mode| mode.answer() == eventsieve_benches::engines::Answer::Matches) {
        let mut ready = mode.prepare(workload).expect("ours can be asked everything");
        let found = ready.run(records);
        assert_eq!(found, matches, "{} in mode {}: a wrong answer's time means nothing", workload.name, mode.mode());
        group.bench_function(mode.mode(), |b| b.iter(|| ready.run(black_box(records))));
    }
    group.finish();
}

criterion_group!(benches, matching);
criterion_main!(benches);
