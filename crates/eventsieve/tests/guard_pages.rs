//! Records at the very edge of readable memory, at every alignment and length: one byte read too many ends the process.
//!
//! A record is put where the page behind it (or before it) cannot be touched, and judged with every instruction set that
//! the CPU has. The second half surrounds records with bytes that would change the answer if they were looked at.
#![cfg(unix)]

use eventsieve::source::kinesis;
use eventsieve::{
    Batch, Checker, Checks, Dialect, Encoded, FilterCriteria, FrontEnd, Isa, RecordLimits, RecordView, Sieve, Source,
    Verdict, check,
};

/// Memory between two pages that nobody may touch.
struct Guarded {
    base: *mut libc::c_void,
    page: usize,
    /// Pages between.
    pages: usize,
}

impl Guarded {
    fn new(pages: usize) -> Guarded {
        // SAFETY: asks for a constant of the system.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize;
        let bytes = (pages + 2) * page;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: a new mapping at an address of the system's choice touches nothing that exists.
        let base = unsafe { libc::mmap(std::ptr::null_mut(), bytes, libc::PROT_NONE, flags, -1, 0) };
        assert_ne!(base, libc::MAP_FAILED, "no memory");
        // SAFETY: the pages between the first and the last of the mapping just made.
        let opened = unsafe { libc::mprotect(base.byte_add(page), pages * page, libc::PROT_READ | libc::PROT_WRITE) };
        assert_eq!(opened, 0, "memory cannot be opened");
        Guarded { base, page, pages }
    }

    fn middle(&mut self) -> &mut [u8] {
        // SAFETY: these pages are readable and writable, zeroed by the system, ours alone, and live as long as `self`.
        unsafe { std::slice::from_raw_parts_mut(self.base.byte_add(self.page).cast(), self.pages * self.page) }
    }

    /// A copy of `bytes` behind which no byte can be read.
    fn at_end(&mut self, bytes: &[u8]) -> &[u8] {
        let middle = self.middle();
        let start = middle.len() - bytes.len();
        middle[start..].copy_from_slice(bytes);
        &middle[start..]
    }

    /// A copy of `bytes` before which no byte can be read.
    fn at_start(&mut self, bytes: &[u8]) -> &[u8] {
        let copy = &mut self.middle()[..bytes.len()];
        copy.copy_from_slice(bytes);
        copy
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: the mapping that `new` made, which nobody borrows any more.
        unsafe { libc::munmap(self.base, (self.pages + 2) * self.page) };
    }
}

/// Texts of exactly `len` bytes: records, records cut short, and bytes of one kind.
fn texts(len: usize) -> Vec<Vec<u8>> {
    let mut texts: Vec<Vec<u8>> = Vec::new();
    // Filled up to the length with text or white space.
    for (before, fill, after) in [
        (r#"{"a":""#, "x", r#"","state":"paid"}"#),
        (r#"{"state":"paid","n":12.5,"a":""#, "\\n", r#""}"#),
        (r#"{"a":[{"b":1},{"b":[true,null]}],"c":""#, "é", r#"","n":-1e3}"#),
        (r#"{"state":"pa\u0069d""#, " ", "}"),
        (r#"{"n":1"#, "0", "}"),
    ] {
        let room = len.checked_sub(before.len() + after.len());
        if let Some(times) = room.filter(|room| room % fill.len() == 0).map(|room| room / fill.len()) {
            texts.push([before, &fill.repeat(times), after].concat().into_bytes());
        }
    }
    let long = format!(r#"{{"k":"{}","state":"paid","list":[1,2.5,{{"é":"\u00e9\\"}}],"n":12}}"#, "y".repeat(140));
    let long = long.as_bytes().iter().copied().cycle();
    texts.push(long.clone().take(len).collect());
    texts.push(long.skip(37).take(len).collect());
    for byte in *b"\"\\{[ :1\xc3\x80\x00" {
        texts.push(vec![byte; len]);
    }
    texts
}

fn sieves() -> Vec<Sieve<'static>> {
    let sieve = |patterns: &[&str]| {
        let criteria = FilterCriteria::from_patterns(patterns.iter().copied());
        Sieve::builder(Source::Raw).dialect(Dialect::EventBridge).compile(&criteria).unwrap()
    };
    vec![
        // One literal, several, many, and some that ignore case.
        sieve(&[r#"{"state":["paid"]}"#]),
        sieve(&[r#"{"state":["paid","open"]}"#, r#"{"a":[{"prefix":"xx"}]}"#]),
        sieve(&[r#"{"state":["aaaa","bbbb","cccc","dddd","eeee","ffff","paid","hhhh","iiii"]}"#]),
        sieve(&[r#"{"state":[{"equals-ignore-case":"PAID"}]}"#]),
        // None.
        sieve(&[
            r#"{"n":[{"numeric":[">",2]}]}"#,
            r#"{"list":{"é":[{"exists":false}]},"state":[{"anything-but":"x"}]}"#,
        ]),
        sieve(&[r#"{"a":{"b":[1]}}"#]),
    ]
}

/// The verdict by the front end that reads byte after byte.
fn expected(sieve: &Sieve<'_>, text: &[u8]) -> Verdict {
    let slow = sieve.clone().with_front_end(FrontEnd::Text).with_checks(Checks::Every);
    slow.evaluate(&mut slow.scratch(), &Batch::from_slices(&[text])).unwrap()[0]
}

fn is_right(found: Verdict, expected: Verdict, checks: Checks) -> bool {
    // Only matches are proved, so a malformed record may pass for one that does not match.
    found == expected
        || (checks == Checks::Trusted && expected == Verdict::Malformed)
        || (checks == Checks::Matches && (found, expected) == (Verdict::NoMatch, Verdict::Malformed))
}

/// All ways to have a sieve read by way of bitmaps.
fn ways<'p>(sieve: &Sieve<'p>) -> Vec<(Sieve<'p>, Isa, Checks)> {
    let mut ways = Vec::new();
    for isa in Isa::available() {
        for checks in [Checks::Every, Checks::Matches, Checks::Trusted] {
            for prefilter in [true, false] {
                ways.push((sieve.clone().with_isa(isa).with_checks(checks).with_prefilter(prefilter), isa, checks));
            }
        }
    }
    ways
}

/// Lengths up to 200, and some around the sizes that loops are unrolled to.
fn lengths() -> impl Iterator<Item = usize> {
    (0..=200).chain(250..=260).chain(318..=322).chain(508..=516).chain([1023, 1024, 1025, 4095, 4096, 4097])
}

#[test]
fn no_byte_outside_a_record_is_read() {
    let mut memory = Guarded::new(2);
    for sieve in &sieves() {
        let mut ways: Vec<_> =
            ways(sieve).into_iter().map(|(sieve, isa, checks)| (sieve.scratch(), sieve, isa, checks)).collect();
        for text in lengths().flat_map(texts) {
            let expected = expected(sieve, &text);
            for at_end in [true, false] {
                let record = if at_end { memory.at_end(&text) } else { memory.at_start(&text) };
                for (scratch, sieve, isa, checks) in &mut ways {
                    let slices = [record];
                    let offsets = [0, record.len()];
                    let adjoining = Batch::from_offsets(record, &offsets).unwrap();
                    for batch in [Batch::from_slices(&slices), adjoining] {
                        let found = sieve.evaluate(scratch, &batch).unwrap()[0];
                        let isa = isa.name();
                        assert!(is_right(found, expected, *checks), "{isa} {found:?}: {}", record.escape_ascii());
                    }
                }
            }
        }
    }
}

#[test]
fn no_byte_outside_a_record_is_read_by_the_checker() {
    let mut memory = Guarded::new(2);
    for isa in Isa::available() {
        let mut checker = Checker::default().with_isa(isa);
        for text in lengths().flat_map(texts) {
            let expected = check(&text, &RecordLimits::default());
            assert_eq!(checker.check(memory.at_end(&text)), expected, "{} {}", isa.name(), text.escape_ascii());
            assert_eq!(checker.check(memory.at_start(&text)), expected, "{} {}", isa.name(), text.escape_ascii());
        }
    }
}

#[test]
fn no_byte_outside_a_payload_is_read() {
    let mut memory = Guarded::new(2);
    let criteria = FilterCriteria::from_patterns([r#"{"data":{"state":["paid"]}}"#]);
    let sieve = Sieve::builder(Source::Kinesis).compile(&criteria).unwrap();
    for (sieve, isa, checks) in ways(&sieve) {
        let mut scratch = sieve.scratch();
        for len in 0..=200 {
            let payload = format!(r#"{{"p":"{}","state":"paid"}}"#, "z".repeat(len)).into_bytes();
            let coded = base64_simd::STANDARD.encode_to_string(&payload).into_bytes();
            for (bytes, is_coded) in [(&payload, false), (&coded, true)] {
                for at_end in [true, false] {
                    let bytes = if at_end { memory.at_end(bytes) } else { memory.at_start(bytes) };
                    let data = if is_coded { Encoded::base64(bytes) } else { Encoded::plain(bytes) };
                    let views = [kinesis::record("p", "1", data)];
                    let found = sieve.evaluate(&mut scratch, &Batch::from_views(&views)).unwrap();
                    assert_eq!(found, [Verdict::Match], "{} {len}", isa.name());
                }
            }
            // A delivered record that ends with its payload, as near as JSON allows.
            let delivered = [br#"{"kinesis":{"data":""#, coded.as_slice(), br#""}}"#].concat();
            for cut in [delivered.len(), delivered.len() - 3] {
                let whole = cut == delivered.len();
                let views = [RecordView::delivered(memory.at_end(&delivered[..cut]))];
                let found = sieve.evaluate(&mut scratch, &Batch::from_views(&views)).unwrap()[0];
                assert!((found == Verdict::Match) == whole || checks == Checks::Trusted, "{} {len}", isa.name());
            }
        }
    }
}

#[test]
fn bytes_around_a_record_do_not_count_at_any_alignment() {
    // Each would open, close or escape something.
    let around = [b'"', b'\\', b'}', 0xff];
    let all = sieves();
    for sieve in [&all[0], &all[4]] {
        let mut ways: Vec<_> = ways(sieve)
            .into_iter()
            .filter(|(_, _, checks)| *checks == Checks::Every)
            .map(|(sieve, isa, _)| (sieve.scratch(), sieve, isa))
            .collect();
        for len in 0..=200 {
            for text in texts(len) {
                let expected = expected(sieve, &text);
                for alignment in 0..64 {
                    let mut memory = [around[(alignment + len) % around.len()]; 512];
                    let start = memory.as_ptr().align_offset(64) + alignment;
                    memory[start..start + len].copy_from_slice(&text);
                    let record = &memory[start..start + len];
                    let (scratch, sieve, isa) = &mut ways[(alignment + len) % 2];
                    let found = sieve.evaluate(scratch, &Batch::from_slices(&[record])).unwrap()[0];
                    assert_eq!(found, expected, "{} at {alignment}: {}", isa.name(), record.escape_ascii());
                    ways.rotate_left(1);
                }
            }
        }
    }
}
