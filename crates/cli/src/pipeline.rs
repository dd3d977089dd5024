//! `filter` on several threads: one reads, several evaluate, this one writes.
//!
//! Chunks are dealt to the evaluating threads in turn, and their answers are collected in the same turn, so the
//! output is in input order without anybody having to sort. The channels hold a few chunks each, which bounds
//! memory when stdout is slow.

use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;

use crate::exit::Failure;
use crate::filter::{Answer, Plan, Report};
use crate::records::{Inputs, Item};

/// Chunks that may wait for one thread.
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
    let mut spare = Vec::new();
    for item in first {
        spare = report.take(plan.answer(&mut memory, item))?;
    }
    while let Some(item) = inputs.next(std::mem::take(&mut spare)) {
        spare = report.take(plan.answer(&mut memory, item))?;
        if threads > 1 && !inputs.is_done() {
            return run_threads(plan, inputs, threads, report);
        }
    }
    Ok(())
}

fn run_threads(plan: &Plan<'_>, inputs: Inputs<'_>, threads: usize, report: &mut Report<'_>) -> Result<(), Failure> {
    thread::scope(|scope| {
        let (spare, spares) = mpsc::channel();
        let (items, answers): (Vec<_>, Vec<_>) = (0..threads)
            .map(|_| {
                let (item, items) = mpsc::sync_channel(WAITING);
                let (answer, answers) = mpsc::sync_channel(WAITING);
                scope.spawn(move || evaluate(plan, &items, &answer));
                (item, answers)
            })
            .unzip();
        scope.spawn(move || deal(inputs, &items, &spares));
        // The first thread to have no answer is the one that would have had the next chunk.
        for answers in answers.iter().cycle() {
            let Ok(answer) = answers.recv() else { return Ok(()) };
            match report.take(answer) {
                // Nobody takes spares any more once all is read.
                Ok(bytes) => drop(spare.send(bytes)),
                // The dealing thread may be waiting for stdin, so the scope would not end.
                Err(failure) => failure.end_process(),
            }
        }
        Ok(())
    })
}

/// Reads chunks and deals them out.
fn deal(mut inputs: Inputs<'_>, threads: &[SyncSender<Item>], spares: &Receiver<Vec<u8>>) {
    for thread in threads.iter().cycle() {
        let Some(item) = inputs.next(spares.try_recv().unwrap_or_default()) else { return };
        if thread.send(item).is_err() {
            return;
        }
    }
}

/// Evaluates the chunks of one thread.
fn evaluate(plan: &Plan<'_>, items: &Receiver<Item>, answers: &SyncSender<Answer>) {
    let mut memory = plan.memory();
    for item in items {
        if answers.send(plan.answer(&mut memory, item)).is_err() {
            return;
        }
    }
}
