//! One batch on several cores.

use eventsieve_vm::{Batch, EvaluateError, Scratch, Verdict};
use rayon::prelude::*;

use crate::Sieve;

/// Fewest records that are worth handing to another thread.
const CHUNK: usize = 512;

/// The memory of several threads. Made by [`Sieve::parallel_scratch`].
#[derive(Debug)]
pub struct ParallelScratch {
    scratches: Vec<Scratch>,
    verdicts: Vec<Verdict>,
}

impl Sieve<'_> {
    /// Memory for as many threads as rayon has in the pool this is called in.
    pub fn parallel_scratch(&self) -> ParallelScratch {
        let threads = rayon::current_num_threads().max(1);
        ParallelScratch { scratches: (0..threads).map(|_| self.scratch()).collect(), verdicts: Vec::new() }
    }

    /// As [`Sieve::evaluate`], with the batch split among the threads of rayon's pool. Verdicts are in the order of the
    /// records.
    ///
    /// ```
    /// use eventsieve::{Batch, FilterCriteria, Sieve, Source, Verdict};
    ///
    /// let sieve = Sieve::builder(Source::Raw).compile(&FilterCriteria::from_patterns([r#"{"id":["a"]}"#]))?;
    /// let mut scratch = sieve.parallel_scratch();
    /// let verdicts = sieve.evaluate_parallel(&mut scratch, &Batch::from_lines(b"{\"id\":\"a\"}\n{\"id\":\"b\"}\n"))?;
    /// assert_eq!(verdicts, [Verdict::Match, Verdict::NoMatch]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`EvaluateError::ForeignScratch`] if the scratch belongs to another sieve.
    pub fn evaluate_parallel<'s>(
        &self,
        scratch: &'s mut ParallelScratch,
        batch: &Batch<'_>,
    ) -> Result<&'s [Verdict], EvaluateError> {
        let ParallelScratch { scratches, verdicts } = scratch;
        verdicts.clear();
        verdicts.resize(batch.len(), Verdict::NoMatch);
        // One stretch for each thread.
        let stretch = batch.len().div_ceil(scratches.len()).next_multiple_of(CHUNK).max(CHUNK);
        verdicts.par_chunks_mut(stretch).zip(scratches.par_iter_mut()).enumerate().try_for_each(
            |(at, (verdicts, scratch))| {
                let first = at * stretch;
                self.evaluate_into(scratch, &batch.slice(first..first + verdicts.len()), verdicts)
            },
        )?;
        Ok(verdicts)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Batch, FilterCriteria, Sieve, Source};

    #[test]
    fn verdicts_are_those_of_one_thread_in_the_same_order() {
        let criteria = FilterCriteria::from_patterns([r#"{"id":[{"suffix":"7"}]}"#, r#"{"n":[{"numeric":["<",99]}]}"#]);
        let sieve = Sieve::builder(Source::Raw).compile(&criteria).unwrap();
        let (mut alone, mut together) = (sieve.scratch(), sieve.parallel_scratch());
        for count in [0, 1, 511, 512, 513, 5000] {
            let texts: Vec<String> = (0..count).map(|n| format!(r#"{{"id":"{n}","n":{n}}}"#)).collect();
            let slices: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
            let lines = texts.join("\n");
            let joined = texts.concat();
            let mut offsets = vec![0];
            offsets.extend(texts.iter().scan(0, |end, text| {
                *end += text.len();
                Some(*end)
            }));
            let batches = [
                Batch::from_slices(&slices),
                Batch::from_lines(lines.as_bytes()),
                Batch::from_offsets(joined.as_bytes(), &offsets).unwrap(),
            ];
            for batch in &batches {
                let expected = sieve.evaluate(&mut alone, batch).unwrap();
                assert_eq!(sieve.evaluate_parallel(&mut together, batch).unwrap(), expected, "{count} records");
            }
        }
        let other = FilterCriteria::from_patterns([r#"{"id":["other"]}"#]);
        let foreign = Sieve::builder(Source::Raw).compile(&other).unwrap();
        assert!(foreign.evaluate_parallel(&mut together, &Batch::from_lines(b"{}")).is_err());
    }
}
