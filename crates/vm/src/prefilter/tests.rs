//! The search against a naive one, at every place a literal can lie.

use super::*;

/// A stream of numbers that is always the same.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        self.0 >> 33
    }

    fn below(&mut self, limit: usize) -> usize {
        self.next() as usize % limit
    }
}

const SETS: &[&[&str]] = &[
    &[],
    &["running"],
    &["ab"],
    &["a-literal-so-long-that-its-rare-bytes-are-far-apart-zzzzzzzzzzzzzzzzzzzzzzzzzzzz"],
    &["running", "stopped"],
    &["ab", "ba"],
    &["1234", "aXbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbZ"],
    &["running", "stopped", "pending"],
    &["ab", "bc", "ca", "aab", "abcabc"],
    &["running", "stopped", "pending", "größe", "ab", "-07-", "shutting-down", "terminated", "x-ray", "😀"],
];

fn many() -> Vec<String> {
    (0..LITERALS).map(|number| format!("order-{number:03}")).collect()
}

fn contains(text: &[u8], literals: &[&str]) -> bool {
    let holds = |literal: &[u8]| text.windows(literal.len()).any(|part| part == literal);
    literals.iter().any(|literal| holds(literal.as_bytes())) || holds(ESCAPE)
}

/// Bytes with much in common with the literals: pieces of them, whole ones, backslashes.
fn random_text(numbers: &mut Numbers, len: usize, literals: &[&str]) -> Vec<u8> {
    let mut text = Vec::with_capacity(len + 100);
    let hostile = numbers.below(4);
    while text.len() < len {
        match numbers.below(if hostile == 0 { 4 } else { 40 }) {
            0 if !literals.is_empty() => {
                let literal = literals[numbers.below(literals.len())].as_bytes();
                let cut = numbers.below(literal.len() + 1);
                text.extend_from_slice(if numbers.below(2) == 0 { &literal[..cut] } else { &literal[cut..] });
            }
            1 => text.push(b'\\'),
            2 => text.push(b'u'),
            _ => text.push(b"abcgnru: \"0"[numbers.below(11)]),
        }
    }
    text.truncate(len);
    text
}

#[test]
fn it_finds_what_a_naive_search_finds() {
    let many = many();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let mut numbers = Numbers(1);
    for isa in Isa::available() {
        for literals in SETS.iter().copied().chain([many.as_slice()]) {
            let prefilter = Prefilter::new(literals).unwrap();
            let mut found = [0; 2];
            for round in 0..1_500 {
                let len = if round < 600 { round / 2 } else { numbers.below(700) };
                let text = random_text(&mut numbers, len, literals);
                // A copy of exactly this size, so that a read beyond it can be seen by those who watch.
                let exact: Box<[u8]> = text.clone().into();
                let expected = contains(&text, literals);
                assert_eq!(prefilter.may_match(isa, &exact), expected, "{isa:?} {literals:?} {}", text.escape_ascii());
                found[usize::from(expected)] += 1;
            }
            assert!(found.iter().all(|&count| count > 50), "{literals:?} {found:?}");
        }
    }
}

#[test]
fn a_literal_is_found_wherever_it_lies() {
    for isa in Isa::available() {
        for literals in SETS.iter().copied() {
            let prefilter = Prefilter::new(literals).unwrap();
            for needle in literals.iter().copied().chain([r"\u"]) {
                for len in needle.len()..needle.len() + 330 {
                    // At the front, at the very end, and around the borders of blocks; and nothing where it is cut off.
                    let last = len - needle.len();
                    let places = (0..=last)
                        .filter(|place| len < 120 || *place % 32 < 2 || place + 3 > last || *place % 128 > 60);
                    for place in places.step_by(if len < 120 { 1 } else { 5 }).chain([last]) {
                        let mut text = vec![b'.'; len];
                        text[place..place + needle.len()].copy_from_slice(needle.as_bytes());
                        assert!(prefilter.may_match(isa, &text), "{isa:?} {needle} at {place} of {len}");
                    }
                    let mut text = vec![b'.'; len];
                    text[last + 1..].copy_from_slice(&needle.as_bytes()[..needle.len() - 1]);
                    assert_eq!(
                        prefilter.may_match(isa, &text),
                        contains(&text, literals),
                        "{isa:?} {needle} cut off at {len}"
                    );
                }
            }
        }
    }
}

#[test]
fn candidates_are_the_records_that_hold_a_literal() {
    let mut numbers = Numbers(2);
    for isa in Isa::available() {
        for literals in SETS.iter().copied() {
            let prefilter = Prefilter::new(literals).unwrap();
            for _ in 0..200 {
                // Records of all sizes, none included, some with a gap behind.
                let mut buffer = random_text(&mut numbers, 5, literals);
                let mut ranges = Vec::new();
                for _ in 0..numbers.below(60) {
                    let limit = if numbers.below(3) == 0 { 400 } else { 40 };
                    let len = numbers.below(limit);
                    let record = random_text(&mut numbers, len, literals);
                    ranges.push(buffer.len()..buffer.len() + record.len());
                    buffer.extend_from_slice(&record);
                    let gap = numbers.below(4) * numbers.below(2);
                    buffer.extend_from_slice(&random_text(&mut numbers, gap, literals));
                }
                let expected: Vec<usize> =
                    (0..ranges.len()).filter(|&record| contains(&buffer[ranges[record].clone()], literals)).collect();
                let mut found = Vec::new();
                let range = |record: usize| ranges[record].clone();
                prefilter.candidates(isa, &buffer, ranges.len(), range, &mut Adaptive::default(), |record| {
                    found.push(record);
                });
                assert_eq!(found, expected, "{isa:?} {literals:?} {ranges:?} {}", buffer.escape_ascii());
            }
        }
    }
}

#[test]
fn too_many_or_too_short_literals_are_refused() {
    let mut literals = many();
    assert!(Prefilter::new(&literals).is_some());
    literals.push("order-x".to_owned());
    assert!(Prefilter::new(&literals).is_none());
    assert!(Prefilter::new(&["a"]).is_none());
    assert!(Prefilter::new(&[""]).is_none());
}

/// Runs over `windows` windows of records of 256 bytes, of which `one_in` is a candidate, and counts the marks.
fn marks(adaptive: &mut Adaptive, windows: usize, one_in: usize, fill: &str) -> usize {
    let isa = Isa::detect();
    let prefilter = Prefilter::new(&["running"]).unwrap();
    let mut buffer = Vec::new();
    let records = windows * Adaptive::WINDOW_BYTES / 256;
    for record in 0..records {
        let start = buffer.len();
        if record % one_in == 0 {
            buffer.extend_from_slice(b"running");
        }
        buffer.extend(fill.bytes().cycle().take(256 - (buffer.len() - start)));
    }
    let mut marks = 0;
    // In batches that do not fill a window, too.
    for batch in [0..records / 3, records / 3..records] {
        for first in batch.clone().step_by(100) {
            let len = 100.min(batch.end - first);
            let range = |record: usize| (first + record) * 256..(first + record + 1) * 256;
            prefilter.candidates(isa, &buffer, len, range, adaptive, |_| marks += 1);
        }
    }
    marks
}

#[test]
fn searching_goes_on_where_it_pays() {
    let mut adaptive = Adaptive::default();
    let records = 64 * Adaptive::WINDOW_BYTES / 256;
    assert_eq!(marks(&mut adaptive, 64, 10, "."), records.div_ceil(10));
    assert_eq!(marks(&mut adaptive, 64, 2, "."), records / 2);
    assert!(adaptive.is_searching());
}

#[test]
fn searching_leaves_off_where_it_does_not_pay_and_tries_again() {
    let per_window = Adaptive::WINDOW_BYTES / 256;
    let mut adaptive = Adaptive::default();
    assert_eq!(marks(&mut adaptive, 1, 1, "."), per_window);
    assert!(!adaptive.is_searching());
    // Now nothing matches: 31 windows are passed over, and then it is noticed.
    assert_eq!(marks(&mut adaptive, 31, 1_000_000, "."), 31 * per_window);
    assert!(adaptive.is_searching());
    assert_eq!(marks(&mut adaptive, 8, 1_000_000, "."), 1);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn false_alarms_end_the_search() {
    if matches!(Isa::detect().kind(), Kind::Portable(_)) {
        return;
    }
    let mut adaptive = Adaptive::default();
    marks(&mut adaptive, 1, 1_000_000, "unning ..");
    assert!(!adaptive.is_searching(), "both bytes of the pair are there, over and over");
}

#[test]
fn one_record_at_a_time_leaves_off_too() {
    let isa = Isa::detect();
    let prefilter = Prefilter::new(&["running"]).unwrap();
    let mut adaptive = Adaptive::default();
    let (hit, miss) = ([b"running".as_slice(), &[b'.'; 249]].concat(), [b'.'; 256]);
    let window = Adaptive::WINDOW_BYTES / 256;
    assert!((0..window).all(|_| prefilter.admits(isa, &hit, &mut adaptive)));
    assert!((0..31 * window).all(|_| prefilter.admits(isa, &miss, &mut adaptive)));
    assert!((0..window).all(|_| !prefilter.admits(isa, &miss, &mut adaptive)));
}

#[test]
fn large_records_have_large_windows() {
    let isa = Isa::detect();
    let prefilter = Prefilter::new(&["running"]).unwrap();
    let mut adaptive = Adaptive::default();
    let mut record = vec![b'.'; Adaptive::WINDOW_BYTES];
    record[100..107].copy_from_slice(b"running");
    assert!(prefilter.admits(isa, &record, &mut adaptive));
    assert!(adaptive.is_searching(), "one record tells nothing");
    for _ in 0..Adaptive::WINDOW_RECORDS {
        prefilter.admits(isa, &record, &mut adaptive);
    }
    assert!(!adaptive.is_searching());
}
