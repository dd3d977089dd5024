//! IP literals and CIDR blocks.

use std::net::Ipv6Addr;
use std::ops::RangeInclusive;

use super::json::Text;

/// An IP address: which family, and its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Address {
    V4(u32),
    V6(u128),
}

/// Addresses of one family, in a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Block {
    V4(RangeInclusive<u32>),
    V6(RangeInclusive<u128>),
}

impl Block {
    /// The block of one address.
    pub(crate) fn of(address: Address) -> Self {
        match address {
            Address::V4(number) => Block::V4(number..=number),
            Address::V6(number) => Block::V6(number..=number),
        }
    }

    /// Whether the address is of this family and in this block.
    pub(crate) fn contains(&self, address: Address) -> bool {
        match (self, address) {
            (Block::V4(range), Address::V4(number)) => range.contains(&number),
            (Block::V6(range), Address::V6(number)) => range.contains(&number),
            _ => false,
        }
    }
}

/// The address that a text spells, if it is an IP literal.
pub(crate) fn parse_address(text: &Text) -> Option<Address> {
    let text = String::from_utf16(text).ok()?;
    if text.contains('.') { parse_v4(&text) } else { parse_v6(&text) }
}

/// Four decimal parts; leading zeros are allowed, up to fifteen digits.
fn parse_v4(text: &str) -> Option<Address> {
    let parts: Vec<&str> = text.split('.').collect();
    if parts.len() != 4 {
        return None;
    }
    let mut number = 0;
    for part in parts {
        if part.is_empty() || part.len() > 15 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let part: u64 = part.parse().ok()?;
        number = number << 8 | u32::from(u8::try_from(part).ok()?);
    }
    Some(Address::V4(number))
}

/// Hex digits and colons only: no dotted tail, no zone. An address mapped from version 4 counts as version 4.
fn parse_v6(text: &str) -> Option<Address> {
    if !text.contains(':') || !text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':') {
        return None;
    }
    let address: Ipv6Addr = text.parse().ok()?;
    Some(match address.to_ipv4_mapped() {
        Some(mapped) => Address::V4(mapped.to_bits()),
        None => Address::V6(address.to_bits()),
    })
}

/// The block that `address/bits` spells. A block of a single address is refused, and slashes at the end are forgiven.
pub(crate) fn parse_block(text: &Text) -> Option<Block> {
    let text = String::from_utf16(text).ok()?;
    let (address, bits) = text.trim_end_matches('/').split_once('/')?;
    let digits = bits.strip_prefix(['+', '-']).unwrap_or(bits);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let negative = bits.starts_with('-') && digits.contains(|digit| digit != '0');
    let digits = digits.trim_start_matches('0');
    if negative || digits.len() > 3 {
        return None;
    }
    let bits: u32 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    match parse_address(&address.encode_utf16().collect())? {
        Address::V4(number) => {
            let host = u32::MAX.checked_shr(bits).filter(|_| bits < 32)?;
            Some(Block::V4(number & !host..=number | host))
        }
        Address::V6(number) => {
            let host = u128::MAX.checked_shr(bits).filter(|_| bits < 128)?;
            Some(Block::V6(number & !host..=number | host))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::json::text;
    use super::*;

    #[test]
    fn literals() {
        assert_eq!(parse_address(&text("010.000.0.01")), Some(Address::V4(0x0a00_0001)));
        assert_eq!(parse_address(&text("::ffff:a00:1")), Some(Address::V4(0x0a00_0001)));
        assert_eq!(parse_address(&text("2001:DB8::1")), parse_address(&text("2001:db8:0:0:0::1")));
        for not in [
            "10.0.0",
            "256.0.0.1",
            "1.2.3.4.5",
            "::ffff:10.0.0.1",
            "ab:cd",
            ":",
            "::1%0",
            "[::1]",
            "",
            "1.2.3.0000000000000004",
            ":::",
        ] {
            assert_eq!(parse_address(&text(not)), None, "{not}");
        }
    }

    #[test]
    fn blocks() {
        for ok in [
            "10.0.0.0/8",
            "10.0.0.0/+8",
            "10.0.0.0/008",
            "10.0.0.0/8/",
            "10.0.0.0/-0",
            "::/0",
            "::1/127",
            "::ffff:a00:1/31",
        ] {
            assert!(parse_block(&text(ok)).is_some(), "{ok}");
        }
        for not in [
            "10.0.0.1/32",
            "::1/128",
            "::ffff:a00:1/32",
            "10.0.0.1",
            "10.0.0.1/",
            "10.0.0.1/8/8",
            "10.0.0.1/-1",
            "10.0.0.1/a",
            "/8",
            "/",
        ] {
            assert_eq!(parse_block(&text(not)), None, "{not}");
        }
        assert_eq!(parse_block(&text("10.1.2.3/8")), Some(Block::V4(0x0a00_0000..=0x0aff_ffff)));
    }
}
