//! Hours of what a poller does: threads evaluate batches while the filters change under them, and nothing may go wrong or grow.
//!
//! ```sh
//! cargo run --release -p eventsieve-oracle --example soak -- --minutes 5
//! ```
//!
//! Every thread takes the sieve of the moment, evaluates a random batch with it and judges some of the answers by the reference.
//! One more thread compiles criteria and puts them in the place of the old ones. `--threads N` (8), `--seed N` (1), `--sample N`
//! (one record in so many is judged; 500), `--swap-ms N` (from one swap to the next; 20).
//!
//! Memory is what the system says is resident, once a second. The first quarter of the time is for warming up. Of the rest
//! the first and the last third are compared by their medians: the last must not be larger by more than a twentieth and 8 MiB.

use std::collections::VecDeque;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use eventsieve::{Batch, Checks, Dialect, FilterCriteria, Limits, LiveScratch, LiveSieve, Sieve, Source, Verdict};
use eventsieve_oracle::generate::{Rng, random_pair};
use eventsieve_oracle::{Answer, reference};

/// Criteria that take turns, and patterns of each.
const CRITERIA: usize = 512;
const PATTERNS: usize = 6;
/// Records that are made for each criteria, besides those of its patterns' own seeds.
const BATCHES: [usize; 4] = [1, 16, 128, 1_000];

struct Options {
    minutes: f64,
    threads: usize,
    seed: u64,
    sample: usize,
    swap: Duration,
}

impl Options {
    fn read() -> Result<Options, String> {
        let mut options = Options { minutes: 1.0, threads: 8, seed: 1, sample: 500, swap: Duration::from_millis(20) };
        let mut arguments = std::env::args().skip(1);
        while let Some(flag) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("{flag} needs a value"))?;
            let number = || value.parse::<u64>().map_err(|_| format!("{flag} needs a number, not {value:?}"));
            match flag.as_str() {
                "--minutes" => {
                    options.minutes = value.parse().map_err(|_| format!("{flag} needs a number, not {value:?}"))?;
                }
                "--threads" => options.threads = number()?.max(1) as usize,
                "--seed" => options.seed = number()?,
                "--sample" => options.sample = number()?.max(1) as usize,
                "--swap-ms" => options.swap = Duration::from_millis(number()?),
                _ => {
                    return Err(format!(
                        "unknown flag {flag}; known are --minutes, --threads, --seed, --sample, --swap-ms"
                    ));
                }
            }
        }
        Ok(options)
    }
}

/// Patterns that compile together, and records that interest them.
struct Block {
    patterns: Vec<String>,
    records: Vec<Vec<u8>>,
}

impl Block {
    fn random(rng: &mut Rng) -> Block {
        let mut block = Block { patterns: Vec::new(), records: Vec::new() };
        while block.patterns.len() < PATTERNS {
            let (pattern, record) = random_pair(rng.next());
            // What an empty step means is left open, and what is invalid cannot be evaluated.
            let judged = reference::judge(&pattern, b"{}");
            if judged.is_settled()
                && judged.answer != Answer::InvalidPattern
                && compile(std::slice::from_ref(&pattern)).is_some()
            {
                block.patterns.push(pattern);
                block.records.push(record);
            }
        }
        block
    }
}

fn compile(patterns: &[String]) -> Option<Sieve<'static>> {
    let criteria = FilterCriteria::from_patterns(patterns.iter().map(String::as_str));
    let builder = Sieve::builder(Source::Raw).dialect(Dialect::EventBridge).limits(Limits::none());
    builder.checks(Checks::Every).compile(&criteria).ok()
}

/// What all threads share.
struct Soak {
    blocks: Vec<Block>,
    live: LiveSieve,
    /// Which block a program is of, for the programs of late.
    of_late: Mutex<VecDeque<(u64, usize)>>,
    done: AtomicBool,
    records: AtomicU64,
    batches: AtomicU64,
    swaps: AtomicU64,
    checks: AtomicU64,
    matched: AtomicU64,
    failure: Mutex<Option<String>>,
}

impl Soak {
    /// Puts the sieve of a block in.
    fn put(&self, block: usize) {
        let sieve = compile(&self.blocks[block].patterns).expect("each of the patterns compiles");
        {
            let mut of_late = self.of_late.lock().expect("nobody panics with it");
            of_late.push_back((sieve.program().id(), block));
            if of_late.len() > 4_096 {
                of_late.pop_front();
            }
        }
        self.live.replace(sieve);
        self.swaps.fetch_add(1, Ordering::Relaxed);
    }

    fn block_of(&self, program: u64) -> Option<usize> {
        let of_late = self.of_late.lock().expect("nobody panics with it");
        of_late.iter().rev().find(|(id, _)| *id == program).map(|(_, block)| *block)
    }

    fn work(&self, mut rng: Rng, sample: usize) {
        let mut scratch = LiveScratch::default();
        let mut until_check = rng.below(sample);
        while !self.done.load(Ordering::Relaxed) {
            let (sieve, memory) = scratch.load(&self.live);
            // A sieve that was replaced thousands of times ago may be forgotten; it cannot be judged then.
            let Some(block) = self.block_of(sieve.program().id()) else { continue };
            let own = &self.blocks[block];
            let len = rng.pick(&BATCHES);
            let records: Vec<&[u8]> = (0..len)
                .map(|_| {
                    let of = if rng.percent(50) { own } else { &self.blocks[rng.below(self.blocks.len())] };
                    of.records[rng.below(of.records.len())].as_slice()
                })
                .collect();
            let outcome = sieve.evaluate_sets(memory, &Batch::from_slices(&records)).expect("its scratch");
            let matched = outcome.verdicts().iter().filter(|&&verdict| verdict == Verdict::Match).count();
            self.batches.fetch_add(1, Ordering::Relaxed);
            self.records.fetch_add(len as u64, Ordering::Relaxed);
            self.matched.fetch_add(matched as u64, Ordering::Relaxed);
            while until_check < len {
                let filters: Vec<usize> = outcome.filters(until_check).iter().collect();
                if let Some(what) = judge(own, records[until_check], outcome.verdicts()[until_check], &filters) {
                    *self.failure.lock().expect("nobody panics with it") = Some(what);
                    self.done.store(true, Ordering::Relaxed);
                }
                self.checks.fetch_add(1, Ordering::Relaxed);
                until_check += 1 + rng.below(2 * sample);
            }
            until_check -= len;
        }
    }
}

/// What the reference says otherwise.
fn judge(block: &Block, record: &[u8], verdict: Verdict, filters: &[usize]) -> Option<String> {
    for (filter, pattern) in block.patterns.iter().enumerate() {
        let judged = reference::judge(pattern, record);
        let differs = match judged.answer {
            _ if !judged.is_settled() => false,
            Answer::InvalidEvent => verdict != Verdict::Malformed,
            answer => filters.contains(&filter) != (answer == Answer::Match) || verdict == Verdict::Malformed,
        };
        if differs {
            return Some(format!(
                "filter {filter}: reference {}, engine {verdict:?} by {filters:?}\n    patterns {}\n    record   {}",
                judged.answer,
                block.patterns.join("\n             "),
                record.escape_ascii()
            ));
        }
    }
    None
}

/// Resident memory in bytes, where the system tells. Pages are taken to be of 4 KiB, as they are nearly everywhere.
fn resident_bytes() -> Option<u64> {
    let pages: u64 = std::fs::read_to_string("/proc/self/statm").ok()?.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4096)
}

fn shown(bytes: Option<u64>) -> String {
    bytes.map_or("unknown".to_owned(), |bytes| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20)))
}

/// The median of the first and of the last third of what was measured after warming up.
fn thirds(samples: &[u64]) -> Option<(u64, u64)> {
    let warm = &samples[samples.len() / 4..];
    let third = warm.len() / 3;
    let median = |part: &[u64]| {
        let mut part = part.to_vec();
        part.sort_unstable();
        part.get(part.len() / 2).copied()
    };
    Some((median(&warm[..third])?, median(&warm[warm.len() - third..])?))
}

fn main() -> ExitCode {
    let options = match Options::read() {
        Ok(options) => options,
        Err(what) => {
            eprintln!("soak: {what}");
            return ExitCode::from(2);
        }
    };
    let mut rng = Rng::new(options.seed);
    let blocks: Vec<Block> = (0..CRITERIA).map(|_| Block::random(&mut rng)).collect();
    let first = compile(&blocks[0].patterns).expect("each of the patterns compiles");
    let soak = Arc::new(Soak {
        of_late: Mutex::new(VecDeque::from([(first.program().id(), 0)])),
        live: LiveSieve::new(first),
        blocks,
        done: AtomicBool::new(false),
        records: AtomicU64::new(0),
        batches: AtomicU64::new(0),
        swaps: AtomicU64::new(0),
        checks: AtomicU64::new(0),
        matched: AtomicU64::new(0),
        failure: Mutex::new(None),
    });
    println!(
        "seed {}, {} threads, {} minutes, {CRITERIA} criteria of {PATTERNS} filters",
        options.seed, options.threads, options.minutes
    );

    let mut samples = Vec::new();
    let began = Instant::now();
    let length = Duration::from_secs_f64(options.minutes * 60.0);
    let broken = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..options.threads)
            .map(|_| {
                let (rng, soak) = (Rng::new(rng.next()), &soak);
                scope.spawn(move || soak.work(rng, options.sample))
            })
            .collect();
        let swapper = {
            let (mut rng, soak) = (Rng::new(rng.next()), &soak);
            scope.spawn(move || {
                while !soak.done.load(Ordering::Relaxed) {
                    soak.put(rng.below(CRITERIA));
                    std::thread::sleep(options.swap);
                }
            })
        };
        let mut next_line = Duration::from_secs(10);
        while began.elapsed() < length && !soak.done.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_secs(1));
            // A thread that panicked has said why, and will not come back.
            if workers.iter().any(std::thread::ScopedJoinHandle::is_finished) || swapper.is_finished() {
                break;
            }
            samples.extend(resident_bytes());
            if began.elapsed() >= next_line {
                next_line += Duration::from_secs(10);
                report(&soak, began, samples.last().copied());
            }
        }
        soak.done.store(true, Ordering::Relaxed);
        workers.into_iter().chain([swapper]).map(|thread| thread.join().is_err()).fold(false, |any, one| any | one)
    });
    report(&soak, began, samples.last().copied());

    if let Some(what) = soak.failure.lock().expect("all threads have ended").as_ref() {
        eprintln!("soak: a verdict differs\n    {what}");
        return ExitCode::FAILURE;
    }
    if broken {
        eprintln!("soak: a thread panicked");
        return ExitCode::FAILURE;
    }
    match thirds(&samples) {
        Some((before, after)) => {
            println!(
                "memory after warming up: median {} at first, {} at last",
                shown(Some(before)),
                shown(Some(after))
            );
            if after > before + before / 20 + (8 << 20) {
                eprintln!("soak: memory grows");
                return ExitCode::FAILURE;
            }
        }
        None => println!("memory: unknown, or too few seconds to judge"),
    }
    ExitCode::SUCCESS
}

fn report(soak: &Soak, began: Instant, resident: Option<u64>) {
    let seconds = began.elapsed().as_secs_f64();
    let [records, batches, swaps, checks, matched] =
        [&soak.records, &soak.batches, &soak.swaps, &soak.checks, &soak.matched]
            .map(|count| count.load(Ordering::Relaxed));
    println!(
        "{seconds:6.0} s: {:.2} M records/s, {batches} batches, {swaps} swaps, {checks} checks, {:.0} % matched, {}",
        records as f64 / seconds / 1e6,
        100.0 * matched as f64 / records.max(1) as f64,
        shown(resident)
    );
}
