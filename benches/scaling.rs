//! What do more filters cost? Ours and quamina, 1 to 100,000 exact filters on two fields, and up to 1,000 mixed ones.
//!
//! ```sh
//! cargo bench -p eventsieve-benches --bench scaling -- --quick
//! ```

use clap::Parser;
use eventsieve_benches::engines::ours_and_quamina;
use eventsieve_benches::measure::{Budget, Outcome, Timing, measure};
use eventsieve_benches::report::{number, processor};
use eventsieve_benches::workloads::{Workload, many};

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
