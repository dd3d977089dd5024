//! The Rust side of `overhead.py`, which starts it: the same batches, evaluated on demand, one pass a line of input.
//!
//! `rust_side CRITERIA RECORDS BATCH` reads criteria and NDJSON, cuts the records into batches of that many, and then
//! answers every word it reads (`objects` or `offsets`, with `+filters` behind it if filters are wanted) with the
//! seconds of one pass and the number of matches.

use std::error::Error;
use std::hint::black_box;
use std::io::BufRead;
use std::time::Instant;

use eventsieve::{Batch, FilterCriteria, Scratch, Sieve, Source, Verdict};

fn main() -> Result<(), Box<dyn Error>> {
    // `cargo bench` adds `--bench`, also where nothing is to be measured.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [criteria, records, batch_len] = arguments.as_slice() else {
        println!("started by overhead.py");
        return Ok(());
    };
    let criteria = FilterCriteria::from_json(&std::fs::read_to_string(criteria)?)?;
    let sieve = Sieve::builder(Source::Raw).compile(&criteria)?;
    let mut scratch = sieve.scratch();
    let text = std::fs::read(records)?;
    let batch_len: usize = batch_len.parse()?;

    // As a poller holds them, and as Python does: each in memory of its own.
    let lines: Vec<Box<[u8]>> = Batch::from_lines(&text).iter().map(Box::from).collect();
    let slices: Vec<&[u8]> = lines.iter().map(|line| &**line).collect();
    let (mut values, mut offsets) = (Vec::with_capacity(text.len()), vec![0]);
    for line in &lines {
        values.extend_from_slice(line);
        offsets.push(values.len());
    }
    let cuts = || (0..lines.len()).step_by(batch_len).map(|start| start..(start + batch_len).min(lines.len()));
    let objects: Vec<Batch<'_>> = cuts().map(|cut| Batch::from_slices(&slices[cut])).collect();
    let buffers: Vec<Batch<'_>> = cuts()
        .map(|cut| Batch::from_offsets(&values, &offsets[cut.start..=cut.end]).ok_or("offsets ascend"))
        .collect::<Result<_, _>>()?;

    for word in std::io::stdin().lock().lines() {
        let word = word?;
        let (kind, filters) = match word.split_once('+') {
            Some((kind, _)) => (kind, true),
            None => (word.as_str(), false),
        };
        let batches = if kind == "objects" { &objects } else { &buffers };
        let start = Instant::now();
        let count: usize = batches.iter().map(|batch| matches(&sieve, &mut scratch, batch, filters)).sum();
        println!("{} {}", start.elapsed().as_secs_f64(), black_box(count));
    }
    Ok(())
}

fn matches(sieve: &Sieve<'_>, scratch: &mut Scratch, batch: &Batch<'_>, filters: bool) -> usize {
    let verdicts = if filters {
        sieve.evaluate_sets(scratch, batch).expect("its own scratch").verdicts()
    } else {
        sieve.evaluate(scratch, batch).expect("its own scratch")
    };
    verdicts.iter().filter(|&&verdict| verdict == Verdict::Match).count()
}
