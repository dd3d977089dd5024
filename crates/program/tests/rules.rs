//! Every rule of the verifier, one at a time: a program in which each section has entries is accepted, and refused with the
//! rule's name, section and entry once one field breaks it. Where a rule is a bound, both sides of the edge are tried.

use eventsieve_program::assemble::{Parts, seal};
use eventsieve_program::format::*;
use eventsieve_program::inst::{GOTO, HIGH_OPEN, INST_BYTES, Inst, LOW_OPEN, Op, V6};
use eventsieve_program::{Dialect, Program, ProgramErrorKind, Source, fold, glob};

/// Where things lie in the literals of [`parts`].
const KEYS: u32 = 0;
const FOLD: u32 = 3;
const FOLD_LEN: u32 = 4;
const GLOB: u32 = FOLD + FOLD_LEN;
const GLOB_LEN: u32 = 7;
const ONE_TWO: u32 = GLOB + GLOB_LEN;
const FIVE_NINE: u32 = ONE_TWO + 16;
/// Zeros to the end, so that the last number of any width is a number.
const ZEROS: u32 = FIVE_NINE + 32;
const LITERALS: u32 = ZEROS + 32;

/// Where things lie in the words.
const POSTING: u32 = 8;
const DFA: u32 = 10;
const TRANSITIONS: u32 = DFA + 256;
const WORDS: u32 = TRANSITIONS + 4 + 2;

/// Two paths, `k.v` and `k.w`, two filters, and an entry or more in each section.
fn parts() -> Parts {
    let mut parts = Parts::new(Source::Raw, Dialect::EventBridge);
    parts.filter_len = 2;
    parts.literals = b"kvw".to_vec();
    fold::push(&mut parts.literals, b"a", b"A");
    glob::push(&mut parts.literals, true, false, [b"go".as_slice()].into_iter());
    parts.literals.extend([1.0f64, 2.0].iter().flat_map(|number| number.to_le_bytes()));
    parts.literals.extend([5u128, 9].iter().flat_map(|address| address.to_le_bytes()));
    parts.literals.extend([0; 32]);
    parts.nodes = vec![
        Node { edge_start: 0, edge_len: 1, leaf: NONE, flags: 0 },
        Node { edge_start: 1, edge_len: 2, leaf: NONE, flags: 1 << 16 | NODE_SCOPED | NODE_EMPTY_KEY },
        Node { edge_start: 3, edge_len: 0, leaf: 0, flags: 2 << 16 },
        Node { edge_start: 3, edge_len: 0, leaf: 1, flags: 2 << 16 },
    ];
    parts.edges = vec![
        Edge { key: 0, key_len: 1, child: 1 },
        Edge { key: 1, key_len: 1, child: 2 },
        Edge { key: 2, key_len: 1, child: 3 },
    ];
    parts.leaves = vec![Leaf { pc: 0, node: 2 }, Leaf { pc: 12, node: 3 }];
    let test = |op, a, b| Inst { op, x: 0, a, b, c: 1 };
    parts.insts = vec![
        Inst { a: 11, ..Inst::plain(Op::UnlessString) },
        test(Op::Exact, KEYS, 3),
        Inst { x: GOTO, c: 11, ..test(Op::Prefix, KEYS, 2) },
        test(Op::Number, ONE_TWO, 0),
        Inst { x: LOW_OPEN | HIGH_OPEN, ..test(Op::Between, ONE_TWO, 0) },
        Inst { x: V6, ..test(Op::Address, FIVE_NINE, 0) },
        test(Op::Fold, FOLD, FOLD_LEN),
        test(Op::Glob, GLOB, GLOB_LEN),
        test(Op::Member, 0, 0),
        Inst::plain(Op::Lookup),
        Inst::plain(Op::Scan),
        Inst::plain(Op::End),
        Inst { c: 1, ..Inst::plain(Op::Always) },
        Inst::plain(Op::End),
    ];
    parts.slots = vec![
        Slot { conj_start: 0, conj_len: 1, input_start: 0, input_len: 1 },
        Slot { conj_start: 1, conj_len: 1, input_start: 1, input_len: 1 },
    ];
    parts.conjs = vec![
        Conj { filter: 0, item_start: 0, lens: 1 | 1 << 16, when: 7 },
        Conj { filter: 1, item_start: 0, lens: 1, when: 1 },
        Conj { filter: 1, item_start: 2, lens: 1 << 16, when: 2 },
    ];
    // Of the first conjunction a slot and a leaf, of the last a leaf; of the last gate leaf and bit, and a sleeper.
    parts.items = vec![1, 1, 1, 1, 3, 0];
    parts.free_conjs = vec![2];
    parts.free_gates = vec![1];
    let when = u32::from(WHEN_ANY) << 8;
    parts.gates = vec![
        Gate { need_low: 1, parent: 1, shape: 2 | when | 1 << 16, filter: NONE, ..Gate::default() },
        Gate {
            need_low: 0b1100,
            parent: NONE,
            shape: when,
            filter: 1,
            absent_start: 3,
            absent_len: 1,
            sleeper_len: 1,
            need_high: 0,
        },
    ];
    parts.inputs = vec![Input { gate: 0, shape: 2 << 16, guard: NONE }, Input { gate: 1, shape: 3, guard: 0 }];
    parts.tables = vec![Table { start: 0, capacity: 2, len: 1, seed: 0 }];
    parts.words = vec![string_hash(0, b"k"), KEYS, 1, POSTING, 0, NONE, 0, NONE, 1, 0];
    parts.words.extend((0..256).map(|byte| u32::from(byte == u32::from(b'a'))));
    parts.words.extend([0, 0, 0, 1, NONE, POSTING]);
    parts.dfas = vec![Dfa { start: DFA, state_len: 2, class_len: 2, start_state: 1 }];
    assert_eq!((parts.literals.len(), parts.words.len()), (LITERALS as usize, WORDS as usize));
    parts
}

#[track_caller]
fn accepted(change: impl FnOnce(&mut Parts)) {
    let mut parts = parts();
    change(&mut parts);
    if let Err(error) = parts.assemble() {
        panic!("{error}");
    }
}

#[track_caller]
fn refused(section: &str, index: u64, rule: &str, change: impl FnOnce(&mut Parts)) {
    let mut parts = parts();
    change(&mut parts);
    match parts.assemble() {
        Ok(_) => panic!("accepted in spite of {section}[{index}]: {rule}"),
        Err(error) => assert_eq!(error.to_string(), format!("program is wrong at {section}[{index}]: {rule}")),
    }
}

#[test]
fn the_program_that_is_damaged_below_is_sound() {
    accepted(|_| {});
    let program = parts().assemble().unwrap();
    let bytes = program.as_bytes().to_vec();
    assert_eq!(parts().program_bytes(), bytes.len());
    let again = Program::from_bytes(bytes).unwrap();
    assert!(again == program && again.id() == program.id());
    assert!(!again.passes_all() && again.filter_len() == 2);
    assert!(again.source() == Source::Raw && again.dialect() == Dialect::EventBridge);
    let mut other = parts();
    other.filter_len = 3;
    other.flags = FLAG_PASS_ALL;
    let other = other.assemble().unwrap();
    assert!(other != program && other.id() != program.id() && other.passes_all());
}

/// Headers are written by nobody but `assemble`, so these are changed as bytes.
#[test]
fn header() {
    let sound = parts().assemble().unwrap();
    let refused = |at: usize, bytes: &[u8], text: &str| {
        let mut damaged = sound.as_bytes().to_vec();
        damaged[at..at + bytes.len()].copy_from_slice(bytes);
        seal(&mut damaged);
        assert_eq!(Program::from_bytes(damaged).unwrap_err().to_string(), text);
    };
    refused(7, &[1], "not an eventsieve program: the first bytes differ");
    refused(8, &[2], "program of version 2; this build reads version 1: compile it again");
    refused(9, &[1], "program of version 257; this build reads version 1: compile it again");
    refused(10, &[99], "program header is wrong: unknown source");
    refused(11, &[99], "program header is wrong: unknown dialect");
    for flag in 1..32 {
        refused(12, &(1u32 << flag).to_le_bytes(), "program header is wrong: unknown flags");
    }
    refused(12, &3u32.to_le_bytes(), "program header is wrong: unknown flags");
    refused(16, &(FILTERS + 1).to_le_bytes(), "program header is wrong: more filters than a program may have");
    refused(20, &14u32.to_le_bytes(), "program header is wrong: wrong number of sections");
    for byte in 36..40 {
        refused(byte, &[1], "program header is wrong: wrong number of sections");
    }
    let whole = sound.as_bytes().len();
    for (at, to) in [(24, whole as u64 + 1), (24, whole as u64 - 1), (24, whole as u64 | 1 << 32)] {
        refused(at, &to.to_le_bytes(), &format!("program should be {to} bytes long but is {whole}"));
    }
    let row = |section: Section| HEADER_BYTES + section as usize * 16;
    let follow = "program header is wrong: sections do not follow each other";
    refused(row(Section::Nodes), &281u64.to_le_bytes(), follow);
    refused(row(Section::Nodes) + 4, &[1], follow);
    refused(row(Section::Nodes) + 8, &(whole as u64).to_le_bytes(), follow);
    refused(row(Section::Literals) + 8, &u64::from(LITERALS + 1).to_le_bytes(), follow);
    let behind = "program header is wrong: bytes after the last section";
    refused(row(Section::Literals) + 8, &u64::from(LITERALS - 1).to_le_bytes(), behind);
    let whole_number = "program is wrong at nodes[0]: length is no whole number of entries";
    refused(row(Section::Nodes) + 8, &65u64.to_le_bytes(), whole_number);
    refused(row(Section::Nodes) + 8, &63u64.to_le_bytes(), whole_number);
}

#[test]
fn a_header_that_is_cut_or_damaged() {
    let sound = parts().assemble().unwrap();
    let bytes = sound.as_bytes();
    let table = HEADER_BYTES + SECTIONS * 16;
    for len in [8, 39, table - 1] {
        let kind = Program::from_bytes(&bytes[..len]).unwrap_err().kind().clone();
        assert_eq!(kind, ProgramErrorKind::Length { expected: table as u64, found: len as u64 });
    }
    assert_eq!(*Program::from_bytes(&bytes[..7]).unwrap_err().kind(), ProgramErrorKind::NotAProgram);
    // Behind a whole table the header's own length speaks.
    let kind = Program::from_bytes(&bytes[..table]).unwrap_err().kind().clone();
    assert_eq!(kind, ProgramErrorKind::Length { expected: bytes.len() as u64, found: table as u64 });
    let sum = u32::from_le_bytes([bytes[32], bytes[33], bytes[34], bytes[35]]);
    for (at, change) in [(32, 1u8), (35, 0x80)] {
        let mut damaged = bytes.to_vec();
        damaged[at] ^= change;
        let expected = sum ^ u32::from(change) << ((at - 32) * 8);
        let error = Program::from_bytes(damaged).unwrap_err();
        assert_eq!(error.kind(), &ProgramErrorKind::Checksum { expected, found: sum });
        let text = format!("program is damaged: checksum {sum:08x}, header says {expected:08x}");
        assert_eq!(error.to_string(), text);
    }
    // Nothing is sealed that has no place for the checksum.
    for len in [0, 35, 39] {
        let mut short = vec![1; len];
        seal(&mut short);
        assert_eq!(short, vec![1; len]);
    }
}

#[test]
fn nodes() {
    refused("nodes", 0, "no root node", |parts| parts.nodes.clear());
    let follow = "edges do not follow those of the node before";
    refused("nodes", 0, follow, |parts| parts.nodes[0].edge_start = 1);
    refused("nodes", 1, follow, |parts| parts.nodes[1].edge_start = 0);
    refused("nodes", 3, follow, |parts| parts.nodes[3].edge_start = 0);
    refused("nodes", 1, "edges outside", |parts| parts.nodes[1].edge_len = 3);
    refused("nodes", 1, "edges outside", |parts| parts.nodes[1].edge_len = u32::MAX);
    refused("nodes", 3, "leaf outside", |parts| parts.nodes[3].leaf = 2);
    refused("nodes", 3, "leaf outside", |parts| parts.nodes[3].leaf = NONE - 1);
    for bit in 2..16 {
        refused("nodes", 2, "unknown flags", |parts| parts.nodes[2].flags |= 1 << bit);
    }
    refused("nodes", 0, "root is not at depth 0", |parts| parts.nodes[0].flags = 1 << 16);
}

#[test]
fn edges() {
    refused("edges", 2, "key outside the literals", |parts| parts.edges[2].key = u32::MAX);
    refused("edges", 2, "key outside the literals", |parts| parts.edges[2].key_len = LITERALS - 1);
    accepted(|parts| parts.edges[2].key_len = LITERALS - 2);
    refused("edges", 2, "child is no later node", |parts| parts.edges[2].child = 4);
    refused("edges", 2, "child is no later node", |parts| parts.edges[2].child = 1);
    refused("edges", 2, "child is no later node", |parts| parts.edges[2].child = 0);
    refused("edges", 1, "child is not one level deeper", |parts| parts.nodes[2].flags = 1 << 16);
    refused("edges", 1, "child is not one level deeper", |parts| parts.nodes[2].flags = 3 << 16);
    refused("edges", 2, "keys are not in order", |parts| parts.edges[2].key = 0);
    refused("edges", 2, "keys are not in order", |parts| parts.edges[2].key = 1);
}

#[test]
fn leaves() {
    refused("leaves", 1, "code outside the program", |parts| parts.leaves[1].pc = 14);
    refused("leaves", 1, "node outside the trie", |parts| parts.leaves[1].node = 4);
    accepted(|parts| parts.leaves[1].pc = 13);
}

#[test]
fn instructions() {
    // Where the section lies, to damage what cannot be said with an `Inst`.
    let whole = parts().assemble().unwrap();
    let insts = HEADER_BYTES + SECTIONS * 16 + 4 * Node::BYTES + 3 * Edge::BYTES + 2 * Leaf::BYTES;
    for (byte, to) in [(0, Op::ALL.len() as u8), (0, 255), (2, 1), (3, 1)] {
        let mut damaged = whole.as_bytes().to_vec();
        damaged[insts + INST_BYTES + byte] = to;
        seal(&mut damaged);
        let error = Program::from_bytes(damaged).unwrap_err().to_string();
        assert_eq!(error, "program is wrong at insts[1]: unknown instruction");
    }
    for at in 0..14 {
        let legal = parts().insts[at].op.legal_flags();
        for flag in (0..8).map(|bit| 1 << bit).filter(|flag| flag & legal == 0) {
            refused("insts", at as u64, "unknown flags", |parts| parts.insts[at].x |= flag);
        }
    }
    let last = "the last instruction is not `end`";
    refused("insts", 14, last, |parts| parts.insts.push(Inst { c: 1, ..Inst::plain(Op::Always) }));
    let zero = "unused operand is not zero";
    refused("insts", 13, zero, |parts| parts.insts[13].a = 1);
    refused("insts", 13, zero, |parts| parts.insts[13].b = 1);
    refused("insts", 13, zero, |parts| parts.insts[13].c = 1);
    let jump = "jump or slot outside, or not forward";
    for to in [0, 14, u32::MAX] {
        refused("insts", 0, jump, |parts| parts.insts[0].a = to);
    }
    accepted(|parts| parts.insts[0].a = 1);
    accepted(|parts| parts.insts[0].a = 13);
    for to in [0, 1, 2, 14, u32::MAX] {
        refused("insts", 2, jump, |parts| parts.insts[2].c = to);
    }
    accepted(|parts| parts.insts[2].c = 3);
    accepted(|parts| parts.insts[2].c = 13);
    refused("insts", 1, jump, |parts| parts.insts[1].c = 2);
    refused("insts", 1, jump, |parts| parts.insts[1].c = 11);
    accepted(|parts| parts.insts[1].c = 0);
}

#[test]
fn operands_in_the_literals() {
    const RULE: &str = "operand outside its section or malformed";
    // Bytes: up to the end and no further.
    accepted(|parts| parts.insts[1].b = LITERALS);
    refused("insts", 1, RULE, |parts| parts.insts[1].b = LITERALS + 1);
    refused("insts", 1, RULE, |parts| (parts.insts[1].a, parts.insts[1].b) = (u32::MAX, u32::MAX));
    // Numbers of each width, likewise.
    for (at, bytes) in [(3, 8), (4, 16), (5, 32)] {
        accepted(|parts| parts.insts[at].a = LITERALS - bytes);
        for beyond in [LITERALS - bytes + 1, LITERALS, u32::MAX] {
            refused("insts", at as u64, RULE, |parts| parts.insts[at].a = beyond);
        }
    }
    let number = |parts: &mut Parts, at: u32, to: f64| {
        parts.literals[at as usize..][..8].copy_from_slice(&to.to_le_bytes());
    };
    for strange in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        refused("insts", 3, RULE, |parts| number(parts, ONE_TWO, strange));
        refused("insts", 4, RULE, |parts| number(parts, ONE_TWO + 8, strange));
        refused("insts", 4, RULE, |parts| {
            parts.insts[3].a = ZEROS;
            number(parts, ONE_TWO, strange);
        });
    }
    accepted(|parts| number(parts, ONE_TWO, 2.0));
    refused("insts", 4, RULE, |parts| number(parts, ONE_TWO, 2.5));
    accepted(|parts| parts.literals[FIVE_NINE as usize] = 9);
    refused("insts", 5, RULE, |parts| parts.literals[FIVE_NINE as usize] = 10);
    refused("insts", 5, RULE, |parts| parts.literals[FIVE_NINE as usize + 15] = 1);
    // Structured text.
    refused("insts", 6, RULE, |parts| parts.insts[6].b = FOLD_LEN - 1);
    refused("insts", 6, RULE, |parts| parts.insts[6].a = KEYS);
    refused("insts", 6, RULE, |parts| parts.insts[6].b = LITERALS);
    refused("insts", 7, RULE, |parts| parts.insts[7].b = GLOB_LEN - 1);
    refused("insts", 7, RULE, |parts| parts.insts[7].a = KEYS);
    refused("insts", 7, RULE, |parts| parts.insts[7].b = LITERALS);
    accepted(|parts| parts.insts[6].b = 0);
    refused("insts", 7, RULE, |parts| parts.insts[7].b = 0);
}

#[test]
fn operands_in_the_words() {
    const RULE: &str = "operand outside its section or malformed";
    for at in [8, 9, 10] {
        refused("insts", at as u64, RULE, |parts| parts.insts[at].a = 1);
    }
}

#[test]
fn slots() {
    let follow = "lists do not follow those of the slot before";
    refused("slots", 1, follow, |parts| parts.slots[1].conj_start = 0);
    refused("slots", 1, follow, |parts| parts.slots[1].input_start = 0);
    refused("slots", 1, follow, |parts| parts.slots[1].conj_start = 2);
    refused("slots", 1, "conjs outside", |parts| parts.slots[1].conj_len = 3);
    refused("slots", 1, "conjs outside", |parts| parts.slots[1].conj_len = u32::MAX);
    accepted(|parts| parts.slots[1].conj_len = 2);
    refused("slots", 1, "inputs outside", |parts| parts.slots[1].input_len = 2);
    refused("slots", 1, "inputs outside", |parts| parts.slots[1].input_len = u32::MAX);
}

#[test]
fn conjunctions() {
    refused("conjs", 0, "filter outside", |parts| parts.conjs[0].filter = 2);
    refused("conjs", 2, "items outside", |parts| parts.conjs[2].lens = 5 << 16);
    refused("conjs", 2, "items outside", |parts| parts.conjs[2].item_start = 6);
    refused("conjs", 2, "items outside", |parts| parts.conjs[2].item_start = u32::MAX);
    refused("conjs", 0, "items outside", |parts| parts.conjs[0].lens = 6 | 1 << 16);
    refused("conjs", 0, "items outside", |parts| parts.conjs[0].lens = 1 | 6 << 16);
    for bit in 3..32 {
        refused("conjs", 2, "unknown payload format", |parts| parts.conjs[2].when |= 1 << bit);
    }
    // The first is a slot, the second a leaf, whatever the other list would make of the number.
    refused("items", 0, "slot outside", |parts| parts.items[0] = 2);
    refused("items", 1, "leaf outside", |parts| parts.items[1] = 2);
    refused("items", 2, "leaf outside", |parts| parts.items[2] = 2);
    refused("items", 0, "slot outside", |parts| {
        parts.slots.pop();
        parts.insts.iter_mut().for_each(|inst| inst.c = if inst.c == 1 { 0 } else { inst.c });
    });
    accepted(|parts| parts.conjs[2].item_start = 5);
    refused("free conjs", 0, "conj outside", |parts| parts.free_conjs[0] = 3);
    refused("free conjs", 1, "conj outside", |parts| parts.free_conjs.push(NONE));
}

#[test]
fn gates() {
    let when = u32::from(WHEN_ANY) << 8;
    refused("gates", 1, "filter outside", |parts| parts.gates[1].filter = 2);
    refused("gates", 1, "filter outside", |parts| parts.gates[1].filter = NONE);
    refused("gates", 0, "parent is no later gate", |parts| parts.gates[0].parent = 0);
    refused("gates", 1, "parent is no later gate", |parts| {
        parts.gates[1].parent = 0;
        parts.gates[1].filter = NONE;
    });
    refused("gates", 0, "parent is no later gate", |parts| parts.gates[0].parent = 2);
    refused("gates", 0, "parent is no later gate", |parts| parts.gates[0].filter = 0);
    accepted(|parts| parts.gates[1].shape |= 1 << 16);
    refused("gates", 0, "parent is deeper", |parts| parts.gates[1].shape |= 2 << 16);
    accepted(|parts| parts.gates[0].shape |= 63);
    for bit in [64, 128, 255] {
        refused("gates", 0, "bit outside", |parts| parts.gates[0].shape = bit | when | 1 << 16);
    }
    for bit in 3..8 {
        refused("gates", 0, "unknown payload format", |parts| parts.gates[0].shape |= 1 << (8 + bit));
    }
    refused("gates", 1, "absent leaves outside", |parts| parts.gates[1].absent_len = 2);
    refused("gates", 1, "absent leaves outside", |parts| parts.gates[1].absent_start = 5);
    refused("gates", 1, "absent leaves outside", |parts| {
        (parts.gates[1].absent_start, parts.gates[1].absent_len) = (1, 3);
    });
    refused("gates", 1, "absent leaves outside", |parts| parts.gates[1].absent_len = NONE / 2);
    refused("gates", 1, "absent leaves outside", |parts| parts.gates[1].absent_len = 1 << 31);
    refused("gates", 1, "absent leaves outside", |parts| parts.gates[1].absent_start = u32::MAX);
    refused("gates", 1, "sleepers outside", |parts| parts.gates[1].sleeper_len = 2);
    refused("gates", 1, "sleepers outside", |parts| parts.gates[1].sleeper_len = u32::MAX);
    refused("items", 5, "sleeper is no earlier gate", |parts| parts.items[5] = 1);
    refused("items", 5, "sleeper is no earlier gate", |parts| parts.items[5] = NONE);
    refused("items", 3, "leaf outside", |parts| parts.items[3] = 2);
    refused("items", 4, "bit outside", |parts| parts.items[4] = 64);
    accepted(|parts| parts.items[4] = 63);
    // The second of two absences is as strictly looked at as the first.
    refused("items", 8, "bit outside", |parts| {
        parts.items.extend([0, 0, 64, 0]);
        (parts.gates[1].absent_start, parts.gates[1].absent_len) = (5, 2);
    });
    accepted(|parts| {
        parts.items.extend([0, 0, 63, 0]);
        (parts.gates[1].absent_start, parts.gates[1].absent_len) = (5, 2);
    });
    refused("free gates", 0, "gate outside", |parts| parts.free_gates[0] = 2);
    refused("free gates", 1, "gate outside", |parts| parts.free_gates.push(NONE));
}

#[test]
fn inputs() {
    refused("inputs", 1, "gate outside", |parts| parts.inputs[1].gate = 2);
    refused("inputs", 1, "bit outside", |parts| parts.inputs[1].shape = 64);
    accepted(|parts| parts.inputs[1].shape = 63);
    refused("inputs", 1, "guard outside", |parts| parts.inputs[1].guard = 2);
    refused("inputs", 1, "guard outside", |parts| parts.inputs[1].guard = NONE - 1);
    accepted(|parts| parts.inputs[1].guard = 1);
}

#[test]
fn tables() {
    refused("tables", 0, "capacity is no power of two", |parts| parts.tables[0].capacity = 3);
    refused("tables", 0, "capacity is no power of two", |parts| parts.tables[0].capacity = 0);
    refused("tables", 0, "capacity is no power of two", |parts| parts.tables[0].capacity = 1 << 30);
    refused("tables", 0, "entries outside", |parts| parts.tables[0].capacity = 1 << 29);
    refused("tables", 0, "entries outside", |parts| parts.tables[0].start = WORDS - 7);
    refused("tables", 0, "entries outside", |parts| parts.tables[0].start = u32::MAX);
    accepted(|parts| {
        parts.words.extend_from_within(..8);
        parts.tables[0].start = WORDS;
    });
    refused("tables", 0, "text outside the literals", |parts| parts.words[2] = LITERALS + 1);
    refused("tables", 0, "text outside the literals", |parts| parts.words[1] = NONE - 1);
    accepted(|parts| parts.words[2] = LITERALS);
    let count = "too full, or the count is wrong";
    refused("tables", 0, count, |parts| parts.tables[0].len = 0);
    refused("tables", 0, count, |parts| parts.tables[0].len = 2);
    refused("tables", 0, count, |parts| {
        parts.words[5] = KEYS;
        parts.tables[0].len = 2;
    });
    accepted(|parts| {
        parts.words[1] = NONE;
        parts.tables[0].len = 0;
    });
}

#[test]
fn postings() {
    for (section, at) in [("tables", 3), ("dfas", WORDS as usize - 1)] {
        refused(section, 0, "posting outside", |parts| parts.words[at] = WORDS);
        refused(section, 0, "posting outside", |parts| parts.words[at] = NONE - 1);
        refused(section, 0, "posting outside", |parts| {
            parts.words[at] = WORDS;
            parts.words.push(1);
        });
        refused(section, 0, "posting names a slot outside", |parts| {
            parts.words[at] = WORDS;
            parts.words.extend([2, 1, 2]);
        });
        accepted(|parts| {
            parts.words[at] = WORDS;
            parts.words.extend([2, 1, 0]);
        });
        accepted(|parts| parts.words[at] = NONE);
    }
}

#[test]
fn automata() {
    let empty = "no states or classes";
    refused("dfas", 0, empty, |parts| parts.dfas[0].state_len = 0);
    refused("dfas", 0, empty, |parts| parts.dfas[0].class_len = 0);
    refused("dfas", 0, empty, |parts| parts.dfas[0].class_len = 257);
    refused("dfas", 0, "words outside", |parts| parts.dfas[0].class_len = 256);
    refused("dfas", 0, "start state outside", |parts| parts.dfas[0].start_state = 2);
    accepted(|parts| parts.dfas[0].start_state = 0);
    refused("dfas", 0, "words outside", |parts| parts.dfas[0].start = DFA + 1);
    refused("dfas", 0, "words outside", |parts| parts.dfas[0].start = u32::MAX);
    refused("dfas", 0, "words outside", |parts| parts.dfas[0].state_len = 3);
    refused("dfas", 0, "words outside", |parts| {
        (parts.dfas[0].state_len, parts.dfas[0].class_len) = (u32::MAX, 256);
    });
    for byte in [0, 255] {
        refused("dfas", 0, "byte class outside", |parts| parts.words[(DFA + byte) as usize] = 2);
        accepted(|parts| parts.words[(DFA + byte) as usize] = 1);
    }
    for at in 0..4 {
        refused("dfas", 0, "transition outside", |parts| parts.words[(TRANSITIONS + at) as usize] = 2);
    }
    for at in [0, 1] {
        refused("dfas", 0, "the dead state has a way out", |parts| parts.words[(TRANSITIONS + at) as usize] = 1);
    }
    accepted(|parts| parts.words[TRANSITIONS as usize + 2] = 1);
    // As many words as states times classes and states ask for, not one fewer.
    let three = Dfa { start: WORDS, state_len: 3, class_len: 3, start_state: 0 };
    let push = |parts: &mut Parts, words: usize| {
        parts.words.extend(vec![0; 256 + 9]);
        parts.words.extend(vec![NONE; words - 256 - 9]);
        parts.dfas.push(three);
    };
    accepted(|parts| push(parts, 256 + 9 + 3));
    refused("dfas", 1, "words outside", |parts| push(parts, 256 + 9 + 2));
}

/// Bit by bit, as the standard defines it.
#[test]
fn the_checksum_is_a_crc_32() {
    let program = parts().assemble().unwrap();
    let bytes = program.as_bytes();
    let mut sum = u32::MAX;
    for &byte in bytes[..32].iter().chain(&bytes[CHECKED_FROM..]) {
        sum ^= u32::from(byte);
        for _ in 0..8 {
            sum = if sum & 1 != 0 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 };
        }
    }
    assert_eq!(bytes[32..36], (!sum).to_le_bytes());
}

#[test]
fn fields_that_share_a_word() {
    let gate = Gate { need_low: 5, need_high: 0x8000_0001, shape: 0x0007_0203, ..Gate::default() };
    assert_eq!(gate.need(), 5 | 0x8000_0001 << 32);
    assert_eq!((gate.parent_bit(), gate.when(), gate.depth()), (3, 2, 7));
    let lists = Gate { absent_start: 10, absent_len: 3, sleeper_len: 0, ..gate };
    assert_eq!(lists.sleeper_start(), 16);
    assert!(!gate.waits() && lists.waits() && Gate { sleeper_len: 1, ..gate }.waits());
    let conj = Conj { lens: 0x0003_0002, ..Conj::default() };
    assert_eq!((conj.slot_len(), conj.absent_len()), (2, 3));
    let input = Input { shape: 0x0004_003f, ..Input::default() };
    assert_eq!((input.bit(), input.depth()), (63, 4));
    let node = Node { flags: 9 << 16 | NODE_SCOPED, ..Node::default() };
    assert!(node.is_scoped() && node.depth() == 9);
    assert!(!Node { flags: NODE_EMPTY_KEY, ..node }.is_scoped());
}

/// What entries share is looked at for each of them, so how much they may share is bounded.
#[test]
fn sharing_is_bounded() {
    // Each list is 65,536 long and counts some 100 bytes of the program at most for each entry beside it: a few hundred
    // entries need more than 64 times the program's size.
    const LONG: u32 = 65_535;
    const FEW: usize = 16;
    const MANY: usize = 600;
    let overlap = |what: &str| format!("{what} overlap more than a program of this size can need");
    let check = |section: &str, rule: &str, share: &dyn Fn(&mut Parts, usize)| {
        accepted(|parts| share(parts, FEW));
        let mut parts = parts();
        share(&mut parts, MANY);
        let error = parts.assemble().expect_err(section).to_string();
        assert!(error.starts_with(&format!("program is wrong at {section}[")) && error.ends_with(rule), "{error}");
    };
    check("conjs", &overlap("items"), &|parts, times| {
        parts.items.extend(vec![0; LONG as usize]);
        parts.conjs.extend(vec![Conj { filter: 0, item_start: 6, lens: LONG, when: 1 }; times]);
    });
    check("conjs", &overlap("items"), &|parts, times| {
        parts.items.extend(vec![0; LONG as usize]);
        parts.conjs.extend(vec![Conj { filter: 0, item_start: 6, lens: LONG << 16, when: 1 }; times]);
    });
    let gate = Gate { parent: NONE, shape: 7 << 8, filter: 0, absent_start: 6, ..Gate::default() };
    check("gates", &overlap("items"), &|parts, times| {
        parts.items.extend(vec![0; 2 * LONG as usize]);
        parts.gates.extend(vec![Gate { absent_len: LONG, ..gate }; times]);
    });
    check("gates", &overlap("items"), &|parts, times| {
        parts.items.extend(vec![0; LONG as usize]);
        parts.gates.extend(vec![Gate { sleeper_len: LONG, ..gate }; times]);
    });
    for (op, structured) in [(Op::Fold, [1, b'a', 0].repeat(22_000)), (Op::Glob, [1, 0, 0, 0, b'a'].repeat(13_200))] {
        let share = |parts: &mut Parts, times: usize| {
            // A glob has a byte of flags in front.
            let front = usize::from(op == Op::Glob);
            parts.literals.extend(vec![0; front]);
            parts.literals.extend(&structured);
            let inst = Inst { a: LITERALS, b: (front + structured.len()) as u32, c: 1, ..Inst::plain(op) };
            parts.insts.splice(12..12, vec![inst; times]);
        };
        check("insts", "operand outside its section or malformed", &share);
    }
    check("tables", &overlap("tables"), &|parts, times| {
        parts.words.extend([0, NONE, 0, NONE].repeat(1 << 14));
        parts.tables.extend(vec![Table { start: WORDS, capacity: 1 << 14, len: 0, seed: 0 }; times]);
    });
    check("dfas", &overlap("automata"), &|parts, times| {
        let state_len = LONG / 2;
        parts.words.extend(vec![0; 256 + state_len as usize]);
        parts.words.extend(vec![NONE; state_len as usize]);
        parts.dfas.extend(vec![Dfa { start: WORDS, state_len, class_len: 1, start_state: 0 }; times]);
    });
    // A posting is looked at once, however many share it; different ones that overlap are each looked at.
    accepted(|parts| {
        let state_len = MANY as u32 * 10;
        parts.words.extend(vec![0; 256 + state_len as usize]);
        parts.words.extend(vec![WORDS + 256 + 2 * state_len; state_len as usize]);
        parts.words.push(LONG);
        parts.words.extend(vec![0; LONG as usize]);
        parts.dfas.push(Dfa { start: WORDS, state_len, class_len: 1, start_state: 0 });
    });
    refused("dfas", 1, &overlap("postings"), |parts| {
        let state_len = 20_000;
        let postings = WORDS + 256 + 2 * state_len;
        parts.words.extend(vec![0; 256 + state_len as usize]);
        parts.words.extend((0..state_len).map(|state| postings + state));
        // Every word is both the length of a posting and a slot that the one before names.
        let slots = 20_000;
        parts.slots.extend(vec![Slot { conj_start: 2, conj_len: 0, input_start: 2, input_len: 0 }; slots]);
        parts.words.extend(vec![slots as u32; 2 * slots + 1]);
        parts.dfas.push(Dfa { start: WORDS, state_len, class_len: 1, start_state: 0 });
    });
}

/// The edges of a node: few are compared one by one, many are searched, and both find each key and no other.
#[test]
fn every_child_is_found_and_no_other() {
    for len in 0..40u32 {
        let mut parts = Parts::new(Source::Raw, Dialect::EventBridge);
        parts.literals = (0..len).map(|key| b'0' + 2 * key as u8).collect();
        parts.nodes = vec![Node { edge_start: 0, edge_len: len, leaf: NONE, flags: 0 }];
        parts.nodes.extend(vec![Node { edge_start: len, edge_len: 0, leaf: NONE, flags: 1 << 16 }; len as usize]);
        parts.edges = (0..len).map(|key| Edge { key, key_len: 1, child: key + 1 }).collect();
        let program = parts.assemble().unwrap();
        let root = program.view().node(0);
        for byte in 0..=255u8 {
            let expected = parts.literals.iter().position(|&key| key == byte).map(|key| key as u32 + 1);
            assert_eq!(program.view().child(root, &[byte]), expected, "{byte} of {len}");
        }
        assert_eq!(program.view().child(root, b""), None);
        assert_eq!(program.view().child(root, b"00"), None);
    }
}

/// The hash is part of the format: a program that was stored must find its strings in every later release.
#[test]
fn hashes_of_strings_are_as_ever() {
    let texts = ["", "a", "abcdefg", "abcdefgh", "abcdefghi", "the quick brown fox jumps"];
    let hashes: Vec<[u32; 2]> =
        texts.iter().map(|text| [0, 7].map(|seed| string_hash(seed, text.as_bytes()))).collect();
    // Reckoned by another implementation, written from the text in `format`.
    let expected = [
        [2_667_606_473, 3_558_499_654],
        [845_028_026, 1_801_981_493],
        [4_233_519_618, 422_692_995],
        [786_246_651, 4_270_383_610],
        [2_649_810_832, 3_008_353_788],
        [1_090_801_911, 3_450_498_567],
    ];
    assert_eq!(hashes, expected);
}

/// Appends a table of the texts, by the rules in `format`, with a posting of slot `index % 2` for each. Returns the postings.
fn push_table(parts: &mut Parts, seed: u32, texts: &[String]) -> Vec<u32> {
    let capacity = (2 * texts.len()).next_power_of_two() as u32;
    let start = parts.words.len() as u32;
    let postings: Vec<u32> = (0..texts.len() as u32).map(|index| start + capacity * 4 + index * 2).collect();
    let mut entries = vec![[0, NONE, 0, NONE]; capacity as usize];
    for (text, &posting) in texts.iter().zip(&postings) {
        let hash = string_hash(seed, text.as_bytes());
        let mut at = hash as usize % entries.len();
        while entries[at][1] != NONE {
            at = (at + 1) % entries.len();
        }
        entries[at] = [hash, parts.literals.len() as u32, text.len() as u32, posting];
        parts.literals.extend_from_slice(text.as_bytes());
    }
    parts.words.extend(entries.concat());
    parts.words.extend((0..texts.len() as u32).flat_map(|index| [1, index % 2]));
    parts.tables.push(Table { start, capacity, len: texts.len() as u32, seed });
    postings
}

/// Half-full tables of many sizes and seeds, so that runs of entries meet, and wrap.
#[test]
fn every_member_of_a_table_is_found_and_nothing_else() {
    for len in 1..=16 {
        for seed in 0..8 {
            let texts: Vec<String> = (0..len).map(|index| "m".repeat(index) + "x").collect();
            let mut parts = parts();
            let postings = push_table(&mut parts, seed, &texts);
            let program = parts.assemble().unwrap();
            let table = program.view().table(1);
            for (text, posting) in texts.iter().zip(postings) {
                assert_eq!(
                    program.view().lookup(table, text.as_bytes()),
                    Some(posting),
                    "{text} of {len}, seed {seed}"
                );
                let other = text.replace('x', "y");
                assert_eq!(program.view().lookup(table, other.as_bytes()), None, "{other} of {len}, seed {seed}");
            }
        }
    }
}

/// Two texts of one hash are two texts.
#[test]
fn texts_of_one_hash_are_told_apart() {
    assert_eq!(string_hash(0, b"teffjpp"), string_hash(0, b"essnnmd"));
    let mut alone = parts();
    let posting = push_table(&mut alone, 0, &["teffjpp".to_owned()])[0];
    let program = alone.assemble().unwrap();
    let table = program.view().table(1);
    assert_eq!(program.view().lookup(table, b"teffjpp"), Some(posting));
    assert_eq!(program.view().lookup(table, b"essnnmd"), None);
    let mut both = parts();
    let postings = push_table(&mut both, 0, &["teffjpp".to_owned(), "essnnmd".to_owned()]);
    let program = both.assemble().unwrap();
    let table = program.view().table(1);
    assert_eq!(program.view().lookup(table, b"teffjpp"), Some(postings[0]));
    assert_eq!(program.view().lookup(table, b"essnnmd"), Some(postings[1]));
}

/// `ab` and `b`, and a state that can be left again.
#[test]
fn an_automaton_ends_where_its_words_say() {
    let mut parts = parts();
    let start = parts.words.len() as u32;
    parts.words.extend((0..=255u8).map(|byte| match byte {
        b'a' => 1,
        b'b' => 2,
        255 => 3,
        _ => 0,
    }));
    // Dead, start, after `a`, after `ab` (255 begins anew), after `b`.
    parts.words.extend([[0; 4], [0, 2, 4, 0], [0, 0, 3, 0], [0, 0, 0, 1], [0; 4]].concat());
    let postings = start + 256 + 20 + 5;
    parts.words.extend([NONE, NONE, NONE, postings, postings + 2, 1, 0, 1, 1]);
    parts.dfas.push(Dfa { start, state_len: 5, class_len: 4, start_state: 1 });
    let program = parts.assemble().unwrap();
    let dfa = program.view().dfa(1);
    let texts: [(&[u8], u32); 9] = [
        (b"ab", postings),
        (b"b", postings + 2),
        (b"ab\xffb", postings + 2),
        (b"ab\xffab", postings),
        (b"", NONE),
        (b"a", NONE),
        (b"abb", NONE),
        (b"x", NONE),
        (b"xb", NONE),
    ];
    for (text, posting) in texts {
        assert_eq!(program.view().run(dfa, text), posting, "{}", text.escape_ascii());
    }
}

#[test]
fn listings_say_how_much_they_leave_out() {
    for (len, more) in [(12, None), (13, Some("and 1 more")), (20, Some("and 8 more"))] {
        let mut parts = parts();
        push_table(&mut parts, 0, &(0..len).map(|index| format!("member{index:02}")).collect::<Vec<_>>());
        parts.insts[8].a = 1;
        let listing = parts.assemble().unwrap().disasm();
        assert!(listing.contains("member11") && !listing.contains("member12"), "{listing}");
        match more {
            Some(more) => assert!(listing.contains(more), "{listing}"),
            None => assert!(!listing.contains(" more"), "{listing}"),
        }
    }
}

/// The compiler writes no glob of nothing but a star; a program may have one.
#[test]
fn a_glob_is_listed_as_it_would_be_written() {
    for (leading, trailing, pieces, shown) in [
        (true, true, [].as_slice(), "*"),
        (true, false, &[], "*"),
        (false, true, &[], "*"),
        (true, true, &["go"], "*\"go\"*"),
        (false, true, &["go", "up"], "\"go\"*\"up\"*"),
        (false, false, &["go"], "\"go\""),
    ] {
        let mut parts = parts();
        let before = parts.literals.len() as u32;
        glob::push(&mut parts.literals, leading, trailing, pieces.iter().map(|piece| piece.as_bytes()));
        (parts.insts[7].a, parts.insts[7].b) = (before, parts.literals.len() as u32 - before);
        let listing = parts.assemble().unwrap().disasm();
        let line = listing.lines().find_map(|line| line.split_once(" glob ")).expect("the instruction is listed");
        assert_eq!(line.1.trim_start(), format!("{shown} slot 1"));
    }
}

#[test]
fn a_program_is_shown_by_its_size_and_header() {
    let program = parts().assemble().unwrap();
    let shown = format!("{program:?}");
    for part in ["Program", "bytes_len", "Raw", "EventBridge", "filter_len: 2"] {
        assert!(shown.contains(part), "{shown}");
    }
}
