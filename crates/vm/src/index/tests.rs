//! Every instruction set against `check`, against the portable one, and that against a loop over bytes.

use super::*;
use crate::check::tests::{Random, mutate, record};

/// The bitmaps, byte by byte, from what [`Block`] says of them.
fn naive(record: &[u8]) -> Vec<Block> {
    let mut blocks = vec![Block::default(); record.len().div_ceil(64)];
    let (mut escaped, mut in_string, mut in_run) = (false, false, false);
    for (at, &byte) in record.iter().enumerate() {
        let block = &mut blocks[at / 64];
        let bit = 1 << (at % 64);
        let quote = byte == b'"' && !escaped;
        let structure = !in_string && b"{}[],:".contains(&byte);
        let run = !in_string && !quote && !structure && !b" \t\r\n".contains(&byte);
        if quote {
            block.quotes |= bit;
        }
        if byte == b'\\' {
            block.backslashes |= bit;
        }
        if !in_string {
            match byte {
                b':' => block.colons |= bit,
                b'{' | b'[' => block.opens |= bit,
                b'}' | b']' => block.closes |= bit,
                _ => {}
            }
        }
        if (quote && !in_string) || (run && !in_run) {
            block.starts |= bit;
        }
        in_string ^= quote;
        in_run = run;
        escaped = byte == b'\\' && !escaped;
    }
    blocks
}

/// Runs the scans of every instruction set on one record after the other.
struct Comparison {
    all: Vec<Isa>,
    limits: RecordLimits,
    index: Index,
    portable: Index,
    accepted: usize,
    refused: usize,
}

impl Comparison {
    fn new() -> Self {
        let all: Vec<Isa> = Isa::available().flat_map(|isa| [Some(isa), isa.with_other_pext()]).flatten().collect();
        for name in Isa::NAMES.iter().filter(|&&name| all.iter().all(|isa| isa.name() != name)) {
            eprintln!("not tested, since this CPU lacks it: {name}");
        }
        Comparison {
            all,
            limits: RecordLimits::default(),
            index: Index::new(),
            portable: Index::new(),
            accepted: 0,
            refused: 0,
        }
    }

    /// Compares verdicts and bitmaps; returns the verdict.
    #[track_caller]
    fn record(&mut self, record: &[u8], whence: &dyn std::fmt::Display) -> bool {
        // On the heap at its exact size, so that a read past its end is one that a sanitizer sees.
        let record: Box<[u8]> = record.into();
        let Comparison { all, limits, index: scratch, portable, .. } = self;
        let shown = |isa: &Isa| format!("{} {whence}, {limits:?}: {:?}", isa.name(), record.escape_ascii().to_string());
        index(Isa::portable(), &record, portable);
        assert_eq!(portable.blocks(), naive(&record), "{}", shown(&Isa::portable()));
        let expected = check(&record, limits);
        for isa in all.iter() {
            // Whatever was there before must not matter.
            scratch.blocks.fill(Block { quotes: !0, backslashes: !0, colons: !0, opens: !0, closes: !0, starts: !0 });
            index(*isa, &record, scratch);
            assert_eq!(scratch.blocks(), portable.blocks(), "{}", shown(isa));
            scratch.blocks.fill(Block::default());
            let valid = is_valid(*isa, &record, limits, scratch);
            assert_eq!(valid, expected.is_ok(), "{}: {expected:?}", shown(isa));
            assert_eq!(scratch.blocks(), portable.blocks(), "{}", shown(isa));
        }
        let counter = if expected.is_ok() { &mut self.accepted } else { &mut self.refused };
        *counter += 1;
        expected.is_ok()
    }

    #[track_caller]
    fn accepts(&mut self, record: impl AsRef<[u8]>) {
        assert!(self.record(record.as_ref(), &"by hand"), "{}", record.as_ref().escape_ascii());
    }

    #[track_caller]
    fn refuses(&mut self, record: impl AsRef<[u8]>) {
        assert!(!self.record(record.as_ref(), &"by hand"), "{}", record.as_ref().escape_ascii());
    }
}

/// White space and then a record, in which block borders fall where `shift` puts them.
fn shifted(shift: usize, record: &[u8]) -> Vec<u8> {
    [&vec![b' '; shift], record].concat()
}

/// An object of the values that are hard: numbers, literals, escapes and characters of every length.
fn dense(random: &mut Random) -> Vec<u8> {
    const VALUES: [&str; 40] = [
        "0",
        "-0",
        "10",
        "-1",
        "0.0",
        "-0.5",
        "1.25",
        "100e3",
        "1E+9",
        "1e-09",
        "-2.25e+31",
        "0e0",
        "12345678.87654321e12",
        "true",
        "false",
        "null",
        "[]",
        "{}",
        "[[]]",
        "[{}]",
        "{\"a\":{}}",
        "\"\"",
        "\"\\\"\"",
        "\"\\\\\"",
        "\"\\\\\\\"\"",
        "\"\\u00e9\"",
        "\"\\uD834\\uDd1e\"",
        "\"\\b\\f\\n\\r\\t\\/\"",
        "\"é\"",
        "\"\u{7ff}\u{800}\"",
        "\"\u{fff}\u{1000}\"",
        "\"\u{d7ff}\u{e000}\u{ffff}\"",
        "\"\u{10000}\u{3ffff}\"",
        "\"\u{40000}\u{10ffff}\"",
        "[1,2,3]",
        "[\"a\",\"b\"]",
        "{\"a\":\"b\",\"c\":1}",
        "[true,false]",
        "123456789012345678901234567890123456789012345678901234567890",
        " 7 ",
    ];
    let mut out = b"{".to_vec();
    for member in 0..1 + random.below(30) {
        if member > 0 {
            out.push(b',');
        }
        out.extend_from_slice(if random.below(4) == 0 { b"\"\\u006b\\\\\":" } else { b"\"k\":" });
        if random.below(8) == 0 {
            out.push(b'[');
            for _ in 0..random.below(6) {
                out.extend_from_slice(VALUES[random.below(VALUES.len())].as_bytes());
                out.push(b',');
            }
            out.extend_from_slice(b"0]");
        } else {
            out.extend_from_slice(VALUES[random.below(VALUES.len())].as_bytes());
        }
    }
    out.push(b'}');
    out
}

/// A record of deep, narrow or wide nesting without anything else.
fn brackets(random: &mut Random) -> Vec<u8> {
    let mut out = b"{".to_vec();
    let mut open = vec![true];
    let (target, steps) = (1 + random.below(70), random.below(200));
    for _ in 0..steps {
        let Some(&object) = open.last() else { break };
        let fresh = matches!(out.last(), Some(b'{' | b'['));
        // Near the target, opening and closing are as likely.
        if open.len() > 1 && random.below(2 * target) < open.len() {
            open.pop();
            out.push(if object { b'}' } else { b']' });
            continue;
        }
        if !fresh {
            out.push(b',');
        }
        if object {
            out.extend_from_slice(b"\"\":");
        }
        if random.below(5) == 0 {
            out.extend_from_slice(if random.below(2) == 0 { b"0" } else { b"\"\"" });
            continue;
        }
        open.push(random.below(2) == 0);
        out.push(if open[open.len() - 1] { b'{' } else { b'[' });
    }
    while let Some(object) = open.pop() {
        out.push(if object { b'}' } else { b']' });
    }
    out
}

/// Swaps or replaces a byte of structure: what the general mutations seldom hit.
fn mutate_structure(random: &mut Random, record: &mut [u8]) {
    let places: Vec<usize> = (0..record.len()).filter(|&at| b"{}[],:\"".contains(&record[at])).collect();
    if places.is_empty() {
        return;
    }
    for _ in 0..=random.below(2) {
        let (at, other) = (places[random.below(places.len())], places[random.below(places.len())]);
        match random.below(3) {
            0 => record.swap(at, other),
            1 => record[at] = b"{}[],:\" 0"[random.below(9)],
            // The other kind of bracket: bit 5 and those below stay.
            _ if b"{}[]".contains(&record[at]) => record[at] ^= 0x20,
            _ => record[at] = b',',
        }
    }
}

/// Compares `rounds` times six records; returns how many of them were accepted and refused.
fn compare_generated(seed: u64, rounds: usize) -> (usize, usize) {
    let mut random = Random(seed);
    let mut comparison = Comparison::new();
    for round in 0..rounds {
        let whence = format!("seed {seed:#x}, round {round}");
        let made = match random.below(3) {
            0 => record(&mut random),
            1 => dense(&mut random),
            _ => brackets(&mut random),
        };
        let mut made = shifted(random.below(128), &made);
        // A gap may be a block without anything, over which nothing must be carried.
        for _ in 0..random.below(3) {
            let at = random.below(made.len());
            let gap = 1 + random.below(140);
            made.splice(at..at, std::iter::repeat_n(b' ', gap));
        }
        comparison.record(&made, &whence);
        let mut structural = made.clone();
        mutate_structure(&mut random, &mut structural);
        comparison.record(&structural, &whence);
        for _ in 0..4 {
            mutate(&mut random, &mut made);
            comparison.record(&made, &whence);
        }
    }
    (comparison.accepted, comparison.refused)
}

#[test]
fn agrees_with_check_on_generated_records() {
    let (accepted, refused) = compare_generated(0x1DE5, 6_000);
    assert!(accepted > 6_000 && refused > 6_000, "{accepted} accepted, {refused} refused");
}

#[test]
#[ignore = "millions of records; run by hand in release after a change, with the count in EVENTSIEVE_RECORDS"]
fn agrees_with_check_on_millions_of_generated_records() {
    let wanted = std::env::var("EVENTSIEVE_RECORDS").ok().and_then(|count| count.parse().ok()).unwrap_or(6_000_000);
    let seeds = wanted / 600_000 + 1;
    let (mut accepted, mut refused) = (0, 0);
    for seed in 1..=seeds as u64 {
        let counts = compare_generated(seed, 100_000);
        accepted += counts.0;
        refused += counts.1;
    }
    println!("{accepted} accepted, {refused} refused");
}

#[test]
fn agrees_with_check_on_all_short_sequences_of_tokens() {
    // Long enough for every rule about neighbours, and for two kinds of evidence in one stretch.
    const TOKENS: [&str; 9] = ["{", "}", "[", "]", ",", ":", "\"\"", "0", "null"];
    let mut comparison = Comparison::new();
    let mut text = Vec::new();
    for (before, behind, most) in [("", "", 4), ("{", "}", 5), ("{\"\":", "}", 5), ("{\"\":[{},", "]}", 5)] {
        for len in 0..=most {
            for mut number in 0..TOKENS.len().pow(len) {
                text.clear();
                text.extend_from_slice(before.as_bytes());
                for _ in 0..len {
                    text.extend_from_slice(TOKENS[number % TOKENS.len()].as_bytes());
                    number /= TOKENS.len();
                }
                text.extend_from_slice(behind.as_bytes());
                comparison.record(&text, &"tokens");
            }
        }
    }
    assert!(comparison.accepted > 100, "{}", comparison.accepted);
}

#[test]
fn agrees_with_check_on_all_short_numbers() {
    const BYTES: &[u8] = b"01-+.eE ";
    let mut comparison = Comparison::new();
    for len in 1..=4_u32 {
        for number in 0..BYTES.len().pow(len) {
            let digits = (0..len).scan(number, |rest, _| {
                let byte = BYTES[*rest % BYTES.len()];
                *rest /= BYTES.len();
                Some(byte)
            });
            let text: Vec<u8> = b"{\"k\":".iter().copied().chain(digits).chain(*b"}").collect();
            // Whole in a block, and with a border before its last byte but one.
            comparison.record(&text, &"number");
            comparison.record(&shifted(64 - text.len() + 2, &text), &"number");
        }
    }
}

#[test]
fn a_block_may_end_anywhere_in_a_record() {
    let texts: &[&[u8]] = &[
        br#"{"a":[-1.25e+10,0,-0,0.5E-7,true,false,null],"b\u00e9\\\"":{"c":"\\\\","d":[{},[]]}}"#,
        "{\"\u{e9}\u{800}\u{10000}\":\"\u{10ffff}\u{d7ff}\u{e000}\"}".as_bytes(),
        br#"{"a":01}"#,
        br#"{"a":-}"#,
        br#"{"a":-01}"#,
        br#"{"a":1.}"#,
        br#"{"a":1e}"#,
        br#"{"a":1e+}"#,
        br#"{"a":1.2.3}"#,
        br#"{"a":1e2.3}"#,
        br#"{"a":1e2e3}"#,
        br#"{"a":1.2e-3e}"#,
        br#"{"a":1-2}"#,
        br#"{"a":+1}"#,
        br#"{"a":truee}"#,
        br#"{"a":true1}"#,
        br#"{"a":nul}"#,
        br#"{"a":falsy}"#,
        br#"{"a":nulltrue}"#,
        br#"{"a":0x1}"#,
        br#"{"a":"\u12g4"}"#,
        br#"{"a":"\u123"}"#,
        br#"{"a":"\x"}"#,
        br#"{"a":"\\\"}"#,
        br#"{"a":\"}"#,
        b"{\"a\":\"\x01\"}",
        b"{\"a\":\x0b1}",
        b"{\"a\":\x001}",
        b"{\"a\"\x1a1}",
        b"{\"a\":1\x0c\"b\":2}",
        b"{\x02a\x02:1}",
        br#"{"a":1}}"#,
        br#"{"a":1},"b":{}"#,
        br#"{"a":1,"b"}"#,
        br#"{"a":[1,"b":2]}"#,
        br#"{"a":[{},"b"],"c":{"d":1,2}}"#,
    ];
    let mut comparison = Comparison::new();
    for (number, text) in texts.iter().enumerate() {
        for shift in 0..128 {
            assert_eq!(comparison.record(&shifted(shift, text), &"shifted"), number < 2);
        }
    }
}

#[test]
fn nothing_is_carried_over_a_block_without_numbers() {
    let mut comparison = Comparison::new();
    for first in ["1", "-1", "0", "1.5", "1e5", "true", "false"] {
        for second in ["e5", ".5", "E", "+1", "0", "1", "-", "5.e", "rue", "e", "alse", "true"] {
            for end in [62, 63, 64, 65, 66, 128] {
                for gap in [1, 63, 64, 65, 127, 128, 192] {
                    for between in [",", " "] {
                        let mut text = format!("{{\"a\":[{}{first}", " ".repeat(end - 6 - first.len()));
                        text += between;
                        text += &" ".repeat(gap - 1);
                        text += second;
                        comparison.record((text + "]}").as_bytes(), &"gap");
                    }
                }
            }
        }
    }
    assert!(comparison.accepted > 100);
}

#[test]
fn records_may_have_any_length() {
    let mut comparison = Comparison::new();
    for len in 0..=200 {
        comparison.refuses(vec![b' '; len]);
        comparison.refuses(vec![b'\\'; len]);
        comparison.refuses(vec![b'"'; len]);
        comparison.refuses(vec![b'{'; len]);
        comparison.refuses(vec![b'7'; len]);
        comparison.refuses(vec![0xE2; len]);
        let text = format!("{{\"{}\":0}}", "x".repeat(len));
        comparison.accepts(&text);
        comparison.accepts(text.clone() + &" \n".repeat(len));
        comparison.refuses(text.clone() + &" ".repeat(len) + "x");
        comparison.refuses(&text[..text.len() - 1]);
    }
}

#[test]
fn characters_are_checked_as_the_standard_library_does() {
    let mut comparison = Comparison::new();
    let bytes = [0x00, 0x22, 0x5C, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xDF, 0xE1, 0xFF];
    let around = |sequence: &[u8], comparison: &mut Comparison| {
        // Within a block, across a border, and at the very end of the last block.
        for shift in [5, 64 - 7, 64 - 8, 64 - 9, 64 - 10] {
            let text = [b"{\"a\":\"", sequence, b"\"}"].concat();
            comparison.record(&shifted(shift, &text), &"character");
        }
    };
    for first in 0..=0xFF {
        around(&[first], &mut comparison);
        for second in bytes {
            around(&[first, second], &mut comparison);
        }
    }
    for first in [0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF8] {
        for second in bytes {
            for third in [0x7F, 0x80, 0xBF, 0xC2, 0xED] {
                around(&[first, second, third], &mut comparison);
                for fourth in [0x7F, 0x80, 0xBF, 0xF4] {
                    around(&[first, second, third, fourth], &mut comparison);
                }
            }
        }
    }
    assert!(comparison.accepted > 1_000);
}

#[test]
fn every_escape_is_checked() {
    let mut comparison = Comparison::new();
    for letter in 0..=0xFF {
        for shift in [0, 64 - 7, 64 - 8] {
            comparison.record(&shifted(shift, &[b"{\"a\":\"\\", &[letter][..], b"0000\"}"].concat()), &"escape");
            comparison.record(&shifted(shift, &[b"{\"a\":\"\\u00", &[letter][..], b"0\"}"].concat()), &"hexadecimal");
        }
    }
    for len in 0..300 {
        let text = format!("{{\"a\":\"{}\"}}", "\\".repeat(len));
        assert_eq!(comparison.record(text.as_bytes(), &"run"), len % 2 == 0);
        comparison.record(format!("{{\"a\":\"{}u1234\"}}", "\\".repeat(len)).as_bytes(), &"run");
    }
}

#[test]
fn nesting_is_limited_as_by_check() {
    let arrays = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
    let objects = |levels: usize| format!("{}{{}}{}", "{\"a\":".repeat(levels - 1), "}".repeat(levels - 1));
    let mut comparison = Comparison::new();
    for depth in [0, 1, 2, 3, 31, 32, 60, 61, 62, 63, 64, 65, 500, 1000, 1024, usize::MAX] {
        comparison.limits.depth = depth;
        for levels in
            [1, 2, 3, 4, 31, 32, 33, 60, 61, 62, 63, 64, 65, 66, 127, 128, 499, 500, 501, 1000, 1001, 1024, 1025]
        {
            let held = levels <= depth.min(RecordLimits::MAX_DEPTH);
            assert_eq!(comparison.record(objects(levels).as_bytes(), &"objects"), held);
            assert_eq!(comparison.record(arrays(levels).as_bytes(), &"arrays"), held && levels > 1);
            let brothers = format!("{{\"a\":[{0},{0},{0}]}}", objects(levels));
            assert_eq!(comparison.record(brothers.as_bytes(), &"brothers"), levels + 2 <= depth.min(1024));
            let wrong = arrays(levels).replacen(']', "}", 1);
            comparison.refuses(wrong);
        }
    }
}

#[test]
fn digits_are_limited_as_by_check() {
    let digits = |len| "7".repeat(len);
    let member = |number: &str| format!("{{\"a\":{number}}}");
    let mut comparison = Comparison::new();
    for limit in [0, 1, 2, 63, 64, 65, 126, 127, 128, 129, 130, 191, 192, 193, 1000] {
        comparison.limits.number_digits = limit;
        for shift in (0..128).step_by(if limit < 200 { 5 } else { 40 }) {
            for (len, held) in [(limit.max(1), limit > 0), (limit + 1, false)] {
                let text = shifted(shift, member(&digits(len)).as_bytes());
                assert_eq!(comparison.record(&text, &"digits"), held);
                let parts = format!("-0.{}e-{}", digits(len.saturating_sub(2).max(1)), digits(1));
                comparison.record(&shifted(shift, member(&parts).as_bytes()), &"parts");
            }
        }
    }
}

#[test]
fn keys_are_limited_as_by_check() {
    let mut comparison = Comparison::new();
    for limit in [0, 1, 2, 5, 63, 64, 65, 127, 128, 129, 190, 191, 192, 193, 194, 200, 256, 320, 1000] {
        comparison.limits.key_chars = limit;
        for piece in ["k", "é", "😀", "\\n", "\\\"", "\\u0041"] {
            let units = piece.chars().map(char::len_utf16).sum::<usize>().min(if piece.len() == 4 { 2 } else { 1 });
            for shift in [0, 1, 30, 58, 60, 61, 62, 63, 64, 65] {
                for more in 0..2 {
                    let key = piece.repeat(limit / units + more);
                    for white in ["", " ", "\n\n"] {
                        let text = format!("{{\"{key}\"{white}:[\"{key}k\"]}}");
                        assert_eq!(comparison.record(&shifted(shift, text.as_bytes()), &"key"), more == 0, "{text}");
                    }
                }
            }
        }
    }
    // At the limit in force, and a value that is free of it.
    comparison.limits = RecordLimits::default();
    for (len, held) in [(49_999, true), (50_000, true), (50_001, false), (200_000, false)] {
        let text = "k".repeat(len);
        assert_eq!(comparison.record(format!("{{\"{text}\":0}}").as_bytes(), &"long"), held);
        comparison.accepts(format!("{{\"a\":\"{text}\",\"b\":[\"{text}\",0]}}"));
    }
}

#[test]
fn common_records_take_the_fast_road() {
    // The road through `check` gives the same answers, so nothing else would show if it were always taken.
    fn finding(record: &[u8]) -> Finding {
        let mut index = Index::new();
        let bounds = Bounds { depth: Bounds::MAX_DEPTH as u32 };
        run(Isa::detect(), Scan::<true> { record, blocks: index.make_room(record.len()), bounds })
    }
    let mut random = Random(0xFA57);
    for _ in 0..500 {
        assert_eq!(finding(&record(&mut random)), Finding::Valid);
        assert_eq!(finding(&dense(&mut random)), Finding::Valid);
    }
    assert_eq!(finding(b"{\"a\":1"), Finding::Invalid);
    assert_eq!(finding(format!("{{\"a\":{}1}}", " ".repeat(1000)).as_bytes()), Finding::Valid);
    assert_eq!(finding(format!("{{\"a\":{}}}", "1".repeat(200)).as_bytes()), Finding::Unsure);
    assert_eq!(finding(format!("{{\"a\":{}0{}}}", "[".repeat(61), "]".repeat(61)).as_bytes()), Finding::Valid);
    assert_eq!(finding(format!("{{\"a\":{}0{}}}", "[".repeat(62), "]".repeat(62)).as_bytes()), Finding::Unsure);
    // A long value makes no long key, in compact text and in spaced text.
    let limits = RecordLimits { key_chars: 500, ..RecordLimits::default() };
    for (text, long) in [
        (format!("{{\"a\":\"{}\"}}", "x".repeat(5000)), false),
        (format!("{{ \"a\" : \"{}\" , \"b\" : [ ] }}", "x".repeat(5000)), false),
        (format!("{{\"{}\" : 0}}", "x".repeat(5000)), true),
    ] {
        let mut bitmaps = Index::new();
        index(Isa::portable(), text.as_bytes(), &mut bitmaps);
        assert_eq!(may_have_long_key(text.as_bytes(), bitmaps.blocks(), &limits), long, "{text}");
    }
}

#[test]
fn hostile_records_cost_linear_time() {
    const LEN: usize = 4_000_000;
    let start = std::time::Instant::now();
    let (limits, mut index) = (RecordLimits::default(), Index::new());
    let mut valid = |text: String| is_valid(Isa::detect(), text.as_bytes(), &limits, &mut index);
    assert!(!valid(format!("{{\"a\":{}", "[".repeat(LEN))));
    assert!(!valid(format!("{{\"a\":{}", "7".repeat(LEN))));
    assert!(!valid(format!("{{\"{}\":0}}", "\\u0041".repeat(LEN / 6))));
    assert!(valid(format!("{{\"a\":\"{}\"}}", "\\\\".repeat(LEN / 2))));
    assert!(valid(format!("{{\"a\":[{}0]}}", "[],".repeat(LEN / 3))));
    // Many strings that look like long keys until the byte behind them, with white space in between.
    let piece = format!("\"{}\"{},", "x".repeat(60_000), " ".repeat(60_000));
    assert!(valid(format!("{{\"a\":[{}0]}}", piece.repeat(LEN / piece.len()))));
    // Generous: some tens of milliseconds are usual; quadratic time would be hours.
    assert!(start.elapsed().as_secs() < 30);
}

/// [`Simd::compress`] and [`Simd::gather`].
struct Together {
    planes: [u64; 3],
    mask: u64,
    bytes: [u8; 64],
}

impl Task for Together {
    type Output = ([u64; 3], Vec<u8>);

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Self::Output {
        // What lies there before must not matter.
        let mut out = [0xAA; 64];
        let len = simd.gather(&self.bytes, self.mask, &mut out) as usize;
        (simd.compress(self.planes, self.mask), out[..len].to_vec())
    }
}

#[test]
fn bits_and_bytes_are_moved_together() {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for round in 0..10_000 {
        let planes = [random(), random(), random()];
        let bytes: [u8; 64] = std::array::from_fn(|at| at as u8 ^ random() as u8);
        // From few bits to many.
        let mask = match round % 5 {
            0 => random() & random() & random(),
            1 => random() & random(),
            2 => random(),
            3 => random() | random() | random(),
            _ => [0, !0, 1, 1 << 63, !1, !0 >> 1][round / 5 % 6],
        };
        let places: Vec<usize> = (0..64).filter(|at| mask >> at & 1 != 0).collect();
        let bits = planes.map(|plane| (0..).zip(&places).fold(0, |bits, (to, from)| bits | (plane >> from & 1) << to));
        let moved: Vec<u8> = places.iter().map(|&at| bytes[at]).collect();
        for isa in Isa::available().flat_map(|isa| [Some(isa), isa.with_other_pext()]).flatten() {
            let found = run(isa, Together { planes, mask, bytes });
            assert_eq!(found, (bits, moved.clone()), "{planes:x?} under {mask:#x}, {}", isa.name());
        }
    }
}
