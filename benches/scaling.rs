//! What do more filters cost, and what do more threads bring? Ours and quamina, 1 to 100,000 exact filters on two fields,
//! and up to 1,000 mixed ones; then one filter on one thread and on several.
//!
//! ```sh
//! cargo bench -p eventsieve-benches --bench scaling -- --quick
//! ```

use std::time::Instant;

use clap::Parser;
use eventsieve::{Batch, Verdict};
use eventsieve_benches::engines::eventsieve::compile;
use eventsieve_benches::engines::ours_and_quamina;
use eventsieve_benches::measure::{Budget, Outcome, Timing, measure};
use eventsieve_benches::report::{number, processor};
use eventsieve_benches::workloads::{self, Workload, many};

/// Measures records a second for sets of filters of growing size.
#[derive(Parser)]
#[command(name = "scaling", version)]
struct Arguments {
    /// 4 MB of records instead of 64, and few passes.
    #[arg(long)]
    quick: bool,
    /// No sets of more filters than this.
    #[arg(long, value_name = "FILTERS", default_value_t = 100_000)]
    most: usize,
    /// What cargo passes to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let arguments = Arguments::parse();
    let (megabytes, budget) = if arguments.quick { (4, Budget::QUICK) } else { (64, Budget::FULL) };
    println!("{}, one thread, {megabytes} MB of Kinesis records with their payload decoded\n", processor());
    println!(
        "{:8}{:>9}{:>9}{:>14}{:>12}{:>14}{:>12}{:>10}",
        "filters", "", "matches", "ours, rec/s", "cost by 1", "quamina", "cost by 1", "ratio"
    );
    type Make = fn(usize, usize) -> Workload;
    let sets: [(&str, Make, &[usize]); 2] =
        [("exact", many::exact, &[1, 10, 100, 1_000, 10_000, 100_000]), ("mixed", many::mixed, &[1, 10, 100, 1_000])];
    for (name, make, counts) in sets {
        let mut singles: [Option<f64>; 2] = [None; 2];
        for &count in counts.iter().filter(|&&count| count <= arguments.most) {
            let workload = Workload { name: format!("{name}-{count}"), ..make(megabytes << 20, count) };
            workload.verify();
            let outcomes = measure(&workload, &ours_and_quamina(), budget);
            let timings: Vec<Option<&Timing>> = outcomes.iter().map(timing).collect();
            let mut line = format!("{name:8}{count:>9}{:>9}", workload.matches());
            for ((timing, outcome), single) in timings.iter().zip(&outcomes).zip(&mut singles) {
                let rate = timing.map(Timing::records_per_second);
                *single = single.or(rate);
                let rate_text = rate.map_or_else(|| said(outcome), |rate| format!("{rate:.0}"));
                let cost =
                    rate.zip(*single).map_or("-".to_owned(), |(rate, single)| format!("{}x", number(single / rate)));
                line += &format!("{rate_text:>14}{cost:>12}");
            }
            let ratio = timings[0].zip(timings[1]).map(|(ours, theirs)| ours.ratio_to(theirs));
            println!("{line}{:>10}", ratio.map_or("-".to_owned(), |ratio| format!("{}x", number(ratio))));
        }
    }
    println!("\nquamina stops reading at the last field it needs; ours validates what it lets through.");
    threads(megabytes << 20, if arguments.quick { 7 } else { 21 });
}

/// One batch on one thread and on several, in turns; the best of each.
fn threads(bytes: usize, turns: usize) {
    let most = std::thread::available_parallelism().map_or(1, usize::from);
    println!("\n{:24}{:>9}{:>12}{:>12}", "one batch", "threads", "GB/s", "by 1");
    for name in ["kinesis-1%", "kinesis-numeric-1%", "sqs-100%"] {
        let workload = workloads::named(name, bytes);
        let sieve = compile(&workload);
        let records = workload.records.view();
        let batch = Batch::from_offsets(records.bytes, records.offsets).expect("the offsets ascend");
        let mut counts: Vec<usize> =
            std::iter::successors(Some(1), |count| Some(count * 2)).take_while(|&count| count < most).collect();
        counts.push(most);
        counts.dedup();
        let mut ways: Vec<_> = counts
            .iter()
            .map(|&count| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build().expect("threads can be started");
                let scratch = pool.install(|| sieve.parallel_scratch());
                (count, pool, scratch, f64::INFINITY)
            })
            .collect();
        for _ in 0..turns {
            for (_, pool, scratch, best) in &mut ways {
                let start = Instant::now();
                let matches = pool.install(|| {
                    let verdicts = sieve.evaluate_parallel(scratch, &batch).expect("the scratch is this sieve's");
                    verdicts.iter().filter(|&&verdict| verdict == Verdict::Match).count()
                });
                *best = best.min(start.elapsed().as_secs_f64());
                assert_eq!(matches, workload.matches(), "{name}");
            }
        }
        let single = ways[0].3;
        for (count, _, _, best) in &ways {
            let rate = records.byte_count() as f64 / best / 1e9;
            println!("{name:24}{count:>9}{:>12}{:>11}x", number(rate), number(single / best));
        }
    }
}

fn timing(outcome: &Outcome) -> Option<&Timing> {
    match outcome {
        Outcome::Timed(timing) => Some(timing),
        _ => None,
    }
}

fn said(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Timed(_) => String::new(),
        Outcome::Wrong { answer, .. } => format!("wrong: {answer}"),
        Outcome::Unable(why) => why.clone(),
    }
}
