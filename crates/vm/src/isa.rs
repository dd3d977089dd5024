//! Which instructions may be used: a value of this module's types is the proof that the CPU has them.
//!
//! The tokens have private fields and are made in one place each, behind a test of the CPU. So the modules that use
//! the instructions need no test of their own: whoever calls them holds the proof. See `index` for the users.

/// A set of instructions that the CPU at hand has; records are scanned with it.
///
/// All of them give the same answers. They differ in speed only.
///
/// ```
/// use eventsieve_vm::Isa;
///
/// let best = Isa::detect();
/// assert!(Isa::available().any(|isa| isa == best));
/// assert!(Isa::available().any(|isa| isa == Isa::portable()));
/// assert_eq!(Isa::portable().name(), "portable");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Isa(Kind);

/// The proofs, one variant for each set of instructions that is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Portable(Portable),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    #[cfg(target_arch = "aarch64")]
    Neon(Neon),
}

impl Isa {
    /// Every name that [`Isa::name`] can give, on whatever CPU.
    pub const NAMES: [&'static str; 4] = ["portable", "avx2", "avx512", "neon"];

    /// The fastest that this CPU has.
    #[must_use]
    pub fn detect() -> Isa {
        Isa::available().last().unwrap_or(Isa::portable())
    }

    /// The one that every CPU has: plain 64-bit arithmetic. The others are tested against it.
    #[must_use]
    pub const fn portable() -> Isa {
        Isa(Kind::Portable(Portable(())))
    }

    /// All that this CPU has, the slowest first.
    pub fn available() -> impl Iterator<Item = Isa> {
        #[cfg(target_arch = "x86_64")]
        let special = [Avx2::detect().map(Kind::Avx2), Avx512::detect().map(Kind::Avx512)];
        #[cfg(target_arch = "aarch64")]
        let special = [Neon::detect().map(Kind::Neon)];
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        let special: [Option<Kind>; 0] = [];
        std::iter::once(Isa::portable()).chain(special.into_iter().flatten().map(Isa))
    }

    /// Its name, one of [`Isa::NAMES`].
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            Kind::Portable(_) => "portable",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(_) => "avx512",
            #[cfg(target_arch = "aarch64")]
            Kind::Neon(_) => "neon",
        }
    }

    /// The proof itself.
    pub(crate) const fn kind(self) -> Kind {
        self.0
    }
}

impl Default for Isa {
    /// As [`Isa::detect`].
    fn default() -> Self {
        Isa::detect()
    }
}

/// Nothing is needed, so nothing is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Portable(());

/// The CPU has AVX2, BMI1, BMI2, LZCNT, POPCNT and PCLMULQDQ.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Avx2 {
    /// Whether PEXT, which is among them, is one instruction to the CPU and not a program.
    has_fast_pext: bool,
}

#[cfg(target_arch = "x86_64")]
impl Avx2 {
    /// Whether PEXT is worth its while.
    #[inline(always)]
    pub(crate) const fn has_fast_pext(self) -> bool {
        self.has_fast_pext
    }

    fn detect() -> Option<Avx2> {
        let has = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("popcnt")
            && is_x86_feature_detected!("pclmulqdq");
        // PERF: before Zen 3, AMD's CPUs take some ten cycles for each bit of PEXT's mask. They have SSE4A, as all of AMD
        // have and no other, and no VAES, as all since have.
        let has_fast_pext = !is_x86_feature_detected!("sse4a") || is_x86_feature_detected!("vaes");
        has.then_some(Avx2 { has_fast_pext })
    }
}

/// The CPU has AVX-512F and BW beside all that [`Avx2`] proves.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Avx512(Avx2);

#[cfg(target_arch = "x86_64")]
impl Avx512 {
    fn detect() -> Option<Avx512> {
        let avx2 = Avx2::detect()?;
        (is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw")).then_some(Avx512(avx2))
    }

    /// The lesser proof that is part of this one.
    pub(crate) const fn avx2(self) -> Avx2 {
        self.0
    }
}

/// The CPU has NEON.
#[cfg(target_arch = "aarch64")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Neon(());

#[cfg(target_arch = "aarch64")]
impl Neon {
    fn detect() -> Option<Neon> {
        std::arch::is_aarch64_feature_detected!("neon").then_some(Neon(()))
    }
}

#[cfg(test)]
impl Isa {
    /// The same instructions, taken for those of a CPU with the other kind of PEXT; `None` where it is not used.
    pub(crate) fn with_other_pext(self) -> Option<Isa> {
        #[cfg(target_arch = "x86_64")]
        let other = |Avx2 { has_fast_pext }| Avx2 { has_fast_pext: !has_fast_pext };
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2(avx2) => Some(Isa(Kind::Avx2(other(avx2)))),
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512(Avx512(avx2)) => Some(Isa(Kind::Avx512(Avx512(other(avx2))))),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_listed() {
        let names: Vec<&str> = Isa::available().map(Isa::name).collect();
        for (place, name) in names.iter().enumerate() {
            assert!(Isa::NAMES.contains(name));
            assert!(!names[..place].contains(name));
        }
        assert_eq!(names[0], "portable");
        assert_eq!(Isa::detect().name(), *names.last().unwrap());
        assert_eq!(Isa::default(), Isa::detect());
    }
}
