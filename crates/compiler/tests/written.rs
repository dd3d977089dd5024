//! What is written into programs, where verdicts on ordinary records would hardly tell: string tables of any size, and which
//! empty keys of an event are walked.

use eventsieve_compiler::{FilterCriteria, Limits, Options, compile};
use eventsieve_program::format::NODE_EMPTY_KEY;
use eventsieve_program::{Dialect, Program, Source};

fn program(patterns: &[&str]) -> Program<'static> {
    let mut options = Options { dialect: Dialect::EventBridge, ..Options::new(Source::Raw) };
    options.limits = Limits::none();
    compile(&FilterCriteria::from_patterns(patterns.iter().copied()), &options).expect("the patterns are valid").program
}

#[test]
fn tables_hold_their_members_and_nothing_else() {
    for len in (5..80).chain([127, 128, 129, 1_000, 5_000]) {
        let members: Vec<String> = (0..len).map(|member| format!("member {member}")).collect();
        let listed: Vec<String> = members.iter().map(|member| format!("\"{member}\"")).collect();
        let program = program(&[&format!("{{\"a\":[{}]}}", listed.join(","))]);
        let view = program.view();
        assert_eq!(view.table_len(), 1, "{len}");
        let table = view.table(0);
        assert_eq!(table.len, len);
        assert!(table.capacity >= 2 * len && table.capacity < 4 * len, "{len}: {table:?}");
        for member in &members {
            assert!(view.lookup(table, member.as_bytes()).is_some(), "{member} of {len}");
            let other = member.replace("member", "others");
            assert_eq!(view.lookup(table, other.as_bytes()), None, "{other} of {len}");
        }
        // Few steps lead to each: the rows lie near where their hashes point, or another seed would have been chosen.
        let longest = (0..table.capacity).fold((0, 0), |(longest, run), at| {
            let run = if view.word(table.start + at * 4 + 1) == u32::MAX { 0 } else { run + 1 };
            (longest.max(run), run)
        });
        assert!(longest.0 < 256, "{len}: a run of {}", longest.0);
    }
}

/// The reference walks an empty key of an event only if a path that it looks for has an empty segment, and it does not look for
/// empty segments at the end of a path, nor for paths of several segments that are all empty. A path is its keys with dots
/// between, and no dot comes after nothing: an empty key at the beginning is lost.
#[test]
fn empty_keys_are_walked_where_the_reference_walks_them() {
    for (pattern, walked) in [
        (r#"{"a":["x"]}"#, 0),
        (r#"{"":["x"]}"#, 1),
        (r#"{"":{"":["x"]}}"#, 1),
        (r#"{"":{"a":["x"]}}"#, 0),
        (r#"{".":["x"]}"#, 0),
        (r#"{"..":["x"]}"#, 0),
        (r#"{".a":["x"]}"#, 1),
        (r#"{"..a":["x"]}"#, 2),
        (r#"{"a":{"":["x"]}}"#, 0),
        (r#"{"a":{"":{"":["x"]}}}"#, 0),
        (r#"{"a":{"":{"b":["x"]}}}"#, 1),
        (r#"{"a..b":["x"]}"#, 1),
        (r#"{".a.":["x"]}"#, 2),
        // One such path makes all empty keys of its filter walked.
        (r#"{"a":{"":["x"]},"":["y"]}"#, 2),
        (r#"{"a":{"":["x"]},"b":["y"]}"#, 0),
        (r#"{"":["x"],"b":["y"]}"#, 1),
    ] {
        let program = program(&[pattern]);
        let view = program.view();
        let found = (0..view.node_len()).filter(|&node| view.node(node).flags & NODE_EMPTY_KEY != 0).count();
        assert_eq!(found, walked, "{pattern}\n{}", program.disasm());
    }
}
