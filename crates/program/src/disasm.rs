//! A program as a listing people read; golden tests are written in it.

use std::fmt::Write as _;

use crate::format::*;
use crate::glob::Glob;
use crate::inst::{GOTO, HIGH_OPEN, Inst, LOW_OPEN, Op, Operand, V6};
use crate::literals::{self, Literals, NoLiterals};
use crate::program::View;
use crate::{Program, Source, fold};

/// Texts longer than this many bytes are cut in listings.
const TEXT_BYTES: usize = 60;
/// Paths are cut after this many characters.
const PATH_CHARS: usize = 1000;
/// Members of a string table beyond this many are only counted.
const MEMBERS: usize = 12;

/// The listing: header, paths with their code, how slots make filters, then the literals of the prefilter.
pub fn disasm(program: &Program<'_>) -> String {
    let view = program.view();
    let mut out = String::new();
    let _ = writeln!(
        out,
        "program  source {}  dialect {}  filters {}  bytes {}",
        program.source(),
        program.dialect(),
        program.filter_len(),
        program.as_bytes().len()
    );
    if program.passes_all() {
        out.push_str("passes every valid record\n");
    }
    let paths = paths(&view);
    for index in 0..view.leaf_len() {
        let leaf = view.leaf(index);
        let _ = writeln!(out, "\nleaf {index}  {}", paths[leaf.node as usize]);
        code(&view, leaf.pc, &mut out);
    }
    let scoped: Vec<&str> = (0..view.node_len())
        .filter(|&node| view.node(node).is_scoped())
        .map(|node| paths[node as usize].as_str())
        .collect();
    if !scoped.is_empty() {
        let _ = writeln!(out, "\nscopes at  {}", scoped.join("  "));
    }
    resolve(&view, &mut out);
    prefilter(program, &mut out);
    out
}

fn paths(view: &View<'_>) -> Vec<String> {
    let mut paths = vec![String::from("."); view.node_len() as usize];
    for index in 0..view.node_len() {
        let node = view.node(index);
        for at in node.edge_start..node.edge_start + node.edge_len {
            let edge = view.edge(at);
            let key = String::from_utf8_lossy(view.key(edge)).into_owned();
            let before = &paths[index as usize];
            let path = if index == 0 { key } else { format!("{before}.{key}") };
            // A hostile program could make paths that are long as the square of its size.
            paths[edge.child as usize] = path.chars().take(PATH_CHARS).collect();
        }
    }
    paths
}

fn code(view: &View<'_>, start: u32, out: &mut String) {
    let mut pc = start;
    while pc < view.inst_len() {
        let inst = view.inst(pc);
        let _ = write!(out, "  {pc:04}  ");
        line(view, inst, out);
        out.push('\n');
        if inst.op == Op::End {
            break;
        }
        pc += 1;
    }
}

fn line(view: &View<'_>, inst: Inst, out: &mut String) {
    let Inst { op, x, a, b, c } = inst;
    let _ = write!(out, "{:<14}", op.mnemonic());
    for (operand, value) in op.operands().into_iter().zip([a, b, c]) {
        match operand {
            Operand::Zero | Operand::Len => {}
            Operand::Pc => {
                let _ = write!(out, " -> {value:04}");
            }
            Operand::Slot => {
                let _ = write!(out, " slot {value}");
            }
            Operand::Outcome if x & GOTO != 0 => {
                let _ = write!(out, " -> {value:04}");
            }
            Operand::Outcome => {
                let _ = write!(out, " slot {value}");
            }
            Operand::Literal => {
                let _ = write!(out, " {}", text(view.literal(value, b)));
            }
            Operand::F64 => {
                let _ = write!(out, " {}", view.f64_at(value));
            }
            Operand::F64Pair => {
                let _ = write!(
                    out,
                    " {}{:?}, {:?}{}",
                    if x & LOW_OPEN != 0 { '(' } else { '[' },
                    view.f64_at(value),
                    view.f64_at(value + 8),
                    if x & HIGH_OPEN != 0 { ')' } else { ']' }
                );
            }
            Operand::U128Pair => addresses(view.u128_at(value), view.u128_at(value + 16), x & V6 != 0, out),
            Operand::FoldLiteral => {
                let first: Vec<u8> = fold::units(view.literal(value, b)).flat_map(|unit| unit.first).copied().collect();
                let _ = write!(out, " {}", text(&first));
            }
            Operand::GlobLiteral => {
                if let Some(glob) = Glob::parse(view.literal(value, b)) {
                    globbed(glob, out);
                }
            }
            Operand::Table => {
                let table = view.table(value);
                let _ = write!(out, " table {value} of {}", table.len);
                members(view, table, op == Op::Lookup, out);
            }
            Operand::Dfa => {
                let dfa = view.dfa(value);
                let _ = write!(out, " dfa {value}, {} states, {} classes", dfa.state_len, dfa.class_len);
            }
        }
    }
    while out.ends_with(' ') {
        out.pop();
    }
}

fn addresses(low: u128, high: u128, v6: bool, out: &mut String) {
    let show = |bits: u128| -> String {
        if v6 { std::net::Ipv6Addr::from(bits).to_string() } else { std::net::Ipv4Addr::from(bits as u32).to_string() }
    };
    let _ = if low == high { write!(out, " {}", show(low)) } else { write!(out, " {} - {}", show(low), show(high)) };
}

fn globbed(glob: Glob<'_>, out: &mut String) {
    out.push_str(if glob.leading { " *" } else { " " });
    for (index, piece) in glob.pieces().enumerate() {
        if index > 0 {
            out.push('*');
        }
        out.push_str(&text(piece));
    }
    if glob.trailing && (glob.pieces().next().is_some() || !glob.leading) {
        out.push('*');
    }
}

fn members(view: &View<'_>, table: Table, with_slots: bool, out: &mut String) {
    let mut rows: Vec<(&[u8], u32)> = (0..table.capacity)
        .map(|at| table.start + at * 4)
        .filter(|&entry| view.word(entry + 1) != NONE)
        .map(|entry| (view.literal(view.word(entry + 1), view.word(entry + 2)), view.word(entry + 3)))
        .collect();
    rows.sort_unstable();
    for (member, posting) in rows.iter().take(MEMBERS) {
        let _ = write!(out, "\n          {}", text(member));
        if with_slots {
            let slots: Vec<String> = view.posting(*posting).map(|slot| slot.to_string()).collect();
            let _ = write!(out, " slot {}", slots.join(" "));
        }
    }
    if rows.len() > MEMBERS {
        let _ = write!(out, "\n          and {} more", rows.len() - MEMBERS);
    }
}

fn text(bytes: &[u8]) -> String {
    let cut = &bytes[..bytes.len().min(TEXT_BYTES)];
    let dots = if cut.len() < bytes.len() { "…" } else { "" };
    format!("{:?}{dots}", String::from_utf8_lossy(cut))
}

fn resolve(view: &View<'_>, out: &mut String) {
    let mut lines = Vec::new();
    let anchored = |conj: Conj, anchor: Option<u32>, out: &mut Vec<(u32, String)>| {
        let mut parts: Vec<String> = anchor.iter().map(|slot| format!("slot {slot}")).collect();
        let absent_start = conj.item_start + conj.slot_len();
        parts.extend((conj.item_start..absent_start).map(|at| format!("slot {}", view.item(at))));
        parts.extend((absent_start..absent_start + conj.absent_len()).map(|at| format!("no leaf {}", view.item(at))));
        out.push((conj.filter, format!("filter {} <- {}{}", conj.filter, parts.join(" & "), when(conj.when as u8))));
    };
    for slot in 0..view.slot_len() {
        let entry = view.slot(slot);
        for at in entry.conj_start..entry.conj_start + entry.conj_len {
            anchored(view.conj(at), Some(slot), &mut lines);
        }
    }
    for at in view.free_conjs() {
        anchored(view.conj(at), None, &mut lines);
    }
    for index in 0..view.gate_len() {
        let gate = view.gate(index);
        if gate.parent == NONE {
            lines.push((gate.filter, format!("filter {} <- gate {index}{}", gate.filter, when(gate.when()))));
        }
    }
    lines.sort();
    if !lines.is_empty() {
        out.push('\n');
    }
    for (_, line) in lines {
        let _ = writeln!(out, "{line}");
    }
    let mut inputs_of: Vec<Vec<(u32, String)>> = vec![Vec::new(); view.gate_len() as usize];
    for slot in 0..view.slot_len() {
        let entry = view.slot(slot);
        for at in entry.input_start..entry.input_start + entry.input_len {
            let input = view.input(at);
            let guard = if input.guard == NONE { String::new() } else { format!(" (guard gate {})", input.guard) };
            inputs_of[input.gate as usize].push((input.bit(), format!("slot {slot}{guard}")));
        }
    }
    for index in 0..view.gate_len() {
        let gate = view.gate(index);
        if gate.parent != NONE {
            inputs_of[gate.parent as usize].push((gate.parent_bit(), format!("gate {index}")));
        }
    }
    for (index, mut inputs) in inputs_of.into_iter().enumerate() {
        let gate = view.gate(index as u32);
        inputs.extend((0..gate.absent_len).map(|at| {
            let at = gate.absent_start + at * 2;
            (view.item(at + 1), format!("no leaf {}", view.item(at)))
        }));
        inputs.sort();
        let mut groups: Vec<String> = Vec::new();
        let mut last = None;
        for (bit, input) in inputs {
            if last == Some(bit) {
                let group = groups.last_mut().expect("a bit was seen before");
                *group = format!("{group} | {input}");
            } else {
                groups.push(input);
            }
            last = Some(bit);
        }
        let parts: Vec<String> =
            groups.into_iter().map(|group| if group.contains('|') { format!("({group})") } else { group }).collect();
        let _ = writeln!(out, "gate {index} at depth {} <- {}", gate.depth(), parts.join(" & "));
    }
}

fn prefilter(program: &Program<'_>, out: &mut String) {
    let coded = literals::coded_keys(program.source());
    let literals = Literals::of(&program.view(), coded);
    out.push('\n');
    one_prefilter("prefilter", literals.record(), out);
    // Records of other sources are not what a filter sees.
    if literals.record().is_err() && program.source() == Source::Raw {
        needed_members(&program.view(), out);
    }
    if !coded.is_empty() {
        // What is in base64 is searched as it lies if each literal is long enough to be told there, and decoded first if not.
        one_prefilter("prefilter of payloads, in base64 or decoded", literals.decoded(), out);
    }
}

fn one_prefilter(title: &str, literals: Result<&[Vec<u8>], &NoLiterals>, out: &mut String) {
    match literals {
        Err(none) => {
            let _ = writeln!(out, "{title}  none: {none}");
        }
        Ok([]) => {
            let _ = writeln!(out, "{title}  no record can match");
        }
        Ok(literals) => {
            let _ = writeln!(out, "{title}  a match holds one of");
            for literal in literals {
                let _ = writeln!(out, "  {}", text(literal));
            }
        }
    }
}

/// What may be searched for where there are no literals.
fn needed_members(view: &View<'_>, out: &mut String) {
    let Some(members) = literals::members(view).filter(|members| !members.is_empty()) else { return };
    let _ = writeln!(
        out,
        "  but a match holds one of these values; if they are few and have plain keys, they are searched for"
    );
    let paths = paths(view);
    for member in members {
        let path = &paths[view.leaf(member.leaf).node as usize];
        let _ = match member.slot {
            Some(slot) => writeln!(out, "  {path}  passes slot {slot}"),
            None => writeln!(out, "  {path}  passes any slot"),
        };
    }
}

fn when(mask: u8) -> String {
    if mask & WHEN_ANY == WHEN_ANY {
        return String::new();
    }
    let names: Vec<&str> = [(WHEN_JSON, "json"), (WHEN_PLAIN, "plain"), (WHEN_BROKEN, "broken")]
        .into_iter()
        .filter(|(bit, _)| mask & bit != 0)
        .map(|(_, name)| name)
        .collect();
    format!("  when payload is {}", names.join(" or "))
}
