//! `filter` on files that are no NDJSON, or hardly.

use crate::{Files, run, run_with};

const PAID: &str = r#"{"state":["paid"]}"#;

fn paid(stdin: impl AsRef<[u8]>, args: &[&str]) -> crate::Run {
    run_with(stdin, &[&["filter", "--pattern", PAID], args].concat())
}

#[test]
fn pretty_printed_documents_are_records() {
    let one = "{\n  \"state\": \"paid\",\n  \"tags\": [\n    \"}\",\n    \"{\\\"\"\n  ]\n}";
    let two = "{\n  \"state\": \"open\"\n}";
    let three = "{ \"n\": 3,\n  \"state\": \"paid\"\n}";
    let input = format!("{one}\n{two}\n\n  {three}");
    paid(&input, &[]).gives(0, &format!("{one}\n{three}")).silently();
    paid(&input, &["--null"]).gives(0, &format!("{one}\0{three}\0")).silently();
    paid(&input, &["--invert"]).gives(0, &format!("{two}\n\n  ")).silently();
    let which = "{\"line\":1,\"match\":true,\"filters\":[0]}\n\
                 {\"line\":8,\"match\":false,\"filters\":[]}\n\
                 {\"line\":12,\"match\":true,\"filters\":[0]}\n";
    paid(&input, &["--which"]).gives(0, which).silently();
    let files = Files::new();
    let file = files.write("pretty.json", &input);
    run(&["filter", "--pattern", PAID, "--threads", "2", &file]).gives(0, &format!("{one}\n{three}")).silently();
}

#[test]
fn documents_glued_together_are_records() {
    let input = "{\"state\":\"paid\",\"n\":1}{\"state\":\"open\"}{\"state\":\"paid\",\"n\":2}";
    paid(input, &[]).gives(0, "{\"state\":\"paid\",\"n\":1}\n{\"state\":\"paid\",\"n\":2}").silently();
}

#[test]
fn many_pretty_documents_are_cut_at_their_ends() {
    let mut input = String::new();
    let mut expected = String::new();
    for n in 0..40_000 {
        let state = if n % 2 == 0 { "paid" } else { "open" };
        let document = format!("{{\n  \"n\": {n},\n  \"state\": \"{state}\"\n}}\n");
        if n % 2 == 0 {
            expected.push_str(&document);
        }
        input.push_str(&document);
    }
    let files = Files::new();
    let file = files.write("pretty.json", &input);
    for args in [&["--threads", "1", file.as_str()][..], &["--threads", "3", &file], &["--threads", "3", "-"]] {
        let run = paid(&input, args);
        assert!(run.status == 0 && run.stdout == expected && run.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn damage_in_the_first_document_costs_that_document() {
    let broken = "{\n  \"state\": paid,\n  \"n\": 1\n}\n";
    let whole = "{\n  \"state\": \"paid\"\n}\n";
    paid(format!("{broken}{whole}{whole}"), &[])
        .gives(0, &format!("{whole}{whole}"))
        .saying("<stdin>:2:12: expected a value\n");
}

#[test]
fn malformed_document_is_named_where_it_breaks() {
    paid("{\n  \"state\": \"paid\"\n}\n{\n  \"state\": paid\n}\n{\n  \"state\": \"paid\"\n}\n", &["--count"])
        .gives(0, "2\n")
        .saying("<stdin>:5:12: expected a value\n");
}

#[test]
fn document_that_is_cut_short_is_one_malformed_record() {
    paid("{\n  \"state\": \"paid\",\n", &[]).gives(1, "").saying("<stdin>:2:19: the record ends inside an object\n");
}

#[test]
fn broken_first_line_costs_one_record() {
    let rest = "{\"state\":\"paid\",\"n\":1}\n{\"state\":\"paid\",\"n\":2}\n";
    for broken in ["{\"state\":", "{\"state\":[", "{\"state\":\"pa", "{\"a\":1}{\"b\":2}", "}", "{{", "\u{0}"] {
        let run = paid(format!("{broken}\n{rest}"), &[]);
        run.gives(0, rest);
        assert!(run.stderr.starts_with("<stdin>:1:") && run.stderr.lines().count() == 1, "{broken}: {run:#?}");
    }
}

#[test]
fn byte_order_mark_before_the_first_record_is_skipped() {
    paid("\u{feff}{\"state\":\"paid\"}\n", &[]).gives(0, "{\"state\":\"paid\"}\n").silently();
    paid("{\"state\":\"open\"}\n\u{feff}{\"state\":\"paid\"}\n", &["--source", "raw"])
        .gives(1, "")
        .saying("<stdin>:2:1: a byte order mark before the record\n");
}

#[test]
fn very_long_line_is_a_record() {
    let long = format!("{{\"pad\":\"{}\",\"state\":\"paid\"}}\n", "x".repeat(5 << 20));
    let input = format!("{long}{{\"state\":\"open\"}}\n{long}");
    for threads in ["1", "2"] {
        let run = paid(&input, &["--threads", threads]);
        assert!(run.status == 0 && run.stdout == format!("{long}{long}") && run.stderr.is_empty());
    }
}
