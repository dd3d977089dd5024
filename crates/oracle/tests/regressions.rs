//! Inputs of fuzzers, replayed: `corpus/seeds` are where a fuzzer begins, `corpus/regressions` what one has found.
//!
//! A folder is named for its trial. `BLESS=1` writes the seeds anew.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use eventsieve_oracle::generate::Rng;
use eventsieve_oracle::trial::{self, Tally, Trial};

#[path = "ffi_sequence/trial.rs"]
mod ffi_sequence;

/// Inputs that a trial begins with.
const SEEDS: u64 = 12;
/// Longer inputs slow a fuzzer down at first, for no gain.
const LONGEST: usize = 2_048;

fn corpus(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../corpus").join(part)
}

/// The library's trials, and the one that needs unsafe code.
fn trials() -> Vec<Trial> {
    let mut trials = trial::ALL.to_vec();
    trials.push(ffi_sequence::TRIAL);
    trials
}

/// Files by trial and name.
fn files(part: &str) -> BTreeMap<(String, String), Vec<u8>> {
    let name = |entry: &std::fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    let mut files = BTreeMap::new();
    for folder in std::fs::read_dir(corpus(part)).into_iter().flatten() {
        let folder = folder.expect("it can be read");
        for file in std::fs::read_dir(folder.path()).into_iter().flatten() {
            let file = file.expect("it can be read");
            files.insert((name(&folder), name(&file)), std::fs::read(file.path()).expect("it can be read"));
        }
    }
    files
}

/// Runs every file through its trial; all failures are told.
fn replay(part: &str) -> usize {
    let trials = trials();
    let files = files(part);
    let mut failures = Vec::new();
    for ((folder, name), bytes) in &files {
        let trial = trials.iter().find(|trial| trial.name == folder);
        let trial = trial.unwrap_or_else(|| panic!("corpus/{part}/{folder} is named for no trial"));
        if catch_unwind(AssertUnwindSafe(|| (trial.run)(bytes, &mut Tally::default()))).is_err() {
            failures.push(format!("corpus/{part}/{folder}/{name}"));
        }
    }
    assert!(failures.is_empty(), "these fail, as said above: {failures:#?}");
    files.len()
}

#[test]
fn what_fuzzers_found_is_mended() {
    println!("{} files", replay("regressions"));
}

#[test]
fn seeds_pass() {
    assert_eq!(replay("seeds"), trials().len() * SEEDS as usize);
}

/// As the library's trials are tested beside them.
#[test]
fn ffi_sequence_reaches_every_branch() {
    let mut tally = Tally::default();
    for seed in 0..400 {
        (ffi_sequence::TRIAL.run)(&(ffi_sequence::TRIAL.example)(&mut Rng::new(seed)), &mut tally);
    }
    println!("{tally}");
    let missing: Vec<_> = ffi_sequence::TRIAL.branches.iter().filter(|branch| tally.count(branch) == 0).collect();
    assert!(missing.is_empty(), "{missing:?} not reached: {tally}");
}

/// Seeds come from the trials' own generators, so that they never lag behind a change of what a trial's bytes mean.
#[test]
fn seeds_are_those_of_the_generators() {
    let mut expected = BTreeMap::new();
    for trial in trials() {
        let inputs = (0_u64..).map(|seed| (trial.example)(&mut Rng::new(seed)));
        let mut seen: Vec<Vec<u8>> = Vec::new();
        for input in inputs.filter(|input| input.len() <= LONGEST) {
            if !seen.contains(&input) {
                expected.insert((trial.name.to_owned(), format!("{:02}", seen.len())), input.clone());
                seen.push(input);
            }
            if seen.len() == SEEDS as usize {
                break;
            }
        }
    }
    if std::env::var_os("BLESS").is_some() {
        for ((folder, name), bytes) in &expected {
            let folder = corpus("seeds").join(folder);
            std::fs::create_dir_all(&folder).expect("it can be made");
            std::fs::write(folder.join(name), bytes).expect("it can be written");
        }
    }
    assert!(files("seeds") == expected, "corpus/seeds is not what the generators make; BLESS=1 writes it anew");
}
