//! The search for a few bytes of each literal, 128 places at a time, for x86-64 with AVX2.
//!
//! A literal can only lie where the bytes that stand for it do. Which places these are, is asked of 32 at a time, by a
//! [`Probe`], and only where there is one among 128, literals are compared. There are two probes: [`Pairs`] compares two bytes
//! of each literal, [`Halves`] looks three bytes up for all of them together.
//!
//! **Unsafe**: an `Avx2` is proof of the instructions; loads are made only where all that they read lies in the text,
//! which `search` sees to.
#![allow(unsafe_code, reason = "instructions beyond the baseline, under an `Avx2` token, and loads without checks")]

use std::arch::x86_64::*;

use super::buckets::{Buckets, WIDTH};
use super::needle::{DISTANCE, Needle};
use super::{ESCAPE, Hit};
use crate::isa::Avx2;

/// Places of a vector.
const LANES: usize = 32;
/// Places looked at before a branch.
const STRIDE: usize = 4 * LANES;
/// So much of a short text is looked at at once: less than a vector beyond the furthest byte.
const SHORT: usize = 2 * LANES;
const _: () = assert!(DISTANCE < LANES && WIDTH < LANES);

/// The first hit from `from` on, of two to five needles made as [`Needle::pair`].
#[inline]
pub(super) fn find_pairs(_: Avx2, needles: &[Needle], text: &[u8], from: usize, false_alarms: &mut u32) -> Option<Hit> {
    // SAFETY: the token proves the feature.
    unsafe {
        match needles {
            [a] => search_pairs([a], text, from, false_alarms),
            [a, b] => search_pairs([a, b], text, from, false_alarms),
            [a, b, c] => search_pairs([a, b, c], text, from, false_alarms),
            [a, b, c, d] => search_pairs([a, b, c, d], text, from, false_alarms),
            _ => unreachable!("more needles than a search has registers for"),
        }
    }
}

/// The first hit from `from` on.
#[inline]
pub(super) fn find_many(_: Avx2, buckets: &Buckets, text: &[u8], from: usize, false_alarms: &mut u32) -> Option<Hit> {
    // SAFETY: the token proves the feature.
    unsafe { search_many(buckets, text, from, false_alarms) }
}

#[target_feature(enable = "avx2,bmi1")]
fn search_pairs<const N: usize>(
    needles: [&Needle; N],
    text: &[u8],
    from: usize,
    false_alarms: &mut u32,
) -> Option<Hit> {
    // PERF: the probe is made where it is used, and stays in registers.
    search(&Pairs::new(needles), text, from, false_alarms)
}

#[target_feature(enable = "avx2,bmi1")]
fn search_many(buckets: &Buckets, text: &[u8], from: usize, false_alarms: &mut u32) -> Option<Hit> {
    search(&Halves::new(buckets), text, from, false_alarms)
}

/// A question asked of 32 places.
///
/// What asks it is inlined into [`search`], whose instructions it then may use, so that a text of a hundred bytes costs no
/// five calls.
trait Probe {
    /// How many bytes beyond a place the furthest lies that is looked at, less than [`LANES`].
    fn reach(&self) -> usize;

    /// The lanes, of those from `at` on, that are not zero where a literal may be.
    ///
    /// # Safety
    /// The CPU has AVX2, and `at + LANES + self.reach()` is not beyond the end of the text.
    unsafe fn places(&self, text: &[u8], at: usize) -> __m256i;

    /// The places where a literal may be, as bits: from `LANES + self.reach()` before the end of the text up to its end.
    ///
    /// # Safety
    /// The CPU has AVX2, and the text has no less than `LANES + self.reach()` bytes.
    unsafe fn last_places(&self, text: &[u8]) -> u64;

    /// The literal, if there is one.
    fn literal_at(&self, text: &[u8], at: usize) -> Option<Hit>;
}

#[target_feature(enable = "avx2,bmi1")]
#[inline]
fn search<P: Probe>(probe: &P, text: &[u8], from: usize, false_alarms: &mut u32) -> Option<Hit> {
    let mask_of = |places: __m256i| {
        let none = _mm256_cmpeq_epi8(places, _mm256_setzero_si256());
        u64::from(!_mm256_movemask_epi8(none) as u32)
    };
    let reach = probe.reach();
    let mut at = from;
    while at + STRIDE + reach <= text.len() {
        // SAFETY: the condition of the loop is what is asked.
        let places: [__m256i; 4] = unsafe {
            [
                probe.places(text, at),
                probe.places(text, at + LANES),
                probe.places(text, at + 2 * LANES),
                probe.places(text, at + 3 * LANES),
            ]
        };
        let any = _mm256_or_si256(_mm256_or_si256(places[0], places[1]), _mm256_or_si256(places[2], places[3]));
        if _mm256_testz_si256(any, any) == 0 {
            let halves =
                [mask_of(places[0]) | mask_of(places[1]) << LANES, mask_of(places[2]) | mask_of(places[3]) << LANES];
            for (half, mask) in halves.into_iter().enumerate() {
                let hit = confirm(probe, text, at + half * 2 * LANES, mask, false_alarms);
                if hit.is_some() {
                    return hit;
                }
            }
        }
        at += STRIDE;
    }
    while at + LANES + reach <= text.len() {
        // SAFETY: the condition of the loop is what is asked.
        let mask = mask_of(unsafe { probe.places(text, at) });
        // PERF: most often there is none, and to be told so by `confirm` is a call.
        if mask != 0 {
            let hit = confirm(probe, text, at, mask, false_alarms);
            if hit.is_some() {
                return hit;
            }
        }
        at += LANES;
    }
    // Less than `LANES + reach` bytes are left.
    let left = text.len().checked_sub(at)?;
    if left < 2 {
        return None;
    }
    let mask = if let Some(base) = text.len().checked_sub(LANES + reach) {
        // SAFETY: there are so many bytes, or there were no `base`.
        let mask = unsafe { probe.last_places(text) };
        // What lies before the byte at `at` was looked at.
        mask >> (at - base)
    } else {
        // As the end of zeros, with room behind.
        // PERF: the bytes are read again before they are stored, and that takes its time: not for longer texts.
        let mut padded = [0_u8; SHORT + LANES];
        padded[SHORT - text.len()..SHORT].copy_from_slice(text);
        // SAFETY: at most `2 * LANES + reach` bytes are read, and there are three times `LANES`.
        let places = unsafe { [probe.places(&padded, 0), probe.places(&padded, LANES)] };
        let mask = mask_of(places[0]) | mask_of(places[1]) << LANES;
        mask >> (SHORT - left)
    };
    if mask == 0 { None } else { confirm(probe, text, at, mask, false_alarms) }
}

/// The first of the places under the mask, counted from `base`, where a literal really is.
#[inline(never)]
fn confirm<P: Probe>(probe: &P, text: &[u8], base: usize, mut mask: u64, false_alarms: &mut u32) -> Option<Hit> {
    while mask != 0 {
        let at = base + mask.trailing_zeros() as usize;
        mask &= mask - 1;
        let hit = probe.literal_at(text, at);
        if hit.is_some() {
            return hit;
        }
        *false_alarms = false_alarms.saturating_add(1);
    }
    None
}

#[inline]
fn hit(needle: &Needle, text: &[u8], at: usize) -> Option<Hit> {
    let start = needle.start_at(text, at)?;
    Some(Hit { range: start..start + needle.text.len(), next: at + 1 })
}

/// # Safety
/// The CPU has AVX2, and `at + LANES` is not beyond the end of the text.
#[inline(always)]
unsafe fn load(text: &[u8], at: usize) -> __m256i {
    debug_assert!(at + LANES <= text.len());
    // SAFETY: the caller's promise.
    unsafe { _mm256_loadu_si256(text.as_ptr().add(at).cast()) }
}

/// Two bytes of each needle, in all lanes.
struct Pairs<'n, const N: usize> {
    needles: [&'n Needle; N],
    first: [__m256i; N],
    second: [__m256i; N],
    reach: usize,
}

impl<'n, const N: usize> Pairs<'n, N> {
    #[target_feature(enable = "avx2,bmi1")]
    #[inline]
    fn new(needles: [&'n Needle; N]) -> Self {
        let (mut first, mut second) = ([_mm256_setzero_si256(); N], [_mm256_setzero_si256(); N]);
        for (number, needle) in needles.iter().enumerate() {
            first[number] = _mm256_set1_epi8(needle.text[needle.lead] as i8);
            second[number] = _mm256_set1_epi8(needle.text[needle.lead + needle.distance] as i8);
        }
        let reach = needles.iter().map(|needle| needle.distance).max().unwrap_or(0);
        Pairs { needles, first, second, reach }
    }
}

impl<const N: usize> Probe for Pairs<'_, N> {
    #[inline(always)]
    fn reach(&self) -> usize {
        self.reach
    }

    #[inline(always)]
    unsafe fn places(&self, text: &[u8], at: usize) -> __m256i {
        // SAFETY: the caller's promise; no distance is more than the reach.
        unsafe {
            let here = load(text, at);
            let mut any = _mm256_setzero_si256();
            for number in 0..N {
                let there = load(text, at + self.needles[number].distance);
                let first = _mm256_cmpeq_epi8(here, self.first[number]);
                let second = _mm256_cmpeq_epi8(there, self.second[number]);
                any = _mm256_or_si256(any, _mm256_and_si256(first, second));
            }
            any
        }
    }

    #[inline(always)]
    unsafe fn last_places(&self, text: &[u8]) -> u64 {
        let last = text.len() - LANES;
        // SAFETY: the caller's promise; `LANES` bytes are left at `last`, and no distance is more than the reach, so none
        // is more than `last`.
        unsafe {
            let none = _mm256_cmpeq_epi8(self.places(text, last - self.reach), _mm256_setzero_si256());
            let mut mask = u64::from(!_mm256_movemask_epi8(none) as u32);
            // What is left has no room for the furthest pair, but for nearer ones: their second bytes are looked for in the
            // last vector, and the first ones at their distance before it.
            let there = load(text, last);
            for number in 0..N {
                let distance = self.needles[number].distance;
                let here = load(text, last - distance);
                let first = _mm256_cmpeq_epi8(here, self.first[number]);
                let second = _mm256_cmpeq_epi8(there, self.second[number]);
                let lanes = _mm256_movemask_epi8(_mm256_and_si256(first, second)) as u32;
                mask |= u64::from(lanes) << (self.reach - distance);
            }
            mask
        }
    }

    fn literal_at(&self, text: &[u8], at: usize) -> Option<Hit> {
        self.needles.iter().find_map(|needle| hit(needle, text, at))
    }
}

/// The tables of [`Buckets`], and `\u` as a pair.
struct Halves<'n> {
    buckets: &'n Buckets,
    low: [__m256i; WIDTH],
    high: [__m256i; WIDTH],
    escape: [__m256i; 2],
    nibble: __m256i,
}

impl<'n> Halves<'n> {
    #[target_feature(enable = "avx2,bmi1")]
    #[inline]
    fn new(buckets: &'n Buckets) -> Self {
        let mut halves = Halves {
            buckets,
            low: [_mm256_setzero_si256(); WIDTH],
            high: [_mm256_setzero_si256(); WIDTH],
            escape: [_mm256_set1_epi8(ESCAPE[0] as i8), _mm256_set1_epi8(ESCAPE[1] as i8)],
            nibble: _mm256_set1_epi8(15),
        };
        for place in 0..WIDTH {
            // SAFETY: 16 bytes are borrowed and 16 are read.
            unsafe {
                let table = |bytes: &[u8; 16]| _mm256_broadcastsi128_si256(_mm_loadu_si128(bytes.as_ptr().cast()));
                halves.low[place] = table(&buckets.low[place]);
                halves.high[place] = table(&buckets.high[place]);
            }
        }
        halves
    }
}

impl Probe for Halves<'_> {
    #[inline(always)]
    fn reach(&self) -> usize {
        WIDTH - 1
    }

    #[inline(always)]
    unsafe fn places(&self, text: &[u8], at: usize) -> __m256i {
        // SAFETY: the caller's promise, and `place` is no more than the reach.
        unsafe {
            let mut left = _mm256_set1_epi8(-1);
            let mut escape = left;
            for place in 0..WIDTH {
                let bytes = load(text, at + place);
                let low = _mm256_shuffle_epi8(self.low[place], _mm256_and_si256(bytes, self.nibble));
                let high = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), self.nibble);
                let high = _mm256_shuffle_epi8(self.high[place], high);
                left = _mm256_and_si256(left, _mm256_and_si256(low, high));
                if let Some(&byte) = self.escape.get(place) {
                    escape = _mm256_and_si256(escape, _mm256_cmpeq_epi8(bytes, byte));
                }
            }
            _mm256_or_si256(left, escape)
        }
    }

    #[inline(always)]
    unsafe fn last_places(&self, text: &[u8]) -> u64 {
        // SAFETY: the caller's promise is that so much is left there.
        let places = unsafe {
            let places = self.places(text, text.len() - LANES - (WIDTH - 1));
            !_mm256_movemask_epi8(_mm256_cmpeq_epi8(places, _mm256_setzero_si256())) as u32
        };
        // What is left are two bytes: room for a literal of two, and for no window.
        let pair = u64::from(self.literal_at(text, text.len() - 2).is_some());
        u64::from(places) | pair << LANES
    }

    fn literal_at(&self, text: &[u8], at: usize) -> Option<Hit> {
        if text[at..].starts_with(ESCAPE) {
            return Some(Hit { range: at..at + ESCAPE.len(), next: at + 1 });
        }
        self.buckets.beginning_with(text[at]).iter().find_map(|needle| hit(needle, text, at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::{Isa, Kind};

    /// All hits, one after the other, as places of the bytes that stand for literals.
    fn places(text: &[u8], mut find: impl FnMut(usize) -> Option<Hit>) -> Vec<usize> {
        let mut from = 0;
        let next = || {
            let hit = find(from)?;
            assert!(from < hit.next && hit.next <= text.len(), "{from} {hit:?}");
            from = hit.next;
            Some(hit.next - 1)
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn no_place_is_left_out_before_the_end_and_none_is_met_twice() {
        let avx2 = Isa::available().find_map(|isa| match isa.kind() {
            Kind::Avx2(avx2) => Some(avx2),
            _ => None,
        });
        let Some(avx2) = avx2 else { return };
        // Distances from 1 to the largest, so that each needle has a last place of its own.
        let texts = ["zx", "zaaaaaaaaaaaaaaaaaaaaaaaaaaaaaax", "zaaaaaaaax", r"\u"].map(str::as_bytes);
        let pairs: Vec<Needle> = texts.iter().map(|text| Needle::pair(text)).collect();
        assert!(
            pairs.iter().any(|needle| needle.distance == 1) && pairs.iter().any(|needle| needle.distance == DISTANCE)
        );
        let buckets = Buckets::new(texts[..3].iter().copied());
        for len in 0..230 {
            // Literals that overlap, at every place relative to the end.
            for shift in 0..33 {
                let text: Box<[u8]> =
                    (0..len).map(|at| b"zxzaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaxz\\uzaaaaaaaax"[(at + shift) % 46]).collect();
                let of_pairs = |at: &usize| pairs.iter().any(|needle| needle.start_at(&text, *at).is_some());
                let expected: Vec<usize> = (0..len).filter(of_pairs).collect();
                for few in 1..=pairs.len() {
                    let needles = &pairs[pairs.len() - few..];
                    let of_few = |at: &usize| needles.iter().any(|needle| needle.start_at(&text, *at).is_some());
                    let expected: Vec<usize> = (0..len).filter(of_few).collect();
                    let found = places(&text, |from| find_pairs(avx2, needles, &text, from, &mut 0));
                    assert_eq!(found, expected, "{few} {}", text.escape_ascii());
                }
                assert!(len < 60 || expected.len() > 1);

                let windows: Vec<Needle> = texts[..3].iter().map(|text| Needle::window(text)).collect();
                let of_windows = |at: &usize| {
                    text[*at..].starts_with(ESCAPE)
                        || windows.iter().any(|needle| needle.start_at(&text, *at).is_some())
                };
                let expected: Vec<usize> = (0..len).filter(of_windows).collect();
                let found = places(&text, |from| find_many(avx2, &buckets, &text, from, &mut 0));
                assert_eq!(found, expected, "windows {}", text.escape_ascii());
            }
        }
    }
}
