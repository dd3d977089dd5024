//! `--checks`, and records wherever the reader happens to cut.

use std::process::Stdio;

use crate::{Files, command, run, run_with};

const PAID: &str = r#"{"state":["paid"]}"#;

fn paid(stdin: impl AsRef<[u8]>, args: &[&str]) -> crate::Run {
    run_with(stdin, &[&["filter", "--source", "raw", "--pattern", PAID], args].concat())
}

#[test]
fn malformed_records_that_would_not_match_are_named_only_if_every_record_is_checked() {
    let input = "{\"state\":\"paid\"}\n{\"state\":\"open\",}\n{\"state\":\"paid\"} trailing\n{\"state\":\"open\"}\n";
    let output = "{\"state\":\"paid\"}\n";
    let third = "<stdin>:3:18: only white space may follow the root object\n";
    let every = paid(input, &["--checks", "every"]);
    every.gives(0, output);
    let second = every.stderr.strip_suffix(third).expect("both are named");
    assert!(second.starts_with("<stdin>:2:17: ") && second.lines().count() == 1, "{every:#?}");
    assert_eq!(paid(input, &[]).gives(0, output).stderr, every.stderr);
    // What would match is proved, and named if it cannot be.
    paid(input, &["--checks", "matches"]).gives(0, output).saying(third);
    paid(input, &["--checks", "matches", "--count"]).gives(0, "1\n");
}

#[test]
fn all_records_have_to_be_checked_where_the_others_matter() {
    for flag in ["--invert", "--fail-on-malformed"] {
        let run = paid("{}\n", &["--checks", "matches", flag]);
        run.gives(2, "");
        assert!(run.stderr.starts_with(&format!("eventsieve: {flag} needs --checks every")), "{run:#?}");
        assert_eq!(paid("{}\n", &["--checks", "every", flag]).stderr, "");
    }
}

/// Lines of all kinds, many times the size of a chunk, so that chunks end everywhere in them.
fn lines() -> String {
    let mut input = String::new();
    for number in 0..30_000_usize {
        let end = ["\n", "\r\n", "\n\n", "\n \t\r\n"][number % 4];
        let state = ["paid", "open", "p\\u0061id", "void"][number / 4 % 4];
        let pad = "é".repeat(number * number % 61);
        input.push_str(&match number {
            // Longer than several chunks.
            9_999 | 20_000 => format!("{{\"pad\":\"{}\",\"state\":\"paid\"}}{end}", "y".repeat(700_000)),
            _ if number % 1_500 == 7 => format!("{{\"state\":\"paid\",,\"n\":{number}}}{end}"),
            _ => format!("{{\"n\":{number},\"pad\":\"{pad}\",\"state\":\"{state}\"}}{end}"),
        });
    }
    input.push_str("{\"state\":\"paid\",\"last\":true}");
    input
}

/// The lines to be printed, and where the malformed ones are, without any cutting.
fn expected(input: &str) -> (String, Vec<String>) {
    let (mut printed, mut malformed) = (String::new(), Vec::new());
    for (line, text) in input.split_inclusive('\n').enumerate() {
        if let Some(comma) = text.find(",,") {
            malformed.push(format!(":{}:{}: ", line + 1, comma + 2));
        } else if text.contains("\"paid\"") || text.contains("p\\u0061id") {
            printed.push_str(text);
        }
    }
    (printed, malformed)
}

#[test]
fn records_and_places_are_the_same_wherever_chunks_end() {
    let input = lines();
    let (printed, malformed) = expected(&input);
    assert!(malformed.len() == 20, "{}", malformed.len());
    let files = Files::new();
    let (file, small) = (files.write("lines", &input), files.write("small", "\n\n{\"state\":,}\n"));
    for threads in ["1", "2", "5"] {
        for checks in ["every", "matches"] {
            let args = ["filter", "--pattern", PAID, "--threads", threads, "--checks", checks, &file];
            let run = run(&args);
            assert!(run.status == 0 && run.stdout == printed, "{threads} {checks}");
            let named: Vec<_> = run.stderr.lines().collect();
            if checks == "every" {
                assert_eq!(named.len(), 11, "{named:#?}");
                let pairs = named.iter().zip(&malformed).take(10);
                assert!(pairs.clone().all(|(named, place)| named.starts_with(&format!("{file}{place}"))), "{named:#?}");
            }
            let piped = run_with(&input, &args[..args.len() - 1]);
            assert!(piped.status == 0 && piped.stdout == printed, "{threads} {checks}");
            // Which malformed records that cannot match are met at all may depend on where chunks end.
            if checks == "every" {
                assert_eq!(piped.stderr, run.stderr.replace(&file, "<stdin>"));
            }
        }
        // Lines are counted for each file anew.
        let run = run(&["filter", "--pattern", PAID, "--threads", threads, "--count", &small, &file, &small]);
        let said: Vec<_> = run.stderr.lines().take(2).collect();
        assert!(said[0].starts_with(&format!("{small}:3:")), "{said:#?}");
        assert!(said[1].starts_with(&format!("{file}{}", malformed[0])), "{said:#?}");
    }
}

#[test]
fn lines_are_numbered_the_same_wherever_chunks_end() {
    let input = lines();
    let records = input.split('\n').enumerate().filter(|(_, text)| !text.trim().is_empty());
    let numbers: Vec<_> = records.map(|(line, _)| line as u64 + 1).collect();
    for threads in ["1", "3"] {
        let run = paid(&input, &["--which", "--threads", threads]);
        let told = run.stdout.lines().map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
            line["line"].as_u64().expect("it has a number")
        });
        assert!(told.eq(numbers.iter().copied()), "{threads}");
    }
}

#[test]
fn all_of_a_file_is_printed_if_all_of_it_matches() {
    let input = format!("{}{{\"state\":\"paid\"}}", "{\"state\":\"paid\"}\r\n".repeat(50_000));
    let files = Files::new();
    let file = files.write("paid", &input);
    for threads in ["1", "2"] {
        let run = run(&["filter", "--pattern", PAID, "--threads", threads, &file, &file]);
        assert!(run.status == 0 && run.stdout == format!("{input}\n{input}") && run.stderr.is_empty(), "{threads}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_input() {
    use std::io::{Read, Write};

    let mut child = command()
        .args(["filter", "--pattern", PAID, "--threads", "2"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut stdin = child.stdin.take().expect("stdin is piped");
    let mut stdout = child.stdout.take().expect("stdout is piped");
    let reader = std::thread::spawn(move || std::io::copy(&mut stdout.by_ref(), &mut std::io::sink()));
    let lines = "{\"state\":\"paid\",\"pad\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}\n".repeat(10_000);
    for _ in 0..80 {
        stdin.write_all(lines.as_bytes()).expect("the command reads");
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).expect("the command runs");
    drop(stdin);
    assert!(child.wait().expect("the command ends").success());
    assert_eq!(reader.join().expect("the reader ends").expect("stdout can be read"), 80 * lines.len() as u64);
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux tells the peak");
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().expect("a number of kilobytes");
    assert!(peak < 40_000, "{peak} kB for {} kB of records", 80 * lines.len() / 1024);
}
