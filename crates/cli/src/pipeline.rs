//! `filter` on several threads: each reads a chunk, evaluates it and reads the next; this one writes.
//!
//! Whoever evaluates a chunk has read it, so it is in the right core's cache. Lines of a file are read by all threads at
//! once, each the stretch it has a claim to; of anything else one thread reads at a time. Either way it is noted whose
//! turn it was; answers are taken in the order of the turns, so the output is in input order without anybody
//! having to sort. Each thread may be a few answers ahead, which bounds memory when stdout is slow.

use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::answer::{Answer, Spare};
use crate::exit::Failure;
use crate::filter::Plan;
use crate::records::{Inputs, Item};
use crate::report::Report;

/// Answers of one thread that may wait to be written.
const WAITING: usize = 2;

/// Evaluates what was read `first`, then all inputs, and reports in input order.
pub(crate) fn run(
    plan: &Plan<'_>,
    first: Vec<Item>,
    mut inputs: Inputs<'_>,
    threads: usize,
    report: &mut Report<'_>,
) -> Result<(), Failure> {
    // What was read already to find out the source. The first chunk often is all there is, and then threads cost more than they give.
    let mut memory = plan.memory();
    let mut spare = Spare::default();
    for item in first {
        spare = report.take(plan.answer(&mut memory, item, spare.out))?;
    }
    while let Some(item) = inputs.next(spare.text) {
        spare = report.take(plan.answer(&mut memory, item, spare.out))?;
        if threads > 1 && !inputs.is_done() {
            return run_threads(plan, inputs, threads, report);
        }
    }
    Ok(())
}

/// What the thread whose turn it is to read has for itself.
struct Reading<'f> {
    inputs: Inputs<'f>,
    spares: Receiver<Spare>,
    /// Who has read, one after the other.
    turns: Sender<usize>,
}

fn run_threads(
    plan: &Plan<'_>,
    mut inputs: Inputs<'_>,
    threads: usize,
    report: &mut Report<'_>,
) -> Result<(), Failure> {
    inputs.share();
    let (spare, spares) = mpsc::channel();
    let (turns, turn) = mpsc::channel();
    // Shared by the threads alone: once the last has ended there are no more turns.
    let reading = Arc::new(Mutex::new(Reading { inputs, spares, turns }));
    thread::scope(|scope| {
        let answers: Vec<Receiver<Answer>> = (0..threads)
            .map(|thread| {
                let (answer, answers) = mpsc::sync_channel(WAITING);
                let reading = reading.clone();
                scope.spawn(move || read_and_evaluate(plan, thread, &reading, &answer));
                answers
            })
            .collect();
        drop(reading);
        for thread in turn {
            // A thread without an answer has panicked, which the scope passes on.
            let Ok(answer) = answers[thread].recv() else { return Ok(()) };
            match report.take(answer) {
                // Nobody takes spares any more once all is read.
                Ok(memory) => drop(spare.send(memory)),
                // A thread may be waiting for stdin, so the scope would not end.
                Err(failure) => failure.end_process(),
            }
        }
        Ok(())
    })
}

/// One thread.
fn read_and_evaluate(plan: &Plan<'_>, thread: usize, reading: &Mutex<Reading<'_>>, answers: &SyncSender<Answer>) {
    let mut memory = plan.memory();
    loop {
        let (item, out) = {
            // If another thread has panicked there, all end.
            let Ok(mut reading) = reading.lock() else { return };
            let spare = reading.spares.try_recv().unwrap_or_default();
            let Some(item) = reading.inputs.next(spare.text) else { return };
            if reading.turns.send(thread).is_err() {
                return;
            }
            (item, spare.out)
        };
        if answers.send(plan.answer(&mut memory, item, out)).is_err() {
            return;
        }
    }
}
