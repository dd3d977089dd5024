//! How fast are we, and how fast are others? One table, every engine's answer checked first.
//!
//! ```sh
//! cargo bench -p eventsieve-benches --bench compare -- --quick --json rows.json
//! cargo bench -p eventsieve-benches --bench compare -- --only sqs --engine quamina
//! ```
//!
//! `RUSTFLAGS="-C target-cpu=native"` is what sonic-rs needs to show what it can do: it picks its instructions when it is built.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use eventsieve_benches::engines::{self, Engine};
use eventsieve_benches::measure::{Budget, measure};
use eventsieve_benches::report::{Report, Row, processor};
use eventsieve_benches::workloads::catalog;

/// Compares engines on workloads, one core, and prints a table of gigabytes a second.
#[derive(Parser)]
#[command(
    name = "compare",
    version,
    after_help = "Workloads are named SHAPE-SHARE, the share being that of the records that match."
)]
struct Arguments {
    /// Under two minutes: sets of 4 MB, which stay in a cache, and few passes.
    #[arg(long)]
    quick: bool,
    /// Writes a list of rows, one for each workload and engine.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Only workloads whose name contains this (repeatable).
    #[arg(long, value_name = "TEXT")]
    only: Vec<String>,
    /// Only engines whose name or mode contains this (repeatable); ours in its default mode stays.
    #[arg(long, value_name = "TEXT")]
    engine: Vec<String>,
    /// Megabytes of each workload instead of 64, or of 4 with --quick.
    #[arg(long, value_name = "MB")]
    megabytes: Option<usize>,
    /// Names the workloads and engines and does nothing else.
    #[arg(long)]
    list: bool,
    /// What cargo passes to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let chosen =
        |texts: &[String], name: &str| texts.is_empty() || texts.iter().any(|text| name.contains(text.as_str()));
    let engines: Vec<&dyn Engine> = engines::all()
        .into_iter()
        .enumerate()
        .filter(|(at, engine)| *at == 0 || chosen(&arguments.engine, &format!("{} {}", engine.name(), engine.mode())))
        .map(|(_, engine)| engine)
        .collect();
    let entries: Vec<_> = catalog().into_iter().filter(|entry| chosen(&arguments.only, &entry.name)).collect();
    if arguments.list {
        entries.iter().for_each(|entry| println!("{}", entry.name));
        engines.iter().for_each(|engine| println!("{}, {}", engine.name(), engine.mode()));
        return ExitCode::SUCCESS;
    }
    if entries.is_empty() {
        eprintln!("compare: no workload is named so; --list names them");
        return ExitCode::from(2);
    }
    let (megabytes, budget) = if arguments.quick { (4, Budget::QUICK) } else { (64, Budget::FULL) };
    let megabytes = arguments.megabytes.unwrap_or(megabytes);

    let start = Instant::now();
    println!("{}, one thread, {megabytes} MB a workload, built for {}", processor(), target());
    if serde_json::from_str::<serde_json::Value>("1.50").is_ok_and(|value| value.to_string().as_str() == "1.50") {
        println!(
            "serde_json is slower here than it need be (arbitrary_precision): name the package, -p eventsieve-benches"
        );
    }
    println!();
    let mut report = Report::new(&engines);
    for entry in &entries {
        let workload = entry.make(megabytes << 20);
        report.add(&workload, entry.group, &measure(&workload, &engines, budget));
    }
    let rows = report.finish();
    println!("\n{} rows in {:.0} s", rows.len(), start.elapsed().as_secs_f64());
    match arguments.json.map(|path| write(&path, &rows).map_err(|error| format!("{}: {error}", path.display()))) {
        Some(Err(error)) => {
            eprintln!("compare: {error}");
            ExitCode::from(2)
        }
        _ => ExitCode::SUCCESS,
    }
}

/// What the compiler was allowed to use, in a word.
fn target() -> &'static str {
    match (cfg!(target_feature = "avx512bw"), cfg!(target_feature = "avx2")) {
        (true, _) => "AVX-512 throughout",
        (_, true) => "AVX2 throughout",
        _ => "the target's baseline (what engines detect at run time, they use)",
    }
}

/// A JSON list, one row a line.
fn write(path: &PathBuf, rows: &[Row]) -> std::io::Result<()> {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    for (at, row) in rows.iter().enumerate() {
        file.write_all(if at == 0 { b"[\n" } else { b",\n" })?;
        serde_json::to_writer(&mut file, row)?;
    }
    file.write_all(b"\n]\n")?;
    file.flush()
}
