//! One test on one leaf.
//!
//! Byte-wise tests see a string with its quotes around it, as the service does: a prefix that ends in a quote can match the
//! closing one. A leaf that is no string has no quotes, so none of those tests can meet it.

use super::address::{Block, parse_address};
use super::json::Text;
use super::number::comparable;
use super::{Budget, Spent};

/// A scalar of an event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar {
    Text(Text),
    /// A number or word, as it is spelt.
    Token(String),
}

impl Scalar {
    /// What byte-wise tests see.
    fn bytes(&self) -> Vec<u8> {
        match self {
            Scalar::Text(text) => [b"\"", &*question_marked(text), b"\""].concat(),
            Scalar::Token(token) => token.clone().into_bytes(),
        }
    }

    fn number(&self) -> Option<f64> {
        match self {
            Scalar::Token(token) if token.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => comparable(token),
            _ => None,
        }
    }
}

/// UTF-8, with `?` for every lone surrogate.
pub(crate) fn question_marked(text: &[u16]) -> Vec<u8> {
    let chars = char::decode_utf16(text.iter().copied()).map(|unit| unit.unwrap_or('?'));
    chars.collect::<String>().into_bytes()
}

/// A comparison of a pattern.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    /// This string.
    Text(Text),
    /// A number or word in this spelling.
    Token(String),
    /// A number of this value.
    Number(f64),
    /// A number between two others.
    Between { low: f64, low_open: bool, high: f64, high_open: bool },
    /// A string that is an address of this block.
    Block(Block),
    /// A string that this shape fits.
    Shape(Shape),
    /// Any leaf.
    Exists,
    /// No leaf at the path; never asked about a leaf.
    Absent,
    /// Anything but these strings.
    NotTexts(Vec<Text>),
    /// Anything but numbers of these values.
    NotNumbers(Vec<f64>),
    /// Anything but strings that one of these shapes fits.
    NotShapes(Vec<Shape>),
}

/// A byte-wise comparison with a string in its quotes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    Prefix(Vec<u8>),
    Suffix(Vec<u8>),
    Folded(Folded),
    FoldedPrefix(Folded),
    FoldedSuffix(Folded),
    Wildcard(Vec<Glob>),
}

/// For every unit of a text, the byte strings that stand for it whatever the case.
pub(crate) type Folded = Vec<[Vec<u8>; 2]>;

/// One step of a wildcard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Glob {
    Byte(u8),
    Any,
}

impl Test {
    /// Whether it is a range of one point, which only an open end can make: `<=` the least double.
    pub(super) fn is_pointless(&self) -> bool {
        matches!(self, Test::Between { low, high, .. } if low == high)
    }

    /// Whether the leaf passes.
    pub(super) fn holds(&self, leaf: &Scalar, budget: &mut Budget) -> Result<bool, Spent> {
        budget.spend(1)?;
        Ok(match self {
            Test::Text(text) => matches!(leaf, Scalar::Text(leaf) if leaf == text),
            Test::Token(token) => matches!(leaf, Scalar::Token(leaf) if leaf == token),
            Test::Number(number) => leaf.number() == Some(*number),
            Test::Between { low, low_open, high, high_open } => leaf.number().is_some_and(|number| {
                (number > *low || (number == *low && !low_open)) && (number < *high || (number == *high && !high_open))
            }),
            Test::Block(block) => match leaf {
                Scalar::Text(text) => parse_address(text).is_some_and(|address| block.contains(address)),
                Scalar::Token(_) => false,
            },
            Test::Shape(shape) => shape.fits(&leaf.bytes(), budget)?,
            Test::Exists => true,
            Test::Absent => false,
            Test::NotTexts(texts) => !matches!(leaf, Scalar::Text(leaf) if texts.contains(leaf)),
            Test::NotNumbers(numbers) => !leaf.number().is_some_and(|number| numbers.contains(&number)),
            Test::NotShapes(shapes) => {
                let bytes = leaf.bytes();
                for shape in shapes {
                    if shape.fits(&bytes, budget)? {
                        return Ok(false);
                    }
                }
                true
            }
        })
    }
}

impl Shape {
    fn fits(&self, bytes: &[u8], budget: &mut Budget) -> Result<bool, Spent> {
        Ok(match self {
            Shape::Prefix(prefix) => bytes.starts_with(prefix),
            Shape::Suffix(suffix) => bytes.ends_with(suffix),
            Shape::Folded(folded) => folded_ends(folded, bytes, budget)?.contains(&bytes.len()),
            Shape::FoldedPrefix(folded) => !folded_ends(folded, bytes, budget)?.is_empty(),
            Shape::FoldedSuffix(folded) => {
                // Read backwards, so that the suffix becomes a prefix.
                let backwards = |bytes: &[u8]| bytes.iter().rev().copied().collect::<Vec<u8>>();
                let folded: Folded =
                    folded.iter().rev().map(|[lower, upper]| [backwards(lower), backwards(upper)]).collect();
                !folded_ends(&folded, &backwards(bytes), budget)?.is_empty()
            }
            Shape::Wildcard(steps) => wildcard_fits(steps, bytes, budget)?,
        })
    }
}

/// Where in `bytes` one can be after reading one form of every unit, starting at the front.
fn folded_ends(folded: &Folded, bytes: &[u8], budget: &mut Budget) -> Result<Vec<usize>, Spent> {
    let mut ends = vec![0];
    for forms in folded {
        budget.spend(1 + ends.len())?;
        let mut next = Vec::new();
        for end in ends {
            for form in forms {
                if bytes[end..].starts_with(form) && !next.contains(&(end + form.len())) {
                    next.push(end + form.len());
                }
            }
        }
        ends = next;
        if ends.is_empty() {
            break;
        }
    }
    Ok(ends)
}

/// Whether the whole of `bytes` can be read: `fits[i]` says that the first `i` steps fit what was read so far.
fn wildcard_fits(steps: &[Glob], bytes: &[u8], budget: &mut Budget) -> Result<bool, Spent> {
    let mut fits = vec![false; steps.len() + 1];
    fits[0] = true;
    skip_stars(steps, &mut fits);
    for byte in bytes {
        budget.spend(1 + steps.len() / 8)?;
        let mut next = vec![false; steps.len() + 1];
        for (index, step) in steps.iter().enumerate() {
            match step {
                Glob::Any => next[index] |= fits[index],
                Glob::Byte(expected) => next[index + 1] |= fits[index] && expected == byte,
            }
        }
        fits = next;
        skip_stars(steps, &mut fits);
    }
    Ok(fits[steps.len()])
}

/// A star may stand for nothing.
fn skip_stars(steps: &[Glob], fits: &mut [bool]) {
    for (index, step) in steps.iter().enumerate() {
        if *step == Glob::Any && fits[index] {
            fits[index + 1] = true;
        }
    }
}
