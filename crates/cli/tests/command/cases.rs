//! `test` on case files that pass, fail, and are none.

use crate::{Files, run, run_with};

const GOOD: &str = r#"// Numbers.
{"name":"by value","pattern":{"a":[300]},"event":{"a":3e2},"expect":"match"}

{"name":"refused","pattern":"{}","expect":"invalid-pattern","aws_message":"Event pattern is not valid. Reason: Empty objects are not allowed"}
{"name":"cut short","pattern":{"a":[1]},"event":"{\"a\":1","expect":"invalid-event","aws_message":"Parameter Event is not valid."}
"#;

#[test]
fn passing_cases_are_counted() {
    let files = Files::new();
    let file = files.write("good.ndjson", GOOD);
    run(&["test", &file]).gives(0, &format!("{file}: 3 passed, 0 failed\n3 passed, 0 failed\n")).silently();
    run_with(GOOD, &["test", "-"]).gives(0, "<stdin>: 3 passed, 0 failed\n3 passed, 0 failed\n").silently();
}

#[test]
fn every_wrong_expectation_fails() {
    let files = Files::new();
    let file = files.write(
        "bad.ndjson",
        r#"{"name":"verdict","pattern":{"a":[1]},"event":{"a":1},"expect":"no-match"}
{"name":"pattern","pattern":{"a":1},"event":{"a":1},"expect":"match"}
{"name":"event","pattern":{"a":[1]},"event":"{","expect":"no-match"}
{"name":"too lenient","pattern":{"a":[1]},"event":{"a":1},"expect":"invalid-pattern"}
{"name":"no event","pattern":{"a":[1]},"expect":"invalid-pattern"}
{"name":"words","pattern":"{}","expect":"invalid-pattern","aws_message":"Nope."}
{"name":"no words","pattern":{"a":[1]},"event":{"a":1},"expect":"match","aws_message":"Nope."}
{"name":"passes","pattern":{"a":[1]},"event":{"a":1},"expect":"match"}
"#,
    );
    let run = run(&["test", &file]);
    assert_eq!(run.status, 1, "{run:#?}");
    assert!(run.stdout.ends_with(&format!("{file}: 1 passed, 7 failed\n1 passed, 7 failed\n")), "{run:#?}");
    for failure in [
        "line 1: verdict\n    expected: no-match\n    got:      match\n\n",
        "line 2: pattern\n    expected: match\n    got:      invalid-pattern\n        filter 0: ",
        "line 3: event\n    expected: no-match\n    got:      invalid-event\n        byte 1: the record ends inside an object\n\n",
        "line 4: too lenient\n    expected: invalid-pattern\n    got:      match\n",
        "line 5: no event\n    expected: invalid-pattern\n    got:      a valid pattern, and no event to try\n",
        "line 6: words\n    expected: Nope.\n    got:      Event pattern is not valid. Reason: Empty objects are not allowed\n",
        "line 7: no words\n    expected: Nope.\n    got:      no message\n",
    ] {
        assert!(run.stdout.contains(failure), "{failure}\n{}", run.stdout);
    }
}

#[test]
fn rows_that_are_not_run_are_skipped_with_the_reason() {
    let files = Files::new();
    let file = files
        .write("other.ndjson", "{\"name\":\"quirk\",\"pattern\":\"{}\",\"event\":\"{}\"}\n{\"name\":\"quirk 2\"}\n");
    let run = run(&["test", &file]);
    run.gives(0, &format!("{file}: 0 passed, 0 failed, 2 skipped\n0 passed, 0 failed, 2 skipped\n"));
    run.saying(&format!("{file}: 2 skipped: it has no expectation\n"));
}

#[test]
fn unknown_dialect_fails() {
    let files = Files::new();
    let file = files.write(
        "d.ndjson",
        "{\"name\":\"d\",\"dialect\":\"latin\",\"pattern\":\"{}\",\"expect\":\"invalid-pattern\"}\n",
    );
    let run = run(&["test", &file]);
    assert!(run.status == 1 && run.stdout.contains("latin"), "{run:#?}");
}

#[test]
fn unreadable_case_file_is_trouble_but_the_others_run() {
    let files = Files::new();
    let good = files.write("good.ndjson", GOOD);
    let bad = files.write("bad.ndjson", "{\"pattern\":\"{}\",\"expect\":\"mach\"}\n");
    let missing = files.path("missing.ndjson");
    let run = run(&["test", &missing, &bad, &good]);
    run.gives(2, &format!("{good}: 3 passed, 0 failed\n3 passed, 0 failed\n"));
    assert!(run.stderr.contains(&missing) && run.stderr.contains("unknown expectation \"mach\""), "{run:#?}");
}

#[test]
fn report_comes_as_json_lines() {
    let files = Files::new();
    let file = files.write(
        "bad.ndjson",
        "{\"name\":\"verdict\",\"pattern\":{\"a\":[1]},\"event\":{\"a\":1},\"expect\":\"no-match\"}\n",
    );
    let expected = format!(
        "{{\"type\":\"failure\",\"file\":\"{file}\",\"line\":1,\"name\":\"verdict\",\"expected\":\"no-match\",\"got\":\"match\"}}\n\
         {{\"type\":\"file\",\"file\":\"{file}\",\"passed\":0,\"failed\":1,\"skipped\":0}}\n\
         {{\"type\":\"total\",\"passed\":0,\"failed\":1,\"skipped\":0}}\n"
    );
    run(&["test", "--format", "json", &file]).gives(1, &expected).silently();
}

#[test]
fn yaml_lists_are_case_files_too() {
    let files = Files::new();
    let file =
        files.write("c.yaml", "- name: one\n  pattern: {a: [{prefix: x}]}\n  event: {a: xyz}\n  expect: match\n");
    run(&["test", &file]).gives(0, &format!("{file}: 1 passed, 0 failed\n1 passed, 0 failed\n"));
}

#[test]
fn complexity_limit_and_strictness_are_passed_on() {
    let files = Files::new();
    let complex =
        r#"{"name":"c","pattern":{"a":[{"wildcard":"*:*:*:*:*:event-bus/*"}]},"event":{"a":"x"},"expect":"no-match"}"#;
    let file = files.write("c.ndjson", complex);
    assert_eq!(run(&["test", &file]).status, 1);
    assert_eq!(run(&["test", "--complexity-limit", "off", &file]).status, 0);
    let lambda =
        r#"{"name":"l","dialect":"lambda","pattern":{"a":[{"wildcard":"x*"}]},"event":{"a":"x"},"expect":"match"}"#;
    let file = files.write("l.ndjson", lambda);
    assert_eq!(run(&["test", &file]).status, 0);
    assert_eq!(run(&["test", "--strict", &file]).status, 1);
}

#[test]
fn order_of_the_report_does_not_depend_on_threads() {
    let files = Files::new();
    let case = |n: usize| {
        let expect = if n.is_multiple_of(100) { "no-match" } else { "match" };
        format!(
            "{{\"name\":\"case {n}\",\"pattern\":{{\"a\":[{n}]}},\"event\":{{\"a\":{n}}},\"expect\":\"{expect}\"}}\n"
        )
    };
    let file = files.write("many.ndjson", (0..3000).map(case).collect::<String>());
    let one = run(&["test", "--threads", "1", &file]);
    assert!(one.status == 1 && one.stdout.ends_with("2970 passed, 30 failed\n"), "{one:#?}");
    run(&["test", "--threads", "7", &file]).gives(1, &one.stdout);
}
