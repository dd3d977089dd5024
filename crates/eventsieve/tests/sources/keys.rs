//! Keys of payload clauses.

use eventsieve::Source;

use crate::harness::*;

// ------------------------------------------------------------------------------------------------------------------
// Keys.

#[test]
fn dotted_payload_clauses_ask_for_json() {
    let payloads = ["{\"kind\":\"start\",\"at\":{\"city\":\"Ghent\"}}", "{\"kind.of\":\"x\"}", "kind"];
    for source in DECODED {
        let key = payload_key(source);
        let records = records(source, &payloads);
        let ignored: Vec<usize> = if IGNORING.contains(&source) { vec![2] } else { vec![] };
        for (pattern, at) in [
            (format!("{{\"{key}.kind\":[\"start\"]}}"), 0),
            (format!("{{\"{key}.at.city\":[\"Ghent\"]}}"), 0),
            (format!("{{\"{key}.at\":{{\"city\":[\"Ghent\"]}}}}"), 0),
            (format!("{{\"{key}\":{{\"at.city\":[\"Ghent\"]}}}}"), 0),
            (format!("{{\"{key}\":{{\"kind\":{{\"of\":[\"x\"]}}}}}}"), 1),
        ] {
            let expected = [vec![at], ignored.clone()].concat();
            assert_eq!(kept(source, &[&pattern], &records), expected, "{source}: {pattern}");
        }
    }
}

#[test]
fn escapes_in_keys_are_read() {
    for source in DECODED {
        let key = payload_key(source);
        let escaped = format!("\\u{:04x}{}", key.as_bytes()[0], &key[1..]);
        let records: Vec<String> = records(source, &["{\"ki\\u006ed\":\"st\\u0061rt\"}", "start"])
            .iter()
            .map(|record| record.replace(&format!("\"{key}\":"), &format!("\"{escaped}\":")))
            .collect();
        assert!(records[0].contains("\\u00"), "{}", records[0]);
        let pattern = format!("{{\"{escaped}\":{{\"\\u006bind\":[\"start\"]}}}}");
        let expected: &[usize] = if IGNORING.contains(&source) { &[0, 1] } else { &[0] };
        assert_eq!(kept(source, &[&pattern], &records), expected, "{source}");
    }
}

#[test]
fn of_repeated_payload_keys_the_last_counts() {
    for source in DECODED {
        let key = payload_key(source);
        let text = |payload: &str| match source {
            Source::Sqs => json_text(payload),
            _ => json_text(&to_base64(payload.as_bytes())),
        };
        let twice = |first: &str, second: &str| {
            record_with(source, Some(&format!("{}, \"{key}\": {}", text(first), text(second))))
        };
        let (start, end) = ("{\"kind\":\"start\"}", "{\"kind\":\"end\"}");
        let records = [twice(start, end), twice(end, start), twice("plain", start), twice(start, "plain")];
        let pattern = format!("{{\"{key}\":{{\"kind\":[\"start\"]}}}}");
        let expected: &[usize] = if IGNORING.contains(&source) { &[1, 2, 3] } else { &[1, 2] };
        assert_eq!(kept(source, &[&pattern], &records), expected, "{source}");
    }
}

/// One that was decoded by somebody before is walked as it lies, and must be forgotten when another takes its place.
#[test]
fn of_repeated_payload_keys_the_last_counts_also_where_one_is_decoded() {
    for source in DECODED {
        let key = payload_key(source);
        let text = match source {
            Source::Sqs => json_text("{\"a\":2}"),
            _ => json_text(&to_base64(b"{\"a\":2}")),
        };
        let payloads = [r#"{"a":1,"b":1}"#, r#"[{"a":1},{"b":1}]"#, r#"{"b":1}"#, "null", &text];
        let mut records = Vec::new();
        let mut expected = Vec::new();
        for first in payloads {
            for second in payloads {
                // Two others around them, of which nothing is to be forgotten.
                let all = format!("{first}, \"other\": [{{\"b\":1}}], \"{key}\": {second}, \"more\": 1");
                records.push(record_with(source, Some(&all)));
                expected.push(second);
            }
        }
        // What is no JSON lets a record pass where such clauses are ignored.
        let kept_at = |passes: &dyn Fn(&str) -> bool| -> Vec<usize> {
            let ignored = IGNORING.contains(&source);
            let passes = |payload: &str| if payload == "null" { ignored } else { passes(payload) };
            (0..records.len()).filter(|&at| passes(expected[at])).collect()
        };
        let with_a = kept_at(&|payload| payload.contains("\"a\""));
        assert_eq!(kept(source, &[&format!("{{\"{key}\":{{\"a\":[1]}}}}")], &records), with_a, "{source}");
        let without_b = kept_at(&|payload| !payload.contains("\"b\""));
        let absent = format!("{{\"{key}\":{{\"b\":[{{\"exists\":false}}]}}}}");
        assert_eq!(kept(source, &[&absent], &records), without_b, "{source}");
        let both = kept_at(&|payload| payload.contains("\"a\":1") && payload.contains("\"b\""));
        let pattern = format!("{{\"{key}\":{{\"a\":[1],\"b\":[1]}}}}");
        // In an array one element must hold both.
        let both: Vec<usize> = both.into_iter().filter(|&at| !expected[at].starts_with('[')).collect();
        assert_eq!(kept(source, &[&pattern], &records), both, "{source}");
    }
}

#[test]
fn keys_are_exact() {
    for source in DECODED {
        let key = payload_key(source);
        let records = records(source, &["{\"kind\":\"start\"}"]);
        let upper = format!("{{\"{}\":{{\"kind\":[\"start\"]}}}}", key.to_uppercase());
        assert_eq!(kept(source, &[&upper], &records), [0; 0], "{source}");
        assert_eq!(kept(source, &[&format!("{{\"{key}x\":[{{\"exists\":false}}]}}")], &records), [0], "{source}");
        // The payload's fields are not fields of the record, nor the other way round.
        assert_eq!(kept(source, &["{\"kind\":[\"start\"]}"], &records), [0; 0], "{source}");
        assert_eq!(
            kept(source, &[&format!("{{\"{key}\":{{\"{key}\":[{{\"exists\":false}}]}}}}")], &records),
            [0],
            "{source}"
        );
    }
}

#[test]
fn text_is_compared_to_the_last_byte() {
    for source in DECODED.into_iter().filter(|&source| source != Source::Kinesis) {
        let key = payload_key(source);
        let records = records(source, &["Ticket 17", "ticket 17", "Ticket 17 ", "Ticket \"17\"", "Tické"]);
        for (tests, expected) in [
            (r#"["Ticket 17"]"#, &[0_usize] as &[usize]),
            (r#"[{"prefix":"Ticket"}]"#, &[0, 2, 3]),
            (r#"[{"suffix":"17"}]"#, &[0, 1]),
            (r#"[{"equals-ignore-case":"TICKET 17"}]"#, &[0, 1]),
            (r#"[{"anything-but":["Ticket 17"]}]"#, &[1, 2, 3, 4]),
            (r#"["Ticket \"17\"","Tick\u00e9"]"#, &[3, 4]),
            (r#"[{"exists":true}]"#, &[0, 1, 2, 3, 4]),
            (r#"[{"exists":false}]"#, &[]),
            (r#"[{"numeric":[">",0]},"Ticket 17"]"#, &[0]),
        ] {
            assert_eq!(kept(source, &[&format!("{{\"{key}\":{tests}}}")], &records), expected, "{source}: {tests}");
        }
    }
}
