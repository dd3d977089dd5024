//! A small random generator whose stream is ours, so that a seed means the same pair for ever.

/// SplitMix64: one addition and a mixing of bits a number, good enough to choose among words.
///
/// It can be *steered* by bytes: each is added to one number of the stream. So a fuzzer that changes one byte changes one
/// choice, and bytes of zero, or none, change nothing.
#[derive(Debug, Clone)]
pub struct Rng {
    state: u64,
    steering: std::vec::IntoIter<u8>,
}

impl Rng {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed, steering: Vec::new().into_iter() }
    }

    /// The stream of the seed that the first eight bytes spell, steered by the others.
    pub fn steered(bytes: &[u8]) -> Self {
        let (seed, steering) = bytes.split_at(bytes.len().min(8));
        let mut padded = [0; 8];
        padded[..seed.len()].copy_from_slice(seed);
        Self { state: u64::from_le_bytes(padded), steering: Vec::from(steering).into_iter() }
    }

    /// The seed, if nothing was drawn yet.
    pub(super) fn seed(&self) -> u64 {
        self.state
    }

    /// The next number.
    #[expect(clippy::should_implement_trait, reason = "it never ends, so an `Option` would only be in the way")]
    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)).wrapping_add(u64::from(self.steering.next().unwrap_or(0)))
    }

    /// A number below `limit`, or 0 if that is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        // The bias of a remainder is beyond noticing for limits as small as ours.
        (self.next() % (limit.max(1) as u64)) as usize
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    /// True so many times in a hundred.
    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// True once in so many times.
    pub fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    /// One of the choices, which must not be empty.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// A reference to one of the values, which must not be empty.
    pub fn choose<'c, T>(&mut self, values: &'c [T]) -> &'c T {
        &values[self.below(values.len())]
    }

    /// The index of a weight, with its chance.
    pub fn weighted(&mut self, weights: &[usize]) -> usize {
        let mut left = self.below(weights.iter().sum());
        weights
            .iter()
            .position(|weight| {
                let here = left < *weight;
                left = left.saturating_sub(*weight);
                here
            })
            .unwrap_or(0)
    }
}
