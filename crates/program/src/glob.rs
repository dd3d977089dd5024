//! Globs: the text of a wildcard test.
//!
//! A flag byte (bit 0: begins with `*`; bit 1: ends with `*`), then the fixed pieces between the stars,
//! each a little-endian `u32` length and that many bytes (at least one).

/// Flag bit 0: any bytes may come before the first piece.
pub const LEADING_STAR: u8 = 1;
/// Flag bit 1: any bytes may come after the last piece.
pub const TRAILING_STAR: u8 = 2;

/// A decoded glob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glob<'l> {
    /// Begins with `*`.
    pub leading: bool,
    /// Ends with `*`.
    pub trailing: bool,
    pieces: &'l [u8],
}

impl<'l> Glob<'l> {
    /// Reads a glob; `None` where the bytes are none.
    pub fn parse(literal: &'l [u8]) -> Option<Glob<'l>> {
        let (&flags, pieces) = literal.split_first()?;
        let glob = Glob { leading: flags & LEADING_STAR != 0, trailing: flags & TRAILING_STAR != 0, pieces };
        let mut rest = pieces;
        while !rest.is_empty() {
            let (piece, left) = split(rest)?;
            if piece.is_empty() {
                return None;
            }
            rest = left;
        }
        (flags & !(LEADING_STAR | TRAILING_STAR) == 0).then_some(glob)
    }

    /// The fixed pieces, in order.
    pub fn pieces(&self) -> impl Iterator<Item = &'l [u8]> + use<'l> {
        let mut rest = self.pieces;
        std::iter::from_fn(move || {
            let (piece, left) = split(rest)?;
            rest = left;
            Some(piece)
        })
    }
}

fn split(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = rest.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_le_bytes(*len) as usize)
}

/// Appends a glob to `out`: `pieces` with a star between each two, and at the ends as the flags say.
///
/// # Panics
/// If a piece is empty or longer than `u32::MAX` bytes.
pub fn push<'p>(out: &mut Vec<u8>, leading: bool, trailing: bool, pieces: impl Iterator<Item = &'p [u8]>) {
    out.push(if leading { LEADING_STAR } else { 0 } | if trailing { TRAILING_STAR } else { 0 });
    for piece in pieces {
        assert!(!piece.is_empty());
        let len = u32::try_from(piece.len()).expect("a glob piece fits a u32");
        out.extend_from_slice(&len.to_le_bytes());
        out.extend_from_slice(piece);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_survives_encoding() {
        let mut bytes = Vec::new();
        push(&mut bytes, true, false, [b"ab".as_slice(), b"c"].into_iter());
        let glob = Glob::parse(&bytes).unwrap();
        assert!(glob.leading && !glob.trailing);
        assert_eq!(glob.pieces().collect::<Vec<_>>(), [b"ab".as_slice(), b"c"]);
        assert_eq!(Glob::parse(&bytes[..bytes.len() - 1]), None);
        assert_eq!(Glob::parse(&[4]), None);
        assert_eq!(Glob::parse(&[]), None);
    }
}
