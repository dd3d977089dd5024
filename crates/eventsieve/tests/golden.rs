//! Listings of small criteria, to be read: what the compiler makes of what an author writes.
//!
//! `BLESS=1 cargo test -p eventsieve --test golden` rewrites `tests/golden/`; review the difference like code.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use eventsieve::{Dialect, FilterCriteria, Limits, Program, Sieve, Source};
use eventsieve_program::inst::{GOTO, Op, Operand};

/// A name, what the listing is there to show, the source, and one pattern a line.
const SAMPLES: &[(&str, &str, Source, &str)] = &[
    (
        "literals",
        "every literal has an instruction of its own; filters with equal tests share a slot",
        Source::Raw,
        r#"{"state":["run","stop",null,true,false],"id":["a"]}
           {"id":["a"],"zone":["b"]}"#,
    ),
    (
        "strings",
        "up to five byte-wise tests of a path stay single instructions",
        Source::Raw,
        r#"{"a":[{"prefix":"eu-"},{"suffix":".png"},{"wildcard":"*/log-*.txt"},{"wildcard":"a\\**"}]}
           {"b":[{"equals-ignore-case":"Straße"},{"prefix":{"equals-ignore-case":"É"}},{"suffix":{"equals-ignore-case":"k"}}]}"#,
    ),
    (
        "lookup",
        "from five exact strings on, all filters' strings of a path are one table",
        Source::Raw,
        r#"{"type":["created","paid","sent"]}
           {"type":["returned","lost","sent"]}"#,
    ),
    (
        "long-lookup",
        "a listing counts the members of a large table, and cuts long ones",
        Source::Raw,
        r#"{"k":["01","02","03","04","05","06","07","08","09","10","11","12","13","00 a member so long that nobody would read it to its end in a listing"]}"#,
    ),
    (
        "scan",
        "from six byte-wise tests on, all filters' tests of a path are one automaton",
        Source::Raw,
        r#"{"path":[{"prefix":"/api/"},{"suffix":".json"},{"wildcard":"*/v2/*"}]}
           {"path":[{"equals-ignore-case":"/INDEX"},{"prefix":{"equals-ignore-case":"/a"}},{"suffix":{"equals-ignore-case":"z"}}],"n":[1]}"#,
    ),
    (
        "numbers",
        "equality, ranges with open and closed ends, and what cannot be compared, by its spelling",
        Source::Raw,
        r#"{"n":[1,-0.5e3,12345678901,1e400,0.1234567890123456789]}
           {"n":[{"numeric":[">",0,"<=",5]},{"numeric":["<",-1.5]},{"numeric":[">=",100]},{"numeric":["=",7]}]}"#,
    ),
    (
        "addresses",
        "blocks of addresses become ranges",
        Source::Raw,
        r#"{"ip":[{"cidr":"10.0.0.0/8"},{"cidr":"192.0.2.7/31"},{"cidr":"2001:db8::/32"}]}"#,
    ),
    (
        "anything-but",
        "each exception jumps over the `always` behind it; five strings become a table without slots",
        Source::Raw,
        r#"{"a":[{"anything-but":"x"}],"b":[{"anything-but":[1,2.5]}],"c":[{"anything-but":["1","2","3","4","5"]}]}
           {"a":[{"anything-but":{"prefix":"p"}}],"b":[{"anything-but":{"suffix":["s","t"]}}]}
           {"a":[{"anything-but":{"equals-ignore-case":["k"]}}],"b":[{"anything-but":{"wildcard":"*w*"}}],"c":[{"exists":true}]}"#,
    ),
    (
        "quotes",
        "a prefix that ends in a quote, a suffix that begins with one: the reference sees the quotes around a value",
        Source::Raw,
        r#"{"a":[{"prefix":"x\""},{"suffix":"\"y"}],"b":[{"prefix":{"equals-ignore-case":"Z\""}}]}"#,
    ),
    (
        "conjunction",
        "fields that share no key need no scope: a list of slots, looked at when the narrowest is satisfied",
        Source::Raw,
        r#"{"source":["aws.ec2"],"detail":{"state":[{"anything-but":"running"}]},"time":[{"exists":false}]}
           {"source":["aws.ec2"],"region":[{"prefix":"eu-"}]}"#,
    ),
    (
        "scopes",
        "fields below one key must hold in one element of every array there",
        Source::Raw,
        r#"{"items":{"sku":["a"],"size":{"w":[1],"h":[2]}},"id":["x"]}"#,
    ),
    (
        "guard",
        "a value at a key and fields below it: inside an array they must come from one element",
        Source::Raw,
        r#"{"a":["x"],"a.b":["y"],"a.c":["z"]}"#,
    ),
    (
        "or",
        "`$or`s are ways to set a bit of a gate, so that three of them are not eight alternatives",
        Source::Raw,
        r#"{"$or":[{"a":[1]},{"b":[2]}],"k":["k"],"d":{"$or":[{"e":[3]},{"f":[4],"g":[{"exists":false}]}]}}
           {"$or":[{"a":[1]},{"x":[{"exists":false}]}],"d":{"e":[3]}}"#,
    ),
    (
        "absences",
        "where an absence is judged depends on what sorts before it; alone, it is asked of every record",
        Source::Raw,
        r#"{"l":{"a":["x"],"b":[{"exists":false}]}}
           {"l":{"a":[{"exists":false}],"b":["y"]}}
           {"gone":[{"exists":false}]}
           {"$or":[{"gone":[{"exists":false}]},{"also":{"gone":[{"exists":false}]}}],"and":[{"exists":false}]}"#,
    ),
    (
        "paths",
        "keys with dots are nested keys, in whatever script; the last of a repeated field counts",
        Source::Raw,
        r#"{"a.b":["x"],"a":{"c":{"d.e":["y"]}},"größe":["xl"],"\ud83d":["half"],"a.c.d.e":["z"]}"#,
    ),
    ("no-filters", "criteria without filters pass every valid record", Source::Raw, ""),
    (
        "sqs",
        "the body decides in which format it counts: JSON, plain text, or either where no filter looks at it",
        Source::Sqs,
        r#"{"body":{"temp":[{"numeric":[">",30]}]}}
           {"body":["hello"]}
           {"attributes":{"SenderId":["me"]}}"#,
    ),
];

fn patterns(sample: &str) -> impl Iterator<Item = &str> {
    sample.lines().map(str::trim).filter(|line| !line.is_empty())
}

fn program(source: Source, sample: &str) -> Program<'static> {
    let criteria = FilterCriteria::from_patterns(patterns(sample));
    let builder = Sieve::builder(source).dialect(Dialect::EventBridge).limits(Limits::none());
    builder.compile(&criteria).unwrap_or_else(|errors| panic!("{}", errors.render(None))).program().clone()
}

#[test]
fn listings_are_as_reviewed() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut stale = Vec::new();
    for (name, shows, source, sample) in SAMPLES {
        let mut text = format!("{shows}\n\n");
        for (filter, pattern) in patterns(sample).enumerate() {
            let _ = writeln!(text, "filter {filter}  {pattern}");
        }
        let _ = write!(text, "\n{}", program(*source, sample).disasm());
        let path = folder.join(name).with_extension("txt");
        if std::env::var_os("BLESS").is_some() {
            fs::create_dir_all(&folder).and_then(|()| fs::write(&path, &text)).expect("the golden file can be written");
        }
        let golden = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
        if golden != text {
            let differs = text.lines().zip(golden.lines().chain(std::iter::repeat(""))).find(|(now, then)| now != then);
            let (now, then) = differs.unwrap_or(("(the end)", "(more)"));
            stale.push(format!("{name}\n    reviewed  {then}\n    now       {now}"));
        }
    }
    assert!(stale.is_empty(), "listings changed; BLESS=1 rewrites tests/golden\n{}", stale.join("\n"));
}

#[test]
fn every_golden_file_has_its_sample() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    for entry in fs::read_dir(folder).expect("the golden files are there") {
        let path = entry.expect("the folder can be read").path();
        let known = SAMPLES.iter().any(|(name, ..)| path.file_stem().is_some_and(|stem| stem == *name));
        assert!(known, "{} belongs to no sample", path.display());
    }
}

/// The listings show all there is: each instruction, each way it can end, and each part of a program.
#[test]
fn listings_show_every_instruction() {
    let mut seen = std::collections::HashSet::new();
    let mut listings = String::new();
    let mut parts = [0; 9];
    for (_, _, source, sample) in SAMPLES {
        let program = program(*source, sample);
        let view = program.view();
        seen.extend((0..view.inst_len()).map(|pc| (view.inst(pc).op, view.inst(pc).x & GOTO != 0)));
        listings.push_str(&program.disasm());
        let guards = (0..view.input_len()).filter(|&input| view.input(input).guard != u32::MAX).count();
        let scopes = (0..view.node_len()).filter(|&node| view.node(node).is_scoped()).count();
        let absent = (0..view.gate_len()).filter(|&gate| view.gate(gate).absent_len > 0).count();
        let found = [
            view.conj_len() as usize,
            view.free_conjs().count(),
            view.gate_len() as usize,
            view.free_gates().count(),
            view.table_len() as usize,
            view.dfa_len() as usize,
            guards,
            scopes,
            absent,
        ];
        parts.iter_mut().zip(found).for_each(|(sum, found)| *sum += found);
    }
    for &op in Op::ALL {
        assert!(seen.iter().any(|&(found, _)| found == op), "no listing has the instruction {op:?}");
        assert!(listings.contains(&format!("  {}", op.mnemonic())), "{} is not printed", op.mnemonic());
        if op.operands()[2] == Operand::Outcome && op != Op::Member {
            assert!(seen.contains(&(op, false)) || op == Op::Always, "{op:?} satisfies no slot");
        }
    }
    assert!(seen.contains(&(Op::Glob, true)) && seen.contains(&(Op::Number, true)), "no exception is an instruction");
    assert!(parts.iter().all(|&count| count > 0), "no listing has one of the parts of a program: {parts:?}");
}
