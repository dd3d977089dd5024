//! Criteria in all their forms, and what is said about bad ones.

use crate::{Files, run, run_with};

const RECORDS: &str = "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n";

#[test]
fn criteria_come_in_many_forms() {
    let files = Files::new();
    for (index, criteria) in [
        r#"{"Filters":[{"Pattern":"{\"a\":[1]}"},{"Pattern":"{\"a\":[3]}"}]}"#,
        r#"{"Filters":[{"Pattern":{"a":[1]}},{"Pattern":{"a":[3]}}]}"#,
        r#"[{"a":[1]},"{\"a\":[3]}"]"#,
        r#"{"a":[1,3]}"#,
        "\u{feff}{\"a\":[1,3]}\r\n",
    ]
    .iter()
    .enumerate()
    {
        let file = files.write(&format!("{index}.json"), criteria);
        run_with(RECORDS, &["filter", "--criteria", &file]).gives(0, "{\"a\":1}\n{\"a\":3}\n").silently();
    }
    run_with(RECORDS, &["filter", "--pattern", r#"{"a":[1]}"#, "--pattern", r#"{"a":[3]}"#])
        .gives(0, "{\"a\":1}\n{\"a\":3}\n")
        .silently();
}

#[test]
fn criteria_may_come_from_stdin_if_records_do_not() {
    let files = Files::new();
    let records = files.write("records", RECORDS);
    run_with(r#"{"a":[2]}"#, &["filter", "--criteria", "-", &records]).gives(0, "{\"a\":2}\n").silently();
    run_with(r#"{"a":[2]}"#, &["filter", "--criteria", "-"])
        .gives(2, "")
        .saying("eventsieve: stdin cannot hold the criteria and the records\n");
}

#[test]
fn every_error_is_drawn() {
    let files = Files::new();
    let file = files.write(
        "bad.json",
        "{\"Filters\":[\n{\"Pattern\":{\"a\":[{\"begins-with\":\"x\"}]}},\n{\"Pattern\":{\"b\":{}}}]}",
    );
    let run = run_with(RECORDS, &["filter", "--criteria", &file]);
    run.gives(2, "");
    for part in [
        "filter 0: unknown operator \"begins-with\"",
        "    {\"a\":[{\"begins-with\":\"x\"}]}\n           ^^^^^^^^^^^^^ byte 7",
        "bad.json:2:",
        "filter 1: ",
        "bad.json:3:",
        &format!("eventsieve: 2 errors in {file}\n"),
    ] {
        assert!(run.stderr.contains(part), "{part}\n{run:#?}");
    }
}

#[test]
fn color_is_only_used_where_it_is_wanted() {
    let bad = ["filter", "--pattern", "{}"];
    assert!(!run(&bad).stderr.contains('\x1b'));
    assert!(run(&[&bad[..], &["--color", "always"]].concat()).stderr.contains("\x1b[1;31mfilter 0"));
    assert!(!run(&[&bad[..], &["--color=never"]].concat()).stderr.contains('\x1b'));
}

#[test]
fn warnings_are_said_once_and_are_errors_when_strict() {
    let wildcard = ["filter", "--dialect", "lambda", "--pattern", r#"{"a":[{"wildcard":"x*"}]}"#];
    let run = run_with("{\"a\":\"xy\"}\n", &wildcard);
    run.gives(0, "{\"a\":\"xy\"}\n");
    assert_eq!(run.stderr.matches("warning: filter 0: ").count(), 1, "{run:#?}");
    let strict = run_with("{\"a\":\"xy\"}\n", &[&wildcard[..], &["--strict"]].concat());
    strict.gives(2, "");
    assert!(strict.stderr.contains("eventsieve: 1 error in the pattern"), "{strict:#?}");
}

#[test]
fn dialects_and_limits_are_respected() {
    let complex = r#"{"a":[{"wildcard":"*:*:*:*:*:event-bus/*"}]}"#;
    let record = "{\"a\":\"1:2:3:4:5:event-bus/x\"}\n";
    assert_eq!(run_with(record, &["filter", "--pattern", complex]).status, 2);
    run_with(record, &["filter", "--pattern", complex, "--complexity-limit", "off"]).gives(0, record).silently();
    run_with(record, &["filter", "--pattern", complex, "--complexity-limit", "11"]).gives(0, record);
    assert_eq!(run_with(record, &["filter", "--pattern", complex, "--complexity-limit", "many"]).status, 2);
    let pipes = run_with("{}", &["filter", "--dialect", "pipes", "--pattern", r#"{"a":[{"wildcard":"*"}]}"#]);
    assert_eq!(pipes.status, 2, "{pipes:#?}");
}

#[test]
fn bad_usage_is_trouble() {
    for args in [
        &["filter"][..],
        &["filter", "--pattern", "{}", "--criteria", "x"],
        &["filter", "--criteria", "no/such/file.json"],
        &["filter", "--pattern", r#"{"a":[1]}"#, "--threads", "0"],
        &["filter", "--pattern", r#"{"a":[1]}"#, "--source", "carrier-pigeon"],
        &["filter", "--pattern", r#"{"a":[1]}"#, "--dialect", "latin"],
        &["filter", "--pattern", r#"{"a":[1]}"#, "--no-such-flag"],
        &["sift"],
        &["test"],
        &["compile", "--pattern", r#"{"a":[1]}"#],
        &[],
    ] {
        let run = run(args);
        run.gives(2, "");
        assert!(!run.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn criteria_that_are_no_text_are_refused() {
    let files = Files::new();
    let file = files.write("latin1.json", b"{\"a\":[\"caf\xe9\"]}");
    run(&["filter", "--criteria", &file]).gives(2, "").saying(&format!("eventsieve: {file}: not UTF-8 at byte 10\n"));
}

#[test]
fn every_bound_can_be_set_and_says_what_it_met() {
    let or = |n: usize| format!(r#""$or":[{{"a":["{n}"]}},{{"b":["{n}"]}},{{"c":["{n}"]}}]"#);
    let ors = format!("{{{}}}", (0..6).map(or).collect::<Vec<_>>().join(","));
    let criteria: [(&str, &str, &str); 11] = [
        ("filters=0", r#"{"a":[1]}"#, "1 filter"),
        ("pattern-chars=8", r#"{"a":[1]}"#, "the limit is 8"),
        ("wildcard-complexity=2", r#"{"a":[{"wildcard":"*ab*ab*ab*"}]}"#, "complexity"),
        ("or-alternatives=20", &ors, "more than 20 alternatives, at fields `a`"),
        ("paths=1", r#"{"a":[1],"b":[1]}"#, "2 different fields in one alternative; the limit is 1"),
        ("path-segments=2", r#"{"a":{"b.c":[1]}}"#, "a path of the pattern has 3 segments"),
        ("depth=2", r#"{"a":{"b":[1]}}"#, "nested 3 deep; the limit is 2"),
        ("number-digits=2", r#"{"a":[123]}"#, "a number of 3 digits; the limit is 2"),
        ("key-chars=2", r#"{"abc":[1]}"#, "a key of 3 characters; the limit is 2"),
        ("program-bytes=300", r#"{"a":[1]}"#, "; the limit is 300"),
        ("record-bytes=3", r#"{"a":[1]}"#, "--limit record-bytes: no records are read here"),
    ];
    for (limit, pattern, said) in criteria {
        let refused = run(&["disasm", "--limit", limit, "--pattern", pattern]);
        refused.gives(2, "");
        assert!(refused.stderr.contains(said), "{limit}: {refused:#?}");
    }
    let pattern = r#"{"a":[1]}"#;
    for (limit, record, said) in [
        ("record-bytes=6", r#"{"a":1}"#, "<stdin>:1:7: the record has more than 6 bytes"),
        ("record-depth=1", r#"{"a":[1]}"#, "nested deeper than 1 levels"),
        ("record-number-digits=2", r#"{"a":1,"b":123}"#, "number has more than 2 digits"),
        ("record-key-chars=1", r#"{"a":1,"bc":1}"#, "key has more than 1 UTF-16 code units"),
    ] {
        let record = format!("{record}\n");
        run_with(&record, &["filter", "--pattern", pattern]).gives(0, &record).silently();
        let dropped = run_with(&record, &["filter", "--limit", limit, "--pattern", pattern]);
        dropped.gives(1, "");
        assert!(dropped.stderr.contains(said), "{limit}: {dropped:#?}");
    }
    for (limit, said) in [
        ("paths", "write NAME=N"),
        ("paths=off", "cannot be off"),
        ("depht=3", "there is no limit with the name depht; there are filters,"),
    ] {
        let refused = run(&["filter", "--limit", limit, "--pattern", pattern]);
        refused.gives(2, "");
        assert!(refused.stderr.contains(said), "{limit}: {refused:#?}");
    }
}
