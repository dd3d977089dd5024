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
/// So much of a text's end is looked at at once: less than a vector beyond the furthest byte is left.
const END: usize = 2 * LANES;
const _: () = assert!(DISTANCE < LANES && WIDTH < LANES);

/// The first hit from `from` on, of two to five needles made as [`Needle::pair`].
#[inline]
pub(super) fn find_pairs(_: Avx2, needles: &[Needle], text: &[u8], from: usize, false_alarms: &mut u32) -> Option<Hit> {
    // SAFETY: the token proves the feature.
    unsafe {
        match needles {
            [a] => search(&Pairs::new([a]), text, from, false_alarms),
            [a, b] => search(&Pairs::new([a, b]), text, from, false_alarms),
            [a, b, c] => search(&Pairs::new([a, b, c]), text, from, false_alarms),
            [a, b, c, d] => search(&Pairs::new([a, b, c, d]), text, from, false_alarms),
            _ => unreachable!("more needles than a search has registers for"),
        }
    }
}

/// The first hit from `from` on.
#[inline]
pub(super) fn find_many(_: Avx2, buckets: &Buckets, text: &[u8], from: usize, false_alarms: &mut u32) -> Option<Hit> {
    // SAFETY: the token proves the feature.
    unsafe { search(&Halves::new(buckets), text, from, false_alarms) }
}

/// A question asked of 32 places.
trait Probe {
    /// How many bytes beyond a place the furthest lies that is looked at, less than [`LANES`].
    fn reach(&self) -> usize;

    /// The lanes, of those from `at` on, that are not zero where a literal may be.
    ///
    /// # Safety
    /// The CPU has AVX2, and `at + LANES + self.reach()` is not beyond the end of the text.
    unsafe fn places(&self, text: &[u8], at: usize) -> __m256i;

    /// The literal, if there is one.
    fn literal_at(&self, text: &[u8], at: usize) -> Option<Hit>;
}

/// # Safety
/// The CPU has AVX2.
#[target_feature(enable = "avx2,bmi1")]
unsafe fn search<P: Probe>(probe: &P, text: &[u8], from: usize, false_alarms: &mut u32) -> Option<Hit> {
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
        let hit = confirm(probe, text, at, mask, false_alarms);
        if hit.is_some() {
            return hit;
        }
        at += LANES;
    }
    // Less than `LANES + reach` bytes are left. They are looked at as the end of 64 bytes of the text, or of zeros and the
    // text where it is shorter, with room behind.
    let left = text.len().checked_sub(at)?;
    if left < 2 {
        return None;
    }
    let mut padded = [0_u8; END + LANES];
    match text.last_chunk::<END>() {
        Some(end) => padded[..END].copy_from_slice(end),
        None => padded[END - text.len()..END].copy_from_slice(text),
    }
    // SAFETY: at most `2 * LANES + reach` bytes are read, and there are three times `LANES`.
    let places = unsafe { [probe.places(&padded, 0), probe.places(&padded, LANES)] };
    let mask = mask_of(places[0]) | mask_of(places[1]) << LANES;
    // What lies before the byte at `at` was looked at.
    confirm(probe, text, at, mask >> (END - left), false_alarms)
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
#[target_feature(enable = "avx2,bmi1")]
#[inline]
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
    #[inline]
    fn reach(&self) -> usize {
        self.reach
    }

    #[target_feature(enable = "avx2,bmi1")]
    #[inline]
    unsafe fn places(&self, text: &[u8], at: usize) -> __m256i {
        // SAFETY: the caller's promise.
        let here = unsafe { load(text, at) };
        let mut any = _mm256_setzero_si256();
        for number in 0..N {
            // SAFETY: the caller's promise; no distance is more than the reach.
            let there = unsafe { load(text, at + self.needles[number].distance) };
            let first = _mm256_cmpeq_epi8(here, self.first[number]);
            let second = _mm256_cmpeq_epi8(there, self.second[number]);
            any = _mm256_or_si256(any, _mm256_and_si256(first, second));
        }
        any
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
    #[inline]
    fn reach(&self) -> usize {
        WIDTH - 1
    }

    #[target_feature(enable = "avx2,bmi1")]
    #[inline]
    unsafe fn places(&self, text: &[u8], at: usize) -> __m256i {
        let mut left = _mm256_set1_epi8(-1);
        let mut escape = left;
        for place in 0..WIDTH {
            // SAFETY: the caller's promise, and `place` is no more than the reach.
            let bytes = unsafe { load(text, at + place) };
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

    fn literal_at(&self, text: &[u8], at: usize) -> Option<Hit> {
        if text[at..].starts_with(ESCAPE) {
            return Some(Hit { range: at..at + ESCAPE.len(), next: at + 1 });
        }
        self.buckets.beginning_with(text[at]).iter().find_map(|needle| hit(needle, text, at))
    }
}
