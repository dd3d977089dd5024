//! What does it cost to prove a record, by each set of instructions, and what does that leave to a filter that proves all
//! that it lets through? The check alone beside parsers that prove as much, and beside quamina, which proves nothing.
//!
//! ```sh
//! cargo bench -p eventsieve-benches --bench index -- --quick
//! ```

use clap::Parser;
use eventsieve::{Checker, Isa};
use eventsieve_benches::engines::{Answer, Engine, Prepared, Validates, quamina, serde, simd_json};
use eventsieve_benches::measure::{Budget, Outcome, Timing, measure};
use eventsieve_benches::report::{number, processor};
use eventsieve_benches::workloads::{View, Workload, named};

const WORKLOADS: [&str; 7] =
    ["sqs-100%", "kinesis-100%", "dynamodb-100%", "kafka-100%", "citylots-1%", "wide8k-100%", "wide64k-100%"];

/// Measures the check alone.
#[derive(Parser)]
#[command(name = "index", version)]
struct Arguments {
    /// 4 MB of records instead of 64, and few passes.
    #[arg(long)]
    quick: bool,
    /// What cargo passes to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Our check with some instructions.
struct Check(Isa);

impl Engine for Check {
    fn name(&self) -> &'static str {
        "eventsieve"
    }

    fn mode(&self) -> &'static str {
        self.0.name()
    }

    fn validates(&self) -> Validates {
        Validates::Records
    }

    fn answer(&self) -> Answer {
        Answer::Valid
    }

    fn prepare(&self, _: &Workload) -> Result<Box<dyn Prepared>, String> {
        Ok(Box::new(Checking(Checker::default().with_isa(self.0))))
    }
}

struct Checking(Checker);

impl Prepared for Checking {
    fn run(&mut self, records: View<'_>) -> usize {
        records.iter().filter(|record| self.0.is_valid(record)).count()
    }
}

fn main() {
    let arguments = Arguments::parse();
    let (megabytes, budget) = if arguments.quick { (4, Budget::QUICK) } else { (64, Budget::FULL) };
    let checks: Vec<Check> = Isa::available().map(Check).collect();
    let peers: [(&str, &dyn Engine); 3] =
        [("tape", &simd_json::TapeAlone), ("IgnoredAny", &serde::Ignored), ("quamina", &quamina::Quamina)];
    // The fastest of ours first, as all ratios are by it.
    let mut engines: Vec<&dyn Engine> = checks.iter().rev().map(|check| check as &dyn Engine).collect();
    engines.extend(peers.iter().map(|(_, engine)| *engine));
    let names = || checks.iter().rev().map(|check| check.0.name()).chain(peers.iter().map(|(name, _)| *name));

    println!("{}, one thread, {megabytes} MB, GB/s; then how many times the first column is as fast\n", processor());
    let columns: String = names().map(|name| format!("{name:>12}")).collect();
    let ratios: String = names().skip(1).map(|name| format!("{:>14}", format!("by {name}"))).collect();
    println!("{:16}{columns}  {ratios}", "");
    for name in WORKLOADS {
        let workload = named(name, megabytes << 20);
        let outcomes = measure(&workload, &engines, budget);
        let timings: Vec<Option<&Timing>> = outcomes
            .iter()
            .map(|outcome| match outcome {
                Outcome::Timed(timing) => Some(timing),
                Outcome::Wrong { .. } | Outcome::Unable(_) => None,
            })
            .collect();
        let rate = |timing: &Option<&Timing>| timing.map_or("wrong".to_owned(), |timing| number(timing.best()));
        let columns: String = timings.iter().map(|timing| format!("{:>12}", rate(timing))).collect();
        let ratio = |other: &Option<&Timing>| {
            let ratio = timings[0].zip(*other).map(|(ours, other)| ours.ratio_to(other));
            ratio.map_or("-".to_owned(), |ratio| format!("{}x", number(ratio)))
        };
        let ratios: String = timings[1..].iter().map(|other| format!("{:>14}", ratio(other))).collect();
        println!("{name:16}{columns}  {ratios}");
    }
    println!(
        "\nquamina stops at the last field it needs and proves nothing. The last column is what a filter that proves every match \
         could reach where all records match, if finding the fields took no time at all."
    );
}
