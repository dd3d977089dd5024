//! What counts as JSON, as text, as undecodable.

use eventsieve::Source;

use crate::harness::*;

// ------------------------------------------------------------------------------------------------------------------
// What counts as JSON.

#[test]
fn scalars_are_plain_text() {
    let scalars = ["123", "\"x\"", "null", "true", "false", "-1.50", " 123 ", "1e2"];
    for source in DECODED {
        let key = payload_key(source);
        let records = records(source, &scalars);
        let json = format!("{{\"{key}\":{{\"kind\":[{{\"exists\":false}}]}}}}");
        let all: Vec<usize> = (0..scalars.len()).collect();
        let expected: &[usize] = if IGNORING.contains(&source) { &all } else { &[] };
        assert_eq!(kept(source, &[&json], &records), expected, "{source}");
        if source == Source::Kinesis {
            continue;
        }
        for (at, scalar) in scalars.iter().enumerate() {
            let plain = format!("{{\"{key}\":[{}]}}", json_text(scalar));
            assert_eq!(kept(source, &[&plain], &records), [at], "{source}: {plain}");
        }
        // They are strings: neither numbers nor null nor true.
        for tests in ["[123]", "[null]", "[true]", "[{\"numeric\":[\"=\",123]}]", "[\"x\"]"] {
            assert_eq!(kept(source, &[&format!("{{\"{key}\":{tests}}}")], &records), [0; 0], "{source}: {tests}");
        }
    }
}

#[test]
fn arrays_are_json() {
    let arrays = ["[{\"kind\":\"start\"},{\"kind\":\"end\"}]", "[\"start\"]", "[]", "[{\"kind\":\"end\",\"n\":1}]"];
    for source in DECODED {
        let key = payload_key(source);
        let records = records(source, &arrays);
        let json = format!("{{\"{key}\":{{\"kind\":[\"start\"]}}}}");
        assert_eq!(kept(source, &[&json], &records), [0], "{source}");
        // Fields of different elements never go together.
        let two = format!("{{\"{key}\":{{\"kind\":[\"start\",\"end\"],\"n\":[1]}}}}");
        assert_eq!(kept(source, &[&two], &records), [3], "{source}");
        if source == Source::Kinesis {
            continue;
        }
        let plain = format!("{{\"{key}\":[\"start\"]}}");
        let expected: &[usize] = if IGNORING.contains(&source) { &[0, 1, 2, 3] } else { &[] };
        assert_eq!(kept(source, &[&plain], &records), expected, "{source}");
    }
}

#[test]
fn text_that_only_begins_like_json_is_plain() {
    let texts = [
        "{\"kind\":\"start\"",
        "{\"kind\":\"start\"}}",
        "{'kind':'start'}",
        "{kind:1}",
        "[1,]",
        "{\"n\":01}",
        "\u{feff}{}",
    ];
    for source in DECODED {
        let key = payload_key(source);
        let records = records(source, &texts);
        let all: Vec<usize> = (0..texts.len()).collect();
        let json = format!("{{\"{key}\":{{\"kind\":[\"start\"]}}}}");
        let expected: &[usize] = if IGNORING.contains(&source) { &all } else { &[] };
        assert_eq!(kept(source, &[&json], &records), expected, "{source}");
        if source != Source::Kinesis {
            let plain = format!("{{\"{key}\":[{{\"anything-but\":[\"start\"]}}]}}");
            assert_eq!(kept(source, &[&plain], &records), all, "{source}");
        }
    }
}

#[test]
fn white_space_around_json_is_no_matter() {
    let texts = [" \t\r\n{ \"kind\" :\n\"start\" }\n\n", "\u{c}{\"kind\":\"start\"}", "\u{a0}{\"kind\":\"start\"}"];
    for source in DECODED {
        let json = format!("{{\"{}\":{{\"kind\":[\"start\"]}}}}", payload_key(source));
        // A form feed and a no-break space are not white space of JSON.
        let expected: &[usize] = if IGNORING.contains(&source) { &[0, 1, 2] } else { &[0] };
        assert_eq!(kept(source, &[&json], &records(source, &texts)), expected, "{source}");
    }
}

#[test]
fn empty_payload_is_empty_text() {
    for source in DECODED {
        let key = payload_key(source);
        let records = records(source, &[""]);
        let json = format!("{{\"{key}\":{{\"kind\":[{{\"exists\":false}}]}}}}");
        assert_eq!(kept(source, &[&json], &records).len(), usize::from(IGNORING.contains(&source)), "{source}");
        if source != Source::Kinesis {
            assert_eq!(kept(source, &[&format!("{{\"{key}\":[\"\"]}}")], &records), [0], "{source}");
            assert_eq!(kept(source, &[&format!("{{\"{key}\":[\"x\"]}}")], &records), [0; 0], "{source}");
        }
    }
}

#[test]
fn missing_payload_and_one_that_is_no_text() {
    for source in DECODED {
        let key = payload_key(source);
        let records: Vec<String> =
            [None, Some("null"), Some("7"), Some("true")].map(|payload| record_with(source, payload)).to_vec();
        let all: &[usize] = if IGNORING.contains(&source) { &[0, 1, 2, 3] } else { &[] };
        let mut patterns = vec![
            format!("{{\"{key}\":{{\"kind\":[\"start\"]}}}}"),
            format!("{{\"{key}\":{{\"kind\":[{{\"exists\":false}}]}}}}"),
        ];
        if source != Source::Kinesis {
            patterns.extend(
                ["[\"x\"]", "[null]", "[7]", "[{\"exists\":false}]"].map(|tests| format!("{{\"{key}\":{tests}}}")),
            );
        }
        for pattern in patterns {
            assert_eq!(kept(source, &[&pattern], &records), all, "{source}: {pattern}");
        }
        let metadata = format!("{{{}}}", metadata_clauses(source)[0]);
        assert_eq!(kept(source, &[&metadata], &records), [0, 1, 2, 3], "{source}");
    }
}

#[test]
fn payload_that_is_an_object_already_is_read_as_it_lies() {
    for source in DECODED {
        let key = payload_key(source);
        let records: Vec<String> = ["{\"kind\": \"start\"}", "[{\"kind\": \"start\"}]", "{\"kind\": \"end\"}", "{}"]
            .map(|payload| record_with(source, Some(payload)))
            .to_vec();
        assert_eq!(kept(source, &[&format!("{{\"{key}\":{{\"kind\":[\"start\"]}}}}")], &records), [0, 1], "{source}");
        if source != Source::Kinesis {
            // It is JSON, so a clause for plain text mismatches.
            let all: &[usize] = if IGNORING.contains(&source) { &[0, 1, 2, 3] } else { &[] };
            assert_eq!(kept(source, &[&format!("{{\"{key}\":[\"start\"]}}")], &records), all, "{source}");
        }
    }
}

#[test]
fn surrogates_and_bad_utf8() {
    // Half a pair inside a JSON payload is legal JSON, and compares as a question mark.
    let half = "{\"kind\":\"a\\ud83db\"}";
    for source in DECODED {
        let key = payload_key(source);
        let half = records(source, &[half]);
        assert_eq!(
            kept(source, &[&format!("{{\"{key}\":{{\"kind\":[{{\"prefix\":\"a?\"}}]}}}}")], &half),
            [0],
            "{source}"
        );
        assert_eq!(kept(source, &[&format!("{{\"{key}\":{{\"kind\":[{{\"prefix\":\"a!\"}}]}}}}")], &half), [0; 0]);
        let pair = records(source, &["{\"kind\":\"\\ud83d\\udeb2\"}", "{\"kind\":\"🚲\"}"]);
        assert_eq!(kept(source, &[&format!("{{\"{key}\":{{\"kind\":[\"🚲\"]}}}}")], &pair), [0, 1], "{source}");
    }
    // Half a pair in the string that holds the payload: no text can be that, so it has neither format.
    let sqs: Vec<String> =
        ["\"\\ud83d\"", "\"{\\\"kind\\\":\\\"\\ud83d\\\"}\""].map(|body| record_with(Source::Sqs, Some(body))).to_vec();
    for pattern in [
        r#"{"body":{"kind":[{"exists":true}]}}"#,
        r#"{"body":{"kind":[{"exists":false}]}}"#,
        r#"{"body":[{"anything-but":["x"]}]}"#,
    ] {
        assert_eq!(kept(Source::Sqs, &[pattern], &sqs), [0; 0], "{pattern}");
    }
    assert_eq!(kept(Source::Sqs, &[r#"{"awsRegion":["eu-west-1"]}"#], &sqs), [0, 1]);
    // Bytes that are no UTF-8, at the end and inside JSON.
    for source in DECODED.into_iter().filter(|&source| source != Source::Sqs) {
        let bad: [&[u8]; 3] = [b"\xff", b"{\"kind\":\"st\xc3\"}", b"{\"kind\":\"start\"}\xed\xa0\xbd"];
        let bad: Vec<String> = bad.iter().map(|payload| record(source, payload)).collect();
        let json = format!("{{\"{}\":{{\"kind\":[\"start\"]}}}}", payload_key(source));
        let all: &[usize] = if IGNORING.contains(&source) { &[0, 1, 2] } else { &[] };
        assert_eq!(kept(source, &[&json], &bad), all, "{source}");
    }
}

#[test]
fn only_padded_standard_base64_is_base64() {
    // `{"k":"?>"}` has both digits that the two alphabets differ in … nearly: `eyJrIjoiPz4ifQ==`.
    let json = "{\"kind\":\"start\",\"x\":\"~?>\u{ff}\"}";
    let good = to_base64(json.as_bytes());
    assert!(good.contains('/') || good.contains('+') || good.ends_with('='), "{good}");
    let slashed = good.replace('/', "\\/").replacen('e', "\\u0065", 1);
    let texts = [
        good.clone(),                                          // 0: as it should be
        slashed,                                               // 1: JSON may escape any of it
        "eyJraW5kIjoic3RhcnQifQ".to_owned(),                   // 2: {"kind":"start"} without padding
        "eyJraW5kIjoic3RhcnQifQ=".to_owned(),                  // 3: half a padding
        "eyJraW5kIjoic3RhcnQifR==".to_owned(),                 // 4: bits left over
        "eyJraW5kIjoic3Rh\\ncnQifQ==".to_owned(),              // 5: a line break
        " eyJraW5kIjoic3RhcnQifQ==".to_owned(),                // 6: a space
        "eyJraW5kIjoic3RhcnQiLCJ4Ijoifj8-w78ifQ==".to_owned(), // 7: the alphabet of URLs
        "{\\\"kind\\\":\\\"start\\\"}".to_owned(),             // 8: not encoded at all
        "=".to_owned(),                                        // 9
        "eyJraW5kIjoic3RhcnQifQ==".to_owned(),                 // 10: as it should be
    ];
    for source in DECODED.into_iter().filter(|&source| source != Source::Sqs) {
        let records: Vec<String> = texts.iter().map(|text| record_with(source, Some(&format!("\"{text}\"")))).collect();
        let key = payload_key(source);
        let start = format!("{{\"{key}\":{{\"kind\":[\"start\"]}}}}");
        let end = format!("{{\"{key}\":{{\"kind\":[\"end\"]}}}}");
        let (starts, ends): (&[usize], &[usize]) = match IGNORING.contains(&source) {
            true => (&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], &[2, 3, 4, 5, 6, 7, 8, 9]),
            false => (&[0, 1, 10], &[]),
        };
        assert_eq!(kept(source, &[&start], &records), starts, "{source}");
        assert_eq!(kept(source, &[&end], &records), ends, "{source}");
    }
}
