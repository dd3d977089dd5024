//! What fuzz targets do, as functions: bytes in, a disagreement is a panic that holds all that is needed to see it again.
//!
//! A *trial* is one rung of a ladder, from any bytes at all to inputs that are right in every respect and where only the
//! answer is in question:
//!
//! | trial | the bytes are | held against |
//! |---|---|---|
//! | [`compile_text`] | criteria, nonsense, or choices | the reference's compiler; what errors promise |
//! | [`compile_generated`] | choices of a generator | the same, for every source and dialect |
//! | [`load_program`] | damage to a program | nothing may happen, on any record |
//! | [`index_isas`] | a record, or choices | all instruction sets and front ends against each other |
//! | [`records_mutated`] | a record, or choices | the reference's JSON reader, at every length |
//! | [`eval_vs_oracle`] | choices of a generator | the reference, in every way the engine can be asked |
//! | [`envelope_splice`] | an event, or choices | a splicer that builds where the engine cuts |
//! | [`sources`] | choices of a generator | payloads decoded by hand; aggregates packed by hand |
//!
//! A trial counts in a [`Tally`] which of its *branches* it reached; a test runs each on some inputs of its own making and
//! fails if one was not reached. So a generator that no longer gets anywhere is noticed, which a fuzzer would not say.

mod aggregates;
pub mod compile_generated;
pub mod compile_text;
pub mod envelope_splice;
pub mod eval_vs_oracle;
pub mod index_isas;
pub mod load_program;
pub mod records_mutated;
pub mod sources;
mod tally;
mod ways;

use std::borrow::Cow;

use crate::generate::Rng;

pub use self::eval_vs_oracle::quoted;
pub use self::tally::Tally;
pub use self::ways::{Found, sets, ways};

/// One rung.
#[derive(Debug, Clone, Copy)]
pub struct Trial {
    /// Its name, which is that of its fuzz target and of its folders of inputs.
    pub name: &'static str,
    /// What it must be able to reach.
    pub branches: &'static [&'static str],
    /// Tries one input.
    ///
    /// # Panics
    /// If something promised does not hold. The message holds the whole input in readable form.
    pub run: fn(&[u8], &mut Tally),
    /// An input of the kind it takes, as a start for a fuzzer.
    pub example: fn(&mut Rng) -> Vec<u8>,
}

/// All trials, from the lowest rung to the highest.
pub const ALL: [Trial; 8] = [
    compile_text::TRIAL,
    compile_generated::TRIAL,
    load_program::TRIAL,
    index_isas::TRIAL,
    records_mutated::TRIAL,
    eval_vs_oracle::TRIAL,
    envelope_splice::TRIAL,
    sources::TRIAL,
];

/// The trial with this name.
pub fn named(name: &str) -> Option<&'static Trial> {
    const TRIALS: &[Trial] = &ALL;
    TRIALS.iter().find(|trial| trial.name == name)
}

/// For trials whose bytes are a text: with this before them they are choices of its generator instead. No text begins so.
const CHOICES: u8 = 0xff;

/// The text that is meant: the bytes themselves, or what a generator makes of them.
fn text_of(bytes: &[u8], generator: fn(&mut Rng) -> Vec<u8>) -> Cow<'_, [u8]> {
    match bytes {
        [CHOICES, rest @ ..] => Cow::Owned(generator(&mut Rng::steered(rest))),
        _ => Cow::Borrowed(bytes),
    }
}

/// A text, or choices of its generator.
fn text_or_choices(rng: &mut Rng, generator: fn(&mut Rng) -> Vec<u8>) -> Vec<u8> {
    if rng.percent(60) { generator(rng) } else { [&[CHOICES], choices(rng).as_slice()].concat() }
}

/// Bytes for a generator: a seed, and sometimes some steering.
fn choices(rng: &mut Rng) -> Vec<u8> {
    let mut bytes = rng.next().to_le_bytes().to_vec();
    if rng.percent(30) {
        bytes.extend((0..rng.below(24)).map(|_| rng.below(256) as u8));
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many inputs of its own a trial is given: enough for every branch. `EVENTSIEVE_TRIALS` asks for more, and
    /// `EVENTSIEVE_SEED` for others.
    const INPUTS: u64 = 600;

    fn from_environment(name: &str) -> Option<u64> {
        let text = std::env::var(name).ok()?;
        Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a number, not {text:?}")))
    }

    /// Runs a trial and fails for a branch that was not reached.
    fn reaches_all(trial: &Trial) {
        let mut tally = Tally::default();
        let first = from_environment("EVENTSIEVE_SEED").unwrap_or(0);
        let inputs = from_environment("EVENTSIEVE_TRIALS").unwrap_or(INPUTS).max(INPUTS);
        for seed in (0..inputs).map(|at| first.wrapping_add(at)) {
            (trial.run)(&(trial.example)(&mut Rng::new(seed)), &mut tally);
        }
        for bytes in [b"".as_slice(), b"{", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff", &[0; 100]] {
            (trial.run)(bytes, &mut tally);
        }
        println!("{}: {tally}", trial.name);
        let missing: Vec<_> = trial.branches.iter().filter(|branch| tally.count(branch) == 0).collect();
        assert!(missing.is_empty(), "{} did not reach {missing:?}: {tally}", trial.name);
    }

    macro_rules! trials {
        ($($name:ident)*) => {$(
            #[test]
            fn $name() {
                reaches_all(&super::$name::TRIAL);
            }
        )*

        #[test]
        fn every_trial_is_listed() {
            assert_eq!(ALL.map(|trial| trial.name), [$(stringify!($name)),*]);
        }
        };
    }

    trials! {
        compile_text compile_generated load_program index_isas records_mutated eval_vs_oracle envelope_splice sources
    }
}
