//! Programs that were damaged on the way, or made by somebody who wishes us ill.
//!
//! Chance damage is what the checksum is for: it is refused. With the checksum mended the verifier stands alone, and what it
//! lets through must run, on any record, and be listed, without a panic, a hang or a read out of bounds. What such a program
//! answers is its author's business.

use eventsieve_compiler::{FilterCriteria, Limits, Options, compile};
use eventsieve_program::assemble::{Parts, seal};
use eventsieve_program::format::{
    Conj, Edge, FILTERS, Gate, HEADER_BYTES, Input, Leaf, NODE_SCOPED, NONE, Node, SECTIONS, Slot, Table, WHEN_ANY,
};
use eventsieve_program::inst::{Inst, Op};
use eventsieve_program::{Dialect, Program, ProgramErrorKind, Source};
use eventsieve_vm::{Batch, Checks, Engine, FrontEnd, Verdict};

fn program(patterns: &[&str]) -> Program<'static> {
    let mut options = Options::new(Source::Raw);
    options.limits = Limits::none();
    compile(&FilterCriteria::from_patterns(patterns.iter().copied()), &options).expect("the patterns are valid").program
}

/// A small program in which nearly everything occurs; all but automata, which are large.
fn varied() -> Program<'static> {
    program(&[
        r#"{"a":["v","w","x","y","z"],"l":{"k":["x"],"m":[{"exists":false}]}}"#,
        r#"{"a":[{"prefix":"p"},{"wildcard":"*g*h"},{"equals-ignore-case":"É"},{"cidr":"10.0.0.0/8"}],"n":[1e400,2]}"#,
        r#"{"l":["x"],"l.k":[{"anything-but":["a","b","c","d","e"]}],"l.j":[{"numeric":[">",0,"<",5]}]}"#,
        r#"{"$or":[{"n":[3]},{"o":[{"exists":false}]}],"l":{"$or":[{"k":["y"]},{"j":[true,false,null]}]}}"#,
        r#"{"o":[{"exists":false}]}"#,
    ])
}

fn automaton() -> Program<'static> {
    let tests = ["aa", "ab", "ba", "bb", "ca"].map(|text| format!("{{\"prefix\":\"{text}\"}}")).join(",");
    program(&[&format!("{{\"a\":[{tests},{{\"equals-ignore-case\":\"c\"}}]}}")])
}

/// Values for every test, and every way a record can be irregular.
const RECORDS: &[&str] = &[
    r#"{"a":"z","l":[{"k":"x"},{"k":"y","m":1}],"n":2,"o":1}"#,
    r#"{"a":["pq","xgxh","é","10.1.2.3","cab","bb",""],"n":[1e400,2.0,3],"l":"x"}"#,
    r#"{"l":["x",{"k":"f","j":1},[{"k":"y","j":4.5}],{"j":null}],"l.k":"y"}"#,
    r#"{"l":[{"k":"x"}],"l":[{"k":"y","j":true}],"n":3,"o":{"p":1},"q":[[[]]]}"#,
    r#"{"a":"\ud800w","n":-0,"l":{"k":["a","g"],"j":[1,2],"m":[]},"l.j":3}"#,
    r#"{"o":"","l":[]}"#,
    "{}",
    "[",
];

/// Everything one can do with a program.
fn use_all(program: &Program<'_>) -> Vec<Vec<Verdict>> {
    assert!(!program.disasm().is_empty());
    let slices: Vec<&[u8]> = RECORDS.iter().map(|record| record.as_bytes()).collect();
    let batch = Batch::from_slices(&slices);
    [FrontEnd::Index, FrontEnd::Tape, FrontEnd::Text]
        .map(|front_end| {
            let engine = Engine::new(program.clone()).with_front_end(front_end).with_checks(Checks::Every);
            let mut scratch = engine.scratch();
            // The same again on a warm scratch: what one record leaves behind must not lead the next one astray.
            engine.evaluate(&mut scratch, &batch).expect("its scratch");
            let outcome = engine.evaluate_sets(&mut scratch, &batch).expect("its scratch");
            for record in 0..batch.len() {
                assert!(outcome.filters(record).iter().all(|filter| filter < program.filter_len()));
            }
            outcome.verdicts().to_vec()
        })
        .into()
}

/// Counts what became of damaged programs.
#[derive(Debug, Default)]
struct Fates {
    refused: usize,
    run: usize,
}

impl Fates {
    /// Mends the checksum and uses what is let through.
    fn add(&mut self, mut bytes: Vec<u8>) {
        seal(&mut bytes);
        match Program::from_bytes(bytes) {
            Ok(program) => {
                use_all(&program);
                self.run += 1;
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                self.refused += 1;
            }
        }
    }
}

#[test]
fn undamaged_programs_answer() {
    let verdicts = use_all(&varied());
    assert_eq!(verdicts[0], verdicts[1]);
    assert!(verdicts[0].contains(&Verdict::Match) && verdicts[0].contains(&Verdict::NoMatch));
    use_all(&automaton());
}

#[test]
fn one_wrong_byte_is_refused() {
    for program in [varied(), automaton()] {
        let mut bytes = program.as_bytes().to_vec();
        for at in 0..bytes.len() {
            let right = bytes[at];
            let bits = (0..8).map(|bit| right ^ 1 << bit);
            for wrong in bits.chain([!right, right.wrapping_add(1)]) {
                bytes[at] = wrong;
                let error = Program::from_bytes(bytes.as_slice()).expect_err("the checksum covers every byte");
                assert!(!error.to_string().is_empty());
            }
            bytes[at] = right;
        }
    }
}

#[test]
fn a_cut_or_continued_program_is_refused() {
    let program = varied();
    let bytes = program.as_bytes();
    for len in 0..bytes.len() {
        assert!(Program::from_bytes(&bytes[..len]).is_err());
        let mut cut = bytes[..len].to_vec();
        if let Some(field) = cut.get_mut(24..32) {
            field.copy_from_slice(&(len as u64).to_le_bytes());
        }
        seal(&mut cut);
        assert!(Program::from_bytes(cut).is_err(), "cut to {len}");
    }
    let error = Program::from_bytes([bytes, &[0]].concat()).unwrap_err();
    assert!(matches!(error.kind(), ProgramErrorKind::Length { .. }));
    assert!(Program::from_bytes([&[0], bytes].concat()).is_err());
}

#[test]
fn a_wrong_byte_with_the_right_checksum_does_no_harm() {
    let mut fates = Fates::default();
    for (program, step) in [(varied(), 1), (automaton(), 5)] {
        let bytes = program.as_bytes();
        for at in (0..bytes.len()).step_by(step) {
            let right = bytes[at];
            let bits = (0..8).map(|bit| right ^ 1 << bit);
            for wrong in bits.chain([!right]) {
                let mut damaged = bytes.to_vec();
                damaged[at] = wrong;
                fates.add(damaged);
            }
        }
    }
    println!("{fates:?}");
    assert!(fates.run > 100 && fates.refused > 100, "one of two roads was hardly taken: {fates:?}");
}

#[test]
fn a_wrong_word_with_the_right_checksum_does_no_harm() {
    let mut fates = Fates::default();
    for (program, step) in [(varied(), 4), (automaton(), 36)] {
        let bytes = program.as_bytes();
        for at in (0..bytes.len() - 3).step_by(step) {
            let right = u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
            let near = [right.wrapping_add(1), right.wrapping_sub(1), right.wrapping_add(right)];
            for wrong in near.into_iter().chain([0, 1, 0xffff, 0x1_0000, 0x7fff_ffff, u32::MAX - 1, u32::MAX]) {
                let mut damaged = bytes.to_vec();
                damaged[at..at + 4].copy_from_slice(&wrong.to_le_bytes());
                fates.add(damaged);
            }
        }
    }
    println!("{fates:?}");
    assert!(fates.run > 100 && fates.refused > 100, "one of two roads was hardly taken: {fates:?}");
}

/// Entries move from the end of one section to the front of the next, and are read as something else.
#[test]
fn shifted_sections_do_no_harm() {
    let mut fates = Fates::default();
    for program in [varied(), automaton()] {
        let bytes = program.as_bytes();
        for row in (0..SECTIONS - 1).map(|section| HEADER_BYTES + section * 16) {
            for by in [4, 8, 12, 16, 32, 48, 96, 192, 960] {
                for back in [false, true] {
                    let mut damaged = bytes.to_vec();
                    let mut change = |at: usize, up: bool| {
                        let field = &mut damaged[at..at + 8];
                        let mut number = u64::from_le_bytes(std::array::from_fn(|byte| field[byte]));
                        number = if up { number.wrapping_add(by) } else { number.wrapping_sub(by) };
                        field.copy_from_slice(&number.to_le_bytes());
                    };
                    change(row + 8, !back);
                    change(row + 16, !back);
                    change(row + 24, back);
                    fates.add(damaged);
                }
            }
        }
    }
    println!("{fates:?}");
    assert!(fates.refused > 100, "{fates:?}");
}

/// A program with one path `k.v`, whose node `k` is a scope, one slot and the given gates and inputs.
fn handmade(gates: Vec<Gate>, inputs: Vec<Input>) -> Parts {
    let mut parts = Parts::new(Source::Raw, Dialect::EventBridge);
    parts.filter_len = 1;
    parts.literals = b"kv".to_vec();
    parts.nodes = vec![
        Node { edge_start: 0, edge_len: 1, leaf: NONE, flags: 0 },
        Node { edge_start: 1, edge_len: 1, leaf: NONE, flags: 1 << 16 | NODE_SCOPED },
        Node { edge_start: 2, edge_len: 0, leaf: 0, flags: 2 << 16 },
    ];
    parts.edges = vec![Edge { key: 0, key_len: 1, child: 1 }, Edge { key: 1, key_len: 1, child: 2 }];
    parts.leaves = vec![Leaf { pc: 0, node: 2 }];
    parts.insts = vec![Inst { c: 0, ..Inst::plain(Op::Always) }, Inst::plain(Op::End)];
    parts.slots = vec![Slot { conj_start: 0, conj_len: 0, input_start: 0, input_len: inputs.len() as u32 }];
    parts.gates = gates;
    parts.inputs = inputs;
    parts
}

/// Records for [`handmade`]: regular ones, and ones that are judged by search.
fn run_handmade(parts: &Parts) {
    let program = parts.assemble().expect("the program is well-formed");
    let engine = Engine::new(program);
    let many = format!("{{\"k\":[{}]}}", vec![r#"{"v":[1,2]}"#; 500].join(","));
    let records: [&[u8]; 5] = [
        br#"{"k":{"v":1}}"#,
        br#"{"k":[{"v":1},[{"v":2}]]}"#,
        br#"{"k":{"v":1},"k":{"v":2}}"#,
        br#"{"k.v":1,"k":[]}"#,
        many.as_bytes(),
    ];
    let mut scratch = engine.scratch();
    engine.evaluate(&mut scratch, &Batch::from_slices(&records)).expect("its scratch");
    assert!(!engine.program().disasm().is_empty());
}

fn on_a_small_stack(run: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap();
}

/// The longest chain of the fullest gates: deeper than anything the compiler makes.
#[test]
fn a_tower_of_gates_costs_no_stack() {
    on_a_small_stack(|| {
        for height in [1, 250, 300, 1_000] {
            let gate = |at: u32| Gate {
                need_low: NONE,
                need_high: NONE,
                parent: if at + 1 < height { at + 1 } else { NONE },
                shape: 63 | u32::from(WHEN_ANY) << 8,
                filter: if at + 1 < height { NONE } else { 0 },
                ..Gate::default()
            };
            let inputs = (0..height).flat_map(|gate| (0..64).map(move |bit| Input { gate, shape: bit, guard: NONE }));
            run_handmade(&handmade((0..height).map(gate).collect(), inputs.collect()));
        }
    });
}

/// Every input is guarded by its own gate or a gate further out, and depths make no sense.
#[test]
fn senseless_guards_and_depths_do_no_harm() {
    for guard in 0..4 {
        for depth in [0, 1, 2, 7, 0xffff] {
            let gate = |at: u32| Gate {
                need_low: 1 << at | 1,
                parent: if at < 3 { at + 1 } else { NONE },
                shape: at | u32::from(WHEN_ANY) << 8 | depth << 16,
                filter: if at < 3 { NONE } else { 0 },
                absent_len: 1,
                ..Gate::default()
            };
            let inputs = (0..16).map(|at| Input { gate: at % 4, shape: (at / 4) | ((at % 3) << 16), guard });
            let mut parts = handmade((0..4).map(gate).collect(), inputs.collect());
            parts.items = vec![0, 1];
            parts.free_gates = vec![0, 3, 3, 1];
            parts.conjs = vec![Conj { filter: 0, item_start: 0, lens: 1, when: 7 }];
            parts.free_conjs = vec![0, 0];
            run_handmade(&parts);
        }
    }
}

#[test]
fn a_table_without_an_empty_entry_is_refused() {
    let mut parts = handmade(Vec::new(), Vec::new());
    for (capacity, len) in [(1, 1), (2, 2), (4, 3), (3, 1), (0, 0), (1 << 30, 0)] {
        parts.words = (0..capacity.min(8)).flat_map(|at| [0, if at < len { 0 } else { NONE }, 1, NONE]).collect();
        parts.tables = vec![Table { start: 0, capacity, len, seed: 0 }];
        let error = parts.assemble().expect_err("the search in it might not end");
        assert!(error.to_string().contains("tables[0]"), "{error}");
    }
}

#[test]
fn a_program_cannot_claim_more_filters_than_memory_holds() {
    let mut parts = Parts::new(Source::Raw, Dialect::EventBridge);
    parts.nodes.push(Node { leaf: NONE, edge_start: 0, edge_len: 0, flags: 0 });
    parts.filter_len = FILTERS;
    assert!(parts.assemble().is_ok());
    parts.filter_len += 1;
    let error = parts.assemble().unwrap_err().to_string();
    assert!(error.contains("more filters than a program may have"), "{error}");
}
