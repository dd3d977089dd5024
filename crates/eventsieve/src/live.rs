//! Filters that change while a poller runs.

use std::sync::Arc;

use arc_swap::ArcSwap;
use eventsieve_vm::Scratch;

use crate::Sieve;

/// A sieve that can be replaced while threads evaluate with it.
///
/// A thread works with the sieve that [`LiveSieve::load`] gave it until it loads again, once a batch, say; replacing
/// waits for nobody and nobody waits for it. The filters of a large set are not patched one by one: compile the new
/// criteria beside and put the result in.
///
/// ```
/// use eventsieve::{Batch, FilterCriteria, LiveScratch, LiveSieve, Sieve, Source, Verdict};
///
/// let compile = |pattern: &str| {
///     Sieve::builder(Source::Raw).compile(&FilterCriteria::from_patterns([pattern]))
/// };
/// let live = LiveSieve::new(compile(r#"{"id":["a"]}"#)?);
/// let mut scratch = LiveScratch::default(); // one per thread
///
/// let records: [&[u8]; 1] = [br#"{"id":"b"}"#];
/// let batch = Batch::from_slices(&records);
/// let (sieve, memory) = scratch.load(&live);
/// assert_eq!(sieve.evaluate(memory, &batch)?, [Verdict::NoMatch]);
///
/// live.replace(compile(r#"{"id":["b"]}"#)?);
/// let (sieve, memory) = scratch.load(&live);
/// assert_eq!(sieve.evaluate(memory, &batch)?, [Verdict::Match]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct LiveSieve {
    current: ArcSwap<Sieve<'static>>,
}

impl LiveSieve {
    /// Begins with this one.
    pub fn new(sieve: Sieve<'static>) -> LiveSieve {
        LiveSieve { current: ArcSwap::from_pointee(sieve) }
    }

    /// The sieve of the moment.
    pub fn load(&self) -> Arc<Sieve<'static>> {
        self.current.load_full()
    }

    /// Puts another in its place and returns the one before.
    pub fn replace(&self, sieve: Sieve<'static>) -> Arc<Sieve<'static>> {
        self.current.swap(Arc::new(sieve))
    }
}

/// The memory of one thread for a [`LiveSieve`]: made anew when the sieve was replaced, and only then.
#[derive(Debug, Default)]
pub struct LiveScratch {
    held: Option<(Arc<Sieve<'static>>, Scratch)>,
}

impl LiveScratch {
    /// The sieve of the moment, and memory for it.
    pub fn load(&mut self, live: &LiveSieve) -> (&Sieve<'static>, &mut Scratch) {
        let current = live.load();
        if self.held.as_ref().is_some_and(|(sieve, _)| !Arc::ptr_eq(sieve, &current)) {
            self.held = None;
        }
        let (sieve, scratch) = self.held.get_or_insert_with(|| {
            let scratch = current.scratch();
            (current, scratch)
        });
        (sieve, scratch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Batch, FilterCriteria, Source, Verdict};
    use std::sync::atomic::{AtomicBool, Ordering};

    fn of(id: usize) -> Sieve<'static> {
        let criteria = FilterCriteria::from_patterns([format!(r#"{{"id":["{id}"]}}"#)]);
        Sieve::builder(Source::Raw).compile(&criteria).unwrap()
    }

    #[test]
    fn every_batch_is_judged_by_one_sieve_while_others_take_its_place() {
        let live = LiveSieve::new(of(0));
        let done = AtomicBool::new(false);
        let texts: Vec<String> = (0..8).map(|id| format!(r#"{{"id":"{id}"}}"#)).collect();
        let records: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
        let seen: Vec<Option<usize>> = std::thread::scope(|scope| {
            let readers: Vec<_> = (0..3)
                .map(|_| {
                    scope.spawn(|| {
                        let mut scratch = LiveScratch::default();
                        let mut last = 0;
                        while !done.load(Ordering::Relaxed) {
                            let (sieve, memory) = scratch.load(&live);
                            let verdicts = sieve.evaluate(memory, &Batch::from_slices(&records)).unwrap();
                            let matched: Vec<usize> = (0..8).filter(|&at| verdicts[at] == Verdict::Match).collect();
                            assert_eq!(matched.len(), 1, "{matched:?}");
                            assert!(matched[0] >= last, "an older sieve came back");
                            last = matched[0];
                        }
                        // Whoever loads now meets the last one.
                        let (sieve, memory) = scratch.load(&live);
                        let verdicts = sieve.evaluate(memory, &Batch::from_slices(&records)).unwrap();
                        verdicts.iter().position(|&verdict| verdict == Verdict::Match)
                    })
                })
                .collect();
            for id in 1..8 {
                assert_eq!(live.replace(of(id)).filter_len(), 1);
                std::thread::yield_now();
            }
            done.store(true, Ordering::Relaxed);
            readers.into_iter().map(|reader| reader.join().unwrap()).collect()
        });
        assert_eq!(seen, [Some(7); 3]);
    }
}
