//! Timing that survives a noisy machine: engines take turns, one pass each, and ratios are taken within a turn.
//!
//! Before the clock starts every engine answers for the records it will be timed on, and one that answers wrongly is not timed.
//! An engine too slow for all records is asked about the first of them only.

use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crate::engines::{Engine, Prepared};
use crate::workloads::Workload;

/// How long to measure.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// For one engine's pass.
    pub pass: Duration,
    /// For all passes of all engines.
    pub workload: Duration,
    /// Passes at least.
    pub least: usize,
    /// Passes at most.
    pub most: usize,
}

impl Budget {
    /// A second or so a workload.
    pub const QUICK: Budget =
        Budget { pass: Duration::from_millis(60), workload: Duration::from_millis(700), least: 3, most: 15 };
    /// Some seconds a workload.
    pub const FULL: Budget =
        Budget { pass: Duration::from_secs(2), workload: Duration::from_secs(8), least: 5, most: 25 };
}

/// What became of an engine.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It answers rightly, at this speed.
    Timed(Timing),
    /// It answers wrongly.
    Wrong {
        /// What it answered.
        answer: usize,
        /// For how many records.
        records: usize,
    },
    /// It can not be asked.
    Unable(String),
}

/// How fast an engine is.
#[derive(Debug, Clone)]
pub struct Timing {
    /// How many records it was asked about in each pass.
    pub records: usize,
    /// Their bytes.
    pub bytes: usize,
    /// What it answered.
    pub answer: usize,
    /// Seconds of each pass.
    pub passes: Vec<f64>,
}

impl Timing {
    /// Gigabytes a second in the best pass.
    pub fn best(&self) -> f64 {
        let seconds = self.passes.iter().copied().fold(f64::INFINITY, f64::min);
        self.bytes as f64 / seconds / 1e9
    }

    /// Gigabytes a second in the middle pass.
    pub fn median(&self) -> f64 {
        self.bytes as f64 / median(self.passes.clone()) / 1e9
    }

    /// Records a second in the best pass.
    pub fn records_per_second(&self) -> f64 {
        self.best() * 1e9 / self.bytes as f64 * self.records as f64
    }

    /// How many times as fast as another, turn by turn; the middle of the turns.
    pub fn ratio_to(&self, other: &Timing) -> f64 {
        let rate =
            |timing: &Timing, pass: usize| timing.bytes as f64 / timing.passes[pass.min(timing.passes.len() - 1)];
        let turns = self.passes.len().max(other.passes.len());
        median((0..turns).map(|turn| rate(self, turn) / rate(other, turn)).collect())
    }
}

/// The middle one.
pub fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// Asks every engine, then times those that answered rightly.
pub fn measure(workload: &Workload, engines: &[&dyn Engine], budget: Budget) -> Vec<Outcome> {
    let mut runners: Vec<Result<Runner, Outcome>> =
        engines.iter().map(|engine| Runner::new(*engine, workload, budget)).collect();
    let start = Instant::now();
    for turn in 0..budget.most {
        if turn >= budget.least && start.elapsed() > budget.workload {
            break;
        }
        runners.iter_mut().flatten().filter(|runner| !runner.is_done).for_each(|runner| runner.pass(workload));
    }
    runners
        .into_iter()
        .map(|runner| runner.map_or_else(|outcome| outcome, |runner| Outcome::Timed(runner.timing)))
        .collect()
}

struct Runner {
    prepared: Box<dyn Prepared>,
    timing: Timing,
    /// One pass took so long that there are to be no more.
    is_done: bool,
}

impl Runner {
    /// A first record that takes longer than this says all there is to say.
    const HOPELESS: Duration = Duration::from_secs(3);

    fn new(engine: &dyn Engine, workload: &Workload, budget: Budget) -> Result<Runner, Outcome> {
        let quiet = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| ()));
        let tried = catch_unwind(AssertUnwindSafe(|| Runner::try_new(engine, workload, budget)));
        std::panic::set_hook(quiet);
        tried.unwrap_or_else(|_| Err(Outcome::Unable("panics".to_owned())))
    }

    /// Finds out how many records fit into a pass, which warms the engine up, and checks the last answer.
    fn try_new(engine: &dyn Engine, workload: &Workload, budget: Budget) -> Result<Runner, Outcome> {
        let mut prepared = engine.prepare(workload).map_err(Outcome::Unable)?;
        let total = workload.expected.len();
        let mut time = |count: usize| {
            let start = Instant::now();
            let answer = black_box(prepared.run(black_box(workload.records.first(count))));
            (answer, start.elapsed())
        };
        let mut count = 1;
        let (mut answer, mut elapsed) = time(count);
        if elapsed > budget.pass / 4 && elapsed < Runner::HOPELESS {
            // The first call may finish what compiling left undone.
            (answer, elapsed) = time(count);
        }
        while count < total && elapsed * 2 < budget.pass {
            let fitting = count as f64 * budget.pass.as_secs_f64() / elapsed.as_secs_f64().max(1e-9);
            count = total.min(count * 16).min(fitting as usize).max(count + 1);
            (answer, elapsed) = time(count);
        }
        if !engine.answer().is_right(answer, workload, count) {
            return Err(Outcome::Wrong { answer, records: count });
        }
        let is_done = elapsed > budget.workload.min(Runner::HOPELESS);
        let bytes = workload.records.first(count).byte_count();
        let passes = if is_done { vec![elapsed.as_secs_f64()] } else { Vec::new() };
        Ok(Runner { prepared, timing: Timing { records: count, bytes, answer, passes }, is_done })
    }

    fn pass(&mut self, workload: &Workload) {
        let records = workload.records.first(self.timing.records);
        let start = Instant::now();
        let answer = black_box(self.prepared.run(black_box(records)));
        self.timing.passes.push(start.elapsed().as_secs_f64());
        assert_eq!(answer, self.timing.answer, "{}: an engine changed its answer", workload.name);
    }
}
