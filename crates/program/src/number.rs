//! Which numbers compare, and by what value.
//!
//! A number text is *comparable* where its decimal value is the shortest decimal of the nearest double,
//! the one Java prints for it. All comparable spellings of a value are one value; everything else is only
//! ever equal to its own spelling. Compiler and vm ask the same question here, once per number token.

use std::fmt::{self, Write};

/// More significant digits than any shortest decimal of a double has.
const DIGITS: usize = 17;
/// Up to this many digits, a decimal in the normal range is always the shortest of its double.
const SAFE_DIGITS: usize = 15;
/// The powers of ten that a double holds exactly.
const EXACT_POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];
/// Beyond this written exponent only zero compares, whatever the digits are.
const EXPONENT_LIMIT: i64 = 5000;

/// The value of a JSON number token, or `None` where it cannot be compared. `-0` is `0.0`.
///
/// Text that is no JSON number gives `None` or the value of the number it resembles; callers hand over
/// tokens that were read as numbers. Never allocates.
///
/// ```
/// use eventsieve_program::number::comparable;
/// assert_eq!(comparable("3.0e2"), Some(300.0));
/// assert_eq!(comparable("9007199254740993"), None); // no double has this value
/// ```
pub fn comparable(text: &str) -> Option<f64> {
    comparable_bytes(text.as_bytes())
}

/// [`comparable`] for a token that lies in a byte buffer.
pub fn comparable_bytes(text: &[u8]) -> Option<f64> {
    let decimal = Decimal::read(text)?;
    if decimal.digit_len == 0 {
        return Some(0.0);
    }
    if decimal.digit_len <= SAFE_DIGITS && decimal.exponent.unsigned_abs() < EXACT_POWERS.len() as u64 {
        // Both factors are exact, so the one rounding gives the nearest double.
        let power = EXACT_POWERS[decimal.exponent.unsigned_abs() as usize];
        let digits = decimal.mantissa as f64;
        let value = if decimal.exponent < 0 { digits / power } else { digits * power };
        return Some(if decimal.negative { -value } else { value });
    }
    let value: f64 = str::from_utf8(text).ok()?.parse().ok()?;
    if !value.is_finite() || value == 0.0 {
        return None;
    }
    if decimal.digit_len <= SAFE_DIGITS && value.is_normal() {
        return Some(value);
    }
    let shortest = java_shortest(value.abs());
    (shortest.mantissa == decimal.mantissa && shortest.exponent == decimal.exponent).then_some(value)
}

/// Appends a spelling of a double that compares as it does, for a number whose own spelling is lost.
///
/// ```
/// use eventsieve_program::number::{comparable_bytes, spell};
/// let mut text = Vec::new();
/// spell(-0.30, &mut text);
/// assert_eq!(comparable_bytes(&text), Some(-0.3));
/// ```
pub fn spell(value: f64, text: &mut Vec<u8>) {
    use std::io::Write as _;
    // Not what Rust prints: of two shortest decimals, and of subnormals, Java prints another one.
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let Decimal { mantissa, exponent, .. } = java_shortest(value.abs());
    // Writing to a vector cannot fail.
    let _ = write!(text, "{sign}{mantissa}e{exponent}");
}

/// `mantissa * 10^exponent` without trailing zeros in the mantissa.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    mantissa: u64,
    /// Significant digits; zero for the value zero.
    digit_len: usize,
    exponent: i64,
}

impl Decimal {
    /// Reads a number token; `None` where it has too many digits or too large an exponent to compare.
    fn read(text: &[u8]) -> Option<Decimal> {
        let negative = text.first() == Some(&b'-');
        let mut rest = &text[usize::from(negative)..];
        let (mut mantissa, mut digit_len) = (0u64, 0usize);
        // Zeros are held back: they only count once a digit follows.
        let (mut zeros, mut fraction_len) = (0usize, 0i64);
        let mut in_fraction = false;
        while let Some((&byte, tail)) = rest.split_first() {
            match byte {
                b'0' => zeros += usize::from(digit_len > 0),
                b'1'..=b'9' => {
                    digit_len += zeros + 1;
                    if digit_len > DIGITS {
                        return None;
                    }
                    for _ in 0..zeros {
                        mantissa *= 10;
                    }
                    zeros = 0;
                    mantissa = mantissa * 10 + u64::from(byte - b'0');
                }
                b'.' if !in_fraction => in_fraction = true,
                b'e' | b'E' => break,
                _ => return None,
            }
            fraction_len += i64::from(in_fraction && byte != b'.');
            rest = tail;
        }
        let written = match rest.split_first() {
            Some((_, exponent)) => read_exponent(exponent)?,
            None => 0,
        };
        // Java's decimals have a 32-bit scale, also when they are zero.
        let scale = fraction_len - written;
        if scale <= i64::from(i32::MIN) || scale > i64::from(i32::MAX) || written.abs() > i64::from(i32::MAX) {
            return None;
        }
        if digit_len > 0 && written.abs() >= EXPONENT_LIMIT {
            return None;
        }
        Some(Decimal { negative, mantissa, digit_len, exponent: zeros as i64 - scale })
    }
}

fn read_exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text.split_first()? {
        (b'-', digits) => (true, digits),
        (b'+', digits) => (false, digits),
        _ => (false, text),
    };
    let mut value = 0i64;
    for &byte in digits {
        if !byte.is_ascii_digit() {
            return None;
        }
        // Saturates far beyond every limit.
        value = (value * 10 + i64::from(byte - b'0')).min(1 << 40);
    }
    (!digits.is_empty()).then_some(if negative { -value } else { value })
}

/// The decimal that Java prints for a positive double: the shortest; of two that are equally near, the even
/// one; and of at least two digits where one would do, which matters for subnormals only (`4.9e-324`, not
/// `5e-324`).
fn java_shortest(value: f64) -> Decimal {
    let shortest = printed(format_args!("{value:e}"));
    if shortest.digit_len > 2 {
        return even_neighbour(value, &shortest).unwrap_or(shortest);
    }
    let mut buffer = Buffer::default();
    // Thirty-two bytes hold every finite double, so this cannot fail.
    let _ = write!(buffer, "{value:.1e}");
    match str::from_utf8(buffer.bytes()).ok().and_then(|text| text.parse::<f64>().ok()) {
        Some(same) if same == value => Decimal::read(buffer.bytes()).unwrap_or(shortest),
        _ => shortest,
    }
}

/// The even decimal of the same length that is as near to `value` as an odd shortest one, if there is one.
/// Rust takes the upper of two such decimals, Java the even.
fn even_neighbour(value: f64, shortest: &Decimal) -> Option<Decimal> {
    let mantissa = shortest.mantissa;
    if shortest.digit_len < SAFE_DIGITS || mantissa.is_multiple_of(2) {
        return None;
    }
    let neighbour = [mantissa - 1, mantissa + 1]
        .into_iter()
        .find(|neighbour| is_exactly(value, u128::from(mantissa + neighbour), shortest.exponent))?;
    let reads_back = {
        let mut buffer = Buffer::default();
        // Seventeen digits and a small exponent fit.
        let _ = write!(buffer, "{neighbour}e{}", shortest.exponent);
        str::from_utf8(buffer.bytes()).ok()?.parse() == Ok(value)
    };
    reads_back.then_some(Decimal { mantissa: neighbour, ..*shortest })
}

/// Whether `2 * value` is exactly `mantissa * 10^exponent`, for mantissas of about 17 digits.
fn is_exactly(value: f64, mantissa: u128, exponent: i64) -> bool {
    // With larger powers of five, one side has more digits than the other can.
    if !(-27..=23).contains(&exponent) {
        return false;
    }
    let bits = value.to_bits();
    let biased = (bits >> 52 & 0x7ff) as i64;
    if biased == 0 {
        return false;
    }
    let fraction = u128::from(bits & ((1 << 52) - 1) | 1 << 52);
    // 2 * fraction * 2^(biased - 1075) = mantissa * 5^exponent * 2^exponent
    let five = 5u128.pow(exponent.unsigned_abs() as u32);
    let (left, right) = if exponent < 0 { (fraction * five, mantissa) } else { (fraction, mantissa * five) };
    let shift = biased - 1074 - exponent;
    let shifted = |number: u128, by: u64| (by <= u64::from(number.leading_zeros())).then(|| number << by);
    match shift {
        0.. => shifted(left, shift as u64) == Some(right),
        _ => shifted(right, shift.unsigned_abs()) == Some(left),
    }
}

fn printed(text: fmt::Arguments<'_>) -> Decimal {
    let mut buffer = Buffer::default();
    let _ = buffer.write_fmt(text);
    // A printed double has at most 17 digits and a small exponent.
    Decimal::read(buffer.bytes()).unwrap_or(Decimal { negative: false, mantissa: 0, digit_len: 0, exponent: 0 })
}

/// Room for one printed double.
#[derive(Default)]
struct Buffer {
    bytes: [u8; 32],
    len: usize,
}

impl Buffer {
    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl Write for Buffer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len + text.len();
        let place = self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?;
        place.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_value_compare_alike() {
        let same: [&[&str]; 6] = [
            &["300", "300.0", "3.0e2", "0.3E+3", "300.0000000000000000000000"],
            &["0", "-0", "-0.0", "0e999", "0.000"],
            &["5000000001", "5.000000001e9"],
            &["1e300", "1E300", "10e299"],
            &["0.1", "0.10", "1e-1"],
            &["2e23", "200000000000000000000000"],
        ];
        for spellings in same {
            let first = comparable(spellings[0]);
            assert!(first.is_some(), "{}", spellings[0]);
            for spelling in spellings {
                assert_eq!(comparable(spelling).map(f64::to_bits), first.map(f64::to_bits), "{spelling}");
            }
        }
    }

    #[test]
    fn numbers_that_no_double_prints_do_not_compare() {
        for text in [
            "9007199254740993",
            "9007199254740993.0",
            "0.1000000000000000055511151231257827",
            "6.1000000000000000001",
            "-122.422003528252475",
            "1e309",
            "1E-325",
            "12345678901234567890",
            "0.80000000000000004",
            "1.7976931348623157e3080",
        ] {
            assert_eq!(comparable(text), None, "{text}");
        }
        assert_eq!(comparable("-122.42200352825247"), Some(-122.42200352825247));
        assert_eq!(comparable("1e23"), Some(1e23));
        assert_eq!(comparable("1.7976931348623157e308"), Some(f64::MAX));
        assert_eq!(comparable("0.30000000000000004"), Some(0.1 + 0.2));
    }

    #[test]
    fn the_smallest_numbers_keep_two_digits() {
        assert_eq!(comparable("4.9e-324"), Some(5e-324));
        assert_eq!(comparable("-49e-325"), Some(-5e-324));
        assert_eq!(comparable("5e-324"), None);
        assert_eq!(comparable("4e-324"), None);
        assert_eq!(comparable("9.9e-324"), Some(1e-323));
        assert_eq!(comparable("1e-323"), None);
        assert_eq!(comparable("2.2250738585072014e-308"), Some(f64::MIN_POSITIVE));
        assert_eq!(comparable("1e-310"), Some(1e-310));
    }

    #[test]
    fn of_two_shortest_decimals_the_even_one_compares() {
        // The double is 807943265069486.25.
        assert_eq!(comparable("807943265069486.2"), "807943265069486.25".parse().ok());
        assert_eq!(comparable("807943265069486.3"), None);
        assert_eq!(comparable("807943265069486.75"), None);
        assert_eq!(comparable("807943265069486.8"), "807943265069486.75".parse().ok());
        assert_eq!(comparable("807943265069486.7"), None);
        assert_eq!(comparable("29802322387695312e-24"), Some(0.5f64.powi(25)));
        assert_eq!(comparable("29802322387695313e-24"), None);
        // An exact quarter again, where a double has just one bit below it.
        assert_eq!(comparable("1234567890123456.2"), "1234567890123456.25".parse().ok());
        assert_eq!(comparable("1234567890123456.3"), None);
    }

    /// Another decimal of the same length, even, reads back as the same double but is not as near.
    #[test]
    fn of_two_decimals_that_read_back_the_nearer_one_compares() {
        for (nearer, even) in [
            ("0.46907435709168593", "0.46907435709168592"),
            ("0.013124058447006315", "0.013124058447006314"),
            ("2972582660958642.5", "2972582660958642.4"),
            ("3479663452825030.5", "3479663452825030.4"),
        ] {
            assert_eq!(nearer.parse::<f64>(), even.parse::<f64>());
            assert_eq!(comparable(nearer), nearer.parse().ok());
            assert_eq!(comparable(even), None, "{even}");
        }
    }

    #[test]
    fn exponents_have_limits_of_their_own() {
        assert_eq!(comparable("0e2147483647"), Some(0.0));
        assert_eq!(comparable("0e2147483648"), None);
        assert_eq!(comparable("0e-2147483647"), Some(0.0));
        assert_eq!(comparable("0.0e-2147483647"), None);
        assert_eq!(comparable("0e99999999999999999999999999"), None);
        let zeros = "0".repeat(4998);
        assert_eq!(comparable(&format!("0.{zeros}1e4999")), Some(1.0));
        assert_eq!(comparable(&format!("0.{zeros}01e5000")), None);
    }

    #[test]
    fn short_decimals_take_no_detour_and_agree_with_it() {
        for text in ["1", "123456789012345", "1.5", "-0.000123", "999999999999999e22", "123456789012345e-22"] {
            let value: f64 = text.parse().unwrap();
            assert_eq!(comparable(text), Some(value));
            let shortest = java_shortest(value.abs());
            let read = Decimal::read(text.as_bytes()).unwrap();
            assert_eq!((shortest.mantissa, shortest.exponent), (read.mantissa, read.exponent));
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in ["", "-", "e", "1e", "1e+", "x", "1x", "NaN", "inf", "1.2.3", "1e5x"] {
            assert!(comparable(text).is_none() || matches!(text, "" | "-" | "e"), "{text}");
        }
    }

    #[test]
    fn a_spelled_double_compares_as_itself() {
        let mut bits = 0x3ff0_0000_0000_0001_u64;
        let doubles = std::iter::repeat_with(|| {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            f64::from_bits(bits)
        });
        let edges = [
            0.0,
            -0.0,
            5e-324,
            -4.9e-324,
            2e-323,
            f64::MIN_POSITIVE.next_down(),
            2e23,
            9007199254740992.0,
            f64::MAX,
            1e22,
        ];
        for value in edges.into_iter().chain(doubles.filter(|value| value.is_finite()).take(20_000)) {
            let mut text = Vec::new();
            spell(value, &mut text);
            assert_eq!(comparable_bytes(&text), Some(value), "{}", text.escape_ascii());
        }
    }
}
