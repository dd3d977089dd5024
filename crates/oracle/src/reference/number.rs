//! Which numbers can be compared, and as what.

/// The value of a number token, if it can be compared: if it *is* the shortest decimal of the double nearest to it.
/// Minus zero is zero.
pub(crate) fn comparable(token: &str) -> Option<f64> {
    let (mantissa, exponent) = split_exponent(token)?;
    let places = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len() as i128);
    // The reference keeps unscaled value and scale, both bounded by what a 32-bit integer holds.
    let scale = places - exponent;
    if exponent.abs() >= 1 << 31 || scale <= -(1 << 31) || scale >= 1 << 31 {
        return None;
    }
    if !mantissa.contains(|digit| ('1'..='9').contains(&digit)) {
        return Some(0.0);
    }
    let value: f64 = token.parse().ok()?;
    let usable = value.is_finite() && value != 0.0;
    (usable && decimal(token)? == decimal(&shortest(value))?).then_some(value)
}

/// How the reference writes a double. It never writes fewer than two digits: where one would do, it takes the nearest
/// two-digit decimal (`4.9e-324`, not `5e-324`).
fn shortest(value: f64) -> String {
    let shortest = format!("{value:e}");
    let two_digits = format!("{value:.1e}");
    let digits = shortest.split('e').next().unwrap_or_default().bytes().filter(u8::is_ascii_digit).count();
    if digits <= 2 && two_digits.parse() == Ok(value) { two_digits } else { shortest }
}

/// Sign, significant digits without zeros at either end, and the power of ten of the last of them.
fn decimal(token: &str) -> Option<(bool, String, i128)> {
    let (mantissa, mut exponent) = split_exponent(token)?;
    let (negative, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, mantissa),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    exponent -= fraction.len() as i128;
    let digits = format!("{whole}{fraction}");
    let kept = digits.trim_end_matches('0');
    exponent += (digits.len() - kept.len()) as i128;
    Some((negative, kept.trim_start_matches('0').to_owned(), exponent))
}

/// The token before its exponent, and the exponent; one that is absurdly long stands for itself by its sign.
fn split_exponent(token: &str) -> Option<(&str, i128)> {
    let Some((mantissa, exponent)) = token.split_once(['e', 'E']) else {
        return Some((token, 0));
    };
    let (negative, digits) = match exponent.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, exponent.strip_prefix('+').unwrap_or(exponent)),
    };
    let digits = digits.trim_start_matches('0');
    let size = if digits.len() > 20 { i128::from(u64::MAX) } else { digits.parse().unwrap_or(0) };
    Some((mantissa, if negative { -size } else { size }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_does_not_matter() {
        for token in ["300", "300.0", "3.0e2", "0.3E+3", "300.0000000000000000000000", "30000e-2", "3e+0002"] {
            assert_eq!(comparable(token), Some(300.0), "{token}");
        }
        for token in ["0", "-0", "-0.0", "0e5", "0.000E-3", "0e2147483647"] {
            assert_eq!(comparable(token).map(f64::to_bits), Some(0), "{token}");
        }
    }

    #[test]
    fn only_shortest_decimals_are_comparable() {
        for token in [
            "9007199254740993",
            "0.1000000000000000055511151231257827",
            "1e309",
            "-122.422003528252475",
            "5e-324",
            "1e-400",
        ] {
            assert_eq!(comparable(token), None, "{token}");
        }
        for token in ["9007199254740992", "4.9e-324", "2e23", "1e23", "1.7976931348623157e308", "6.1"] {
            assert!(comparable(token).is_some(), "{token}");
        }
    }

    #[test]
    fn absurd_exponents_are_not_comparable() {
        for token in [
            "0e2147483648",
            "0e-2147483648",
            "0.0e-2147483647",
            "1e99999999999999999999999999",
            "0e-99999999999999999999999999",
        ] {
            assert_eq!(comparable(token), None, "{token}");
        }
    }
}
