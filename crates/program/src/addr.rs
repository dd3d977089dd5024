//! What is an IP literal, and what is a CIDR block.
//!
//! IPv4 is four decimal numbers, leading zeros allowed; IPv6 is hexadecimal groups and at most one `::`,
//! without dotted tails, zones or brackets. An IPv4-mapped IPv6 address *is* the IPv4 address.

use std::fmt;

/// Which kind of address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// 32 bits.
    V4,
    /// 128 bits.
    V6,
}

/// Addresses from `low` to `high`, both inside. Those of IPv4 lie in the low 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddrRange {
    /// Only addresses of this family are inside.
    pub family: Family,
    /// First address.
    pub low: u128,
    /// Last address.
    pub high: u128,
}

/// Why a text is no CIDR block. `Display` is the service's own text.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CidrError {
    /// Not an address and a mask with one `/` between.
    Slash,
    /// The mask is no integer of 32 bits.
    MaskNotInteger,
    /// The mask is below zero.
    MaskNegative,
    /// The address has neither the shape of IPv4 nor of IPv6.
    NonstandardAddress(String),
    /// The address has the shape of one but is none.
    InvalidAddress(String),
    /// An IPv4 mask above 31.
    MaskAbove31,
    /// An IPv6 mask above 127.
    MaskAbove127,
}

impl fmt::Display for CidrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CidrError::Slash => f.write_str("Malformed CIDR, one '/' required"),
            CidrError::MaskNotInteger => f.write_str("Malformed CIDR, mask bits must be an integer"),
            CidrError::MaskNegative => f.write_str("Malformed CIDR, mask bits must not be negative"),
            CidrError::NonstandardAddress(text) => write!(f, "Nonstandard IP address: {text}"),
            CidrError::InvalidAddress(text) => write!(f, "Invalid IP address: {text}"),
            CidrError::MaskAbove31 => f.write_str("IPv4 mask bits must be < 32"),
            CidrError::MaskAbove127 => f.write_str("IPv6 mask bits must be < 128"),
        }
    }
}

impl std::error::Error for CidrError {}

/// The address a text spells, if it is an IP literal. Never allocates.
///
/// ```
/// use eventsieve_program::addr::{Family, parse_addr};
/// assert_eq!(parse_addr(b"010.0.0.1"), Some((Family::V4, 0x0a00_0001)));
/// assert_eq!(parse_addr(b"::ffff:a00:1"), parse_addr(b"10.0.0.1"));
/// assert_eq!(parse_addr(b"10.0.0.256"), None);
/// ```
pub fn parse_addr(text: &[u8]) -> Option<(Family, u128)> {
    match shape(text)? {
        Family::V4 => parse_v4(text).map(|addr| (Family::V4, u128::from(addr))),
        Family::V6 => {
            let addr = parse_v6(text)?;
            Some(if addr >> 32 == 0xffff { (Family::V4, addr & 0xffff_ffff) } else { (Family::V6, addr) })
        }
    }
}

/// The range that `address/bits` covers. Bits of the address below the mask are ignored.
///
/// # Errors
/// See [`CidrError`]. Masks that leave one address (`/32`, `/128`) are refused, as by the service.
pub fn parse_cidr(text: &str) -> Result<AddrRange, CidrError> {
    // Empty parts at the end do not count: "10.0.0.0/8/" has one slash too many and is legal.
    let (addr, mask) = text.trim_end_matches('/').split_once('/').ok_or(CidrError::Slash)?;
    if mask.contains('/') {
        return Err(CidrError::Slash);
    }
    let mask: i32 = parse_int(mask).ok_or(CidrError::MaskNotInteger)?;
    let mask = u32::try_from(mask).map_err(|_| CidrError::MaskNegative)?;
    if shape(addr.as_bytes()).is_none() {
        return Err(CidrError::NonstandardAddress(addr.to_owned()));
    }
    let (family, addr) = parse_addr(addr.as_bytes()).ok_or_else(|| CidrError::InvalidAddress(addr.to_owned()))?;
    let bits = match family {
        Family::V4 if mask > 31 => return Err(CidrError::MaskAbove31),
        Family::V6 if mask > 127 => return Err(CidrError::MaskAbove127),
        Family::V4 => 32,
        Family::V6 => 128,
    };
    let all = u128::MAX >> (128 - bits);
    let host = if mask == 0 { all } else { all >> mask };
    Ok(AddrRange { family, low: addr & !host, high: addr | host })
}

/// An integer as Java reads one: a sign, then digits only.
fn parse_int(text: &str) -> Option<i32> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// Which family a text would belong to, going by its characters.
fn shape(text: &[u8]) -> Option<Family> {
    if text.contains(&b':') {
        return text.iter().all(|&byte| byte == b':' || byte.is_ascii_hexdigit()).then_some(Family::V6);
    }
    let mut parts = 0;
    for part in text.split(|&byte| byte == b'.') {
        if part.is_empty() || !part.iter().all(u8::is_ascii_digit) {
            return None;
        }
        parts += 1;
    }
    (parts == 4).then_some(Family::V4)
}

/// Four decimal numbers; the caller looked at the shape.
fn parse_v4(text: &[u8]) -> Option<u32> {
    let mut addr = 0u32;
    for part in text.split(|&byte| byte == b'.') {
        // Java's limit on the length of a part.
        if part.len() > 15 {
            return None;
        }
        let octet = part.iter().fold(0u64, |value, byte| value * 10 + u64::from(byte - b'0'));
        addr = addr << 8 | u32::from(u8::try_from(octet).ok()?);
    }
    Some(addr)
}

/// Groups of one to four hexadecimal digits with at most one `::`, which stands for at least one group.
fn parse_v6(text: &[u8]) -> Option<u128> {
    match text.windows(2).position(|pair| pair == b"::") {
        None => parse_groups(text).filter(|&(_, count)| count == 8).map(|(addr, _)| addr),
        Some(at) => {
            let (high, high_count) = parse_groups(&text[..at])?;
            let (low, low_count) = parse_groups(&text[at + 2..])?;
            if high_count + low_count > 7 {
                return None;
            }
            let shift = 16 * (8 - high_count);
            Some(if high_count == 0 { 0 } else { high << shift } | low)
        }
    }
}

/// The groups of a text without `::`, and how many there are. Empty text has none.
fn parse_groups(text: &[u8]) -> Option<(u128, u32)> {
    let (mut addr, mut count) = (0u128, 0);
    if text.is_empty() {
        return Some((addr, count));
    }
    for group in text.split(|&byte| byte == b':') {
        count += 1;
        if group.is_empty() || group.len() > 4 || count > 8 {
            return None;
        }
        let mut value = 0u128;
        for &digit in group {
            value = value << 4 | u128::from(char::from(digit).to_digit(16)?);
        }
        addr = addr << 16 | value;
    }
    Some((addr, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(text: &str) -> Option<u128> {
        parse_addr(text.as_bytes()).filter(|(family, _)| *family == Family::V4).map(|(_, addr)| addr)
    }

    fn v6(text: &str) -> Option<u128> {
        parse_addr(text.as_bytes()).filter(|(family, _)| *family == Family::V6).map(|(_, addr)| addr)
    }

    #[test]
    fn ipv4_allows_leading_zeros() {
        assert_eq!(v4("10.0.0.1"), Some(0x0a00_0001));
        assert_eq!(v4("010.000.0.01"), Some(0x0a00_0001));
        assert_eq!(v4("000000000000255.0.0.0"), Some(0xff00_0000));
        assert_eq!(v4("0000000000000255.0.0.0"), None);
        for text in ["256.0.0.1", "1.2.3", "1.2.3.4.5", "1.2.3.", "", " 1.2.3.4", "1.2.3.x", "+1.2.3.4"] {
            assert_eq!(parse_addr(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn ipv6_agrees_with_the_standard_library_where_both_read_it() {
        for text in [
            "::",
            "::1",
            "1::",
            "0:0:0:0:0:0:0:1",
            "2001:DB8::1",
            "2001:db8:0::1",
            "a::b",
            "1:2:3:4:5:6:7:8",
            "1:2:3:4:5:6:7::",
            "::2:3:4:5:6:7:8",
            "fe80::1",
            "1:2::7:8",
            "::ffff:0:0:1",
            "1::2:03:004:0005",
        ] {
            let known: std::net::Ipv6Addr = text.parse().unwrap();
            assert_eq!(v6(text), Some(u128::from(known)), "{text}");
        }
        for text in [
            ":",
            ":::",
            "1:2",
            "1::2::3",
            "1:2:3:4:5:6:7:8:9",
            ":1:2:3:4:5:6:7:8",
            "1:2:3:4:5:6:7:8:",
            "12345::",
            "1:2:3:4::5:6:7:8",
            "1::2:3:4:5:6:7:8",
            "1:2:3:4:5:6:7::8",
            "::1:2:3:4:5:6:7:8",
            "1:2:3:4:5:6:7:8::",
            "g::",
            "ab:cd",
            "::ffff:10.0.0.1",
            "[::1]",
            "fe80::1%eth0",
            "1:::2",
            ":1::",
        ] {
            assert_eq!(parse_addr(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_mapped_address_is_ipv4() {
        assert_eq!(v4("::ffff:a00:1"), Some(0x0a00_0001));
        assert_eq!(v4("0:0:0:0:0:FFFF:0a00:0001"), Some(0x0a00_0001));
        assert!(v6("::fffe:a00:1").is_some());
    }

    #[test]
    fn cidr_ranges_ignore_host_bits() {
        let range = |text| parse_cidr(text).unwrap();
        let ten = AddrRange { family: Family::V4, low: 0x0a00_0000, high: 0x0aff_ffff };
        for text in ["10.0.0.0/8", "10.1.2.3/8", "10.1.2.3/+8", "10.1.2.3/08", "10.0.0.0/8/", "::ffff:a00:1/8"] {
            assert_eq!(range(text), ten, "{text}");
        }
        assert_eq!(range("0.0.0.0/0").high, 0xffff_ffff);
        assert_eq!(range("1.2.3.4/-0").low, 0);
        assert_eq!(range("10.0.0.1/31"), AddrRange { family: Family::V4, low: 0x0a00_0000, high: 0x0a00_0001 });
        assert_eq!(range("::/0"), AddrRange { family: Family::V6, low: 0, high: u128::MAX });
        assert_eq!(range("::5/127"), AddrRange { family: Family::V6, low: 4, high: 5 });
    }

    #[test]
    fn a_bad_cidr_says_what_the_service_says() {
        for (text, message) in [
            ("10.0.0.1", "Malformed CIDR, one '/' required"),
            ("10.0.0.0/8/1", "Malformed CIDR, one '/' required"),
            ("10.0.0.0/", "Malformed CIDR, one '/' required"),
            ("", "Malformed CIDR, one '/' required"),
            ("/", "Malformed CIDR, one '/' required"),
            ("10.0.0.0/a", "Malformed CIDR, mask bits must be an integer"),
            ("10.0.0.0/2147483648", "Malformed CIDR, mask bits must be an integer"),
            ("10.0.0.0/+", "Malformed CIDR, mask bits must be an integer"),
            ("bad-/64filter", "Malformed CIDR, mask bits must be an integer"),
            ("10.0.0.0//8", "Malformed CIDR, one '/' required"),
            ("10.0.0.0/-1", "Malformed CIDR, mask bits must not be negative"),
            ("10.0.0/8", "Nonstandard IP address: 10.0.0"),
            ("/8", "Nonstandard IP address: "),
            ("foo/8", "Nonstandard IP address: foo"),
            ("::ffff:10.0.0.0/104", "Nonstandard IP address: ::ffff:10.0.0.0"),
            ("10.0.0.256/8", "Invalid IP address: 10.0.0.256"),
            ("1::2::3/8", "Invalid IP address: 1::2::3"),
            ("10.0.0.1/32", "IPv4 mask bits must be < 32"),
            ("2001:db8::1/128", "IPv6 mask bits must be < 128"),
        ] {
            assert_eq!(parse_cidr(text).unwrap_err().to_string(), message, "{text}");
        }
    }
}
