//! Hostile bytes with a checksum that fits: refused with a reason, or safe to run and to list.
//!
//! Bytes that begin like a program are taken for one, whatever follows. Other bytes choose a pair, whose pattern is
//! compiled, and then say what is damaged: four bytes each, a place of 16 bits, what to do, a value.

use eventsieve::{Batch, Checks, Dialect, FilterCriteria, FrontEnd, Isa, Limits, Program, Sieve, Source};
use eventsieve_program::assemble::seal;
use eventsieve_program::format::{HEADER_BYTES, MAGIC, SECTIONS};

use super::{Tally, Trial};
use crate::generate::{Pair, Rng};

/// The trial.
pub const TRIAL: Trial = Trial {
    name: "load_program",
    branches: &["a whole program", "no pattern", "undamaged", "refused", "verified and run", "of a source"],
    run,
    example,
};

/// Values for every test, and every way a record can be irregular.
const RECORDS: [&str; 8] = [
    r#"{"a":"z","l":[{"k":"x"},{"k":"y","m":1}],"n":2,"o":1}"#,
    r#"{"a":["pq","xgxh","é","10.1.2.3","cab","bb",""],"n":[1e400,2.0,3],"b":"x"}"#,
    r#"{"b":["x",{"a":"f","c":1},[{"a":"y","c":4.5}],{"c":null}],"a.b":"y"}"#,
    r#"{"a":[{"a":"x"}],"a":[{"b":"y","c":true}],"n":3,"o":{"p":1},"q":[[[]]]}"#,
    r#"{"a":"\ud800w","n":-0,"b":{"a":["a","g"],"c":[1,2],"d":[]},"b.c":3}"#,
    r#"{"body":"{\"a\":[1]}","data":"eyJhIjpbMV19","value":"eyJhIjpbMV19","dynamodb":{"a":1},"key":"YQ==","kinesis":{"data":"e30="}}"#,
    "{}",
    "[",
];

fn run(bytes: &[u8], tally: &mut Tally) {
    let (mut program, record) = if bytes.starts_with(&MAGIC) {
        tally.add("a whole program");
        (bytes.to_vec(), Vec::new())
    } else {
        let (choices, damage) = bytes.split_at(bytes.len().min(8));
        let pair = Pair::steered(choices);
        let mut rng = Rng::steered(choices);
        rng.next();
        // Half of the programs are for records with payloads.
        let source = if rng.percent(50) { Source::Raw } else { rng.pick(Source::ALL) };
        let Some(sieve) = compile(&pair, source) else { return tally.add("no pattern") };
        tally.add_if(source != Source::Raw, "of a source");
        let mut program = sieve.program().as_bytes().to_vec();
        tally.add_if(damage.len() < 4, "undamaged");
        damage.chunks_exact(4).for_each(|one| apply(one, &mut program));
        (program, pair.record())
    };
    seal(&mut program);
    match Program::from_bytes(program) {
        Ok(program) => {
            tally.add("verified and run");
            use_all(&program, &record);
        }
        Err(error) => {
            tally.add("refused");
            assert!(!error.to_string().is_empty());
        }
    }
}

fn compile(pair: &Pair, source: Source) -> Option<Sieve<'static>> {
    let patterns = [pair.pattern(), r#"{"a":[{"exists":false}],"l":{"k":["x"],"m":[{"exists":false}]}}"#.to_owned()];
    let builder = Sieve::builder(source).dialect(Dialect::EventBridge).limits(Limits::none());
    builder.compile(&FilterCriteria::from_patterns(patterns)).ok()
}

/// One piece of damage.
fn apply(one: &[u8], program: &mut [u8]) {
    let [low, high, what, value] = *one else { return };
    let place = usize::from(u16::from_le_bytes([low, high]));
    match what % 8 {
        // A byte, anywhere or in the section table.
        0 => set(program, place, &[value]),
        1 => set(program, HEADER_BYTES + place % (SECTIONS * 16), &[value]),
        2 => change(program, place, |byte| byte ^ (1 << (value % 8))),
        3 => change(program, place, |byte| byte.wrapping_add(value)),
        // A word.
        4 => set(program, place / 4 * 4, &u32::from(value).to_le_bytes()),
        5 => set(program, place / 4 * 4, &(u32::MAX - u32::from(value)).to_le_bytes()),
        // A word from elsewhere.
        6 => {
            let from = usize::from(value) * 4 + HEADER_BYTES + SECTIONS * 16;
            let word: Option<Vec<u8>> = program.get(from..from + 4).map(<[u8]>::to_vec);
            if let Some(word) = word {
                set(program, place / 4 * 4, &word);
            }
        }
        // Entries move from the end of one section to the front of the next, and are read as something else.
        _ => {
            let row = HEADER_BYTES + place % (SECTIONS - 1) * 16;
            for (at, up) in [(row + 8, true), (row + 16, true), (row + 24, false)] {
                let Some(field) = program.get(at..at + 8) else { return };
                let number = u64::from_le_bytes(std::array::from_fn(|byte| field[byte]));
                let by = u64::from(value) * 4;
                let moved = if up { number.wrapping_add(by) } else { number.wrapping_sub(by) };
                set(program, at, &moved.to_le_bytes());
            }
        }
    }
}

fn set(program: &mut [u8], place: usize, bytes: &[u8]) {
    let place = place % program.len().max(1);
    program[place..].iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
}

fn change(program: &mut [u8], place: usize, how: impl Fn(u8) -> u8) {
    let place = place % program.len().max(1);
    if let Some(byte) = program.get_mut(place) {
        *byte = how(*byte);
    }
}

/// Everything one can do with a program. What it answers is its author's business.
fn use_all(program: &Program<'_>, record: &[u8]) {
    assert!(!program.disasm().is_empty());
    let mut slices: Vec<&[u8]> = RECORDS.iter().map(|record| record.as_bytes()).collect();
    slices.push(record);
    let batch = Batch::from_slices(&slices);
    for isa in Isa::available() {
        for front_end in [FrontEnd::Index, FrontEnd::Tape, FrontEnd::Text] {
            if front_end != FrontEnd::Index && isa != Isa::portable() {
                continue;
            }
            for checks in [Checks::Matches, Checks::Every] {
                let sieve = Sieve::from_program(program.clone());
                let sieve = sieve.with_isa(isa).with_front_end(front_end).with_checks(checks);
                let mut scratch = sieve.scratch();
                // The same again on a warm scratch: what one record leaves behind must not lead the next one astray.
                sieve.evaluate(&mut scratch, &batch).expect("its scratch");
                let outcome = sieve.evaluate_sets(&mut scratch, &batch).expect("its scratch");
                for record in 0..batch.len() {
                    assert!(outcome.filters(record).iter().all(|filter| filter < program.filter_len()));
                }
            }
        }
    }
}

fn example(rng: &mut Rng) -> Vec<u8> {
    if rng.one_in(20) {
        return [MAGIC.as_slice(), &[1, 0, 0, 2, 0, 0, 0, 0], &vec![rng.below(256) as u8; rng.below(400)]].concat();
    }
    let mut bytes = rng.next().to_le_bytes().to_vec();
    for _ in 0..rng.below(4) {
        bytes.extend(rng.next().to_le_bytes().iter().take(4));
    }
    bytes
}
