//! How fast are records matched? One core, the bundled sample repeated, answers checked before timing.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use eventsieve::{Batch, FilterCriteria, FrontEnd, Sieve, Source, Verdict};
use eventsieve_benches::{Workload, workloads};

fn matching(c: &mut Criterion) {
    for Workload { name, criteria, records, matches } in workloads() {
        let criteria = FilterCriteria::from_json(&criteria).expect("a workload's criteria is valid");
        let sieve = Sieve::builder(Source::Raw).compile(&criteria).expect("a workload's criteria compiles");
        let batch = Batch::from_lines(&records);
        let mut group = c.benchmark_group(format!("matching/{name}"));
        group.throughput(Throughput::Bytes(records.len() as u64));
        for (mode, front_end) in [("tape", FrontEnd::Tape), ("text", FrontEnd::Text)] {
            let sieve = sieve.clone().with_front_end(front_end);
            let mut scratch = sieve.scratch();
            let verdicts = sieve.evaluate(&mut scratch, &batch).expect("the scratch is this sieve's");
            let found = verdicts.iter().filter(|&&verdict| verdict == Verdict::Match).count();
            assert_eq!(found, matches, "{name} with {mode}: wrong number of matches, so its time means nothing");
            group.bench_function(mode, |b| {
                b.iter(|| sieve.evaluate(&mut scratch, black_box(&batch)).expect("as above").len());
            });
        }
        group.finish();
    }
}

criterion_group!(benches, matching);
criterion_main!(benches);
