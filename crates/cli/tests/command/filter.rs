//! `filter` on lines, as they come from the wild.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;

use crate::{Files, command, run, run_with};

const PAID: &str = r#"{"state":["paid"]}"#;
const TWO: [&str; 4] = ["--pattern", r#"{"state":["paid"]}"#, "--pattern", r#"{"total":[{"numeric":[">",100]}]}"#];

/// `filter --pattern PAID` and more arguments, on stdin.
fn paid(stdin: impl AsRef<[u8]>, args: &[&str]) -> crate::Run {
    run_with(stdin, &[&["filter", "--pattern", PAID], args].concat())
}

#[test]
fn matching_lines_leave_as_they_lay() {
    let input = "{\"state\":\"paid\"}\r\n{\"state\":\"open\"}\n  { \"n\" : 1.50, \"state\" : \"p\\u0061id\" }  \n\n{\"state\":\"paid\"}\n";
    let output = "{\"state\":\"paid\"}\r\n  { \"n\" : 1.50, \"state\" : \"p\\u0061id\" }  \n{\"state\":\"paid\"}\n";
    paid(input, &[]).gives(0, output).silently();
}

#[test]
fn status_says_whether_a_record_was_printed() {
    paid("{\"state\":\"paid\"}\n", &[]).gives(0, "{\"state\":\"paid\"}\n").silently();
    paid("{\"state\":\"open\"}\n", &["--source", "raw"]).gives(1, "").silently();
    // Where nothing matched, it may be of use to know how the records were taken.
    let note = "source raw, for no record tells another; --source says otherwise\n";
    paid("{\"state\":\"open\"}\n", &[]).gives(1, "").saying(note);
    paid("", &[]).gives(1, "").silently();
    paid("\n \n\r\n", &[]).gives(1, "").silently();
    paid("{\"state\":\"paid\"}\n", &["--invert"]).gives(1, "").silently();
    paid("{\"state\":\"open\"}\n", &["--invert", "--source", "raw"]).gives(0, "{\"state\":\"open\"}\n").silently();
}

#[test]
fn last_line_without_line_feed_gets_one_only_if_more_follows() {
    paid("{\"state\":\"open\"}\n{\"state\":\"paid\"}", &[]).gives(0, "{\"state\":\"paid\"}");
    let files = Files::new();
    let one = files.write("one", "{\"state\":\"paid\",\"n\":1}");
    let two = files.write("two", "{\"state\":\"open\"}\n{\"state\":\"paid\",\"n\":2}");
    let three = files.write("three", "{\"state\":\"open\"}\n");
    run(&["filter", "--pattern", PAID, &one, &two, &three])
        .gives(0, "{\"state\":\"paid\",\"n\":1}\n{\"state\":\"paid\",\"n\":2}")
        .silently();
}

#[test]
fn malformed_records_are_named_and_dropped_and_the_run_goes_on() {
    let mut input = b"{\"state\":\"paid\"}\n{\"state\":\"paid\"\nnot json\n{\"state\":\"p\xffid\"}\n[1]\n".to_vec();
    input.extend_from_slice(b"{\"state\":\"paid\"} trailing\n{\"state\":\"open\"}\n{\"state\":\"paid\",\"n\":2}\n");
    paid(&input, &[]).gives(0, "{\"state\":\"paid\"}\n{\"state\":\"paid\",\"n\":2}\n").saying(
        "<stdin>:2:16: the record ends inside an object\n\
         <stdin>:3:1: the record is not a JSON object\n\
         <stdin>:4:12: invalid UTF-8\n\
         <stdin>:5:1: the record is not a JSON object\n\
         <stdin>:6:18: only white space may follow the root object\n",
    );
    assert_eq!(paid(&input, &["--invert"]).gives(0, "{\"state\":\"open\"}\n").stderr.lines().count(), 5);
    paid(&input, &["--fail-on-malformed", "--count"]).gives(2, "2\n");
    paid("{\"state\":\"paid\"}\n", &["--fail-on-malformed"]).gives(0, "{\"state\":\"paid\"}\n").silently();
}

#[test]
fn at_most_ten_malformed_records_are_named() {
    let bad = "oops\n".repeat(25);
    let said = paid(&bad, &[]).gives(1, "").stderr.clone();
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 11, "{said}");
    assert_eq!(
        (lines[9], lines[10]),
        ("<stdin>:10:1: the record is not a JSON object", "… and 15 more malformed records")
    );
    let said = paid("oops\n".repeat(11), &[]).stderr.clone();
    assert!(said.ends_with("… and 1 more malformed record\n"), "{said}");
}

#[test]
fn count_is_one_number() {
    let input = "{\"state\":\"paid\"}\n{\"state\":\"open\"}\n{\"state\":\"paid\"}";
    paid(input, &["--count"]).gives(0, "2\n").silently();
    paid(input, &["--count", "--invert"]).gives(0, "1\n").silently();
    paid("{\"state\":\"open\"}\n", &["--count", "--source", "raw"]).gives(1, "0\n").silently();
}

#[test]
fn which_tells_the_filters_of_every_record() {
    let input = "{\"state\":\"paid\",\"total\":500}\n\n{\"total\":101}\n{\"state\":\"open\"}\noops\n";
    run_with(input, &[&["filter", "--which"], &TWO[..]].concat())
        .gives(
            0,
            "{\"line\":1,\"match\":true,\"filters\":[0,1]}\n\
             {\"line\":3,\"match\":true,\"filters\":[1]}\n\
             {\"line\":4,\"match\":false,\"filters\":[]}\n\
             {\"line\":5,\"match\":false,\"filters\":[],\"malformed\":\"the record is not a JSON object\"}\n",
        )
        .saying("<stdin>:5:1: the record is not a JSON object\n");
    paid("{\"state\":\"open\"}\n", &["--which"]).gives(1, "{\"line\":1,\"match\":false,\"filters\":[]}\n");
}

#[test]
fn which_names_files_if_there_are_several() {
    let files = Files::new();
    let one = files.write("one.ndjson", "{\"state\":\"paid\"}\n");
    let expected = format!(
        "{{\"file\":\"{one}\",\"line\":1,\"match\":true,\"filters\":[0]}}\n{{\"file\":\"<stdin>\",\"line\":1,\"match\":false,\"filters\":[]}}\n"
    );
    paid("{}\n", &["--which", &one, "-"]).gives(0, &expected).silently();
    paid("{}\n", &["--which", &one]).gives(0, "{\"line\":1,\"match\":true,\"filters\":[0]}\n");
}

#[test]
fn null_ends_records_with_a_nul_byte_and_nothing_else() {
    let input =
        "{\"state\":\"paid\"}\r\n{\"state\":\"open\"}\n{\"n\":1,\"state\":\"paid\"}\n{\"n\":2,\"state\":\"paid\"}";
    paid(input, &["--null"])
        .gives(0, "{\"state\":\"paid\"}\0{\"n\":1,\"state\":\"paid\"}\0{\"n\":2,\"state\":\"paid\"}\0")
        .silently();
}

#[test]
fn flags_that_cannot_go_together_are_refused() {
    for flags in [["--which", "--count"], ["--which", "--invert"], ["--which", "--null"], ["--count", "--null"]] {
        let run = paid("", &flags);
        assert!(run.status == 2 && run.stderr.contains("cannot be used with"), "{run:#?}");
    }
}

#[test]
fn stats_sum_up_on_stderr() {
    let input = "{\"state\":\"paid\"}\n{\"state\":\"open\"}\n";
    let run = paid(input, &["--stats"]);
    run.gives(0, "{\"state\":\"paid\"}\n");
    assert!(run.stderr.starts_with("2 records: 1 matched, 1 dropped (0 malformed); 34 bytes in 0."), "{run:#?}");
    let run = paid(format!("{input}oops\n"), &["--stats", "--format", "json", "--count"]);
    run.gives(0, "1\n");
    let summary: serde_json::Value = serde_json::from_str(run.stderr.lines().last().unwrap()).unwrap();
    for (field, value) in [("records", 3), ("matched", 1), ("dropped", 2), ("malformed", 1), ("bytes", 39)] {
        assert_eq!(summary[field], value, "{field}");
    }
    assert!(summary["seconds"].as_f64().unwrap() > 0.0);
}

#[test]
fn files_come_in_the_order_they_are_named_and_stdin_where_the_dash_is() {
    let files = Files::new();
    let one = files.write("one", "{\"state\":\"paid\",\"n\":1}\n");
    let two = files.write("two", "{\"state\":\"paid\",\"n\":2}\n");
    paid("{\"state\":\"paid\",\"n\":0}\n", &[&two, "-", &one])
        .gives(0, "{\"state\":\"paid\",\"n\":2}\n{\"state\":\"paid\",\"n\":0}\n{\"state\":\"paid\",\"n\":1}\n")
        .silently();
}

#[test]
fn unreadable_file_is_trouble_but_the_others_are_read() {
    let files = Files::new();
    let one = files.write("one", "{\"state\":\"paid\",\"n\":1}\n");
    let two = files.write("two", "{\"state\":\"paid\",\"n\":2}\n");
    let missing = files.path("missing");
    for threads in ["1", "3"] {
        let run = paid("", &["--threads", threads, &one, &missing, &files.path("."), &two]);
        run.gives(2, "{\"state\":\"paid\",\"n\":1}\n{\"state\":\"paid\",\"n\":2}\n");
        let said: Vec<_> = run.stderr.lines().collect();
        assert_eq!(said.len(), 2, "{run:#?}");
        assert!(said[0].starts_with(&format!("eventsieve: {missing}: ")), "{run:#?}");
    }
}

/// Some megabytes of records of many lengths.
fn many_records() -> String {
    let mut input = String::new();
    for n in 0..60_000 {
        let state = if n % 3 == 0 { "paid" } else { "open" };
        let pad = "x".repeat(n % 97);
        match n % 1000 {
            7 => input.push_str("oops\n"),
            8 => input.push('\n'),
            _ => input.push_str(&format!("{{\"n\":{n},\"pad\":\"{pad}\",\"state\":\"{state}\"}}\n")),
        }
    }
    input
}

#[test]
fn output_is_in_input_order_with_any_number_of_threads() {
    let input = many_records();
    let expected: String = input.split_inclusive('\n').filter(|line| line.contains("paid")).collect();
    let files = Files::new();
    let file = files.write("many", &input);
    let first = paid("", &["--threads", "1", &file]);
    assert!(first.status == 0 && first.stdout == expected);
    assert!(
        first.stderr.contains(":8:1: ") && first.stderr.ends_with("… and 50 more malformed records\n"),
        "{}",
        first.stderr
    );
    for threads in ["2", "3", "8"] {
        let run = paid("", &["--threads", threads, &file]);
        assert!(run.status == 0 && run.stdout == expected && run.stderr == first.stderr, "{threads} threads");
        let run = paid(&input, &["--threads", threads]);
        assert!(run.status == 0 && run.stdout == expected, "{threads} threads, stdin");
    }
    let lines: Vec<u64> = paid("", &["--which", "--threads", "4", &file])
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["line"].as_u64().unwrap())
        .collect();
    let records = (1..=60_000).filter(|line| line % 1000 != 9);
    assert!(lines.into_iter().eq(records));
}

#[test]
fn filter_and_its_inversion_are_all_valid_records() {
    let input = many_records();
    let kept = paid(&input, &[]).stdout.lines().count();
    let let_go = paid(&input, &["--invert"]).stdout.lines().count();
    assert_eq!(kept + let_go, 60_000 - 2 * 60);
}

#[test]
fn criteria_without_filters_let_every_valid_record_pass() {
    let files = Files::new();
    for (index, criteria) in ["{}", "{\"Filters\":[]}", "[]"].iter().enumerate() {
        let file = files.write(&format!("{index}.json"), criteria);
        run_with("{\"a\":1}\noops\n{}\n", &["filter", "--criteria", &file]).gives(0, "{\"a\":1}\n{}\n");
    }
}

#[test]
fn records_that_arrive_are_handed_on_at_once() {
    let mut child = command()
        .args(["filter", "--pattern", PAID])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for n in 0..3 {
        let record = format!("{{\"n\":{n},\"state\":\"paid\"}}\n");
        stdin.write_all(record.as_bytes()).unwrap();
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert_eq!(line, record);
    }
    drop(stdin);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn broken_pipe_ends_quietly_even_if_more_input_never_comes() {
    let mut child = command()
        .args(["filter", "--pattern", PAID, "--threads", "2"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    // Kept open until the command has ended: it must not wait for the end of its input.
    let (ended, wait) = std::sync::mpsc::channel::<()>();
    let feeder = std::thread::spawn(move || {
        while stdin.write_all(b"{\"state\":\"paid\"}\n").is_ok() {}
        let _ = wait.recv();
    });
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    drop(stdout);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    ended.send(()).unwrap();
    feeder.join().unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((line.as_str(), said.as_str()), ("{\"state\":\"paid\"}\n", ""));
}

#[cfg(target_os = "linux")]
#[test]
fn full_disk_is_trouble() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = command()
        .args(["filter", "--criteria", "corpus/samples/orders.criteria.json", "corpus/samples/orders.ndjson"])
        .stdout(full)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && said.contains("eventsieve: stdout: "), "{said}");
}
