//! How long does one record take? Handed over one at a time: the first call, warm, and with caches swept clean.
//!
//! `first` is the first call in the process, when no code of the engine has run yet. `new` is the median of first calls of
//! engines that are made anew, as a poller makes them when filters change: what a new scratch costs.
//!
//! ```sh
//! cargo bench -p eventsieve-benches --bench latency
//! ```

use std::hint::black_box;
use std::time::Instant;

use clap::Parser;
use eventsieve_benches::engines::{self, Answer, Engine, Prepared};
use eventsieve_benches::report::processor;
use eventsieve_benches::workloads::{Workload, named};

const WORKLOADS: [&str; 5] = ["sqs-1%", "kinesis-base64-1%", "dynamodb-1%", "wide64k-1%", "many-exact-1000"];

/// Measures single calls in microseconds.
#[derive(Parser)]
#[command(name = "latency", version)]
struct Arguments {
    /// This workload of the catalogue of `compare` instead of five of them (repeatable).
    #[arg(long, value_name = "NAME")]
    workload: Vec<String>,
    /// Warm calls for each engine.
    #[arg(long, value_name = "CALLS", default_value_t = 20_000)]
    calls: usize,
    /// What cargo passes to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let arguments = Arguments::parse();
    let names: Vec<&str> = match arguments.workload.is_empty() {
        true => WORKLOADS.to_vec(),
        false => arguments.workload.iter().map(String::as_str).collect(),
    };
    println!("{}, one thread, one record a call; microseconds\n", processor());
    println!(
        "{:20}{:26}{:>9}{:>9}{:>9}{:>9}{:>9}{:>9}{:>11}{:>11}",
        "", "", "first", "new", "p50", "p99", "p99.9", "worst", "cold p50", "cold p99"
    );
    for name in names {
        let workload = named(name, 8 << 20);
        let engines = engines::all().into_iter().filter(|engine| engine.answer() == Answer::Matches);
        for engine in engines {
            let label = format!("{}, {}", engine.name(), engine.mode());
            match latencies(engine, &workload, arguments.calls) {
                Ok([first, new, p50, p99, p999, worst, cold50, cold99]) => println!(
                    "{name:20}{label:26}{first:>9.2}{new:>9.2}{p50:>9.2}{p99:>9.2}{p999:>9.2}{worst:>9.2}{cold50:>11.2}{cold99:>11.2}"
                ),
                Err(why) => println!("{name:20}{label:26}  {why}"),
            }
        }
        println!();
    }
}

/// First call; median of first calls of new ones; quantiles of warm calls; quantiles of cold ones.
fn latencies(engine: &dyn Engine, workload: &Workload, calls: usize) -> Result<[f64; 8], String> {
    const COLD_CALLS: usize = 200;
    const NEW_ONES: usize = 15;
    let mut prepared = engine.prepare(workload)?;
    let total = workload.expected.len();
    let first = call(&mut *prepared, workload, 0)?;
    let mut new = Vec::with_capacity(NEW_ONES);
    for at in 0..NEW_ONES {
        new.push(call(&mut *engine.prepare(workload)?, workload, at % total)?);
    }
    let mut warm = Vec::with_capacity(calls);
    // What an engine does once is the first call's business; what it does now and then shows as the worst one.
    for at in 0..calls {
        warm.push(call(&mut *prepared, workload, at % total)?);
    }
    let mut sweep = vec![1_u64; 64 << 17];
    let mut cold = Vec::with_capacity(COLD_CALLS);
    for at in 0..COLD_CALLS {
        sweep.iter_mut().for_each(|word| *word = word.wrapping_mul(3));
        black_box(&sweep);
        cold.push(call(&mut *prepared, workload, at * 7 % total)?);
    }
    new.sort_by(f64::total_cmp);
    warm.sort_by(f64::total_cmp);
    cold.sort_by(f64::total_cmp);
    let at = |sorted: &[f64], share: f64| sorted[((sorted.len() - 1) as f64 * share) as usize];
    let [p50, p99, p999, worst] = [0.5, 0.99, 0.999, 1.0].map(|share| at(&warm, share));
    Ok([first, at(&new, 0.5), p50, p99, p999, worst, at(&cold, 0.5), at(&cold, 0.99)])
}

/// Microseconds of one call, its answer checked.
fn call(prepared: &mut dyn Prepared, workload: &Workload, index: usize) -> Result<f64, String> {
    let record = workload.records.one(index);
    let start = Instant::now();
    let answer = black_box(prepared.run(black_box(record)));
    let elapsed = start.elapsed();
    match answer == usize::from(workload.expected[index]) {
        true => Ok(elapsed.as_secs_f64() * 1e6),
        false => Err(format!("answers wrongly for record {index}")),
    }
}
