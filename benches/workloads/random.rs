//! Random numbers, words, and the choice of the records that are to match.

use std::fmt::Write as _;

/// SplitMix64: small, fast, and the same everywhere.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// A sequence of its own for every seed.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`. The slight bias does not matter here.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.bits() % limit
    }

    /// One of the choices.
    pub fn pick<'t>(&mut self, choices: &[&'t str]) -> &'t str {
        choices[self.below(choices.len() as u64) as usize]
    }

    /// True in `percent` of 100 cases.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// A number between the bounds with six digits after the point.
    pub fn decimal(&mut self, low: i64, high: i64) -> f64 {
        let millionths = self.below(((high - low) * 1_000_000) as u64) as i64;
        low as f64 + millionths as f64 / 1e6
    }

    /// Text in the form of a random UUID.
    pub fn uuid(&mut self) -> String {
        let (high, low) = (self.bits(), self.bits());
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            high >> 32,
            high & 0xffff,
            low >> 52,
            low >> 4 & 0xfff,
            low >> 16
        )
    }

    /// `count` words with spaces between them.
    pub fn words(&mut self, count: u64) -> String {
        let mut text = String::new();
        for at in 0..count {
            let word = self.pick(if at % 2 == 0 { ADJECTIVES } else { NOUNS });
            let _ = write!(text, "{}{word}", if at == 0 { "" } else { " " });
        }
        text
    }

    /// `true` for exactly `chosen` of `total` places, in no order that a branch predictor could learn.
    pub fn choose(&mut self, chosen: usize, total: usize) -> Vec<bool> {
        let mut places: Vec<bool> = (0..total).map(|place| place < chosen).collect();
        for place in (1..total).rev() {
            places.swap(place, self.below(place as u64 + 1) as usize);
        }
        places
    }
}

/// Kinds of events; none of them is what a workload's filter looks for.
pub const TYPES: &[&str] = &[
    "OrderPlaced",
    "OrderPaid",
    "OrderShipped",
    "OrderCancelled",
    "OrderReturned",
    "CartUpdated",
    "CartAbandoned",
    "UserSignedUp",
    "UserDeleted",
    "InvoiceIssued",
    "InvoicePaid",
    "RefundIssued",
    "StockLow",
    "PriceChanged",
    "ReviewPosted",
    "LoginFailed",
];
/// Regions.
pub const REGIONS: &[&str] = &["us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-2", "sa-east-1"];
/// Cities, some of them beyond ASCII.
pub const CITIES: &[&str] =
    &["Seattle", "Dublin", "Berlin", "São Paulo", "Sydney", "Tokyo", "Austin", "Zürich", "Kraków", "Gießen"];
/// For made-up text.
pub const NOUNS: &[&str] = &[
    "lamp", "chair", "table", "phone", "cable", "mouse", "screen", "bottle", "book", "shirt", "camera", "desk", "sofa",
];
/// For made-up text.
pub const ADJECTIVES: &[&str] =
    &["red", "blue", "green", "small", "large", "folding", "wireless", "classic", "modern", "compact", "heavy"];
